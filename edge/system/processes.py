"""Child processes: how they are started, what they are given, and how they end."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from multiprocessing.context import SpawnContext
    from multiprocessing.process import BaseProcess
    from typing import NoReturn

_PR_SET_PDEATHSIG: Final = 1
_RUN_MODULE: Final = Path(__file__).resolve().with_name("run_module.py")
_ROOT: Final = Path(__file__).resolve().parents[2]
"""The folder that the package edge is in."""
_ALWAYS: Final = (
    "LANG",
    "LANGUAGE",
    "LC_*",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",  # OpenCV on Arm asks for libgomp this way
    "PATH",
    "TMPDIR",
    "TZ",
)
"""Variables of the environment that every child gets."""
_STANDARD_ERROR: Final = 2
_TICK: Final = 0.005
"""Seconds between two looks at a child that was asked to end."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What is left of a child that has ended by itself."""

    code: int
    """Its exit code."""

    printed: str
    """What it wrote to standard output."""

    said: str
    """What it wrote to standard error, where that was a pipe."""


class Child:
    """A module of this program that runs as a process of its own; a context manager.

    It imports nothing from the current folder, gets an empty environment but for the variables
    that are named, and no open file but those that are named. It has a session of its own, so
    that Ctrl-C is ours to handle and what it starts is killed with it. The kernel kills it when
    the thread that started it ends.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
        folder: str | None = None,
        stderr: int | None = subprocess.DEVNULL,
    ) -> None:
        """Start it.

        Args:
            module: Its full name; what ``python -m`` would take.
            arguments: Its command line, which every user of the machine can read.
            variables: Its environment; what ``environment`` gives by default.
            descriptors: Open files that it gets.
            folder: Its current folder; ours by default.
            stderr: Its standard error, as for Popen; None is ours.

        Raises:
            OSError: No process can be started.
        """
        self._process = subprocess.Popen(
            module_command(module, *arguments, parent=os.getpid()),
            bufsize=0,
            cwd=folder,
            env=environment() if variables is None else variables,
            pass_fds=descriptors,
            start_new_session=True,
            stderr=stderr,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._input = cast("IO[bytes]", self._process.stdin)
        self.output = cast("IO[bytes]", self._process.stdout)
        """Its standard output, unbuffered."""
        self._reaping = threading.Lock()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def send(self, value: object) -> None:
        """Write a line of JSON to its standard input.

        Raises:
            BrokenPipeError: It has ended.
        """
        self.write(json.dumps(value).encode() + b"\n")

    def write(self, data: bytes) -> None:
        """Write to its standard input.

        Raises:
            BrokenPipeError: It has ended.
        """
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._input.fileno(), rest) :]

    def finish_input(self) -> None:
        """Let it read the end of its standard input."""
        self._input.close()

    def finish(self, value: object = None, within: float | None = None) -> Finished:
        """Give it a value as JSON, all of its input, and wait until it ends by itself.

        Raises:
            TimeoutError: It has not ended within so many seconds.
        """
        data = None if value is None else json.dumps(value).encode()
        try:
            printed, said = self._process.communicate(data, within)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        texts = ((text or b"").decode(errors="replace") for text in (printed, said))
        return Finished(self._process.returncode, *texts)

    def kill(self) -> None:
        """Kill it and all that it started; from any thread. ``end`` must follow."""
        with self._reaping:
            # While it is not reaped, its number cannot have passed to a stranger.
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)

    def end(self, grace: float = 0.0) -> None:
        """End its input, kill it and what it started when so many seconds have passed, reap it."""
        self.finish_input()
        if self._process.returncode is None:
            until = time.monotonic() + grace
            while not self._has_ended() and time.monotonic() < until:
                time.sleep(_TICK)
            self.kill()
            with self._reaping:
                self._process.wait()
        for pipe in (self.output, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _has_ended(self) -> bool:
        """Tell whether it has, without reaping it."""
        flags = os.WEXITED | os.WNOWAIT | os.WNOHANG
        return os.waitid(os.P_PID, self._process.pid, flags) is not None


def module_command(module: str, *arguments: str, parent: int = 0) -> list[str]:
    """Give the command that runs a module with our imports, and none from the current folder.

    Args:
        module: Its full name.
        arguments: Its command line.
        parent: The process with which it ends; 0 for none.
    """
    path = os.pathsep.join(_import_folders())
    return [sys.executable, "-I", str(_RUN_MODULE), str(parent), path, module, *arguments]


def go_on_as(module: str, *arguments: str) -> NoReturn:
    """Turn this process into one that runs a module, with our environment and no open files."""
    for link in list(Path("/proc/self/fd").iterdir()):
        number = int(link.name)
        with contextlib.suppress(OSError):  # the one by which the list was read is closed
            # TensorFlow Lite would leave a model open for each time.
            os.set_inheritable(number, number <= _STANDARD_ERROR)
    command = module_command(module, *arguments)
    os.execv(command[0], command)  # noqa: S606


def environment(*names: str) -> dict[str, str]:
    """Take from our environment what every child needs, and what is named; ``GST_*`` names many."""
    wanted = (*_ALWAYS, *names)
    return {
        name: value
        for name, value in os.environ.items()
        if any(fnmatchcase(name, pattern) for pattern in wanted)
    }


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end_with_parent() -> None:
    """End this process of ``multiprocessing`` when its parent ends, in whatever way.

    Its parent's threads come and go, so that ``die_with_parent`` will not do.
    """
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), name="parent", daemon=True).start()


def spawn_context() -> SpawnContext:
    """Give the ``multiprocessing`` whose processes are begun anew, not forked.

    Forks do not survive the threads of MediaPipe and TensorFlow. From Python 3.11 on these
    processes, too, import nothing from the current folder; 3.10 looks there first.
    """
    import multiprocessing

    os.environ["PYTHONSAFEPATH"] = "1"
    return multiprocessing.get_context("spawn")


def _end_after(parent: BaseProcess) -> None:
    with contextlib.suppress(OSError):
        parent.join()
    os._exit(1)


def _import_folders() -> list[str]:
    """List where we import from, without the current folder, which anybody may have filled."""
    ours, here = _identity(_ROOT), _identity(os.curdir)
    folders = [
        folder
        for folder in sys.path
        if Path(folder).is_absolute() and (here == ours or _identity(folder) != here)
    ]
    if ours not in map(_identity, folders):  # an editable install finds us in another way
        folders.append(str(_ROOT))
    return folders


def _identity(folder: str | Path) -> tuple[int, int] | None:
    """Tell folders apart, whatever they are called; None where there is none."""
    try:
        status = Path(folder).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
