"""Processor and wall time of a stretch of code."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Took:
    """What something took."""

    cpu: float
    """Seconds of processor time, of all threads of this process."""

    wall: float
    """Seconds."""


class Stopwatch:
    """A context manager; nothing else may run in the process meanwhile."""

    took: Took
    """What the last stretch took."""

    def __enter__(self) -> Stopwatch:
        self._wall = time.perf_counter()
        self._cpu = time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        cpu = time.process_time() - self._cpu
        self.took = Took(cpu, time.perf_counter() - self._wall)
