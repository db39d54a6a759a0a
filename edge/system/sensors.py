"""What the board tells of itself: temperature, throttling, where its current comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_NOT_THE_PROCESSOR: Final = ("pmic", "fan")
"""In names of thermal zones; a Jetson's PMIC says 100 degrees for ever (NVIDIA's L4T guide)."""
_PLAUSIBLE: Final = (-40.0, 150.0)
"""Degrees Celsius."""


class Sensors:
    """Files below /sys, read anew each time; one that is missing or fails tells nothing."""

    def __init__(self, root: Path = Path("/")) -> None:
        """Find them; root is where sys is."""
        self._zones = [
            zone / "temp"
            for zone in sorted(root.glob("sys/class/thermal/thermal_zone*"))
            if not any(word in _text(zone / "type").lower() for word in _NOT_THE_PROCESSOR)
        ]
        # Raspberry Pi: where below depends on the model's name for its chip.
        self._throttled = next(root.glob("sys/devices/platform/*/*firmware/get_throttled"), None)
        self._supplies = root / "sys/class/power_supply"

    def temperature(self) -> float | None:
        """Degrees Celsius of the hottest part of the processor; None where no sensor tells."""
        values = [value for zone in self._zones if (value := _celsius(zone)) is not None]
        return max(values, default=None)

    def throttled(self) -> int | None:
        """Raspberry Pi's flags, as of ``vcgencmd get_throttled``; None on other boards."""
        if self._throttled is None:
            return None
        try:
            return int(_text(self._throttled), 16)
        except ValueError:
            return None

    def is_on_battery(self) -> bool:
        """Whether a battery of the board, not of a mouse or a keyboard, is being emptied."""
        return any(
            _text(supply / "type") in ("Battery", "UPS")
            and _text(supply / "scope") != "Device"
            and _text(supply / "status") == "Discharging"
            for supply in self._supplies.glob("*")
        )


def _celsius(path: Path) -> float | None:
    try:
        value = round(int(_text(path)) / 1000, 1)
    except ValueError:
        return None
    return value if _PLAUSIBLE[0] < value < _PLAUSIBLE[1] else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:  # a zone that is switched off cannot be read
        return ""
