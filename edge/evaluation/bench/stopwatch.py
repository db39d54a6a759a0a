"""A stopwatch for the processor and wall time of a stretch of code."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Time that a stretch of code took."""

    cpu: float
    """Seconds of processor time, of all threads of this process."""

    wall: float
    """Seconds."""


class Stopwatch:
    """A context manager; nothing else may run in the process meanwhile."""

    elapsed: Elapsed
    """What the last stretch took."""

    def __enter__(self) -> Stopwatch:
        self._wall = time.perf_counter()
        self._cpu = time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        cpu = time.process_time() - self._cpu
        self.elapsed = Elapsed(cpu, time.perf_counter() - self._wall)
