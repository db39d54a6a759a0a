"""Messages that come again and again: shown a few times, then counted."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

BURST: Final = 5
"""How often a message is shown in a period."""
PERIOD: Final = 60.0
"""Seconds."""
_KINDS_MAX: Final = 256
"""Messages that are remembered; the oldest are forgotten."""


@dataclass(slots=True)
class _Count:
    since: float
    shown: int = 0
    hidden: int = 0


class Repeats(logging.Filter):
    """Hides what was shown often enough in a period, and says how much; debug passes freely.

    Messages are the same when they come from the same place, whatever their arguments are. What
    strangers cause is logged with ``extra={"once": KIND}``: each kind is shown once in a period.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Remember nothing; the clock gives seconds."""
        super().__init__()
        self._clock = clock
        self._counts: dict[tuple[str, int, str], _Count] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Let a record pass, or not."""
        if record.levelno < logging.INFO:
            return True
        once: str | None = getattr(record, "once", None)
        burst = BURST if once is None else 1
        # A bare %s is filled with texts of every kind.
        text = record.getMessage() if record.msg == "%s" else str(record.msg)
        count = self._count((record.name, record.levelno, once or text))
        if count.shown >= burst:
            count.hidden += 1
            return False
        count.shown += 1
        note = ""
        if count.hidden:
            note = f" ({count.hidden} more like it were not shown)"
            count.hidden = 0
        elif count.shown == burst:
            note = " (more like it are only counted for a minute)"
        if note:
            record.msg, record.args = f"{record.getMessage()}{note}", ()
        return True

    def _count(self, kind: tuple[str, int, str]) -> _Count:
        """Look up how often it came in the present period, which begins with its first message."""
        now = self._clock()
        count = self._counts.pop(kind, None) or _Count(now)
        if now - count.since >= PERIOD:
            count.since, count.shown = now, 0
        self._counts[kind] = count
        while len(self._counts) > _KINDS_MAX:
            del self._counts[next(iter(self._counts))]
        return count
