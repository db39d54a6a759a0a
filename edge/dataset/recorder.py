"""Records a person's own words before a camera as clips, each take after a countdown."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.camera.pacing import least_step
from edge.dataset.archive_stream import COLUMNS, ArchiveReader, ArchiveWriter
from edge.errors import ArchiveError, ConfigError, SourceError
from edge.landmarks.landmarker import Landmarker
from edge.landmarks.skeleton import LEFT_HAND, LEFT_SHOULDER, RIGHT_HAND
from edge.messages import feed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.config.settings import LandmarkSettings
    from edge.messages import Frame

_TRIES: Final = 3
"""Times that a take in which nobody is seen is asked for again."""
_FPS_LEAST: Final = 1.0
"""Frames per second of a take of a single frame."""


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """What to record."""

    words: tuple[str, ...]
    """Glosses."""

    takes: int
    """Of each word."""

    seconds: float
    """Of each take."""

    countdown: float
    """Seconds before each take."""

    signer: str
    """Who signs."""

    output: Path
    """The archive, which is added to where it exists."""

    videos: Path | None = None
    """The folder for videos; None for landmarks only."""


@dataclass(frozen=True, slots=True)
class Step:
    """What the recorder does now."""

    word: str
    """What is recorded."""

    take: int
    """Which take of it, from 1."""

    state: str
    """``countdown``, ``sign``, ``kept`` or ``unseen``."""

    left: int = 0
    """Seconds of the countdown that are left."""

    frames: int = 0
    """Of the take that is kept."""

    fps: float = 0.0
    """Frames per second of it."""

    hands: float = 0.0
    """Share of its frames in which a hand is seen."""

    name: str = ""
    """What it is called in the archive."""


def check_plan(plan: RecordingPlan) -> RecordingPlan:
    """Bring words and signer into the form in which they are stored.

    Raises:
        ConfigError: One cannot be stored; an archive cannot be added to.
        ArchiveError: What is there is no clip archive.
    """
    words = tuple(_tidy("a word", word.lower()) for word in plan.words)
    if len(set(words)) < len(words):
        raise ConfigError(f"{', '.join(words)}: a word is named twice")
    if plan.output.exists():
        with ArchiveReader(plan.output) as reader:
            _check_columns(reader)
    return replace(plan, words=words, signer=_tidy("--signer", plan.signer))


def record_words(
    plan: RecordingPlan, frames: Iterator[Frame], settings: LandmarkSettings
) -> Iterator[Step]:
    """Record what a plan asks for; reads no clock, but the frames' own times.

    Each take is in the archive before the next begins. Landmarks are found after a take, so that
    a slow machine records as many frames as a quick one.

    Args:
        plan: As check_plan gives it.
        frames: Of the camera; those that come while landmarks are found are lost.
        settings: Of the landmarker, and how many frames a second are kept.

    Raises:
        SourceError: The frames end, or nobody is seen again and again.
        ArchiveError: The archive cannot be written.
    """
    with Landmarker(settings) as landmarker:
        for word in plan.words:
            for take in range(1, plan.takes + 1):
                for _ in range(_TRIES):
                    yield from _count_down(plan, frames, word, take)
                    yield Step(word, take, "sign")
                    shown = _collect(plan, frames, settings)
                    step = _keep(plan, Step(word, take, "kept"), shown, landmarker)
                    yield step
                    if step.state == "kept":
                        break
                else:
                    raise SourceError(f"{word!r}: nobody is seen; is the camera free and lit?")


def _count_down(
    plan: RecordingPlan, frames: Iterator[Frame], word: str, take: int
) -> Iterator[Step]:
    start: float | None = None
    said = -1
    for frame in frames:
        start = frame.time if start is None else start
        left = plan.countdown - (frame.time - start)
        if left <= 0:
            return
        if int(np.ceil(left)) != said:
            said = int(np.ceil(left))
            yield Step(word, take, "countdown", left=said)
    raise SourceError(f"the source has ended before take {take} of {word!r}")


def _collect(
    plan: RecordingPlan, frames: Iterator[Frame], settings: LandmarkSettings
) -> list[Frame]:
    """Keep the frames of a take."""
    shown: list[Frame] = []
    start: float | None = None
    for frame in frames:
        start = frame.time if start is None else start
        if frame.time - start >= plan.seconds:
            return shown
        if not shown or frame.time - shown[-1].time >= least_step(settings.max_fps):
            shown.append(replace(frame, image=frame.image.copy()))
    raise SourceError("the source has ended within a take, which is lost")


def _keep(plan: RecordingPlan, step: Step, shown: Sequence[Frame], landmarker: Landmarker) -> Step:
    """Find a take's landmarks and store it, unless nobody is seen in it."""
    landmarker.reset()
    found = list(feed(landmarker, shown))
    points = np.stack([one.points for one in found])
    if not np.isfinite(points[:, LEFT_SHOULDER, 0]).any():
        return replace(step, state="unseen")
    height, width = shown[0].image.shape[:2]
    span = found[-1].time - found[0].time
    fps = (len(found) - 1) / span if span > 0 else _FPS_LEAST
    scale = np.array([1.0, width / height, 1.0], dtype=np.float32)
    name = append(
        plan.output,
        step.word,
        plan.signer,
        (points * scale).astype(np.float16),
        fps,
        width / height,
    )
    if plan.videos is not None:
        _write_video(plan.videos / f"{step.word}__{plan.signer}__{name}.mp4", shown, fps)
    hands = points[:, [LEFT_HAND.start, RIGHT_HAND.start], 0]
    share = float(np.isfinite(hands).any(axis=1).mean())
    return replace(step, frames=len(found), fps=fps, hands=share, name=name)


