"""What the machine and the process are like just now."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path
from typing import Final

_THERMAL: Final = Path("/sys/class/thermal/thermal_zone0/temp")
_THROTTLED: Final = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
_STATM: Final = Path("/proc/self/statm")


class Heartbeat:
    """Tells a thread that works from one that hangs."""

    def __init__(self, allowed: float) -> None:
        """Start alive.

        Args:
            allowed: Seconds without a beat after which the thread counts as hung.
        """
        self._allowed = allowed
        self.beat()

    def beat(self) -> None:
        """Say that work went on."""
        self._last = time.monotonic()

    @property
    def is_alive(self) -> bool:
        """Whether work went on of late."""
        return time.monotonic() - self._last < self._allowed


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


def board() -> dict[str, float | int | None]:
    """Temperature (degrees Celsius), throttling flags (Raspberry Pi) and memory (MB)."""
    return {
        "temperature": _scaled(_THERMAL, 1e-3),
        "throttled": _hexadecimal(_THROTTLED),
        "rss_mb": _resident_mb(),
        "rss_peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _scaled(path: Path, scale: float) -> float | None:
    try:
        return round(int(path.read_text()) * scale, 1)
    except (OSError, ValueError):
        return None


def _hexadecimal(path: Path) -> int | None:
    try:
        return int(path.read_text(), 16)
    except (OSError, ValueError):
        return None


def _resident_mb() -> float | None:
    try:
        pages = int(_STATM.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)
