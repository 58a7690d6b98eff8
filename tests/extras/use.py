"""
What each extra brings, used where nothing else is installed: ``python use.py EXTRA``.

``nox -s extras`` makes an environment for each and runs this in it, with the package as a wheel.
A name of an extra runs its function; what is not as it should be ends with an error.
"""

import asyncio
import contextlib
import importlib.util
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio

from astria_async import Astria, Receiver
from astria_async.clock import SystemClock
from astria_async.protocol.errors import AstriaError, ConfigurationError, StoreUnavailable
from astria_async.stores import open_store

OPTIONAL = ("PIL", "aiohttp", "asyncpg", "cyclopts", "jinja2", "ngrok", "opentelemetry", "redis")
CLOSED = "127.0.0.1:1"
"""Where nothing listens."""


async def bare() -> None:
    """No extra: a client opens, and a receiver is served, checked and closed."""
    present = [name for name in OPTIONAL if importlib.util.find_spec(name)]
    assert not present, f"this environment has {present}"
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{folder}/callbacks.db"
        receiver = Receiver(secret="a secret of more than sixteen bytes", store=store)
        async with receiver.serve(port=0), Astria("sd_test", receiver=receiver):
            found = await receiver.check(local=True)
    assert found.ok, found.reason
    needs("'astria-async[cli]'", "tunes", "list")


async def redis() -> None:
    """The driver is found, and asks the server that is not there."""
    await no_server(f"redis://{CLOSED}/0")


async def postgres() -> None:
    """The driver is found, and asks the server that is not there."""
    await no_server(f"postgresql://{CLOSED}/astria")


async def no_server(url: str) -> None:
    """Open the store of *url*, whose driver is installed and whose server is not running."""
    store = open_store(url)
    try:
        await store.open()
    except StoreUnavailable as exc:
        print(exc)
    else:
        raise AssertionError(f"{url} opened")


async def ngrok() -> None:
    """The SDK begins to connect; what it says without ngrok's service comes out as ours."""
    from astria_async.receiver import NgrokTunnel

    tunnel = NgrokTunnel(authtoken="a token", server=CLOSED, opening=2.0)
    try:
        async with tunnel.open(8080):
            raise AssertionError("the tunnel opened")
    except ConfigurationError as exc:
        print(exc)


