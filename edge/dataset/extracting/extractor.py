"""Finds the landmarks of one clip with the daemon's own landmarker; runs in workers."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from edge import __version__
from edge.camera.recordings import Video
from edge.errors import DependencyError, EdgeError, SourceError
from edge.landmarks.landmarker import Landmarker
from edge.messages import Frame
from edge.tflite import runtime_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from edge.config.settings import LandmarkSettings

_MARGIN: Final = 0.1
"""Share of a box's sides that is kept round it, for hands that leave it."""
_FORMAT: Final = 1
"""Goes up whenever the same video gives other points."""

_own = threading.local()
"""Each thread's landmarker, since loading one takes longer than a short clip."""


@dataclass(frozen=True, slots=True)
class ExtractionTask:
    """What to extract, and how."""

    path: str
    """The video, as every worker finds it."""

    start: float | None
    """Seconds, inclusive; None from the beginning."""

    end: float | None
    """Seconds, exclusive; None to the end."""

    box: tuple[float, float, float, float] | None
    """The signer's place: left, top, right, bottom as shares; None for the whole picture."""

    max_fps: float | None
    """Frames per second to keep at most; None for every frame."""

    default_fps: float
    """Frames per second of a video that does not say."""

    landmarks: LandmarkSettings
    """How landmarks are found; its max_fps does not matter here."""

    def key(self) -> str:
        """Name the result: of the same video by the same means it is the same.

        Raises:
            SourceError: The video is not there.
        """
        path = Path(self.path)
        try:
            status = path.stat()
        except OSError as error:
            raise SourceError(f"{path}: {error.strerror}") from None
        content = [
            *(_FORMAT, tools(), self.path, status.st_size, status.st_mtime_ns),
            *(self.start, self.end, self.box, self.max_fps, self.default_fps),
            *(self.landmarks.backend, self.landmarks.min_detection, self.landmarks.min_tracking),
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True, eq=False)
class Extracted:
    """A clip's landmarks."""

    points: NDArray[np.float16]
    """(T, 75, 3), x and z in image widths, y in image heights; NaN where unseen."""

    fps: float
    """Frames per second of the points."""

    aspect: float
    """Width / height of the picture, or of its part within the box."""


def tools() -> dict[str, str]:
    """Name the versions on which a video's landmarks depend.

    Raises:
        DependencyError: MediaPipe or the runtime is missing.
    """
    try:
        mediapipe = metadata.version("mediapipe")
    except metadata.PackageNotFoundError:
        raise DependencyError("mediapipe is not installed; scripts/setup installs it") from None
    return {
        "sign-edge": __version__,
        "mediapipe": mediapipe,
        "opencv": cv2.__version__,
        "runtime": runtime_version(),
    }


def attempt(task: ExtractionTask) -> Extracted | str:
    """Extract a clip, or say in one line why that is impossible.

    Raises:
        DependencyError: It is not the video's fault: MediaPipe is missing or does not fit.
    """
    try:
        return extract_clip(task)
    except DependencyError:
        raise
    except EdgeError as error:
        return str(error)
    except (RuntimeError, ValueError, OSError, MemoryError, cv2.error) as error:
        _forget_landmarker()  # a graph that has failed stays so
        text = next(iter(str(error).splitlines()), "")
        return f"{task.path}: {type(error).__name__}: {text[:200]}"


def extract_clip(task: ExtractionTask) -> Extracted:
    """Find the landmarks of a clip with a tracker that remembers nothing of others.

    Raises:
        SourceError: The video cannot be read, ends early, or has nothing from start to end.
        DependencyError: MediaPipe is missing or does not fit.
    """
    landmarker: Landmarker | None = None
    times: list[float] = []
    found: list[NDArray[np.float32]] = []
    aspect = 1.0
    for frame in _frames(task):
        if landmarker is None:  # a bad file fails before MediaPipe loads
            landmarker = _landmarker_for(task.landmarks)
            aspect = frame.image.shape[1] / frame.image.shape[0]
        for landmarks in landmarker.push(frame):
            times.append(landmarks.time)
            found.append(landmarks.points)
    if not found:
        raise SourceError(f"{task.path}: nothing from {task.start or 0:g} s on")
    span = times[-1] - times[0]
    fps = (len(times) - 1) / span if span > 0 else task.default_fps
    scale = np.array([1.0, aspect, 1.0], dtype=np.float32)
    return Extracted((np.stack(found) * scale).astype(np.float16), fps, aspect)


def _frames(task: ExtractionTask) -> Iterator[Frame]:
    """Yield the frames that count, each no more than the signer's place."""
    video = Video(Path(task.path), task.default_fps)
    interval = 0.0
    if task.max_fps:
        from edge.camera.pacing import least_step

        interval = least_step(task.max_fps)
    last = -np.inf
    for index, (time, image) in enumerate(video.play()):
        if task.end is not None and time >= task.end:
            return
        if time >= (task.start or 0.0) and time - last >= interval:
            last = time
            yield Frame(index, time, _cut_out(image, task.box))
    if video.missing and task.end is None:
        raise SourceError(f"{task.path}: cut off; its last {video.missing:.1f} s are missing")


def _cut_out(
    image: NDArray[np.uint8], box: tuple[float, float, float, float] | None
) -> NDArray[np.uint8]:
    """Cut the box with its margin out of a picture (H, W, 3)."""
    if box is None:
        return image
    height, width = image.shape[:2]
    x0, y0, x1, y1 = box
    aside, above = _MARGIN * (x1 - x0), _MARGIN * (y1 - y0)
    left, right = int(max(0.0, x0 - aside) * width), round(min(1.0, x1 + aside) * width)
    top, bottom = int(max(0.0, y0 - above) * height), round(min(1.0, y1 + above) * height)
    part = image[top : max(bottom, top + 1), left : max(right, left + 1)]
    return np.ascontiguousarray(part)


def _landmarker_for(settings: LandmarkSettings) -> Landmarker:
    """Give this thread's landmarker, reset."""
    known: tuple[LandmarkSettings, Landmarker] | None = getattr(_own, "landmarker", None)
    if known is not None and known[0] == settings:
        known[1].reset()
        return known[1]
    _forget_landmarker()
    landmarker = Landmarker(settings)
    _own.landmarker = (settings, landmarker)
    return landmarker


def _forget_landmarker() -> None:
    known: tuple[LandmarkSettings, Landmarker] | None = getattr(_own, "landmarker", None)
    _own.landmarker = None
    if known is not None:
        known[1].close()
