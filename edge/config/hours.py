"""Hours and days as settings write them."""

from __future__ import annotations

import re
from typing import Final

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


MINUTES: Final = 24 * 60
"""Minutes."""


_HOURS_FORM: Final = "must be times like 07:00-22:30, several with a comma; empty is always"


_DAYS_FORM: Final = "must be days like mon-fri or mon,wed,sat; empty is every day"


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
        if minute >= 60 or last_minute >= 60 or start >= MINUTES or end > MINUTES or start == end:
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
