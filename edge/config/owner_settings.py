"""The settings that the owner changes while the device runs, over MQTT or on its page."""

from __future__ import annotations

from typing import Final

PLACES: Final = {
    "speech": ("speech", "enabled"),
    "mode": ("spelling", "mode"),
    "threshold": ("classifier", "threshold"),
    "cooldown": ("composer", "cooldown"),
    "volume": ("speech", "volume"),
    "voice": ("speech", "voice"),
    "model": ("classifier", "bundle"),
    "dominant_hand": ("classifier", "dominant_hand"),
}
"""Name -> section and key in the configuration; ``recognition`` has no place there."""
