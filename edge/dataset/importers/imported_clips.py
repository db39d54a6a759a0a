"""Stores imported clips as a landmark archive, in memory that does not grow with it."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

import numpy as np

from edge.dataset.archive_stream import ArchiveWriter
from edge.errors import ArchiveError, SourceError
from edge.landmarks.skeleton import POINTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_FARTHEST: Final = 50.0
"""Picture sizes: a point farther off was no share of a picture, but pixels or metres."""
_POINT_BYTES: Final = np.dtype(np.float16).itemsize


@dataclass(frozen=True, slots=True, eq=False)
class ImportedClip:
    """One clip as another format holds it."""

    points: NDArray[np.float32]
    """(T, 75, 3): x and z divided by the picture's width, y by its height; NaN where unseen."""

    label: str
    """Gloss; case and outer spaces do not matter."""

    fps: float
    """Frames per second."""

    aspect: float
    """The picture's width / height."""

    signer: str = ""
    """Who signs; empty where unknown."""

    name: str = ""
    """The clip's name in its data set."""

    split: str = ""
    """``train``, ``val`` or ``test`` where the data set says."""


@dataclass(frozen=True, slots=True)
class ImportFailure:
    """A clip that could not be read."""

    file: str
    """Where it should have been."""

    problem: str
    """Why not."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import has stored, and what it has left out."""

    counts: dict[str, int]
    """Numbers of what is in the archive, by their names."""

    failures: tuple[ImportFailure, ...]
    """What is not in it."""


def store_clips(path: Path, found: Iterable[ImportedClip | ImportFailure]) -> ImportReport:
    """Write an archive, clip by clip; the points wait in an unnamed file beside it.

    Returns:
        Counts of ``clips`` and ``frames``.

    Raises:
        ArchiveError: Nothing at all could be read.
        SourceError: The archive cannot be written.
    """
    clips: list[ImportedClip] = []
    lengths: list[int] = []
    failures: list[ImportFailure] = []
    none = np.empty((0, POINTS, 3), dtype=np.float32)
    with _spool(path) as spool:
        for one in found:
            problem = None if isinstance(one, ImportFailure) else _problem_of(one)
            if isinstance(one, ImportFailure):
                failures.append(one)
            elif problem:
                failures.append(ImportFailure(one.name, problem))
            else:
                spool.write(np.ascontiguousarray(one.points, dtype=np.float16).data.cast("B"))
                lengths.append(len(one.points))
                clips.append(_without_points(one, none))
        if not clips:
            raise ArchiveError(_nothing(path, failures))
        spool.seek(0)
        with ArchiveWriter(path, _columns(clips, lengths)) as writer:
            for length in lengths:
                content = spool.read(length * POINTS * 3 * _POINT_BYTES)
                writer.write(np.frombuffer(content, np.float16).reshape(length, POINTS, 3))
    return ImportReport({"clips": len(clips), "frames": sum(lengths)}, tuple(failures))


@contextlib.contextmanager
def _spool(path: Path) -> Iterator[IO[bytes]]:
    """Open an unnamed file on the disk that the archive will be on."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent) as spool:
            yield spool
    except OSError as error:
        raise SourceError(f"{path}: cannot be written ({error.strerror or error})") from error


def _without_points(one: ImportedClip, none: NDArray[np.float32]) -> ImportedClip:
    return ImportedClip(none, one.label, one.fps, one.aspect, one.signer, one.name, one.split)


def _problem_of(one: ImportedClip) -> str | None:
    """Say what is wrong with a clip, if anything."""
    if one.points.shape[1:] != (POINTS, 3) or len(one.points) == 0:
        return f"no frames (points of shape {one.points.shape})"
    if not one.label.strip():
        return "no label"
    for name, value in (("fps", one.fps), ("aspect", one.aspect)):
        if not (np.isfinite(value) and value > 0):
            return f"{name} = {value}; it must be above 0"
    farthest = float(np.nanmax(np.abs(one.points), initial=0.0))
    if farthest > _FARTHEST:
        return f"a point at {farthest:.6g}; points must be shares of the picture's width and height"
    return None


def _columns(clips: list[ImportedClip], lengths: list[int]) -> dict[str, NDArray[np.generic]]:
    columns: dict[str, NDArray[np.generic]] = {
        "lengths": np.array(lengths, dtype=np.int32),
        "labels": np.array([clip.label.strip().lower() for clip in clips]),
        "signers": np.array([clip.signer for clip in clips]),
        "fps": np.array([clip.fps for clip in clips], dtype=np.float32),
        "aspect": np.array([clip.aspect for clip in clips], dtype=np.float32),
        "names": np.array([clip.name for clip in clips]),
    }
    if any(clip.split for clip in clips):
        columns["splits"] = np.array([clip.split for clip in clips])
    return columns


def _nothing(path: Path, failures: list[ImportFailure]) -> str:
    if not failures:
        return f"{path}: not written, for there is nothing to import"
    first = failures[0]
    return (
        f"{path}: not written, for none of {len(failures)} clips could be read; the first, "
        f"{first.file}: {first.problem}"
    )
