"""What the scripts over folders of videos share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_ALIASES = {"bye": "goodbye"}


def gloss_of(path: Path) -> str:
    """Tell a clip's gloss by its name: up to a double underscore, `_` stands for a space."""
    name = path.stem.split("__")[0].replace("_", " ")
    return _ALIASES.get(name, name)
