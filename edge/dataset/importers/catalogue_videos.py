"""Finds WLASL's and MS-ASL's videos on disk and names them in the manifest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edge.dataset.importers.folders import SUFFIXES, place_from
from edge.dataset.importers.imported_clips import ImportFailure
from edge.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edge.dataset.manifest import Entry


def with_videos(
    entries: Sequence[Entry], videos: Path, target: Path
) -> tuple[list[Entry], list[ImportFailure]]:
    """Say where each clip's video is, and which are not there.

    Args:
        entries: Of the data set.
        videos: A folder of one video a clip, already cut and named after the clip, as WLASL's
            ``preprocess.py`` leaves them (``00335.mp4``).
        target: The folder of the future manifest.

    Raises:
        ArchiveError: None of them is there.
    """
    there = {
        path.stem: path
        for path in sorted(videos.glob("*"), reverse=True)
        if path.suffix.lower() in SUFFIXES
    }
    found = [
        replace(entry, file=place_from(there[entry.name], target), start=None, end=None, box=None)
        for entry in entries
        if entry.name in there
    ]
    if not found:
        raise ArchiveError(
            f"{videos}: no video of the {len(entries)} clips, named by their ids as 00335.mp4"
        )
    missing = [
        ImportFailure(entry.name, "no video of this name")
        for entry in entries
        if entry.name not in there
    ]
    return found, missing
