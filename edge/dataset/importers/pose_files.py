"""Imports ``.pose`` files of sign-language-processing, as ``video_to_pose`` writes them.

Read by their package, pose-format. Taken are the components POSE_LANDMARKS, LEFT_HAND_LANDMARKS
and RIGHT_HAND_LANDMARKS of MediaPipe Holistic, in pixels of the picture whose size the header
states (z as MediaPipe gives it), of the first person; a confidence of 0 is a point not seen. What
a clip shows is in ``clips.csv`` beside the files (file, label, signer, name, split) or in their
names: ``label__signer__id.pose``, ``label/signer/id.pose`` or ``label/id.pose``.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.dataset.csv_rows import read_rows
from edge.dataset.importers.file_names import Named, parse_name
from edge.dataset.importers.imported_clips import ImportedClip, ImportFailure
from edge.errors import ArchiveError
from edge.landmarks.skeleton import LEFT_HAND, POINTS, POSE, RIGHT_HAND
from edge.system.optional_packages import need

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

INDEX: Final = "clips.csv"
"""The list of clips beside them."""
LISTED: Final = ("file", "label", "signer", "name", "split")
"""Its columns."""
COMPONENTS: Final = {
    "POSE_LANDMARKS": POSE,
    "LEFT_HAND_LANDMARKS": LEFT_HAND,
    "RIGHT_HAND_LANDMARKS": RIGHT_HAND,
}
"""Their components by name, and where the same points are in ours."""
_UNREADABLE: Final = (
    OSError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    MemoryError,
    OverflowError,
    UnicodeDecodeError,
    struct.error,
)
"""What pose-format raises over damaged files."""


def find_pose_files(
    folder: Path, pattern: re.Pattern[str] | None = None
) -> list[tuple[Path, Named]]:
    """List the files and what each shows.

    Args:
        folder: Where they are.
        pattern: Of their paths (edge.dataset.importers.file_names), instead of the list.

    Raises:
        ArchiveError: There is none, or the list names one that is not there.
    """
    if pattern is None and (folder / INDEX).is_file():
        return _read_index(folder)
    paths = sorted(folder.rglob("*.pose"))
    if not paths:
        raise ArchiveError(f"{folder}: no .pose files")
    return [(path, parse_name(path, folder, pattern)) for path in paths]


def read_pose_files(files: Sequence[tuple[Path, Named]]) -> Iterator[ImportedClip | ImportFailure]:
    """Read each file.

    Raises:
        DependencyError: pose-format is missing.
    """
    need("pose_format")
    for path, named in files:
        try:
            points, fps, aspect = read_pose_file(path)
        except ArchiveError as error:
            yield ImportFailure(str(path), str(error))
            continue
        yield ImportedClip(points, named.label, fps, aspect, named.signer, named.name, named.split)


def read_pose_file(path: Path) -> tuple[NDArray[np.float32], float, float]:
    """Read one file: points (T, 75, 3) as archives store them, frames per second, aspect.

    Raises:
        ArchiveError: It is damaged or holds other points.
    """
    from pose_format import Pose

    try:
        pose = Pose.read(path.read_bytes())
        size = pose.header.dimensions
        places = _find_components(pose.header)
        data = pose.body.data[:, 0].filled(np.nan).astype(np.float32)
        data[~(pose.body.confidence[:, 0] > 0)] = np.nan
    except _UNREADABLE as error:
        raise ArchiveError(f"not a .pose file ({type(error).__name__}: {error})") from error
    if not size.width or not size.height:
        raise ArchiveError(f"the picture's size is {size.width} x {size.height}")
    if data.shape[-1] < 3:
        raise ArchiveError(f"{data.shape[-1]} coordinates of each point; x, y and z are needed")
    points = np.full((len(data), POINTS, 3), np.nan, dtype=np.float32)
    for start, where in places:
        points[:, where] = data[:, start : start + where.stop - where.start, :3]
    points[..., :2] /= (size.width, size.height)
    return points, float(pose.body.fps), size.width / size.height


def _find_components(header: Any) -> list[tuple[int, slice]]:  # noqa: ANN401 - it ships no types
    """Give for each component of ours its first point in the file and its place in our points."""
    found, start = [], 0
    for component in header.components:
        where = COMPONENTS.get(component.name)
        if where is not None:
            if len(component.points) != where.stop - where.start:
                raise ArchiveError(
                    f"{component.name} has {len(component.points)} points, "
                    f"not {where.stop - where.start}"
                )
            found.append((start, where))
        start += len(component.points)
    if not any(where is POSE for _, where in found):
        names = ", ".join(component.name for component in header.components)
        raise ArchiveError(f"no POSE_LANDMARKS of MediaPipe Holistic in it, but {names}")
    return found


def _read_index(folder: Path) -> list[tuple[Path, Named]]:
    path = folder / INDEX
    files = []
    for line, row in read_rows(path, LISTED):
        if not row["file"] or not row["label"]:
            raise ArchiveError(f"{path}: line {line}: file or label is empty")
        if not (folder / row["file"]).is_file():
            raise ArchiveError(f"{path}: line {line}: file {row['file']!r} is not there")
        name = row["name"] or row["file"].removesuffix(".pose")
        files.append((folder / row["file"], Named(row["label"], row["signer"], name, row["split"])))
    if not files:
        raise ArchiveError(f"{path}: no clips in it")
    return files
