"""Processor time and memory that this process takes."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path
from typing import Final

_STATM: Final = Path("/proc/self/statm")


class Usage:
    """Share of a core used since the last look."""

    def __init__(self) -> None:
        """Start counting."""
        self._wall = time.monotonic()
        self._busy = time.process_time()

    def cpu_percent(self) -> float:
        """Percent of one core since the last call."""
        wall, busy = time.monotonic(), time.process_time()
        share = (busy - self._busy) / max(wall - self._wall, 1e-6)
        self._wall, self._busy = wall, busy
        return round(100 * share, 1)


def memory() -> dict[str, float | None]:
    """Memory that the process has and the most that it had, MiB."""
    return {
        "rss_mb": _resident_mb(),
        "rss_peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _resident_mb() -> float | None:
    try:
        pages = int(_STATM.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)
