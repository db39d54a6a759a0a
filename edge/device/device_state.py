"""Names the states that owner and schedule put the device into."""

from __future__ import annotations

from enum import Enum


class DeviceState(Enum):
    """Whether anything is recognised; the values are those that are published."""

    LISTENING = "idle"
    """Signs are recognised."""

    PAUSED = "paused"
    """The owner has switched recognition off."""

    ASLEEP = "asleep"
    """The hours are not such that the device listens; the camera is let go of."""