def append(
    path: Path, word: str, signer: str, points: NDArray[np.float16], fps: float, aspect: float
) -> str:
    """Add a clip to an archive, or make one of it; what was there stays as it was.

    Args:
        path: The archive.
        word: Its label.
        signer: Who signs.
        points: (T, 75, 3) as stored.
        fps: Frames per second.
        aspect: Width / height of the picture.

    Returns:
        The clip's name, new in the archive.

    Raises:
        ArchiveError: It cannot be read or written, or holds columns of numbers that a recording
            cannot fill.
    """
    new: dict[str, object] = {
        "lengths": len(points),
        "labels": word,
        "signers": signer,
        "fps": fps,
        "aspect": aspect,
    }
    if not path.exists():
        name = f"{_file_name(word)}-001"
        columns = {key: np.array([value]) for key, value in (new | {"names": name}).items()}
        with ArchiveWriter(path, columns) as writer:
            writer.write(points)
        return name
    with ArchiveReader(path) as reader:
        _check_columns(reader)
        old = dict(reader.columns)
        old.setdefault("names", np.full(len(reader), ""))
        name = _new_name(word, set(old["names"].tolist()))
        new["names"] = name
        columns = {
            key: np.append(column, np.array([new.get(key, "")])) for key, column in old.items()
        }
        with ArchiveWriter(path, columns) as writer:
            for clip in reader.clips():
                writer.write(clip)
            writer.write(points)
    return name


def _check_columns(reader: ArchiveReader) -> None:
    for name, column in reader.columns.items():
        if name not in COLUMNS and column.dtype.kind != "U":
            raise ArchiveError(f"{reader.path}: has numbers in {name}, which no recording can fill")


def _new_name(word: str, names: set[str]) -> str:
    stem, number = _file_name(word), 1
    while f"{stem}-{number:03d}" in names:
        number += 1
    return f"{stem}-{number:03d}"


def _file_name(word: str) -> str:
    return re.sub(r"\s+", "_", word)


def _tidy(what: str, text: str) -> str:
    """Check a word or a name that goes into an archive and into names of files."""
    tidy = " ".join(text.split())
    if not tidy or not tidy.isprintable() or "/" in tidy or "__" in tidy or tidy.startswith("."):
        raise ConfigError(f"{what} = {text[:60]!r}: no '/', '__' or leading '.', and not empty")
    return tidy


def _write_video(path: Path, shown: Sequence[Frame], fps: float) -> None:
    from edge.dataset.outputs import replacing
    from edge.dataset.viewing.video_writer import Film

    with replacing(path) as part, Film(part, Fraction(round(fps * 1000), 1000)) as film:
        for frame in shown:
            film.write_picture(frame.time, frame.image)
