"""
Three scenes on the sandbox: all goes well, a callback is lost, a training fails.

What: the calls that a program makes, without network, key or waiting: the sandbox plays Astria in
    this process, and its minutes pass in milliseconds. This is how programs are tested.
Needs: pip install '.[sandbox]' (and trio, to run it on that)
Run: python examples/offline.py
    python examples/offline.py trio
"""

import sys
import tempfile
from pathlib import Path

import anyio
from PIL import Image

from astria_async import Tune, TuneFailed
from astria_async.sandbox import CallbackFault, JobFault
from astria_async.testing import Sandbox

SPEED = 5000.0
"""Virtual seconds that pass in a real one."""


def photographs(folder: Path) -> list[Path]:
    """Something to train on."""
    paths = [folder / f"{colour}.jpg" for colour in ("teal", "tomato", "khaki")]
    for path in paths:
        Image.new("RGB", (512, 512), path.stem).save(path)
    return paths


async def all_goes_well(photos: list[Path], out: Path) -> None:
    """Train, generate, download."""
    async with Sandbox(speed=SPEED) as sandbox, sandbox.client() as astria:
        tune = await astria.tunes.create(name="cat", images=photos)
        tune = await tune.wait_ready()
        prompt = await tune.prompts.create("ohwx cat in a garden", num_images=2)
        prompt = await prompt.wait_ready()
        files = await prompt.download(out)
    print(f"{len(files)} pictures after {len(sandbox.deliveries)} callbacks")


async def a_callback_is_lost(photos: list[Path]) -> None:
    """The wait ends all the same: the client looks for itself now and then."""
    async with Sandbox(speed=SPEED) as sandbox, sandbox.client() as astria:
        sandbox.faults.add(CallbackFault(kind="drop"))
        tune = await astria.tunes.create(name="cat", images=photos)
        tune = await tune.wait_ready()
    print(f"the tune is {tune.status_at(sandbox.clock.now())}, and no callback came")


async def a_training_fails(photos: list[Path]) -> Tune:
    """The wait raises what Astria says; the object as it is then comes along."""
    async with Sandbox(speed=SPEED) as sandbox, sandbox.client() as astria:
        sandbox.faults.add(JobFault(kind="tune", reason="No face in the photographs."))
        tune = await astria.tunes.create(name="cat", images=photos)
        try:
            await tune.wait_ready()
        except TuneFailed as error:
            print(f"the training failed: {error.reason}")
            return error.object  # type: ignore[no-any-return]
    raise SystemExit("it should have failed")


async def main() -> None:
    """Play all three."""
    with tempfile.TemporaryDirectory() as name:
        photos = photographs(Path(name))
        await all_goes_well(photos, Path(name) / "out")
        await a_callback_is_lost(photos)
        await a_training_fails(photos)


if __name__ == "__main__":
    anyio.run(main, backend=sys.argv[1] if len(sys.argv) > 1 else "asyncio")
