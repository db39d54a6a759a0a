"""Landmark archives: the one file format for recorded landmarks.

A clip archive (``.npz``) holds flat arrays: ``points`` float16 (sum T, 75, 3) with x and z
divided by image width and y by image height, ``lengths`` int32 (N,), ``labels`` and
``signers`` str (N,), ``fps`` and ``aspect`` float32 (N,); optionally ``names`` and
``splits`` str (N,). A hand archive holds ``hands`` float32 (N, 21, 3), ``labels``,
``signers``, ``aspect``, ``handedness``; optionally ``sources`` str (N,).
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.errors import ArchiveError
from edge.landmarks.skeleton import HAND_POINTS, POINTS
from edge.messages import Landmarks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

CLIP_ARRAYS: Final = ("points", "lengths", "labels", "signers", "fps", "aspect")
_HAND_ARRAYS: Final = ("hands", "labels", "signers", "aspect", "handedness")
UNREADABLE: Final = (
    OSError,
    ValueError,
    EOFError,
    AttributeError,
    KeyError,
    MemoryError,  # a damaged header asks for more than there is
    RuntimeError,  # zipfile: encrypted, or an unknown compression
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a file may raise that is damaged, or no archive at all."""
_TEXT_ARRAYS: Final = frozenset({"labels", "signers", "names", "splits", "handedness", "sources"})


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One recorded sign."""

    label: str
    """Gloss, lower case."""

    signer: str
    """Who signs; equal strings are the same person."""

    fps: float
    """Frames per second of the stored points."""

    points: NDArray[np.float32]
    """(T, 75, 3) x, y, z in image widths; NaN where unseen."""

    name: str = ""
    """The clip's name in its data set, or empty."""

    @property
    def times(self) -> NDArray[np.float64]:
        """(T,) seconds from the clip's start."""
        return np.arange(len(self.points), dtype=np.float64) / self.fps

    def landmarks(self) -> Iterator[Landmarks]:
        """Yield the frames in order, from time 0."""
        return map(Landmarks, self.times.tolist(), self.points)


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """One still of a hand."""

    label: str
    """A letter, digit, ``space``, ``del`` or ``nothing``."""

    signer: str
    """Who signs."""

    points: NDArray[np.float32]
    """(21, 3) x, y, z in image widths; NaN where unseen."""

    handedness: str
    """``Left`` or ``Right`` as MediaPipe Hands says, which takes every picture for a mirror's: a
    right hand in an unmirrored picture is ``Left``. Empty where unknown."""

    source: str = ""
    """The recording that it is from, or empty."""


def is_hand_archive(path: Path) -> bool:
    """Tell a hand archive from a clip archive by its arrays.

    Raises:
        ArchiveError: The file is missing or no archive.
    """
    return "hands" in load_arrays(path)


def read_clips(path: Path) -> list[Clip]:
    """Read a clip archive.

    Raises:
        ArchiveError: Naming the file, the array and what is wrong with it.
    """
    arrays = load_arrays(path)
    require(path, arrays, CLIP_ARRAYS)
    points, lengths = arrays["points"], arrays["lengths"]
    check_clips(path, arrays, points.shape, points.dtype)
    count = len(lengths)
    names = arrays["names"] if "names" in arrays else np.full(count, "")
    ends = np.cumsum(lengths)
    return [
        Clip(
            label=str(arrays["labels"][i]),
            signer=str(arrays["signers"][i]),
            fps=float(arrays["fps"][i]),
            points=to_image_widths(
                points[ends[i] - lengths[i] : ends[i]], float(arrays["aspect"][i])
            ),
            name=str(names[i]),
        )
        for i in range(count)
    ]


def check_clips(
    path: Path, columns: Mapping[str, NDArray[Any]], shape: tuple[int, ...], dtype: np.dtype[Any]
) -> None:
    """Raise ArchiveError unless a clip archive's arrays agree.

    Args:
        path: The archive, for the message.
        columns: Its arrays of one value a clip.
        shape: Of its points.
        dtype: Of its points.
    """
    lengths = columns["lengths"]
    if lengths.ndim != 1 or not np.issubdtype(lengths.dtype, np.integer):
        raise ArchiveError(f"{path}: lengths must be whole numbers (N,), not {_kind(lengths)}")
    if (lengths < 1).any():
        raise ArchiveError(f"{path}: lengths holds {lengths.min()}; every clip needs a frame")
    total = int(lengths.sum())
    if shape != (total, POINTS, 3) or not np.issubdtype(dtype, np.floating):
        raise ArchiveError(
            f"{path}: points must be floats ({total}, {POINTS}, 3) to fit lengths, "
            f"not {dtype} {shape}"
        )
    _check_columns(path, columns, len(lengths), ("fps", "aspect"))


