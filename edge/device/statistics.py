"""Makes the figures of the moment: rates, times, losses, and what the board tells."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from edge.system.memory_use import memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.device.newest_slot import NewestSlot
    from edge.device.news import News
    from edge.recognition.recognizer import Recognizer
    from edge.system.sensors import Sensors

_FRESH: Final = 1.0
"""Seconds for which figures are not made anew; over less, rates mean nothing."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One reader's look, since when that reader's next rates are."""

    time: float
    """Seconds, monotonic."""

    busy: float
    """Seconds of processor time that the process has taken."""

    landmarks: int
    """Frames that were searched."""

    figures: dict[str, object] = field(default_factory=dict)
    """What was told; empty before the first."""


class Statistics:
    """Makes figures when asked; rates are those since the same reader last asked. Any thread."""

    def __init__(
        self,
        recognizer: Recognizer,
        news: News,
        slot: NewestSlot[Any],
        sensors: Sensors,
        max_fps: Callable[[], float],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start counting.

        Args:
            recognizer: Counts and stage times.
            news: Latency and losses.
            slot: Between source and recognizer; frames are lost there.
            sensors: Of the board.
            max_fps: Tells how many frames a second the board can afford.
            clock: Seconds.
        """
        self._recognizer, self._news, self._slot = recognizer, news, slot
        self._sensors, self._max_fps = sensors, max_fps
        self._clock = clock
        self._lock = threading.Lock()
        self._start = _Look(clock(), time.process_time(), recognizer.counts["landmarks"])
        self._looks: dict[str, _Look] = {}

    def look(self, reader: str) -> dict[str, object]:
        """Give a reader the figures as ``stats`` has them (docs/mqtt)."""
        with self._lock:
            since = self._looks.get(reader, self._start)
            if not since.figures or self._clock() - since.time >= _FRESH:
                since = self._looks[reader] = self._look(since)
            return dict(since.figures)

    def _look(self, since: _Look) -> _Look:
        counts = dict(self._recognizer.counts)
        now, busy, landmarks = self._clock(), time.process_time(), counts.get("landmarks", 0)
        span = max(now - since.time, 1e-6)
        figures: dict[str, object] = {
            "uptime": round(now - self._start.time),
            "fps": round((landmarks - since.landmarks) / span, 2),
            "max_fps": self._max_fps(),
            "stage_ms": {n: round(ms, 2) for n, ms in self._recognizer.stage_ms.copy().items()},
            "latency_ms": round(self._news.latency_ms, 1),
            "cpu_percent": round(100 * (busy - since.busy) / span, 1),
            "temperature": self._sensors.temperature(),
            "throttled": self._sensors.throttled(),
            **memory(),
            "dropped_frames": self._slot.dropped,
            "dropped_messages": self._news.dropped_messages,
            "dropped_words": self._news.speech.dropped,
            "counts": counts,
        }
        return _Look(now, busy, landmarks, figures)
