"""The main job, step by step: upload, train, generate, download."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import attrs

from astria_async.cli.counting import open_counted
from astria_async.cli.demo.sheet import make_sheet
from astria_async.cli.demo.stage import Stage
from astria_async.cli.demo.summary import Found, Summary
from astria_async.cli.progress import Reporter, Step
from astria_async.protocol.models import Prompt, Tune

TEXTS = (
    "portrait of ohwx {name}, soft studio light",
    "ohwx {name} as an astronaut, film photograph",
    "ohwx {name} in a garden, watercolour",
)
IMAGES = 2
"""How many pictures each prompt asks for."""

LIMIT = 60.0
"""Seconds after which something is wrong."""


@attrs.frozen(kw_only=True)
class Job:
    """
    What the demo is to do.

    Attributes:
        photos: What to upload.
        name: Class word of what they show.
        out: Where the results go; it exists.
    """

    photos: Sequence[Path]
    name: str
    out: Path


@attrs.define
class Run:
    """
    One run of the demo.

    Args:
        stage: What it runs on.
        job: What to do.
        report: Where progress is shown.
    """

    stage: Stage
    job: Job
    report: Reporter
    seconds: dict[str, float] = attrs.field(factory=dict, init=False)

    async def whole(self) -> Summary:
        """Every step; what came of it."""
        began = time.monotonic()
        tune = await self._create()
        tune = await self._train(tune)
        prompts = await self._generate(tune)
        found = [Found(kind=it.kind, id=it.id, by=await self.stage.found_by(it))
                 for it in (tune, *prompts)]  # fmt: skip
        files = await self._download(prompts)
        sheet = await self._make_sheet(files)
        self.seconds["total"] = time.monotonic() - began
        records = await self.stage.receiver.store.records(limit=100)
        callbacks = [it.callback for it in reversed(records) if it.count]  # the oldest first
        return Summary(
            base_url=self.stage.base_url,
            callback_url=self.stage.public_url,
            found=tuple(found),
            seconds=self.seconds,
            callbacks=tuple(callbacks),
            lost=sum(delivery.error is not None for delivery in self.stage.sandbox.deliveries),
            photos=tuple(self.job.photos),
            files=tuple(files),
            contact_sheet=sheet,
        )

    async def _create(self) -> Tune:
        photos = self.job.photos
        size = sum(path.stat().st_size for path in photos)
        with (
            self._step("upload", f"Upload {len(photos)} photos", size) as step,
            ExitStack() as stack,
        ):
            images = open_counted(photos, step.advance, stack)
            tune = await self.stage.astria.tunes.create(
                title="astria-async demo",
                name=self.job.name,
                images=images,
                metadata={"demo": "photos"},
            )
            step.tell(f"tune {tune.id}, {size / 1e6:.1f} MB")
        return tune

    async def _train(self, tune: Tune) -> Tune:
        with self._step("training", f"Train tune {tune.id}") as step:
            if tune.created_at and tune.eta:
                step.expect(tune.created_at, tune.eta)
            tune = await tune.wait_ready(timeout=LIMIT)
            step.tell(f"ready, told by {await self.stage.found_by(tune)}")
        return tune

    async def _generate(self, tune: Tune) -> list[Prompt]:
        texts = [text.format(name=self.job.name) for text in TEXTS]
        with self._step("generation", f"Generate {len(texts)} prompts", len(texts)) as step:
            prompts = [
                await tune.prompts.create(text, num_images=IMAGES, seed=seed)
                for seed, text in enumerate(texts, 1)
            ]
            ready: dict[int, Prompt] = {}
            async for prompt in self.stage.astria.wait_all(prompts, timeout=LIMIT):
                ready[prompt.id] = prompt
                step.advance(1)
                step.tell(f"prompt {prompt.id} ready, told by {await self.stage.found_by(prompt)}")
            step.tell(f"{IMAGES * len(ready)} pictures")
        return [ready[prompt.id] for prompt in prompts]

    async def _download(self, prompts: Sequence[Prompt]) -> list[Path]:
        files: dict[int, list[Path]] = {}
        with self._step("download", "Download the pictures", len(prompts)) as step:

            async def fetch(prompt: Prompt, folder: Path) -> None:
                files[prompt.id] = await prompt.download(folder)
                step.advance(1)

            with _workshop(self.job.out) as folder:
                async with anyio.create_task_group() as group:
                    for prompt in prompts:
                        group.start_soon(fetch, prompt, folder)
                found = [path for prompt in prompts for path in files[prompt.id]]
                # Moved over what an earlier run left, which a download would take for its own.
                placed = [path.replace(self.job.out / path.name) for path in found]
            step.tell(f"{len(placed)} files in {self.job.out}")
        return placed

    async def _make_sheet(self, files: Sequence[Path]) -> Path:
        path = self.job.out / "contact-sheet.jpg"
        groups = [("Photos", self.job.photos), ("Results, as the sandbox draws them", files)]
        with self._step("contact_sheet", "Lay out the contact sheet"):
            await anyio.to_thread.run_sync(partial(make_sheet, path, groups))
        return path

    @contextmanager
    def _step(self, name: str, label: str, total: float | None = None) -> Iterator[Step]:
        began = time.monotonic()
        with self.report.step(label, total=total) as step:
            yield step
        self.seconds[name] = time.monotonic() - began


@contextmanager
def _workshop(out: Path) -> Iterator[Path]:
    """A directory of our own beside the results, so that moving them there is atomic."""
    with tempfile.TemporaryDirectory(prefix=".astria-demo-", dir=out) as folder:
        yield Path(folder)
