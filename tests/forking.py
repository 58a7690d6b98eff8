"""
Processes of the command line that start in milliseconds: forked from one that imported it all.

Each is a process like any other, with its own pid, files, terminal, signals, environment, folder
and exit code; only the start of the interpreter and its imports are those of their common parent.
That those work, ``test_startup`` and ``test_entry`` see; how long they take, a benchmark tells.
"""

import contextlib
import ctypes
import fcntl
import gc
import importlib
import io
import json
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import attrs

BYTES = struct.Struct("!i")
WARM = (
    "PIL.JpegImagePlugin",
    "anyio._backends._asyncio",
    "astria_async.cli.app",
    "astria_async.client",
    "astria_async.receiver",
    "astria_async.sandbox.dashboard",
    "astria_async.sandbox.serve",
    "astria_async.stores.sqlite",
    "astria_async.transport.plain",
    "httpcore._async",
    "httpx",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
)
"""What commands import when they need it, besides their own modules."""


@attrs.define(eq=False)
class Forked:
    """
    A process, as far as tests need one.

    Attributes:
        pid: Its own.
        stdout: What it prints, if that goes through a pipe.
        stderr: The same of its errors.
    """

    pid: int
    ended: int
    stdin: int | None = None
    stdout: io.TextIOWrapper | None = None
    stderr: io.TextIOWrapper | None = None
    returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, if it has ended; that of a signal is negative."""
        with contextlib.suppress(TimeoutError):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """
        Wait until it has ended; its exit code.

        Raises:
            TimeoutError: It has not.
        """
        if self.returncode is None:
            if not select.select([self.ended], [], [], timeout)[0]:
                raise TimeoutError(f"process {self.pid} goes on")
            (self.returncode,) = BYTES.unpack(os.read(self.ended, BYTES.size))
            os.close(self.ended)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, text: str, timeout: float) -> tuple[str, str]:
        """
        Write to it, and read what it prints to its end.

        Raises:
            TimeoutError: It goes on.
        """
        assert self.stdin is not None
        assert self.stdout is not None
        assert self.stderr is not None
        with contextlib.suppress(BrokenPipeError), open(self.stdin, "w") as stdin:  # noqa: PTH123
            stdin.write(text)
        with self.stdout, self.stderr:
            said = _read_all([self.stdout.fileno(), self.stderr.fileno()], timeout)
        self.wait(timeout)
        return said[0], said[1]


def _read_all(files: Sequence[int], timeout: float) -> list[str]:
    said = dict.fromkeys(files, b"")
    unread = set(files)
    end = time.monotonic() + timeout
    while unread:
        ready, _, _ = select.select(list(unread), [], [], max(0.0, end - time.monotonic()))
        if not ready:
            raise TimeoutError(f"the process goes on after {list(said.values())}")
        for file in ready:
            data = os.read(file, 65536)
            said[file] += data
            if not data:
                unread.discard(file)
    return [said[file].decode() for file in files]


@attrs.define(eq=False)
class Parent:
    """The process that others are forked from."""

    process: "subprocess.Popen[bytes]"
    line: socket.socket

    def begin(
        self,
        *words: str,
        env: Mapping[str, str],
        cwd: Path,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
        terminal: bool = False,
        bound: bool = False,
    ) -> Forked:
        """
        Begin ``astria-async`` with *words*, in a session of its own.

        Args:
            words: Its arguments.
            env: Its whole environment.
            cwd: Its folder.
            stdin: Where it reads from. Default: a pipe.
            stdout: Where its output goes. Default: through a pipe.
            stderr: The same of its errors.
            terminal: Whether *stdin* is its terminal, so that Ctrl-C there reaches it.
            bound: Whether files that are read-only are so for root as well.
        """
        task: dict[str, Any] = {"words": words, "env": dict(env), "cwd": str(cwd)}
        task |= {"terminal": terminal, "bound": bound}
        with contextlib.ExitStack() as theirs:
            ended, tell = os.pipe()
            theirs.callback(os.close, tell)
            process = Forked(0, ended)
            if stdin is None:
                stdin, process.stdin = os.pipe()
                theirs.callback(os.close, stdin)
            if stdout is None:
                read, stdout = os.pipe()
                theirs.callback(os.close, stdout)
                process.stdout = _text(read)
            if stderr is None:
                read, stderr = os.pipe()
                theirs.callback(os.close, stderr)
                process.stderr = _text(read)
            process.pid = self._fork(task, [stdin, stdout, stderr, tell])
        return process

    def _fork(self, task: Mapping[str, Any], files: list[int]) -> int:
        data = json.dumps(task).encode()
        answer = b""
        with contextlib.suppress(ConnectionError):
            socket.send_fds(self.line, [BYTES.pack(len(data))], files)
            self.line.sendall(data)
            answer = self.line.recv(BYTES.size)
        if not answer:
            raise RuntimeError(f"the parent of processes ended with {self.process.wait(30)}")
        return int(BYTES.unpack(answer)[0])


def _text(file: int) -> io.TextIOWrapper:
    return open(file, encoding="utf-8")


@contextlib.contextmanager
def parent() -> Iterator[Parent]:
    """One that has imported everything, for the length of the block."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()]
        )
        theirs.close()  # if it ends, so does the line
        yield Parent(process, ours)
    process.wait(30)


