"""Reads and writes CSV tables in UTF-8; errors name the file and the line."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from edge.dataset.outputs import replacing
from edge.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, row) of a table; of the row only these columns, all of which it must have.

    Raises:
        ConfigError: The file cannot be read, lacks a column, or a line lacks a value.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise ConfigError(f"{path}: line 1: no column {', '.join(missing)}")
            for row in reader:
                for name in columns:
                    if row[name] is None:
                        raise ConfigError(f"{path}: line {reader.line_num}: no value of {name}")
                yield reader.line_num, {name: row[name] for name in columns}
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: no table as CSV in UTF-8 ({error})") from error


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table, whole or not at all.

    Raises:
        SourceError: It cannot be written.
    """
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
