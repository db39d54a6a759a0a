"""Imports GISLR, Kaggle's ``asl-signs``: ``train.csv`` and a Parquet file for each clip.

``train.csv`` has the columns path, participant_id, sequence_id, sign; each file the columns
frame, row_id, type, landmark_index, x, y, z with a row for each of MediaPipe Holistic's 543
points of each frame, null where unseen. The face is left out. ``sign_to_prediction_index_map.json``
beside them lists the 250 signs; where it is there, a sign that it lacks is a fault. Neither frame
rate nor the picture's form is stated anywhere.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.dataset.csv_rows import read_rows
from edge.dataset.importers.imported_clips import ImportedClip, ImportFailure
from edge.dataset.importers.point_rows import COLUMNS, PARTS, place
from edge.dataset.worker_pool import spread
from edge.errors import ArchiveError
from edge.system.optional_packages import need

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

FPS: Final = 30.0
"""What phones film at; the data set does not say."""
ASPECT: Final = 0.75
"""Width / height of a phone's picture held upright; the data set does not say."""
_INDEX: Final = "train.csv"
_SIGNS: Final = "sign_to_prediction_index_map.json"
_NEEDED: Final = ("path", "participant_id", "sequence_id", "sign")


def read_index(folder: Path) -> list[dict[str, str]]:
    """Read train.csv.

    Raises:
        ConfigError: It cannot be read or lacks a column.
        ArchiveError: A value is missing, or a sign is not in the list of signs.
    """
    path = folder / _INDEX
    rows = list(read_rows(path, _NEEDED))
    signs = _read_signs(folder / _SIGNS)
    for line, row in rows:
        empty = next((name for name in _NEEDED if not row[name]), None)
        if empty:
            raise ArchiveError(f"{path}: line {line}: {empty} is empty")
        if signs and row["sign"] not in signs:
            raise ArchiveError(f"{path}: line {line}: sign {row['sign']!r} is not in {_SIGNS}")
    return [row for _, row in rows]


def read_gislr(
    folder: Path,
    rows: Sequence[dict[str, str]],
    *,
    fps: float = FPS,
    aspect: float = ASPECT,
    jobs: int = 1,
) -> Iterator[ImportedClip | ImportFailure]:
    """Read each clip of train.csv, in so many processes.

    Raises:
        DependencyError: pyarrow is missing.
    """
    need("pyarrow")
    found = spread(_read_clip, [folder / row["path"] for row in rows], jobs)
    for row, points in zip(rows, found, strict=True):
        if isinstance(points, str):
            yield ImportFailure(row["path"], points)
            continue
        yield ImportedClip(
            points=points,
            label=row["sign"],
            fps=fps,
            aspect=aspect,
            signer=f"gislr_{row['participant_id']}",
            name=f"{row['participant_id']}_{row['sequence_id']}",
        )


def _read_clip(path: Path) -> NDArray[np.float32] | str:
    """Read one clip, (T, 75, 3), or say why not."""
    try:
        return _read_points(path)
    except ArchiveError as error:
        return str(error)


def _read_points(path: Path) -> NDArray[np.float32]:
    """Read one clip, (T, 75, 3)."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table: Any = parquet.read_table(path, columns=list(COLUMNS), filters=_without_face())
    except FileNotFoundError:
        raise ArchiveError("no such file") from None
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ArchiveError(f"not GISLR's Parquet ({str(error).splitlines()[0]})") from error
    columns = {name: table[name].to_numpy() for name in COLUMNS}
    return place(columns)


def _without_face() -> list[tuple[str, str, list[str]]]:
    return [("type", "in", list(PARTS))]


def _read_signs(path: Path) -> set[str]:
    """Read the signs' names; none where the file is not there."""
    try:
        signs = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return set()
    except (OSError, ValueError) as error:
        raise ArchiveError(f"{path}: cannot be read ({error})") from error
    if not isinstance(signs, dict):
        raise ArchiveError(f"{path}: not a mapping of signs to numbers")
    return set(signs)
