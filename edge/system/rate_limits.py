"""How often strangers may have us do something."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


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
