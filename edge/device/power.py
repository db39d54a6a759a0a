"""Chooses how many frames a second the board can afford: fewer when hot or on a battery."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from edge.config.settings import PowerSettings
    from edge.system.sensors import Sensors

Power = Literal["full", "battery", "hot"]

_HELD_BACK: Final = 0b1111
"""Of Raspberry Pi's flags, those that hold now: under-voltage, capped, throttled, soft limit."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast to work."""

    power: Power
    """Why."""

    fps: float
    """Frames per second to search at most; infinite at full power."""


FULL: Final = Pace("full", math.inf)


class Governor:
    """Chooses the pace; holds on to a slower one for a while, or it would go to and fro."""

    def __init__(self, sensors: Sensors) -> None:
        """Begin at full power."""
        self._sensors = sensors
        self._is_hot = self._is_on_battery = False
        self._strained_at = self._emptied_at = -math.inf
        self.pace = FULL

    def look(self, settings: PowerSettings, now: float) -> Pace:
        """Read the sensors and choose.

        Args:
            settings: Limits, rates and how long a slower one is held.
            now: Seconds, monotonic.
        """
        temperature = self._sensors.temperature() or -math.inf
        is_held_back = bool((self._sensors.throttled() or 0) & _HELD_BACK)
        limit = settings.hot_temperature - (settings.margin if self._is_hot else 0)
        if temperature >= limit or is_held_back:
            self._is_hot, self._strained_at = True, now
        elif now - self._strained_at >= settings.hold:
            self._is_hot = False
        if self._sensors.is_on_battery():
            self._is_on_battery, self._emptied_at = True, now
        elif now - self._emptied_at >= settings.hold:
            self._is_on_battery = False
        self.pace = self._choose(settings)
        return self.pace

    def _choose(self, settings: PowerSettings) -> Pace:
        battery_fps = settings.battery_fps if self._is_on_battery else math.inf
        if self._is_hot:
            return Pace("hot", min(settings.hot_fps, battery_fps))
        return Pace("battery", battery_fps) if self._is_on_battery else FULL
