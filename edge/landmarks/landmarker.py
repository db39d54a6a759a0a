"""Frame -> Landmarks: one person's pose and hands, left and right by geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from edge.landmarks.skeleton import LEFT_SHOULDER, POINTS, RIGHT_SHOULDER
from edge.messages import Frame, Landmarks, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from typing_extensions import Self

    from edge.config.settings import LandmarkSettings

_JUMP: Final = 1.5
"""Shoulder widths that a body cannot move between two frames."""
_JUMP_SCALE: Final = 1.8
"""Ratio by which a body cannot grow or shrink between two frames."""
_PATIENCE: Final = 1.0
"""Seconds for which a vanished person is waited for before another is taken."""


class Backend(Protocol):
    """What finds landmarks; pictures are (H, W, 3) RGB."""

    def people(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Find everybody in a picture.

        Returns:
            (P, 2, 2) middle of the hips and the point above the head that spans the body's
            circle (BlazePose, arXiv 2006.10204, section 2.1), x and y in pixels.
        """

    def follow(
        self, image: NDArray[np.uint8], person: NDArray[np.float32] | None, *, is_alone: bool
    ) -> None:
        """Look from now on for one of those people, (2, 2); None: there is nobody."""

    def find(self, image: NDArray[np.uint8], time: float) -> NDArray[np.float32]:
        """Find their landmarks, (75, 3) in image widths; NaN where unseen; time in seconds."""

    def reset(self) -> None:
        """Forget whom it follows."""

    def close(self) -> None:
        """Free the models."""


class Landmarker(Stage[Frame, Landmarks]):
    """Finds the landmarks of one person: the largest, nearest the centre.

    Holds on to that person: a body that jumps or changes size between two frames is somebody
    else, and is not shown until the first one has been gone for a second.
    """

    def __init__(self, settings: LandmarkSettings, *, is_live: bool = False) -> None:
        """Load the models.

        Args:
            settings: Which backend, and how sure it must be.
            is_live: Whether frames come as they happen; the tracker then does less where time is
                short. Without it the same frames give the same landmarks, however long it takes.

        Raises:
            DependencyError: MediaPipe or a runtime is missing or does not fit.
        """
        self.backend = make_backend(settings, is_live=is_live)
        """What looks."""
        self.people = 0
        """How many there were when the one that is followed was chosen."""
        self._body: tuple[NDArray[np.float32], float] | None = None
        self._seen_at = -np.inf
        self._size: tuple[int, ...] = ()
        """Height and width of the last picture, pixels."""
        self._time = -np.inf
        """Of the last picture."""

    def push(self, frame: Frame) -> Iterable[Landmarks]:
        """Find the landmarks of one frame; all NaN where nobody is seen."""
        size = frame.image.shape[:2]
        if size != self._size or frame.time < self._time:  # another camera, another recording
            self.reset()
        self._size, self._time = size, frame.time
        if self._body is None:
            self._acquire(frame.image)
        points = self.backend.find(frame.image, frame.time)
        body = _body_of(points)
        if body is None or self._is_somebody_else(body):
            points = np.full((POINTS, 3), np.nan, dtype=np.float32)
            if self._body is not None and frame.time - self._seen_at > _PATIENCE:
                self.reset()
        else:
            self._body = body
            self._seen_at = frame.time
        yield Landmarks(time=frame.time, points=points)

    def reset(self) -> None:
        """Forget the person; the next one is chosen anew."""
        self._body = None
        self.backend.reset()

    def close(self) -> None:
        """Free the models."""
        self.backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _acquire(self, image: NDArray[np.uint8]) -> None:
        """Choose whom to follow."""
        people = self.backend.people(image)
        self.people = len(people)
        person = people[_best(people, image.shape[1])] if len(people) else None
        self.backend.follow(image, person, is_alone=len(people) == 1)

    def _is_somebody_else(self, body: tuple[NDArray[np.float32], float]) -> bool:
        if self._body is None:
            return False
        (was_at, was_wide), (is_at, is_wide) = self._body, body
        scale = max(was_wide, is_wide)
        return bool(
            np.hypot(*(is_at - was_at)) > _JUMP * scale
            or scale > _JUMP_SCALE * min(was_wide, is_wide)
        )


def make_backend(settings: LandmarkSettings, *, is_live: bool) -> Backend:
    """Load the backend that is wanted.

    Raises:
        DependencyError: MediaPipe or a runtime is missing or does not fit.
    """
    if settings.backend == "mediapipe":
        from edge.landmarks.holistic.backend import Holistic  # half a second and 200 MB

        return Holistic(settings)
    from edge.landmarks.tracking.tracker import Tracker

    return Tracker(settings, is_live=is_live)


def _best(people: NDArray[np.float32], width: int) -> int:
    """Choose the largest, nearest the centre, of (P, 2, 2) in pixels."""
    radii = np.hypot(*(people[:, 1] - people[:, 0]).T)
    aside = np.abs(people[:, 0, 0] / width - 0.5)
    return int(np.argmax(radii * (1.0 - aside)))


def _body_of(points: NDArray[np.float32]) -> tuple[NDArray[np.float32], float] | None:
    """Find the shoulders' middle (2,) and width, or None where they are unseen."""
    left, right = points[LEFT_SHOULDER, :2], points[RIGHT_SHOULDER, :2]
    width = float(np.hypot(*(left - right)))
    return None if not width > 0 else ((left + right) / 2, width)
