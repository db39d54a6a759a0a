"""How the device behaves as a whole: power, schedule, health."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge.config.hours import read_days, read_hours
from edge.config.settings.types import Section, read_by


class PowerSettings(Section):
    """When to work more slowly."""

    hot_temperature: Annotated[float, Field(ge=30, le=120)] = 75.0
    """Degrees Celsius from which fewer frames are searched, before the board slows itself down."""

    margin: Annotated[float, Field(ge=1, le=30)] = 5.0
    """Degrees by which it must have cooled down again."""

    hot_fps: Annotated[float, Field(ge=5, le=60)] = 6.0
    """Frames per second searched at most while it is hot."""

    battery_fps: Annotated[float, Field(ge=5, le=60)] = 8.0
    """Frames per second searched at most while a battery is being emptied."""

    hold: Annotated[float, Field(ge=0, le=3600)] = 60.0
    """How long all must be well before all frames are searched again."""


class ScheduleSettings(Section):
    """When to listen."""

    hours: Annotated[str, Field(max_length=200), read_by(read_hours)] = ""
    """When to listen, by the clock on the wall, like "07:00-12:30, 22:00-01:30"; otherwise the
    camera is closed; empty is always."""

    days: Annotated[str, Field(max_length=200), read_by(read_days)] = ""
    """Days on which these hours begin, like "mon-fri, sun"; empty is every day."""


class HealthSettings(Section):
    """What is reported, and how often."""

    stats_interval: Annotated[float, Field(ge=1, le=3600)] = 60.0
    """Interval of the statistics."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Debug, info, warning or error; words that were recognised appear at debug only."""
