"""A camera program beside us that writes its pictures into a pipe."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.errors import SourceError
from edge.system.processes import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Sequence

_PIPE_SIZE: Final = 1 << 20
"""Bytes, the most an ordinary user may have; a 640x480 picture then needs one write."""
_WORDS_MAX: Final = 4096
"""Bytes kept of what a program says."""
_LAST_WORDS: Final = 0.5
"""Seconds that a program which sends no more has to end and say why."""
_COMPLAINT_MAX: Final = 200
"""Characters."""


class PipedProgram:
    """A running program; what it says is kept to tell why it ended. Not thread-safe."""

    def __init__(self, command: Sequence[str], *, descriptor_option: str = "") -> None:
        """Start it; it dies with us.

        Args:
            command: Program and arguments.
            descriptor_option: What precedes the number of the descriptor to write to in a last
                argument, for programs that spoil standard output with messages; empty where
                pictures come by standard output.

        Raises:
            SourceError: It cannot be started.
        """
        self._name = Path(command[0]).name
        self._words = b""
        self._pictures, pictures = os.pipe()
        self._said, said = os.pipe()
        enlarge(self._pictures)
        try:
            self._process = subprocess.Popen(
                [*command, f"{descriptor_option}{pictures}"] if descriptor_option else command,
                stdin=subprocess.DEVNULL,
                stdout=said if descriptor_option else pictures,
                stderr=said,
                pass_fds=[pictures] if descriptor_option else [],
                preexec_fn=die_with_parent,  # the capture process has one thread
            )
        except OSError as error:
            os.close(self._pictures)
            os.close(self._said)
            raise SourceError(f"{self._name} cannot be started ({error.strerror})") from None
        finally:
            os.close(pictures)
            os.close(said)
        self._poll = select.poll()
        self._poll.register(self._pictures, select.POLLIN)
        self._poll.register(self._said, select.POLLIN)

    def read_into(self, space: memoryview) -> int:
        """Wait for bytes, take as many as are there and fit, and return how many.

        Raises:
            SourceError: The program has ended; with its reason, if it told one.
        """
        while True:
            ready = {descriptor for descriptor, _ in self._poll.poll()}
            if self._said in ready and not self._listen():
                self._poll.unregister(self._said)
            if self._pictures in ready:
                if count := os.readv(self._pictures, [space]):
                    return count
                raise SourceError(f"{self._name} ended: {self._reason()}")

    def fill(self, space: memoryview) -> None:
        """Wait until all of the space is filled; see read_into."""
        while space:
            space = space[self.read_into(space) :]

    def close(self) -> None:
        """Kill the program."""
        self._process.kill()
        self._process.wait()
        os.close(self._pictures)
        os.close(self._said)

    def _listen(self) -> bool:
        """Take what it says; False when it will say no more."""
        words = os.read(self._said, _WORDS_MAX)
        self._words = (self._words + words)[-_WORDS_MAX:]
        return bool(words)

    def _reason(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_WORDS)
        while select.select([self._said], [], [], 0)[0] and self._listen():
            pass
        # An address may hold a password, and nothing here should name the source anyway.
        words = re.sub(r"(\w+://)\S+", r"\1...", self._words.decode(errors="replace"))
        # GStreamer and libcamera name the cause first and its consequences after it.
        found = re.search(r"(?:ERROR|erroneous)[^:\n]*: (?:from element \S+: )?(.+)", words)
        lines = words.split("\n") if found is None else [found[1]]
        said = [line.strip() for line in lines if line.strip()]
        if said:
            return said[-1][:_COMPLAINT_MAX]
        code = self._process.poll()
        return f"exit {code}" if code else "it has no more pictures"


def find_program(*names: str) -> str | None:
    """Name the first of these programs that there is."""
    return next(filter(None, map(shutil.which, names)), None)


def enlarge(descriptor: int) -> None:
    """Let a pipe hold a whole picture, where the system allows it."""
    with contextlib.suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
