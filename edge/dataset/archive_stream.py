"""Reads and writes clip archives clip by clip, in memory that does not grow with the archive.

Points are as stored (edge.landmarks.archive): x and z in image widths, y in image heights.
"""

from __future__ import annotations

import contextlib
import zipfile
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.dataset.outputs import replacing
from edge.errors import ArchiveError
from edge.landmarks.archive import CLIP_ARRAYS, UNREADABLE, check_clips, first_line, require
from edge.landmarks.skeleton import POINTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import IO

    from numpy.typing import NDArray
    from typing_extensions import Self

COLUMNS: Final = tuple(name for name in CLIP_ARRAYS if name != "points")
"""The columns that every clip archive has."""
_DTYPES: Final = {"lengths": np.int32, "fps": np.float32, "aspect": np.float32}
_NPY: Final[Any] = np.lib.format  # of which numpy's stubs know no types
_POINTS_FILE: Final = "points.npy"
_POINTS_TYPE: Final = "<f2"


class ArchiveReader:
    """A clip archive, open for reading.

    Attributes:
        path: The file.
        columns: By name the arrays of one value a clip (N,): those of COLUMNS, and whichever
            others there are, as ``names`` and ``splits``.
    """

    def __init__(self, path: Path) -> None:
        """Read everything but the points.

        Raises:
            ArchiveError: Naming the file, the array and what is wrong with it.
        """
        self.path = path
        self._stack = contextlib.ExitStack()
        with self._stack:
            with self._reading(""):
                file = self._stack.enter_context(path.open("rb"))
                self._zip = self._stack.enter_context(zipfile.ZipFile(file))
            self.columns = self._read_columns()
            self._dtype = self._check_points()
            self._stack = self._stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """Count the clips."""
        return len(self.columns["lengths"])

    def close(self) -> None:
        """Close the file."""
        self._stack.close()

    def clips(self) -> Iterator[NDArray[np.float16]]:
        """Yield the points (T, 75, 3) of each clip, in order, as stored.

        Raises:
            ArchiveError: The points end too early, or are damaged.
        """
        with self._reading("points: "), self._zip.open(_POINTS_FILE) as member:
            _read_header(member)
            for length in self.columns["lengths"].tolist():
                size = length * POINTS * 3 * self._dtype.itemsize
                content = member.read(size)
                if len(content) < size:
                    raise EOFError("they end too early")
                points = np.frombuffer(content, dtype=self._dtype).reshape(length, POINTS, 3)
                yield points.astype(np.float16)

    def _read_columns(self) -> dict[str, NDArray[Any]]:
        columns = {}
        for info in self._zip.infolist():
            name = info.filename.removesuffix(".npy")
            if info.filename != _POINTS_FILE:
                with self._reading(f"{name}: "), self._zip.open(info) as member:
                    columns[name] = _NPY.read_array(member, allow_pickle=False)
        if "hands" in columns:
            raise ArchiveError(f"{self.path}: holds hands; a clip archive is needed")
        require(self.path, columns, COLUMNS)
        count = columns["lengths"].shape[:1]
        return {
            name: column
            for name, column in columns.items()
            if name in (*COLUMNS, "names", "splits") or column.shape == count
        }

    def _check_points(self) -> np.dtype[Any]:
        if _POINTS_FILE not in self._zip.namelist():
            raise ArchiveError(f"{self.path}: missing array points")
        with self._reading("points: "), self._zip.open(_POINTS_FILE) as member:
            shape, is_fortran, dtype = _read_header(member)
        check_clips(self.path, self.columns, shape, dtype)
        if is_fortran:
            raise ArchiveError(f"{self.path}: points must be stored row by row (C order)")
        return dtype

    @contextlib.contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        """Turn whatever a damaged file raises into one error that names it."""
        try:
            yield
        except FileNotFoundError:
            raise ArchiveError(f"{self.path}: no such file") from None
        except UNREADABLE as error:
            raise ArchiveError(
                f"{self.path}: not a landmark archive ({what}{first_line(error)})"
            ) from error


class ArchiveWriter:
    """A clip archive that appears whole, at the end of the block, or not at all.

    The same clips and columns give the same bytes.
    """

    def __init__(self, path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
        """Prepare to write.

        Args:
            path: Where; what was there is replaced at the end.
            columns: By name one value a clip (N,): those of COLUMNS, and any others.

        Raises:
            ArchiveError: The columns disagree; it names the file and the column.
        """
        require(path, columns, COLUMNS)
        self._columns = {
            name: np.asarray(column, dtype=_DTYPES.get(name)) for name, column in columns.items()
        }
        self._shape = (int(self._columns["lengths"].sum()), POINTS, 3)
        check_clips(path, self._columns, self._shape, np.dtype(np.float16))
        self._path = path
        self._lengths = iter(self._columns["lengths"].tolist())
        self._context = self._writing()

    def __enter__(self) -> Self:
        self._member = self._context.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._context.__exit__(kind, error, traceback)

    def write(self, points: NDArray[np.float16]) -> None:
        """Add the points (T, 75, 3) of the next clip, T being its length.

        Raises:
            ValueError: They are not of that shape.
        """
        shape = (next(self._lengths, 0), POINTS, 3)
        if points.shape != shape:
            raise ValueError(f"points of {points.shape} where {shape} come next")
        self._member.write(np.ascontiguousarray(points, dtype=_POINTS_TYPE).data.cast("B"))

    @contextlib.contextmanager
    def _writing(self) -> Iterator[IO[bytes]]:
        with (
            replacing(self._path) as part,
            zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as file,
        ):
            with file.open(_POINTS_FILE, "w", force_zip64=True) as member:
                header = {"descr": _POINTS_TYPE, "fortran_order": False, "shape": self._shape}
                _NPY.write_array_header_1_0(member, header)
                yield member
            if next(self._lengths, None) is not None:
                raise ValueError(f"{self._path}: not every clip was written")
            for name, column in self._columns.items():
                with file.open(f"{name}.npy", "w", force_zip64=True) as member:
                    _NPY.write_array(member, column, allow_pickle=False)


def _read_header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read shape, whether in Fortran order, and dtype of a .npy file."""
    if _NPY.read_magic(member) == (1, 0):
        shape, is_fortran, dtype = _NPY.read_array_header_1_0(member)
    else:
        shape, is_fortran, dtype = _NPY.read_array_header_2_0(member)
    return shape, is_fortran, dtype
