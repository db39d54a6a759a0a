"""Checks the clock, by which words are dated."""

from __future__ import annotations

import ctypes
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from edge.doctor.finding import Finding

_TIMEX_SIZE: Final = 512
"""Bytes; struct timex has 208 on 64-bit boards."""
_UNSYNCHRONISED: Final = 5
"""TIME_ERROR, what adjtimex says while no time service steers the clock."""
_SYNCHRONISE: Final = "sudo timedatectl set-ntp true; without a network, set it: sudo date -s ..."


def check_clock(*, now: float | None = None, state: int | None = None) -> Finding:
    """Look whether the clock can be right, and whether a time service keeps it so.

    Args:
        now: Seconds since 1970; the clock's by default.
        state: What adjtimex returns; asked by default.
    """
    now = time.time() if now is None else now
    state = _kernel_state() if state is None else state
    text = f"{datetime.fromtimestamp(now, timezone.utc):%Y-%m-%d %H:%M} UTC"
    if now < Path(__file__).stat().st_mtime:
        text = f"{text} is before this program was installed; words would bear false times"
        return Finding("clock", False, text, _SYNCHRONISE)
    if state == _UNSYNCHRONISED:
        text = f"{text}, not synchronised; words bear its time"
        return Finding("clock", True, text, _SYNCHRONISE)
    if state < 0:
        return Finding(
            "clock", True, f"{text}; the kernel does not tell whether it is synchronised"
        )
    return Finding("clock", True, f"{text}, synchronised")


def _kernel_state() -> int:
    """Ask the kernel, which every time service tells; -1 where it may not be asked."""
    return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_SIZE)))
