"""landmarks.backend = "mediapipe": MediaPipe's own graph, every network in every frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.holistic.graph import HolisticGraph, PeopleGraph
from edge.landmarks.holistic.hand_assignment import assign_hands
from edge.landmarks.skeleton import LEFT_HAND, POINTS, POSE, RIGHT_HAND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.config.settings import LandmarkSettings

_CROP: Final = 1.4
"""Half the side of the region that is kept round a person, in body circles' radii."""


class Holistic:
    """Landmarks of one person by MediaPipe's graph; others are cut off the picture."""

    def __init__(self, settings: LandmarkSettings) -> None:
        """Load the models.

        Raises:
            DependencyError: MediaPipe is missing or does not fit.
        """
        self._graph = HolisticGraph(
            min_detection=settings.min_detection, min_tracking=settings.min_tracking
        )
        self._people = PeopleGraph()
        self._region: tuple[int, int, int, int] | None = None

    def people(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Find everybody in a picture, as Backend says."""
        height, width = image.shape[:2]
        size = np.array([width, height], dtype=np.float32)
        return self._people.process(image).reshape(-1, 2, 2) * size

    def follow(
        self, image: NDArray[np.uint8], person: NDArray[np.float32] | None, *, is_alone: bool
    ) -> None:
        """Look only round a person, unless they are alone."""
        region = None
        if person is not None and not is_alone:
            height, width = image.shape[:2]
            (x, y), top = person
            reach = _CROP * float(np.hypot(*(top - person[0])))
            region = (
                int(max(0, x - reach)),
                int(max(0, y - reach)),
                int(min(width, x + reach)),
                int(min(height, y + reach)),
            )
        if region != self._region:
            self._region = region
            self._graph.reset()

    def find(self, image: NDArray[np.uint8], time: float) -> NDArray[np.float32]:  # noqa: ARG002
        """Run the graph, which has a clock of its own; (75, 3) in image widths."""
        height, width = image.shape[:2]
        left, top, right, bottom = self._region or (0, 0, width, height)
        pose, *hands = self._graph.process(np.ascontiguousarray(image[top:bottom, left:right]))
        scale = np.array([right - left, bottom - top, right - left], dtype=np.float32) / width
        shift = np.array([left, top, 0], dtype=np.float32) / width
        points = np.full((POINTS, 3), np.nan, dtype=np.float32)
        points[POSE] = pose * scale + shift
        points[LEFT_HAND], points[RIGHT_HAND] = assign_hands(
            points[POSE], [hand * scale + shift for hand in hands]
        )
        return points

    def reset(self) -> None:
        """Forget the person."""
        self._region = None
        self._graph.reset()

    def close(self) -> None:
        """Free the models."""
        self._graph.close()
        self._people.close()
