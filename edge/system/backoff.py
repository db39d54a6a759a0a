"""How long to wait before something that failed is tried again."""

from __future__ import annotations

import random
from typing import Final

STEADY: Final = 10.0
"""Seconds that something must have worked for its earlier failures to be forgotten."""
_DOUBLINGS_MAX: Final = 32


class Backoff:
    """Gives waits that double with each failure, up to a limit; chance takes up to half of each.

    Chance keeps a house full of devices from calling in step on what has come back.
    """

    def __init__(self, first: float, longest: float) -> None:
        """Begin; both are in seconds, before chance."""
        self._first = first
        self._longest = longest
        self._failures = 0

    def reset(self) -> None:
        """Forget earlier failures."""
        self._failures = 0

    def next(self, worked: float = 0.0) -> float:
        """Give the seconds to wait, now that it has failed after working for so many seconds."""
        if worked >= STEADY:
            self.reset()
        whole = min(self._longest, self._first * 2.0 ** min(self._failures, _DOUBLINGS_MAX))
        self._failures += 1
        return whole * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, guards nothing
