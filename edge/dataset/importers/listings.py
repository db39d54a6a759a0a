"""Reads a table that lists videos as manifest entries: ASL Citizen's, AUTSL's and the like.

Any CSV or TSV with a line for each video. Which columns mean what is found by their usual names,
or said; in a table without a header columns are said by number, from 1.
"""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from edge.dataset.importers.file_names import signer_of
from edge.dataset.importers.folders import place_from
from edge.dataset.manifest import Entry
from edge.errors import ArchiveError, ConfigError

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_USUAL: Final = {
    "label": ("label", "gloss", "sign", "word", "class"),
    "file": ("file", "video file", "filename", "file_name", "video_path", "video", "path"),
    "signer": ("signer", "participant id", "participant_id", "signer_id", "participant"),
    "split": ("split", "subset"),
}
"""What columns are called, in the order in which they are looked for; case does not matter."""


@dataclass(frozen=True, slots=True)
class ListingColumns:
    """Which columns of a table mean what: names, or numbers from 1; empty to find them."""

    label: str = ""
    """The gloss."""

    file: str = ""
    """The video, below the folder of videos."""

    signer: str = ""
    """Who signs."""

    split: str = ""
    """The part of the data set."""


@dataclass(frozen=True, slots=True)
class Videos:
    """Where a table's videos are."""

    folder: Path
    """What the table's file names are below."""

    suffix: str = ""
    """What the table leaves out at their end, as ``.mp4`` or ``_color.mp4``."""

    pattern: re.Pattern[str] | None = None
    """Of their paths, whose group ``signer`` says who signs where no column does."""


def read_listing(
    path: Path, videos: Videos, target: Path, columns: ListingColumns, split: str = ""
) -> list[Entry]:
    """Read a table of videos.

    Args:
        path: The table.
        videos: Where its files are.
        target: The folder of the future manifest.
        columns: Which are meant, where their names are unusual.
        split: Of all its clips, where it has no column for that.

    Raises:
        ArchiveError: Naming the file, the line and what is wrong with it.
        ConfigError: A column that was asked for is not there.
    """
    lines = _read_lines(path)
    places = _find_columns(path, lines[0][1], columns)
    entries: list[Entry] = []
    seen: dict[str, int] = {}
    for number, fields in lines[0 if _is_bare(columns) else 1 :]:
        said = _read_fields(f"{path}:{number}", fields, places)
        video = videos.folder / f"{said['file']}{videos.suffix}"
        if said["file"] in seen:
            raise ArchiveError(
                f"{path}:{number}: {said['file']!r} is that of line {seen[said['file']]} too"
            )
        seen[said["file"]] = number
        entries.append(
            Entry(
                name=said["file"],
                label=said["label"].lower(),
                signer=said.get("signer") or signer_of(said["file"], videos.pattern),
                split=said.get("split") or split,
                file=place_from(video, target),
            )
        )
    return entries


def _read_lines(path: Path) -> list[tuple[int, list[str]]]:
    """Read the lines that are not empty, with their numbers."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
            lines = [(reader.line_num, fields) for fields in reader if fields]
    except FileNotFoundError:
        raise ArchiveError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ArchiveError(f"{path}: cannot be read ({error})") from error
    if not lines:
        raise ArchiveError(f"{path}: no lines in it")
    return lines


def _is_bare(columns: ListingColumns) -> bool:
    """Whether the table has no header: where its columns are numbers."""
    return columns.label.isdecimal()


def _find_columns(path: Path, header: Sequence[str], columns: ListingColumns) -> dict[str, int]:
    """Find each column's place, from 0; those of signer and split need not be there."""
    names = [name.strip().lower() for name in header]
    places: dict[str, int] = {}
    for key, wanted in asdict(columns).items():
        if wanted.isdecimal():
            if not 1 <= int(wanted) <= len(header):
                raise ConfigError(f"{path}: {key} in column {wanted} of {len(header)}")
            places[key] = int(wanted) - 1
        elif wanted:
            if wanted.strip().lower() not in names:
                raise ConfigError(f"{path}: no column {wanted!r} for {key}; there are {header}")
            places[key] = names.index(wanted.strip().lower())
        elif not _is_bare(columns):
            usual = next((name for name in _USUAL[key] if name in names), None)
            if usual is not None:
                places[key] = names.index(usual)
    for key in ("label", "file"):
        if key not in places:
            raise ConfigError(f"{path}: which column is the {key}? --{key}; there are {header}")
    return places


def _read_fields(where: str, fields: Sequence[str], places: Mapping[str, int]) -> dict[str, str]:
    if len(fields) <= max(places.values()):
        raise ArchiveError(f"{where}: {len(fields)} values, too few")
    said = {key: fields[place].strip() for key, place in places.items()}
    for key in ("label", "file"):
        if not said[key]:
            raise ArchiveError(f"{where}: {key} is empty")
    return said
