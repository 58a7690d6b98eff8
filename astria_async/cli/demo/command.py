"""``astria-async demo``, as it is typed."""

import tempfile
import webbrowser
from pathlib import Path
from typing import Annotated

import anyio.to_thread
from cyclopts import Parameter

from astria_async.cli.commands import PROGRAM
from astria_async.cli.demo.photos import find_photos
from astria_async.cli.exits import CommandError, Exit
from astria_async.cli.extras import need
from astria_async.cli.helping import documented
from astria_async.cli.interrupts import interrupted
from astria_async.cli.options import Flag
from astria_async.cli.progress import reporter
from astria_async.cli.resuming import resume_with
from astria_async.cli.terminal import console, put_json, put_line, put_stopped, put_warning


@documented
async def demo(
    *,
    images: Path | None = None,
    name: str | None = None,
    out: Path = Path("astria-demo"),
    drop_callbacks: Flag = False,
    open_: Annotated[bool, Parameter(name="--open", negative="", show_default=False)] = False,
    json: Flag = False,
) -> int:
    """
    Run the main job on this machine: no key, no network.

    Photos are uploaded to a sandbox on a port of its own, a tune is trained, its callback comes in
    over a socket, prompts are created, awaited and their pictures downloaded.

    Args:
        images: Directory with your own photos. Default: sample photos of a cat.
        name: What they show, as a class word such as woman or dog. Default: cat for the samples,
            subject for your own.
        out: Directory for the results; made if it does not exist.
        drop_callbacks: Let the sandbox lose every callback: polling finds the results all the same.
        open_: Open the sandbox's dashboard in a browser, and keep it up until Ctrl-C.
        json: Print one JSON object, and nothing else.
    """
    if open_ and json:
        raise CommandError("--open and --json do not go together", Exit.USAGE)
    photos = find_photos(images)
    need("sandbox", "the demo")
    from astria_async.cli.demo.run import Job, Run
    from astria_async.cli.demo.stage import stage

    _prepare(out)
    job = Job(photos=photos, name=name or ("subject" if images else "cat"), out=out)
    resume_with(f"nothing of it is left running, and it begins anew with: {PROGRAM} demo")
    async with stage(drop_callbacks=drop_callbacks) as running:
        dashboard = running.dashboard
        if open_:
            await _open(dashboard)
        summary = await Run(running, job, reporter(console(), silent=json)).whole()
        if json:
            put_json(summary.to_json())
        else:
            put_line("\n".join(summary.lines()))
        if open_:
            await interrupted(lambda: put_line(f"\nDashboard: {dashboard}\nCtrl-C stops it."))
            put_stopped(f"the pictures stay in {out}")
    return Exit.OK


async def _open(url: str) -> None:
    if not await anyio.to_thread.run_sync(webbrowser.open, url):
        put_warning("no browser could be opened")


def _prepare(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass  # it can be written to
    except FileExistsError as exc:
        raise CommandError(f"--out: {out} is a file, not a directory") from exc
    except OSError as exc:
        raise CommandError(f"--out: cannot write to {out}: {exc.strerror}") from exc
