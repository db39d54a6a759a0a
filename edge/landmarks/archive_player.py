"""A landmark archive as a source: its clips one after the other, with rests between them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.errors import SourceError
from edge.landmarks.archive import read_clips
from edge.landmarks.skeleton import LEFT_HAND, LEFT_SHOULDER, RIGHT_HAND, RIGHT_SHOULDER
from edge.messages import Landmarks

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from edge.config.settings import CameraSettings
    from edge.landmarks.archive import Clip

    _Points = NDArray[np.float32]

PREFIX: Final = "archive:"
_LEFT_ARM: Final = [15, 17, 19, 21]
_RIGHT_ARM: Final = [16, 18, 20, 22]
"""The pose's wrists and what it guesses of the hands."""
_ARMS: Final = _LEFT_ARM + _RIGHT_ARM
_DOWN: Final = 1.8
"""Shoulder widths from the shoulders to wrists at rest."""
_TRAVEL: Final = 0.4
"""Seconds of the arms' way to their rest."""
_FPS_MAX: Final = 1000.0
"""Frames per second; more is a damaged file, and the rests would fill the memory."""


class Playback:
    """Plays ``archive:FILE`` or ``archive:FILE#gloss,gloss`` (those glosses, in that order)."""

    def __init__(self, settings: CameraSettings, *, is_live: bool) -> None:
        """Read the archive.

        Args:
            settings: ``source``, ``archive_rest`` and ``loop`` count here.
            is_live: Whether to play at the clips' own speed on the monotonic clock, or as
                fast as possible from time 0.

        Raises:
            ArchiveError: The file is no clip archive.
            SourceError: It is empty, or a gloss is not in it, or no clock could keep its fps.
        """
        self._settings = settings
        self._is_live = is_live
        path, _, glosses = settings.source.removeprefix(PREFIX).partition("#")
        self.clips = _choose(Path(path), glosses)

    def landmarks(self, stop: threading.Event) -> Iterator[Landmarks]:
        """Yield landmarks until the end, or until stop is set."""
        origin = time.monotonic() if self._is_live else 0.0
        for at, points in self._timeline():
            if self._is_live and stop.wait(max(0.0, origin + at - time.monotonic())):
                return
            yield Landmarks(origin + at, points)

    def _timeline(
        self,
    ) -> Iterator[tuple[float, NDArray[np.float32]]]:
        start = 0.0
        before: Clip | None = None
        while True:
            for clip in self.clips:
                frames = [*self._rest(clip, before, clip), *clip.points]
                for index, points in enumerate(frames):
                    yield start + index / clip.fps, points
                start += len(frames) / clip.fps
                before = clip
            if not (self._settings.loop and self._is_live):
                break
        clip = self.clips[-1]
        for index, points in enumerate(self._rest(clip, clip, None)):
            yield start + index / clip.fps, points

    def _rest(self, who: Clip, before: Clip | None, after: Clip | None) -> list[_Points]:
        """Frames of ``who`` from the end of a clip to the start of the next; hands are unseen."""
        count = max(2, round(self._settings.archive_rest * who.fps))
        travel = max(1.0, min(_TRAVEL * who.fps, count / 2))
        frames = []
        for index in range(count):
            since = (index + 1) / travel if before is not None else 1.0
            until = (count - index) / travel if after is not None else 1.0
            points = _at_rest(who)
            near = before if since < until else after
            if near is not None:
                up = near.points[-1 if near is before else 0][_ARMS]
                share = np.float32(ease(min(since, until)))
                points[_ARMS] = np.where(
                    np.isfinite(up), up + (points[_ARMS] - up) * share, points[_ARMS]
                )
            frames.append(points)
        return frames


def _at_rest(clip: Clip) -> _Points:
    """The clip's first posture with the arms down and the hands out of view."""
    seen = np.flatnonzero(np.isfinite(clip.points[:, 11, 0]))
    points: _Points = clip.points[seen[0] if len(seen) else 0].copy()
    points[LEFT_HAND] = np.nan
    points[RIGHT_HAND] = np.nan
    left, right = points[LEFT_SHOULDER, :2], points[RIGHT_SHOULDER, :2]
    width = float(np.hypot(*(left - right)))
    for arm, shoulder in ((_LEFT_ARM, left), (_RIGHT_ARM, right)):
        points[arm, :2] = shoulder + np.array([0.0, _DOWN * width], dtype=np.float32)
    return points


def _choose(path: Path, glosses: str) -> list[Clip]:
    clips = read_clips(path)
    if not clips:
        raise SourceError(f"{path}: no clip in this archive")
    fastest = max(clip.fps for clip in clips)
    if fastest > _FPS_MAX:
        raise SourceError(f"{path}: fps holds {fastest:g}; at most {_FPS_MAX:g} can be played")
    if not glosses:
        return clips
    chosen = []
    for gloss in glosses.split(","):
        found = [clip for clip in clips if clip.label == gloss]
        if not found:
            raise SourceError(f"{path}: no clip of {gloss!r}")
        chosen += found
    return chosen


def ease(share: float) -> float:
    """Smoothest way from 0 to 1 (minimum jerk, Flash & Hogan 1985)."""
    s = min(1.0, max(0.0, share))
    return s * s * s * (10 - 15 * s + 6 * s * s)
