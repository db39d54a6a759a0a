"""Puts table rows of one landmark each together into frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.errors import ArchiveError
from edge.landmarks.skeleton import LEFT_HAND, POINTS, POSE, RIGHT_HAND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

PARTS: Final = {"pose": POSE, "left_hand": LEFT_HAND, "right_hand": RIGHT_HAND}
"""The parts of the body by the name that MediaPipe Holistic and GISLR give them."""
COLUMNS: Final = ("frame", "type", "landmark_index", "x", "y", "z")
_FRAMES_MAX: Final = 100_000
"""Of a clip; more than an hour is a wrong number."""


def place(rows: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Put landmarks into their frames.

    Args:
        rows: The columns COLUMNS, (R,) each, in any order of rows; other parts are left out.

    Returns:
        (T, 75, 3) from the first frame number to the last, NaN where no row is.

    Raises:
        ArchiveError: Naming the column and the value that is none.
    """
    kinds = rows["type"]
    frames, indices = (whole_numbers(name, rows[name]) for name in ("frame", "landmark_index"))
    if not len(frames):
        raise ArchiveError("no rows of pose or hands")
    first, last = int(frames.min()), int(frames.max())
    if last - first >= _FRAMES_MAX:
        raise ArchiveError(f"frame: from {first} to {last} are more than {_FRAMES_MAX:,} frames")
    points = np.full((last - first + 1, POINTS, 3), np.nan, dtype=np.float32)
    values = np.stack([np.asarray(rows[axis], dtype=np.float32) for axis in "xyz"], axis=1)
    for part, where in PARTS.items():
        chosen = kinds == part
        wrong = indices[chosen]
        wrong = wrong[(wrong < 0) | (wrong >= where.stop - where.start)]
        if len(wrong):
            raise ArchiveError(f"landmark_index: {part} has no point {wrong[0]}")
        points[frames[chosen] - first, where.start + indices[chosen]] = values[chosen]
    return points


def whole_numbers(name: str, column: NDArray[Any]) -> NDArray[np.int64]:
    """Take a column's numbers for whole ones.

    Raises:
        ArchiveError: One is not; it names the column and the value.
    """
    numbers = np.asarray(column)
    if numbers.dtype.kind not in "iu":
        try:
            numbers = numbers.astype(np.float64)
        except (TypeError, ValueError):
            raise ArchiveError(f"{name}: not numbers, as {numbers[0]!r}") from None
        wrong = numbers[~(numbers == np.rint(numbers))]
        if len(wrong):
            raise ArchiveError(f"{name}: {wrong[0]} is no whole number")
    return numbers.astype(np.int64)
