"""Reads and writes manifests: one CSV line for each clip, which is a video or part of one.

UTF-8 with a header of ``name,label,signer,split,url,file,start,end,fps,x0,y0,x1,y1`` in any
order. Only name and label are required, and one of url and file. start and end are seconds,
empty for the video's own; the box is in shares of width and height, empty for the whole picture;
fps is what the data set says of the video. A relative file is meant from the manifest's folder.
Other columns are kept as they are.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.dataset.csv_rows import write_rows
from edge.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BOX: Final = ("x0", "y0", "x1", "y1")
COLUMNS: Final = (
    *("name", "label", "signer", "split", "url", "file", "start", "end", "fps"),
    *BOX,
)
_NUMBERS: Final = ("start", "end", "fps", *BOX)
_FIELD_MAX: Final = 10_000
"""Characters of a value; a longer one is a quotation mark that is never closed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One clip."""

    name: str
    """The clip's name in its data set, unique in the manifest."""

    label: str
    """Gloss."""

    signer: str = ""
    """Who signs; empty where unknown."""

    split: str = ""
    """``train``, ``val`` or ``test`` where the data set says."""

    url: str = ""
    """Where the video can be downloaded; empty where only a file is named."""

    file: str = ""
    """The video, from the manifest's folder where relative; empty until it is fetched."""

    start: float | None = None
    """Seconds from the video's start, inclusive; None from its beginning."""

    end: float | None = None
    """Seconds from the video's start, exclusive; None to its end."""

    fps: float | None = None
    """Frames per second that the data set says; None where it does not."""

    box: tuple[float, float, float, float] | None = None
    """The signer's place: left, top, right, bottom as shares of width and height."""

    extra: Mapping[str, str] = field(default_factory=dict)
    """The columns that this module does not know, by name."""

    def path(self, folder: Path) -> Path:
        """Find the video's file; folder is the manifest's."""
        return folder / Path(self.file).expanduser()


def read_manifest(path: Path) -> list[Entry]:
    """Read a manifest.

    Raises:
        ArchiveError: Naming the file, the line, the column and the value that is wrong.
    """
    entries: list[Entry] = []
    seen: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            columns = _read_header(path, reader)
            for fields in reader:
                if not fields:
                    continue  # an empty line
                where = f"{path}:{reader.line_num}"
                entry = _read_entry(where, columns, fields)
                if entry.name in seen:
                    raise ArchiveError(
                        f"{where}: name {entry.name!r} is that of line {seen[entry.name]} too"
                    )
                seen[entry.name] = reader.line_num
                entries.append(entry)
    except FileNotFoundError:
        raise ArchiveError(f"{path}: no such file") from None
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ArchiveError(f"{path}: not UTF-8 text") from None
    except csv.Error as error:
        raise ArchiveError(f"{path}: not a CSV file ({error})") from None
    if not entries:
        raise ArchiveError(f"{path}: no clips in it")
    return entries


def write_manifest(path: Path, entries: Sequence[Entry]) -> None:
    """Write a manifest, whole or not at all; the known columns first, others in their order.

    Raises:
        SourceError: It cannot be written.
    """
    others = list(dict.fromkeys(name for entry in entries for name in entry.extra))
    write_rows(path, [*COLUMNS, *others], (_to_fields(entry, others) for entry in entries))


def _to_fields(entry: Entry, others: Sequence[str]) -> list[str]:
    numbers = (entry.start, entry.end, entry.fps, *(entry.box or (None,) * len(BOX)))
    texts = (entry.name, entry.label, entry.signer, entry.split, entry.url, entry.file)
    extra = [entry.extra.get(name, "") for name in others]
    return [*texts, *(_to_text(number) for number in numbers), *extra]


def rebased(entry: Entry, folder: Path, target: Path) -> str:
    """Give the entry's file as a manifest in target, another folder, must name it."""
    if not entry.file or Path(entry.file).expanduser().is_absolute():
        return entry.file
    place, new = entry.path(folder).resolve(), target.resolve()
    return str(place.relative_to(new)) if place.is_relative_to(new) else str(place)


def _read_header(path: Path, reader: Iterator[list[str]]) -> list[str]:
    header = next(reader, None)
    if not header:
        raise ArchiveError(f"{path}: empty; the first line names the columns")
    columns = [column.strip() for column in header]
    double = next((one for one in columns if columns.count(one) > 1), None)
    if double is not None:
        raise ArchiveError(f"{path}:1: column {double!r} stands there twice")
    for needed in ("name", "label"):
        if needed not in columns:
            raise ArchiveError(f"{path}:1: column {needed!r} is missing; there are {columns}")
    return columns


def _read_entry(where: str, columns: Sequence[str], fields: Sequence[str]) -> Entry:
    if len(fields) != len(columns):
        raise ArchiveError(f"{where}: {len(fields)} values for {len(columns)} columns")
    values = dict(zip(columns, fields, strict=True))
    for column, value in values.items():
        if len(value) > _FIELD_MAX or "\0" in value:
            raise ArchiveError(f"{where}: {column} = {value[:60]!r}... is no text of a manifest")
    texts = {name: values.get(name, "").strip() for name in COLUMNS}
    for needed in ("name", "label"):
        if not texts[needed]:
            raise ArchiveError(f"{where}: {needed} is empty")
    if not texts["url"] and not texts["file"]:
        raise ArchiveError(f"{where}: both url and file are empty; a clip needs one")
    numbers = {name: _read_number(where, name, texts[name]) for name in _NUMBERS}
    start, end = numbers["start"], numbers["end"]
    if end is not None and end <= (start or 0.0):
        raise ArchiveError(f"{where}: end = {texts['end']!r} is not after start")
    if numbers["fps"] == 0:
        raise ArchiveError(f"{where}: fps = {texts['fps']!r}; it must be above 0")
    return Entry(
        **{name: texts[name] for name in ("name", "label", "signer", "split", "url", "file")},
        start=start,
        end=end,
        fps=numbers["fps"],
        box=_read_box(where, numbers),
        extra={name: value for name, value in values.items() if name not in COLUMNS},
    )


def _read_number(where: str, column: str, text: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise ArchiveError(f"{where}: {column} = {text[:60]!r}; it must be a number from 0 on")
    return number


def _read_box(
    where: str, numbers: Mapping[str, float | None]
) -> tuple[float, float, float, float] | None:
    sides = [side for name in BOX if (side := numbers[name]) is not None]
    if not sides:
        return None
    if len(sides) < len(BOX):
        raise ArchiveError(f"{where}: a box needs all of {', '.join(BOX)}, or none")
    x0, y0, x1, y1 = sides
    if not (x0 < x1 <= 1 and y0 < y1 <= 1):
        raise ArchiveError(
            f"{where}: the box {x0:g}, {y0:g}, {x1:g}, {y1:g} is none; x0 < x1 and y0 < y1, "
            "as shares from 0 to 1"
        )
    return x0, y0, x1, y1


def _to_text(number: float | None) -> str:
    """Write to the microsecond, and no zeros that say nothing."""
    return "" if number is None else f"{number:.6f}".rstrip("0").rstrip(".")
