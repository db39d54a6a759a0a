"""Imports CSV and Parquet tables of landmarks.

A *frame table* has a row for each frame and two or three columns for each landmark
(edge.dataset.importers.columns); a *point table* has a row for each landmark, with the columns
frame, type (pose, left_hand, right_hand), landmark_index, x, y, z. Further columns, by any of
their usual names: label; clip, whose rows stand together; name, signer, split, frame, fps, aspect.
Without a clip column a clip ends where the label or signer changes or the frame number does not
rise, and without a frame column either each row is a clip of one frame, as in dumps of key frames.

Coordinates are shares of the picture, or pixels of a picture whose size is said. Empty is unseen,
and so is a part of the body whose coordinates are all zero. Where there is no z it is taken for
flat, 0, because a point without a z is unseen to everything else here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.dataset.importers.clip_rows import ClipRows
from edge.dataset.importers.columns import find_places
from edge.dataset.importers.imported_clips import ImportedClip, ImportFailure
from edge.dataset.importers.point_rows import COLUMNS, PARTS, place, whole_numbers
from edge.dataset.importers.table_file import TableFile
from edge.errors import ArchiveError
from edge.landmarks.skeleton import POINTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.dataset.importers.columns import PointAxis

_USUAL: Final = {
    "clip": ("clip", "sequence_id", "sequence", "video_id", "video", "sample", "name", "file"),
    "label": ("label", "gloss", "sign", "word", "class", "target"),
    "signer": ("signer", "participant_id", "signer_id", "participant", "person"),
    "name": ("name",),
    "split": ("split", "subset"),
    "frame": ("frame", "frame_index", "frame_number", "frame_id"),
    "fps": ("fps", "frame_rate"),
    "aspect": ("aspect", "aspect_ratio"),
}
"""What columns are called, in the order in which they are looked for; case does not matter."""
_NUMBERS: Final = ("frame", "fps", "aspect")
_FRAMES_MAX: Final = 100_000
"""Of a clip; more than an hour is a wrong number."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """What holds where a table does not say."""

    fps: float = 15.0
    """Frames per second."""

    aspect: float = 4 / 3
    """The picture's width / height."""

    signer: str = ""
    """Who signs."""

    size: tuple[int, int] | None = None
    """Width and height of the picture in whose pixels coordinates are; None for shares of it."""


def read_table(path: Path, assumed: Assumed) -> Iterator[ImportedClip | ImportFailure]:
    """Read the clips of a table.

    Raises:
        ArchiveError: It cannot be read, lacks a column, or a clip's rows are torn apart.
        DependencyError: pyarrow is missing.
    """
    table = _Table(TableFile(path), assumed)
    known = table.known
    keys = [known[key] for key in ("clip", "label", "signer") if key in known]
    runs = ClipRows(keys, known.get("frame"), is_told_apart="clip" in known)
    number = 0
    try:
        for batch in table.batches():
            for rows in runs.push(batch):
                yield table.read_clip(rows, number)
                number += 1
        for rows in runs.flush():
            yield table.read_clip(rows, number)
    except ArchiveError as error:
        raise ArchiveError(f"{path}: {error}") from None


class _Table:
    """A table whose columns are understood."""

    def __init__(self, file: TableFile, assumed: Assumed) -> None:
        self._file = file
        self._assumed = assumed
        lower = {name.strip().lower(): name for name in file.header}
        self.known = {
            key: lower[next(name for name in names if name in lower)]
            for key, names in _USUAL.items()
            if any(name in lower for name in names)
        }
        """Columns by what they mean."""
        self._rows = {name: lower[name] for name in COLUMNS if name in lower}
        self._is_points = len(self._rows) == len(COLUMNS)
        self._places: dict[str, PointAxis] = {}
        if "label" not in self.known:
            raise ArchiveError(f"{file.path}: no column for the label ({_USUAL['label'][0]})")
        if self._is_points and "clip" not in self.known:
            raise ArchiveError(f"{file.path}: no column that tells clips apart (clip)")
        if not self._is_points:
            try:
                self._places = find_places(file.header)
            except ArchiveError as error:
                raise ArchiveError(f"{file.path}: {error}") from None
        self._has_depth = self._is_points or any(axis == 2 for _, axis in self._places.values())

    def batches(self) -> Iterator[Mapping[str, NDArray[Any]]]:
        """Yield the columns that are needed, some rows at a time."""
        texts = [name for key, name in self.known.items() if key not in _NUMBERS]
        numbers = [name for key, name in self.known.items() if key in _NUMBERS]
        for name, column in self._rows.items() if self._is_points else ():
            (texts if name == "type" else numbers).append(column)
        return self._file.batches(set(texts), {*numbers, *self._places})

    def read_clip(
        self, rows: Mapping[str, NDArray[Any]], number: int
    ) -> ImportedClip | ImportFailure:
        """Make a clip of its rows; number is its place in the table, from 0."""
        name = self._text(rows, "name") or self._text(rows, "clip") or str(number)
        try:
            points = self._points(rows)
            fps = self._number(rows, "fps", self._assumed.fps)
            aspect = self._number(rows, "aspect", self._assumed.aspect)
        except ArchiveError as error:
            return ImportFailure(name, str(error))
        if self._assumed.size is not None:
            width, height = self._assumed.size
            points /= np.array([width, height, width], dtype=np.float32)
            aspect = width / height
        return ImportedClip(
            points=without_zeros(points),
            label=self._text(rows, "label"),
            fps=fps,
            aspect=aspect,
            signer=self._text(rows, "signer") or self._assumed.signer,
            name=name,
            split=self._text(rows, "split"),
        )

    def _points(self, rows: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """(T, 75, 3) as they stand in the table."""
        if self._is_points:
            return place({name: rows[column] for name, column in self._rows.items()})
        order = self._frames(rows)
        points = np.full((int(order.max()) + 1, POINTS, 3), np.nan, dtype=np.float32)
        for column, (point, axis) in self._places.items():
            points[order, point, axis] = rows[column]
        if not self._has_depth:
            points[..., 2] = np.where(np.isfinite(points[..., :2]).all(axis=-1), 0.0, np.nan)
        return points

    def _frames(self, rows: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
        """Which frame of the clip each row is, from 0."""
        if "frame" not in self.known:
            return np.arange(len(next(iter(rows.values()))), dtype=np.int64)
        frames = whole_numbers("frame", rows[self.known["frame"]])
        frames -= frames.min()
        if frames.max() >= _FRAMES_MAX:
            raise ArchiveError(f"frame: {frames.max() + 1:,} frames are no clip")
        if len(np.unique(frames)) < len(frames):
            raise ArchiveError("frame: the same number twice in one clip")
        return frames

    def _text(self, rows: Mapping[str, NDArray[Any]], key: str) -> str:
        return str(rows[self.known[key]][0]).strip() if key in self.known else ""

    def _number(self, rows: Mapping[str, NDArray[Any]], key: str, otherwise: float) -> float:
        if key not in self.known:
            return otherwise
        number = float(rows[self.known[key]][0])
        return otherwise if np.isnan(number) else number


def without_zeros(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make NaN, in place, of the parts whose coordinates in a frame (T, 75, 3) are all zero."""
    for part in PARTS.values():
        found = points[:, part]
        found[(np.nan_to_num(found) == 0).all(axis=(1, 2))] = np.nan
    return points
