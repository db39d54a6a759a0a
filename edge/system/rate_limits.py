"""How often strangers may have us do something: commands, and lines in the log."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

QUIET: Final = 60.0
"""Seconds after a complaint in which another of its kind is not logged."""


class TokenBucket:
    """Allows so many things a minute; after a rest all of them at once."""

    def __init__(self, rate: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Start full.

        Args:
            rate: Things a minute.
            clock: Seconds.
        """
        self._rate = rate
        self._clock = clock
        self._tokens = float(rate)
        self._last = clock()

    def take(self) -> bool:
        """Take one, if there is one."""
        now = self._clock()
        grown = self._tokens + (now - self._last) * self._rate / 60
        self._tokens, self._last = min(grown, float(self._rate)), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Complaints:
    """Warns of each kind of fault once in a while, however often it happens."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Have complained of nothing yet; the clock gives seconds."""
        self._clock = clock
        self._last: dict[str, float] = {}

    def complain(self, kind: str, text: str) -> None:
        """Log a text, unless one of its kind was logged of late; kinds must be few."""
        now = self._clock()
        if kind not in self._last or now - self._last[kind] >= QUIET:
            self._last[kind] = now
            logger.warning("%s", text)
