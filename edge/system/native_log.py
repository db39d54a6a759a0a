"""What C++ libraries write to standard error when they load, kept out of the journal."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Silence:
    """Standard error sent nowhere, from the first user's beginning to the last one's end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._kept = -1

    def begin(self) -> None:
        with self._lock:
            if self._users == 0:
                sys.stderr.flush()
                self._kept = os.dup(2)
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, 2)
                os.close(null)
            self._users += 1

    def end(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                os.dup2(self._kept, 2)
                os.close(self._kept)


_silence = _Silence()  # the process has but one standard error


@contextlib.contextmanager
def native_log_silenced() -> Iterator[None]:
    """Keep C++ start-up chatter out of the journal, unless SIGN_EDGE_NATIVE_LOG is set."""
    if os.environ.get("SIGN_EDGE_NATIVE_LOG") or sys.stderr is None:
        yield
        return
    _silence.begin()
    try:
        yield
    finally:
        _silence.end()
