"""The hours in which the device listens, by the clock on the wall.

Whether it is open goes by what a clock would show just now, so that summer time and a clock that
is set right follow by themselves: an hour that is left out is not waited for, and one that comes
twice counts twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from edge.config.hours import DAYS, MINUTES, read_days, read_hours

if TYPE_CHECKING:
    from datetime import tzinfo

    from edge.config.settings import ScheduleSettings

_AHEAD: Final = 8 * MINUTES
"""Minutes that are looked ahead: every week has an opening, save for an hour left out."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How it stands at a moment."""

    is_open: bool
    """Whether the device listens."""

    until: datetime | None
    """When that changes, in local time; None where it never does."""

    def __str__(self) -> str:
        """Say it in words."""
        what = "listening" if self.is_open else "asleep"
        return f"{what} until {self.until:%a %H:%M}" if self.until else what


class Schedule:
    """Tells at any time whether the device listens, and until when."""

    def __init__(self, settings: ScheduleSettings, zone: tzinfo | None = None) -> None:
        """Read the settings.

        Args:
            settings: Hours and days, in the form that read_hours and read_days take.
            zone: Whose clock counts; the machine's own without one.
        """
        self._ranges = read_hours(settings.hours) or ((0, MINUTES),)
        self._days = read_days(settings.days)
        self._zone = zone
        self._is_constant = not settings.hours and len(self._days) == len(DAYS)
        self._opening = Opening(is_open=True, until=None)
        self._valid = (0.0, 0.0)

    def look(self, now: float) -> Opening:
        """Say how it stands.

        Args:
            now: Seconds since 1970; may jump, back too, when the clock is set.
        """
        start, end = self._valid
        if not (self._is_constant or start <= now < end):
            self._look_ahead(now)
        return self._opening

    def _look_ahead(self, now: float) -> None:
        """Go through the minutes to come; only so every odd day of summer time comes out right."""
        is_open = self._is_open(now)
        minute = int(now // 60)
        for later in range(minute + 1, minute + _AHEAD):
            if self._is_open(later * 60) != is_open:
                self._opening = Opening(is_open, self._local(later * 60))
                self._valid = (now, later * 60)
                return
        self._opening = Opening(is_open, None)
        self._valid = (now, (minute + MINUTES) * 60)

    def _is_open(self, now: float) -> bool:
        local = self._local(now)
        minute, today = local.hour * 60 + local.minute, local.weekday()
        return any(
            (start <= minute < end and today in self._days)
            if start < end
            else (minute >= start and today in self._days)
            or (minute < end and (today - 1) % 7 in self._days)
            for start, end in self._ranges
        )

    def _local(self, now: float) -> datetime:
        return datetime.fromtimestamp(now, timezone.utc).astimezone(self._zone)
