"""Reads CSV and Parquet files as batches of columns, in bounded memory."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, Final

from edge.errors import ArchiveError
from edge.system.optional_packages import need

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_NULLS: Final = ["", "nan", "NaN", "NA", "null", "NULL", "None"]
_ROWS: Final = 4096
"""Read at once of a Parquet file."""
_BLOCK: Final = 4 << 20
"""Bytes read at once of a CSV file; longer than any row."""


class TableFile:
    """A table on disk: CSV, or Parquet by its suffix.

    Attributes:
        path: The file.
        header: The names of its columns.
    """

    def __init__(self, path: Path) -> None:
        """Read the names of the columns.

        Raises:
            ArchiveError: The file cannot be read, or a column is there twice.
            DependencyError: pyarrow is missing.
        """
        need("pyarrow")
        self.path = path
        self._is_parquet = path.suffix.lower() in {".parquet", ".pq"}
        try:
            self.header = self._read_parquet_header() if self._is_parquet else self._read_line()
        except FileNotFoundError:
            raise ArchiveError(f"{path}: no such file") from None
        except (OSError, ValueError, csv.Error) as error:
            raise ArchiveError(f"{path}: not a table ({_first_line(error)})") from error
        double = next((name for name in self.header if self.header.count(name) > 1), None)
        if double is not None:
            raise ArchiveError(f"{path}: column {double!r} is there twice")

    def batches(
        self, texts: Collection[str], numbers: Collection[str]
    ) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield these columns by name, some rows at a time.

        Args:
            texts: Columns given as text, empty where there is nothing.
            numbers: Columns given as float64, NaN where there is nothing.

        Raises:
            ArchiveError: A value is none of its kind; the file is damaged.
        """
        import pyarrow as pa
        from pyarrow import compute

        try:
            for batch in self._read(texts, numbers):
                columns = {}
                for name in (*texts, *numbers):
                    kind = pa.string() if name in texts else pa.float64()
                    column = compute.cast(batch.column(name), kind)
                    if name in texts:
                        column = compute.fill_null(column, "")
                    columns[name] = column.to_numpy(zero_copy_only=False)
                yield columns
        except (OSError, ValueError, pa.ArrowException) as error:
            raise ArchiveError(f"damaged ({_first_line(error)})") from error

    def _read(self, texts: Collection[str], numbers: Collection[str]) -> Iterator[Any]:
        wanted = [name for name in self.header if name in texts or name in numbers]
        if self._is_parquet:
            from pyarrow import parquet

            with parquet.ParquetFile(self.path) as file:
                yield from file.iter_batches(batch_size=_ROWS, columns=wanted)
            return
        import pyarrow as pa
        from pyarrow import csv as tables

        kinds = {name: pa.string() if name in texts else pa.float64() for name in wanted}
        yield from tables.open_csv(
            self.path,
            read_options=tables.ReadOptions(block_size=_BLOCK, use_threads=False),
            convert_options=tables.ConvertOptions(
                column_types=kinds, include_columns=wanted, null_values=_NULLS
            ),
        )

    def _read_parquet_header(self) -> list[str]:
        from pyarrow import parquet

        return list(parquet.read_schema(self.path).names)

    def _read_line(self) -> list[str]:
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
        if not header:
            raise ValueError("it is empty")
        return header


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