def _serve(line: socket.socket) -> None:
    """Fork one process for each that is asked for, and tell when it has ended."""
    awake, wake = os.pipe()
    os.set_blocking(awake, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the tests' terminal is for them
    signal.set_wakeup_fd(wake)
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([line.fileno(), awake], [], [])
        if awake in ready:
            _reap(awake, running)
        if line.fileno() not in ready:
            continue
        size, files, _, _ = socket.recv_fds(line, BYTES.size, 4)
        if not size:
            return
        (length,) = BYTES.unpack(size)
        task = json.loads(line.recv(length, socket.MSG_WAITALL))
        pid = os.fork()
        if pid == 0:
            _become(task, files)
        running[pid] = files[3]
        for file in files[:3]:
            os.close(file)
        line.sendall(BYTES.pack(pid))


def _reap(awake: int, running: dict[int, int]) -> None:
    os.read(awake, 1024)
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        tell = running.pop(pid)
        with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
            os.write(tell, BYTES.pack(os.waitstatus_to_exitcode(status)))
        os.close(tell)


def _become(task: Mapping[str, Any], files: Sequence[int]) -> NoReturn:
    """Be the process that *task* describes; returns as a program ends, by ``SystemExit``."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    os.closerange(3, 1024)
    os.setsid()
    if task["terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if task["bound"] and os.geteuid() == 0:
        _be_bound()
    os.environ.clear()
    os.environ.update(task["env"])
    os.chdir(task["cwd"])
    time.tzset()
    random.seed()
    sys.path[:0] = [it for it in task["env"].get("PYTHONPATH", "").split(os.pathsep) if it]
    sys.stdin = _stream(0, "r")
    sys.stdout = _stream(1, "w")
    sys.stderr = _stream(2, "w", errors="backslashreplace")
    sys.argv[1:] = task["words"]
    from astria_async.cli import main

    sys.exit(main())


def _be_bound() -> None:
    """Without the capability CAP_DAC_OVERRIDE (1) root is a user like any other."""
    version = (ctypes.c_uint32 * 2)(0x20080522, 0)
    capabilities = (ctypes.c_uint32 * 6)()
    system = ctypes.CDLL(None)
    assert system.capget(version, capabilities) == 0
    capabilities[0] &= ~(1 << 1)
    assert system.capset(version, capabilities) == 0


def _stream(number: int, mode: str, errors: str = "strict") -> io.TextIOWrapper:
    raw = open(number, f"{mode}b", -1 if mode == "r" else 0, closefd=False)  # noqa: SIM115
    return io.TextIOWrapper(raw, "utf-8", errors, write_through=True)


def _warm_up() -> None:
    from astria_async.cli.app import build
    from astria_async.cli.commands import COMMANDS

    for module in (*WARM, *(command.target.partition(":")[0] for command in COMMANDS)):
        importlib.import_module(module)
    app = build()
    for command in COMMANDS:
        app[command.name]  # reads its options
    gc.freeze()


if __name__ == "__main__":
    _warm_up()
    _serve(socket.socket(fileno=int(sys.argv[1])))
