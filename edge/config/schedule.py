"""The hours in which the device listens, by the clock on the wall.

Whether it is open goes by what a clock would show just now, so that summer time and a clock that
is set right follow by themselves: an hour that is left out is not waited for, and one that comes
twice counts twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import tzinfo

    from edge.config.settings import ScheduleSettings

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = 24 * 60
"""Minutes."""
_AHEAD: Final = 8 * _DAY
"""Minutes that are looked ahead: every week has an opening, save for an hour left out."""
_HOURS_FORM: Final = "must be times like 07:00-22:30, several with a comma; empty is always"
_DAYS_FORM: Final = "must be days like mon-fri or mon,wed,sat; empty is every day"


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
        self._ranges = read_hours(settings.hours) or ((0, _DAY),)
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
        self._valid = (now, (minute + _DAY) * 60)

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


def read_hours(text: str) -> tuple[tuple[int, int], ...]:
    """Read e.g. ``07:00-12:00, 22:30-02:00`` as minutes of the day; the last goes past midnight.

    Raises:
        ValueError: It is something else; says what it may be.
    """
    if not text.strip():
        return ()
    ranges = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)\s*", part, re.ASCII)
        if found is None:
            raise ValueError(_HOURS_FORM)
        hour, minute, last_hour, last_minute = map(int, found.groups())
        start, end = hour * 60 + minute, last_hour * 60 + last_minute
        if minute >= 60 or last_minute >= 60 or start >= _DAY or end > _DAY or start == end:
            raise ValueError(f"{_HOURS_FORM}; from 00:00 to 24:00, each of some length")
        ranges.append((start, end))
    return tuple(ranges)


def read_days(text: str) -> frozenset[int]:
    """Read e.g. ``mon-fri, sun`` as numbers, Monday 0; those on which hours begin.

    Raises:
        ValueError: It is something else; says what it may be.
    """
    if not text.strip():
        return frozenset(range(7))
    days: set[int] = set()
    for part in text.lower().split(","):
        names = [name.strip() for name in part.split("-")]
        if len(names) > 2 or not set(names) <= set(DAYS):
            raise ValueError(_DAYS_FORM)
        first, last = DAYS.index(names[0]), DAYS.index(names[-1])
        days |= {day % 7 for day in range(first, last + 1 if last >= first else last + 8)}
    return frozenset(days)
