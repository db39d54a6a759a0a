"""What soak notes every ten seconds; the standard library only, for the booted machine's Python."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from census import take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STEP = 10.0
"""Seconds between two rows."""


@dataclass(frozen=True)
class Row:
    """One look; as in census.Sample, but processor time is a share."""

    seconds: float
    """Since the first."""

    pid: int
    rss_mb: float
    all_mb: float
    threads: int
    fds: int
    children: int
    cpu_percent: float
    """Of one core, with children, since the row before."""

    delays_ms: list[float] = field(default_factory=list)
    """From the end of each sign to its message; of those since the row before."""

    def line(self) -> str:
        """Write it as one of CSV."""
        *rest, delays = asdict(self).values()
        return ",".join([*(f"{value:g}" for value in rest), ";".join(f"{d:g}" for d in delays)])

    @classmethod
    def read(cls, line: str) -> Row:
        """Read such a line."""
        *rest, delays = line.split(",")
        seconds, pid, rss, whole, threads, fds, children, cpu = map(float, rest)
        counts = int(threads), int(fds), int(children)
        parts = [float(part) for part in delays.split(";") if part]
        return cls(seconds, int(pid), rss, whole, *counts, cpu, parts)


def watch(
    minutes: float, pid: Callable[[], int], delays: Callable[[], list[float]]
) -> Iterator[Row]:
    """Look every STEP seconds.

    Args:
        minutes: For how long.
        pid: Of the daemon, now.
        delays: Milliseconds, of the words since it was last asked.

    Raises:
        OSError: The daemon has ended.
    """
    begun = before = time.monotonic()
    busy = take(pid()).cpu
    while before < begun + 60 * minutes:
        time.sleep(STEP)
        now, sample = time.monotonic(), take(pid())
        share = max(0.0, 100 * (sample.cpu - busy) / (now - before))  # a child may have gone
        yield Row(
            round(now - begun, 1),
            pid(),
            round(sample.rss_mb, 2),
            round(sample.all_mb, 2),
            sample.threads,
            sample.fds,
            sample.children,
            round(share, 1),
            delays(),
        )
        before, busy = now, sample.cpu
