"""Writes an archive as ``.pose`` files, which sign-language-processing's tools read and draw.

Written by their package, pose-format: one file for each clip with the components POSE_LANDMARKS,
LEFT_HAND_LANDMARKS and RIGHT_HAND_LANDMARKS of MediaPipe Holistic, in pixels of a picture of the
clip's form, z as MediaPipe gives it; a point not seen has confidence 0, all others 1. The face and
the landmarks in metres, which ``video_to_pose`` writes too, are not in our archives.
``clips.csv`` beside the files says what each shows.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.dataset.csv_rows import write_rows
from edge.dataset.importers.pose_files import COMPONENTS, INDEX, LISTED
from edge.errors import ConfigError, SourceError
from edge.landmarks.skeleton import FINGERS, POSE_NAMES
from edge.landmarks.skeleton import INDEX as PLACES
from edge.system.optional_packages import need

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.dataset.archive_stream import ArchiveReader

_HEIGHT: Final = 720
"""Pixels of a picture's height, or a little more."""
_ASPECT_PARTS: Final = 2000
"""Largest number in a picture's form, as in 16 to 9."""
_VERSION: Final = 0.2
"""Of the format, docs/specs/v0.2.md of their repository."""
_JOINTS: Final = {
    "thumb": ("THUMB_CMC", "THUMB_MCP", "THUMB_IP", "THUMB_TIP"),
    "pinky": ("PINKY_MCP", "PINKY_PIP", "PINKY_DIP", "PINKY_TIP"),
    **{
        finger: tuple(f"{finger.upper()}_FINGER_{joint}" for joint in ("MCP", "PIP", "DIP", "TIP"))
        for finger in ("index", "middle", "ring")
    },
}
_HAND_NAMES: Final = ("WRIST", *(joint for finger in FINGERS for joint in _JOINTS[finger]))
"""What MediaPipe calls the points of a hand (mediapipe/python/solutions/hands.py)."""
_HAND_LIMBS: Final = (
    *(
        (1 + 4 * finger + joint, 2 + 4 * finger + joint)
        for finger in range(5)
        for joint in range(3)
    ),
    *((0, 1), (0, 5), (5, 9), (9, 13), (13, 17), (0, 17)),
)
_POSE_LIMBS: Final = (
    tuple(
        (PLACES[chain[i]], PLACES[chain[i + 1]])
        for side in ("left", "right")
        for chain in (
            ("nose", f"{side}_eye_inner", f"{side}_eye", f"{side}_eye_outer", f"{side}_ear"),
            (f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist", f"{side}_index"),
            (f"{side}_thumb", f"{side}_wrist", f"{side}_pinky", f"{side}_index"),
            (f"{side}_shoulder", f"{side}_hip", f"{side}_knee", f"{side}_ankle", f"{side}_heel"),
            (f"{side}_ankle", f"{side}_foot_index", f"{side}_heel"),
        )
        for i in range(len(chain) - 1)
    )
    + tuple((PLACES[f"left_{part}"], PLACES[f"right_{part}"]) for part in ("shoulder", "hip"))
    + ((PLACES["mouth_left"], PLACES["mouth_right"]),)
)
"""MediaPipe's, by name (mediapipe/python/solutions/pose_connections.py)."""
_COLOURS: Final = {
    "POSE_LANDMARKS": ((96, 96, 96),),
    "LEFT_HAND_LANDMARKS": ((0, 114, 178),),
    "RIGHT_HAND_LANDMARKS": ((213, 94, 0),),
}
"""Red, green, blue; the hands' can be told apart by the colour-blind."""


def refuse_folder(folder: Path, *, force: bool = False) -> None:
    """Refuse before the work what would be replaced after it.

    Raises:
        ConfigError: Something is there that may not be replaced, or is no earlier export.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ConfigError(f"{folder}: is a file; .pose files go to a folder of their own")
    others = [path for path in folder.iterdir() if path.name != INDEX and path.suffix != ".pose"]
    if others:
        raise ConfigError(f"{folder}: holds {others[0].name!r}, which would be lost")
    if not force and any(folder.iterdir()):
        raise ConfigError(f"{folder}: exists already; --force replaces it")


def write_folder(folder: Path, reader: ArchiveReader, clips: Iterable[NDArray[np.float16]]) -> int:
    """Write a folder of files, whole or not at all, and give their number.

    Args:
        folder: Where; one that is there is replaced.
        reader: The archive.
        clips: Its clips, or what shows their progress.

    Raises:
        SourceError: It cannot be written.
        DependencyError: pose-format is missing.
    """
    need("pose_format")
    columns = reader.columns
    with _replacing(folder) as part:
        listed = []
        for number, points in enumerate(clips):
            label = str(columns["labels"][number])
            name = f"{number:06d}-{re.sub(r'[^A-Za-z0-9]+', '_', label)}.pose"
            fps, aspect = float(columns["fps"][number]), float(columns["aspect"][number])
            with (part / name).open("wb") as target:
                make_pose(points, fps, aspect).write(target)
            more = [
                str(columns[key][number]) if key in columns else ""
                for key in ("signers", "names", "splits")
            ]
            listed.append((name, label, *more))
        write_rows(part / INDEX, LISTED, listed)
    return len(reader)


@contextlib.contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside this one that becomes it at a clean end."""
    part = folder.with_name(f".{os.getpid()}.{folder.name}")
    try:
        part.mkdir(parents=True)
        yield part
        refuse_folder(folder, force=True)  # once more, just before
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)
    except OSError as error:
        raise SourceError(f"{folder}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def make_pose(points: NDArray[np.float16], fps: float, aspect: float) -> Any:  # noqa: ANN401 - it ships no types
    """Make their Pose of a clip's points (T, 75, 3) as stored."""
    from pose_format import Pose
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose_header import PoseHeader, PoseHeaderDimensions

    width, height = picture_size(aspect)
    header = PoseHeader(
        version=_VERSION,
        dimensions=PoseHeaderDimensions(width=width, height=height, depth=0),
        components=[_component(name) for name in COMPONENTS],
    )
    data = points.astype(np.float32)
    data[..., :2] *= (width, height)
    is_seen = np.isfinite(data).all(axis=-1)
    data[~is_seen] = 0.0
    body = NumPyPoseBody(fps, data[:, None], is_seen[:, None].astype(np.float32))
    return Pose(header, body)


def picture_size(aspect: float) -> tuple[int, int]:
    """Choose width and height in pixels whose ratio is the aspect, or as near as floats are."""
    form = Fraction(aspect).limit_denominator(_ASPECT_PARTS)
    times = max(1, -(-_HEIGHT // form.denominator))
    return max(1, form.numerator * times), form.denominator * times


def _component(name: str) -> Any:  # noqa: ANN401 - it ships no types
    from pose_format.pose_header import PoseHeaderComponent

    is_pose = name == "POSE_LANDMARKS"
    return PoseHeaderComponent(
        name=name,
        points=[point.upper() for point in POSE_NAMES] if is_pose else list(_HAND_NAMES),
        limbs=list(_POSE_LIMBS if is_pose else _HAND_LIMBS),
        colors=list(_COLOURS[name]),
        point_format="XYZC",
    )
