"""Whether threads make headway."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_SLICE: Final = 1.0
"""Seconds between two beats of a thread that waits."""


class Heartbeat:
    """Tells a thread that works from one that hangs."""

    def __init__(self, allowed: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Start alive.

        Args:
            allowed: Seconds without a beat after which the thread counts as hung.
            clock: Seconds.
        """
        self._allowed = allowed
        self._clock = clock
        self.beat()

    def beat(self, ahead: float = 0.0) -> None:
        """Say that work goes on, and may take so many seconds longer than usual."""
        self._due = self._clock() + self._allowed + ahead

    @property
    def is_alive(self) -> bool:
        """Whether work went on within the time allowed."""
        return self._clock() < self._due


class Attended(threading.Event):
    """An event by which a thread is told to stop; looking at it shows that the thread works.

    Only that thread may look.
    """

    def __init__(self, heart: Heartbeat) -> None:
        """Start unset."""
        super().__init__()
        self._heart = heart

    def is_set(self) -> bool:
        """Tell whether to stop."""
        self._heart.beat()
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait to be told; someone who waits works."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = _SLICE if until is None else until - time.monotonic()
            self._heart.beat()
            if super().wait(max(0.0, min(left, _SLICE))):
                return True
            if left <= _SLICE and until is not None:
                return False
