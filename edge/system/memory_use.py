"""Memory that this process takes."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Final

_STATM: Final = Path("/proc/self/statm")


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
