"""Reads the frames of a video that the daemon would search for landmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.camera.pacing import least_step, spaced
from edge.camera.recordings import Video
from edge.errors import SourceError
from edge.messages import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.config.settings import Settings

_THREADS: Final = 1
"""That decode: more would work on while a contender is timed."""


def searched_frames(path: Path, settings: Settings, start: float = 0.0) -> Iterator[Frame]:
    """Yield the frames of a video that would be searched for landmarks.

    Args:
        path: The file.
        settings: Rates of camera and landmarks.
        start: Seconds of the first frame.

    Raises:
        SourceError: It is no video that can be read.
    """
    if path.suffix == ".npz":
        raise SourceError(f"{path}: an archive holds landmarks, not pictures")
    pictures = Video(path, settings.camera.fps, threads=_THREADS).play()
    frames = (Frame(index, start + time, image) for index, (time, image) in enumerate(pictures))
    return spaced(frames, least_step(settings.landmarks.max_fps))
