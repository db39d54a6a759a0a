"""Lists the videos of folders named after words, as manifest entries."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from edge.dataset.importers.file_names import parse_name
from edge.dataset.manifest import Entry
from edge.errors import ArchiveError

if TYPE_CHECKING:
    import re
    from pathlib import Path

SUFFIXES: Final = frozenset(
    (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp")
)
"""Of files that are taken for videos."""


def read_folder(
    folder: Path, target: Path, pattern: re.Pattern[str] | None = None, signer: str = ""
) -> list[Entry]:
    """List a folder's videos, at any depth.

    Args:
        folder: Where they are, named as edge.dataset.importers.file_names.parse_name says.
        target: The folder of the future manifest.
        pattern: Of their paths, where they are named otherwise.
        signer: Of the videos whose names do not say.

    Raises:
        ArchiveError: There is no video, or one is not named so.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise ArchiveError(f"{folder}: no videos in it")
    entries = []
    seen: dict[str, Path] = {}
    for path in paths:
        named = parse_name(path, folder, pattern)
        if named.name in seen:
            raise ArchiveError(f"{path}: is named {named.name!r}, as {seen[named.name]} is")
        seen[named.name] = path
        entries.append(
            Entry(
                name=named.name,
                label=named.label.lower(),
                signer=named.signer or signer,
                split=named.split,
                file=place_from(path, target),
            )
        )
    return entries


def place_from(path: Path, target: Path) -> str:
    """Name a file as a manifest in the folder target does: from there where it lies below it."""
    place, below = path.resolve(), target.resolve()
    if place.is_relative_to(below):
        return place.relative_to(below).as_posix()
    return os.fspath(place)
