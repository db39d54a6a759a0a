"""Writes archives as CSV or Parquet tables, which edge.dataset.importers.tables reads back.

By frame: a row for each frame with the columns clip (from 0), name, label, signer, split, fps,
aspect, frame (from 0), time (seconds) and then x, y and z of each landmark by its name, as
``left_hand_thumb_tip_x``. By point: a row for each landmark that is seen, with clip to time as
before and then type (pose, left_hand, right_hand), landmark_index and x, y, z, as in GISLR; a
frame in which nothing is seen keeps a row of the nose without coordinates. Coordinates are as in
the archive: x and z divided by the picture's width, y by its height; empty or null is unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from edge.dataset.importers.point_rows import PARTS
from edge.dataset.outputs import replacing
from edge.landmarks.skeleton import NAMES, POINTS
from edge.system.optional_packages import need

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.dataset.archive_stream import ArchiveReader

Rows = Literal["frame", "point"]
"""What a row of a table is."""
_AXES: Final = "xyz"
_ABOUT: Final = ("clip", "name", "label", "signer", "split", "fps", "aspect", "frame", "time")
_TYPES: Final = np.array([part for part, place in PARTS.items() for _ in range(POINTS)[place]])
_INDICES: Final = np.concatenate([np.arange(place.stop - place.start) for place in PARTS.values()])
_ROWS: Final = 16_384
"""Written at once."""


def write_table(
    path: Path,
    reader: ArchiveReader,
    clips: Iterable[NDArray[np.float16]],
    rows: Rows = "frame",
    *,
    is_parquet: bool = False,
) -> int:
    """Write a table and give the number of its rows.

    Args:
        path: Where.
        reader: The archive.
        clips: Its clips, or what shows their progress.
        rows: What a row is.
        is_parquet: Whether it is Parquet rather than CSV.

    Raises:
        SourceError: It cannot be written.
        DependencyError: pyarrow is missing.
    """
    need("pyarrow")
    import pyarrow as pa
    from pyarrow import csv as tables
    from pyarrow import parquet

    schema = _schema(rows)
    count = 0
    with replacing(path) as part:
        make: Any = parquet.ParquetWriter if is_parquet else tables.CSVWriter
        with make(part, schema) as writer:
            for columns in _in_bulk(_clip_rows(reader, clips, rows)):
                arrays = [
                    pa.array(columns[field.name], field.type, from_pandas=True)  # NaN is null
                    for field in schema
                ]
                batch = pa.record_batch(arrays, schema=schema)
                writer.write_batch(batch)
                count += batch.num_rows
    return count


def _schema(rows: Rows) -> Any:  # noqa: ANN401 - pyarrow ships no types
    import pyarrow as pa

    kinds = {name: pa.string() for name in ("name", "label", "signer", "split", "type")}
    kinds |= {name: pa.int32() for name in ("clip", "frame", "landmark_index")}
    names = [f"{name}_{axis}" for name in NAMES for axis in _AXES]
    if rows == "point":
        names = ["type", "landmark_index", *_AXES]
    return pa.schema([(name, kinds.get(name, pa.float32())) for name in (*_ABOUT, *names)])


def _clip_rows(
    reader: ArchiveReader, clips: Iterable[NDArray[np.float16]], rows: Rows
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield each clip's columns."""
    for index, points in enumerate(clips):
        values = points.astype(np.float32)
        frames = np.arange(len(values))
        columns: dict[str, NDArray[Any]] = {}
        if rows == "point":
            is_seen = np.isfinite(values).any(axis=-1)
            is_seen[~is_seen.any(axis=1), 0] = True
            frames, places = np.nonzero(is_seen)
            columns = {"type": _TYPES[places], "landmark_index": _INDICES[places]}
            columns |= {axis: values[frames, places, k] for k, axis in enumerate(_AXES)}
        else:
            flat = values.reshape(len(values), -1)
            names = [f"{name}_{axis}" for name in NAMES for axis in _AXES]
            columns = {name: flat[:, k] for k, name in enumerate(names)}
        yield {**_about(reader.columns, index, frames), **columns}


def _about(
    columns: Mapping[str, NDArray[Any]], index: int, frames: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Give the columns that say of each row what it belongs to."""
    count = len(frames)
    said = {"name": "names", "label": "labels", "signer": "signers", "split": "splits"}
    texts = {
        name: np.full(count, str(columns[column][index]) if column in columns else "", dtype=object)
        for name, column in said.items()
    }
    fps = float(columns["fps"][index])
    return {
        **texts,
        "clip": np.full(count, index),
        "fps": np.full(count, fps),
        "aspect": np.full(count, float(columns["aspect"][index])),
        "frame": frames,
        "time": frames / fps,
    }


def _in_bulk(parts: Iterable[dict[str, NDArray[Any]]]) -> Iterator[dict[str, NDArray[Any]]]:
    """Put clips together until they are worth a write."""
    waiting: list[dict[str, NDArray[Any]]] = []
    count = 0
    for part in parts:
        waiting.append(part)
        count += len(part["clip"])
        if count >= _ROWS:
            yield _together(waiting)
            waiting, count = [], 0
    if waiting:
        yield _together(waiting)


def _together(parts: list[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
