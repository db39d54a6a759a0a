"""What there is to choose from on this machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """What there is to choose from on this machine."""

    models: tuple[str, ...]
    """Bundles of signs, by name or, where the configuration says so, by path."""

    voices: dict[str, str]
    """Name -> value of ``speech.voice``."""