def read_hands(path: Path) -> list[Hand]:
    """Read a hand archive.

    Raises:
        ArchiveError: Naming the file, the array and what is wrong with it.
    """
    arrays = load_arrays(path)
    require(path, arrays, _HAND_ARRAYS)
    hands = arrays["hands"]
    if hands.shape[1:] != (HAND_POINTS, 3) or not np.issubdtype(hands.dtype, np.floating):
        raise ArchiveError(
            f"{path}: hands must be floats (N, {HAND_POINTS}, 3), not {_kind(hands)}"
        )
    _check_columns(path, arrays, len(hands), ("aspect",))
    sources = arrays["sources"] if "sources" in arrays else np.full(len(hands), "")
    return [
        Hand(
            label=str(arrays["labels"][i]),
            signer=str(arrays["signers"][i]),
            points=to_image_widths(hands[i], float(arrays["aspect"][i])),
            handedness=str(arrays["handedness"][i]),
            source=str(sources[i]),
        )
        for i in range(len(hands))
    ]


def write_clips(
    path: Path,
    clips: Sequence[Clip],
    aspect: float = 1.0,
    texts: Mapping[str, str] | None = None,
) -> None:
    """Write a clip archive.

    Args:
        path: Where to write; an existing file is replaced.
        clips: At least one clip, with points in image widths.
        aspect: Image width / height, stored for every clip.
        texts: More columns by name, each with what it holds for every clip.
    """
    scale = np.array([1.0, aspect, 1.0], dtype=np.float32)
    np.savez_compressed(
        path,
        points=np.concatenate([clip.points * scale for clip in clips]).astype(np.float16),
        lengths=np.array([len(clip.points) for clip in clips], dtype=np.int32),
        labels=np.array([clip.label for clip in clips]),
        signers=np.array([clip.signer for clip in clips]),
        fps=np.array([clip.fps for clip in clips], dtype=np.float32),
        aspect=np.full(len(clips), aspect, dtype=np.float32),
        names=np.array([clip.name for clip in clips]),
        **{name: np.full(len(clips), text) for name, text in (texts or {}).items()},
    )


def to_image_widths(points: NDArray[Any], aspect: float) -> NDArray[np.float32]:
    """Rescale MediaPipe's (..., 3) points so that y, too, is in image widths."""
    scale = np.array([1.0, 1.0 / aspect, 1.0], dtype=np.float32)
    scaled: NDArray[np.float32] = points.astype(np.float32) * scale
    return scaled


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read whatever arrays an archive holds.

    Raises:
        ArchiveError: The file is missing, damaged or no archive.
    """
    arrays: dict[str, NDArray[Any]] = {}
    reading = ""
    try:
        with path.open("rb") as file:  # np.load leaves a file open that is a damaged zip
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                raise ArchiveError(f"{path}: not a landmark archive (a single array)")
            with loaded:
                for name in loaded.files:
                    reading = f"{name}: "
                    arrays[name] = loaded[name]
    except FileNotFoundError:
        raise ArchiveError(f"{path}: no such file") from None
    except UNREADABLE as error:
        raise ArchiveError(
            f"{path}: not a landmark archive ({reading}{first_line(error)})"
        ) from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # a file in the zip that is no .npy
            raise ArchiveError(f"{path}: {name} is not an array")
    return arrays


def require(path: Path, arrays: Mapping[str, NDArray[Any]], names: Sequence[str]) -> None:
    """Raise ArchiveError unless all these arrays are there."""
    missing = [name for name in names if name not in arrays]
    if missing:
        raise ArchiveError(f"{path}: missing array {', '.join(missing)}")


def _check_columns(
    path: Path,
    arrays: Mapping[str, NDArray[Any]],
    count: int,
    positive: Sequence[str],
) -> None:
    for name in sorted(_TEXT_ARRAYS & arrays.keys()):
        if arrays[name].shape != (count,) or arrays[name].dtype.kind != "U":
            raise ArchiveError(f"{path}: {name} must be text ({count},), not {_kind(arrays[name])}")
    for name in positive:
        column = arrays[name]
        if column.shape != (count,) or column.dtype.kind not in "fiu":
            raise ArchiveError(f"{path}: {name} must be numbers ({count},), not {_kind(column)}")
        values = column.astype(np.float64)
        if not (np.isfinite(values) & (values > 0)).all():
            raise ArchiveError(f"{path}: {name} must be above 0 in every row")


def _kind(array: NDArray[Any]) -> str:
    return f"{array.dtype} {array.shape}"


def first_line(error: BaseException) -> str:
    """Give what an error says, on one line."""
    return next(iter(str(error).splitlines()), type(error).__name__)
