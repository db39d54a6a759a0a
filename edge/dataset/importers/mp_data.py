"""Imports ``MP_Data/<word>/<n>/<frame>.npy``, the recordings of many tutorials.

Each file is one frame, a flat array of MediaPipe Holistic's pose (33 times x, y, z, visibility),
face (468 or 478 times x, y, z; left out in some), left hand and right hand (21 times x, y, z). A
part that was not seen is all zeros. Frame rate, picture and signer are stated nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from edge.dataset.importers.file_names import with_spaces
from edge.dataset.importers.imported_clips import ImportedClip, ImportFailure
from edge.errors import ArchiveError
from edge.landmarks.skeleton import HAND_POINTS, LEFT_HAND, POINTS, POSE, RIGHT_HAND

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

FPS: Final = 15.0
"""Frames per second of a webcam while Holistic keeps up; the recordings do not say."""
ASPECT: Final = 4 / 3
"""Width / height of most webcams."""
_POSE_VALUES: Final = 33 * 4
_HAND_VALUES: Final = HAND_POINTS * 3
_WITHOUT_FACE: Final = _POSE_VALUES + 2 * _HAND_VALUES
_FACES: Final = (0, 468 * 3, 478 * 3)
SIZES: Final = tuple(_WITHOUT_FACE + face for face in _FACES)
"""How many values a frame may have: 258, 1,662 and 1,692."""
_UNREADABLE: Final = (OSError, ValueError, EOFError)


def find_clips(folder: Path) -> list[Path]:
    """List the clips' folders, by word and number.

    Raises:
        ArchiveError: There is none.
    """
    clips = [
        clip
        for word in sorted(folder.iterdir() if folder.is_dir() else ())
        if word.is_dir()
        for clip in sorted(word.iterdir(), key=_in_order)
        if clip.is_dir()
    ]
    if not clips:
        raise ArchiveError(f"{folder}: no folders WORD/NUMBER/ with a .npy for each frame")
    return clips


def read_mp_data(
    clips: Sequence[Path], *, fps: float = FPS, aspect: float = ASPECT, signer: str = ""
) -> Iterator[ImportedClip | ImportFailure]:
    """Read each clip's folder."""
    for clip in clips:
        word = clip.parent.name
        try:
            points = _read_clip(clip)
        except ArchiveError as error:
            yield ImportFailure(str(clip), str(error))
            continue
        name = f"{word}/{clip.name}"
        yield ImportedClip(points, with_spaces(word), fps, aspect, signer=signer, name=name)


def _read_clip(folder: Path) -> NDArray[np.float32]:
    files = sorted(folder.glob("*.npy"), key=_in_order)
    if not files:
        raise ArchiveError("no .npy in it")
    return np.stack([_read_frame(file) for file in files])


def _read_frame(path: Path) -> NDArray[np.float32]:
    """Read one frame, (75, 3)."""
    try:
        values = np.load(path, allow_pickle=False)
    except _UNREADABLE as error:
        raise ArchiveError(f"{path.name}: not an array ({error})") from error
    if values.size not in SIZES or values.dtype.kind not in "fiu":
        raise ArchiveError(
            f"{path.name}: {values.size} values of {values.dtype}; {_listed(SIZES)} are known"
        )
    flat = values.reshape(-1).astype(np.float32)
    points = np.full((POINTS, 3), np.nan, dtype=np.float32)
    pose, left, right = (
        flat[:_POSE_VALUES].reshape(-1, 4)[:, :3],
        flat[-2 * _HAND_VALUES : -_HAND_VALUES].reshape(-1, 3),
        flat[-_HAND_VALUES:].reshape(-1, 3),
    )
    for part, found in ((POSE, pose), (LEFT_HAND, left), (RIGHT_HAND, right)):
        if found.any():
            points[part] = found
    return points


def _in_order(path: Path) -> tuple[float, str]:
    """Order by number where the name is one, as 9 before 10; names after numbers."""
    return (float(path.stem), "") if path.stem.isdecimal() else (float("inf"), path.name)


def _listed(numbers: Sequence[int]) -> str:
    return f"{', '.join(str(one) for one in numbers[:-1])} and {numbers[-1]}"
