"""The hours in which the device listens: past midnight, over summer time, under a jumping clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import load as config
from edge.config.hours import DAYS, read_days, read_hours
from edge.config.schedule import Schedule
from edge.config.settings import ScheduleSettings
from edge.errors import ConfigError

ZONE = ZoneInfo("Europe/Berlin")
HOURS = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda pair: pair[0] != pair[1]),
    min_size=1,
    max_size=3,
)


def at(text: str, fold: int = 0) -> float:
    """Seconds since 1970 of a local time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE, fold=fold).timestamp()


def schedule(hours: str = "", days: str = "") -> Schedule:
    """Make one for Berlin."""
    return Schedule(ScheduleSettings(hours=hours, days=days), ZONE)


def clock(minutes: int) -> str:
    """Write minutes of the day."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


@pytest.mark.parametrize(
    ("hours", "days", "moment", "is_open", "until"),
    [
        ("", "", "2026-11-21T03:00", True, None),
        ("00:00-24:00", "", "2026-11-21T03:00", True, None),
        ("07:00-22:30", "", "2026-11-21T06:59", False, "Sat 07:00"),
        ("07:00-22:30", "", "2026-11-21T07:00", True, "Sat 22:30"),
        ("07:00-22:30", "", "2026-11-21T22:30", False, "Sun 07:00"),
        ("07:00-12:00,13:00-20:00", "", "2026-11-21T12:30", False, "Sat 13:00"),
        ("22:00-06:00", "", "2026-11-21T23:00", True, "Sun 06:00"),
        ("22:00-06:00", "", "2026-11-21T05:59", True, "Sat 06:00"),
        ("22:00-06:00", "", "2026-11-21T12:00", False, "Sat 22:00"),
        # 2026-11-21 is a Saturday: the night that began on Friday is still Friday's
        ("22:00-06:00", "fri", "2026-11-21T05:00", True, "Sat 06:00"),
        ("22:00-06:00", "fri", "2026-11-21T23:00", False, "Fri 22:00"),
        ("", "mon-fri", "2026-11-21T12:00", False, "Mon 00:00"),
        ("08:00-18:00", "sun", "2026-11-22T19:00", False, "Sun 08:00"),
    ],
)
def test_hours_and_days_say_when_it_listens(
    hours: str, days: str, moment: str, is_open: bool, until: str | None
) -> None:
    opening = schedule(hours, days).look(at(moment))
    assert opening.is_open is is_open
    assert (opening.until and f"{opening.until:%a %H:%M}") == until
    assert str(opening) == ("listening" if is_open else "asleep") + (
        f" until {until}" if until else ""
    )


def test_hour_that_summer_time_leaves_out_is_not_waited_for() -> None:
    # 2026-03-29 has no 02:30 in Berlin: 01:59 is followed by 03:00.
    opening = schedule("02:30-04:00").look(at("2026-03-29T01:30"))
    assert not opening.is_open
    assert opening.until is not None
    assert opening.until.timestamp() == at("2026-03-29T03:00")
    assert schedule("02:30-04:00").look(at("2026-03-29T03:00")).is_open
    night = schedule("22:00-06:00").look(at("2026-03-28T22:00"))
    assert night.until is not None
    assert night.until.timestamp() - at("2026-03-28T22:00") == 7 * 3600


def test_hour_that_comes_twice_counts_twice() -> None:
    # 2026-10-25 has 02:00 to 03:00 twice in Berlin.
    hours = schedule("01:00-02:30")
    assert hours.look(at("2026-10-25T02:15", fold=0)).is_open
    assert not hours.look(at("2026-10-25T02:45", fold=0)).is_open
    assert hours.look(at("2026-10-25T02:15", fold=1)).is_open
    assert not hours.look(at("2026-10-25T02:45", fold=1)).is_open
    night = schedule("22:00-06:00").look(at("2026-10-24T22:00"))
    assert night.until is not None
    assert night.until.timestamp() - at("2026-10-24T22:00") == 9 * 3600


def test_clock_that_is_set_forwards_or_back_is_followed_at_once() -> None:
    hours = schedule("07:00-22:30")
    assert not hours.look(at("1970-01-02T03:00")).is_open  # a board without a clock of its own
    assert hours.look(at("2026-11-21T12:00")).is_open
    assert not hours.look(at("2026-11-20T05:00")).is_open
    assert hours.look(at("2026-11-20T07:00")).is_open


@given(
    hours=HOURS, days=st.sets(st.sampled_from(DAYS), min_size=1), minutes=st.integers(0, 525_600)
)
def test_nothing_changes_before_the_moment_that_is_named(
    hours: list[tuple[int, int]], days: set[str], minutes: int
) -> None:
    text = ",".join(f"{clock(start)}-{clock(end)}" for start, end in hours)
    now = at("2026-01-01T00:00") + 60 * minutes
    first = schedule(text, ",".join(days)).look(now)
    if first.until is None:
        return
    end = first.until.timestamp()
    assert now < end <= now + timedelta(days=8).total_seconds()
    fresh = schedule(text, ",".join(days))  # without what it has worked out before
    assert fresh.look(end).is_open is not first.is_open
    assert schedule(text, ",".join(days)).look(end - 1).is_open is first.is_open
    assert schedule(text, ",".join(days)).look((now + end) / 2).is_open is first.is_open


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *(("hours", text) for text in ("7-22", "07:00", "07:00-", "25:00-26:00", "07:60-08:00")),
        *(("hours", text) for text in ("08:00-08:00", "24:00-06:00", "07:00-09:00,", "always")),
        *(("days", text) for text in ("monday", "mon-", "mon,,tue", "1-5", "mon-wed-fri", ",")),
    ],
)
def test_malformed_hours_and_days_are_refused_with_the_form_that_is_allowed(
    key: str, text: str
) -> None:
    with pytest.raises(ConfigError, match=f"schedule.{key} = ") as caught:
        config.load(None, overrides=[f"schedule.{key}={text}"], environment={})
    form = {"hours": "times like 07:00-22:30", "days": "days like mon-fri"}[key]
    assert f"must be {form}" in str(caught.value)
    assert str(caught.value).isprintable()


def test_spaces_capitals_and_a_week_that_wraps_are_read() -> None:
    assert read_hours(" 07:00 - 12:30 ,22:00-24:00") == ((420, 750), (1320, 1440))
    assert read_days("Fri - MON") == {4, 5, 6, 0}
    assert read_days("wed") == {2}
    assert read_days("") == set(range(7))
