"""Figures of the moment: rates, times, drops, what the board tells."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from edge.system.usage import Usage, memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.device.announcer import Announcer
    from edge.device.newest_slot import Slot
    from edge.recognition.recognizer import Recognizer
    from edge.system.sensors import Sensors

_FRESH: Final = 1.0
"""Seconds for which figures are not made anew; over less, rates mean nothing."""


class Figures:
    """Makes them when asked; rates are those since it was last asked. From any thread."""

    def __init__(
        self,
        recognizer: Recognizer,
        announcer: Announcer,
        slot: Slot[Any],
        sensors: Sensors,
        max_fps: Callable[[], float],
    ) -> None:
        """Start counting; max_fps tells how many frames a second the board can afford."""
        self._recognizer, self._announcer, self._slot = recognizer, announcer, slot
        self._sensors, self._max_fps = sensors, max_fps
        self._usage = Usage()
        self._lock = threading.Lock()
        self._counted = recognizer.counts["landmarks"]
        self._started = self._looked_at = time.monotonic()
        self._newest: dict[str, object] = {}

    def look(self) -> dict[str, object]:
        """Give the figures as ``stats`` has them (docs/mqtt)."""
        with self._lock:
            now = time.monotonic()
            if not self._newest or now - self._looked_at >= _FRESH:
                self._newest = self._make(now)
            return dict(self._newest)

    def _make(self, now: float) -> dict[str, object]:
        counts = dict(self._recognizer.counts)
        span, self._looked_at = now - self._looked_at, now
        since, self._counted = self._counted, counts.get("landmarks", 0)
        return {
            "uptime": round(now - self._started),
            "fps": round((self._counted - since) / max(span, 1e-6), 2),
            "max_fps": self._max_fps(),
            "stage_ms": {n: round(ms, 2) for n, ms in self._recognizer.stage_ms.copy().items()},
            "latency_ms": round(self._announcer.latency_ms, 1),
            "cpu_percent": self._usage.cpu_percent(),
            "temperature": self._sensors.temperature(),
            "throttled": self._sensors.throttled(),
            **memory(),
            "dropped_frames": self._slot.dropped,
            "dropped_messages": self._announcer.dropped_messages,
            "dropped_words": self._announcer.speech.dropped,
            "counts": counts,
        }