async def images() -> None:
    """Pictures are looked at before they are paid for: this one is small and alone."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        Image.new("RGB", (64, 64), "teal").save(path)
        async with Astria("sd_test") as astria:
            findings = await astria.tunes.check([path])
    assert findings
    print(*findings, sep="\n")


async def sandbox() -> None:
    """A tune is trained and a prompt made, with pictures, in the process."""
    from astria_async.testing import Sandbox

    async with Sandbox(pace=2000) as emulator, emulator.client() as astria:
        tune = await astria.tunes.create(name="cat", images=[b"\xff\xd8\xff\xd9"])
        tune = await tune.wait_ready()
        prompt = await tune.prompts.create("ohwx cat", num_images=2)
        prompt = await prompt.wait_ready()
        with tempfile.TemporaryDirectory() as folder:
            files = await prompt.download(folder)
            assert all(path.read_bytes()[:3] == b"\xff\xd8\xff" for path in files)
    print(*prompt.images)


async def serve() -> None:
    """The sandbox on a port, for another environment; it ends when stdin does."""
    from astria_async.sandbox import Sandbox
    from astria_async.sandbox.serve import serve as serve_sandbox

    async with Sandbox(api_key="sd_test", pace=2000) as emulator, serve_sandbox(emulator) as url:
        print(url, flush=True)
        await anyio.to_thread.run_sync(sys.stdin.read)


async def cli() -> None:
    """Every command works, against a sandbox that runs elsewhere, or names the extra it needs."""
    with served() as url, tempfile.TemporaryDirectory() as folder:
        env = {"ASTRIA_BASE_URL": url, "ASTRIA_API_KEY": "sd_test", "HOME": folder}
        photo = anyio.Path(folder, "photo.jpg")
        await photo.write_bytes(b"\xff\xd8\xff\xd9")
        assert "Commands:" in said("--help")
        assert said("--version").startswith("astria-async ")
        tune = said("tunes", "create", str(photo), "--name", "cat", "--wait", "-q", **env).strip()
        prompt = said("prompts", "create", tune, "ohwx cat", "--wait", "-q", **env).strip()
        for words in (
            f"tunes get {tune}",
            f"tunes wait {tune}",
            "tunes list",
            f"tunes update {tune} --title Renamed",
            f"tunes download {tune} --out {folder}",
            f"prompts get {prompt}",
            f"prompts wait {prompt}",
            "prompts list",
            f"prompts update {prompt} --base-pack-id 811",
            f"prompts download {prompt} --out {folder}",
            f"prompts duplicate {prompt} --text again",
            f"prompts like {prompt}",
            f"prompts delete {prompt} --yes",
            f"tunes delete {tune} --yes",
            "packs create Mine",
            "packs get 811",
            "packs list --gallery",
            f"packs run 811 {photo} --name woman",
            "store init",
            "store prune",
            "callbacks list",
            "doctor --port 0",
            "completion bash",
            "logout",
        ):
            assert said(*words.split(), **env), words
    needs("'astria-async[sandbox]'", "sandbox", "--port", "0")
    needs("'astria-async[sandbox]'", "sandbox", "trigger", "--to", f"http://{CLOSED}/")
    needs("'astria-async[sandbox]'", "demo")
    needs("'astria-async[ngrok]'", "listen", "--port", "0", "--tunnel", "ngrok")
    needs("'astria-async[redis]'", "store", "init", "--store", f"redis://{CLOSED}/0")
    needs("'astria-async[postgres]'", "store", "init", "--store", f"postgresql://{CLOSED}/x")


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The URL of a sandbox in the environment whose Python ``SANDBOX_PYTHON`` is."""
    command = [os.environ["SANDBOX_PYTHON"], __file__, "serve"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


def said(*words: str, **env: str) -> str:
    """What a command that ends well prints."""
    done = ended(*words, **env)
    assert done.returncode == 0, f"{words}: {done.returncode} {done.stderr}"
    return done.stdout


def needs(extra: str, *words: str) -> None:
    """See that a command ends with one line that names *extra*, and the code of a set-up error."""
    done = ended(*words, NGROK_AUTHTOKEN="a token", ASTRIA_API_KEY="sd_test")
    assert done.returncode == 3, f"{words}: {done.returncode} {done.stderr}"
    assert extra in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    print(done.stderr, end="")


def ended(*words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """A command that was run to its end."""
    script = str(Path(sys.executable).with_name("astria-async"))
    return subprocess.run(
        [script, *words],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def fast() -> None:
    """uvloop turns, httptools parses what the receiver gets, aiohttp sends what the client does."""
    import aiohttp
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    from astria_async.receiver.http import guarded
    from astria_async.receiver.refusals import Refusals

    assert type(asyncio.get_running_loop()).__module__ == "uvloop"
    protocol = guarded(Refusals(SystemClock()), head_timeout=5.0)
    assert issubclass(protocol, HttpToolsProtocol)
    receiver = Receiver()
    async with receiver.serve(port=0) as listening, aiohttp.ClientSession() as session:
        found = await receiver.check(local=True)
        async with Astria("sd_test", base_url=listening.url, http_client=session) as astria:
            try:
                await astria.tunes.get(1)
            except AstriaError as exc:
                print(exc)
            else:
                raise AssertionError("a receiver is no API")
    assert found.ok, found.reason


async def otel() -> None:
    """A client's work is traced by the API, to nowhere, for no SDK is set up."""
    from opentelemetry import trace

    tracer = trace.get_tracer("use")
    with tracer.start_as_current_span("a program"):
        async with Astria("sd_test", base_url=f"http://{CLOSED}") as astria:
            try:
                await astria.tunes.create(name="cat", images=[b"x"])
            except AstriaError as exc:
                print(exc)
            else:
                raise AssertionError("nothing listens there")


USES: dict[str, Callable[[], Awaitable[Any]]] = {
    use.__name__: use
    for use in (bare, redis, postgres, ngrok, images, sandbox, cli, fast, otel, serve)
}


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    name = sys.argv[1]
    anyio.run(USES[name], backend_options={"use_uvloop": name == "fast"})
    sys.stdout.flush()
    # Not by way of the interpreter's end, which threads of ngrok's SDK may crash:
    # github.com/PyO3/pyo3-async-runtimes/issues/40.
    os._exit(0)
