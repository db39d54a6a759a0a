"""How long a stage takes."""

from __future__ import annotations

import time
from typing import Final


class StageTimer:
    """Keeps a running mean of a stage's milliseconds; a context manager."""

    _SHARE: Final = 0.1

    def __init__(self, into: dict[str, float], stage: str) -> None:
        """Put the mean into a dictionary under the stage's name."""
        self._into = into
        self._stage = stage

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        took = (time.perf_counter() - self._start) * 1000
        mean = self._into.get(self._stage, took)
        self._into[self._stage] = mean + self._SHARE * (took - mean)
