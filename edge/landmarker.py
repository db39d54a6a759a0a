"""Frame -> Landmarks: one person's pose and hands, left and right by geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from edge.graph import HolisticGraph, PeopleGraph
from edge.messages import Landmarks
from edge.skeleton import (
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    POINTS,
    POSE,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from edge.messages import Frame
    from edge.settings import LandmarkSettings

_JUMP: Final = 1.5
"""Shoulder widths that a body cannot move between two frames."""
_JUMP_SCALE: Final = 1.8
"""Ratio by which a body cannot grow or shrink between two frames."""
_PATIENCE: Final = 1.0
"""Seconds for which a vanished person is waited for before another is taken."""
_CROP: Final = 1.4
"""Half the side of the region that is kept round a person, in body circles' radii."""
_HAND_REACH: Final = 1.0
"""Shoulder widths within which a hand must be of a wrist to belong to that arm."""


class Landmarker:
    """Finds the landmarks of one person: the largest, nearest the centre.

    Holds on to that person: a body that jumps or changes size between two frames is somebody
    else, and is not shown until the first one has been gone for a second.
    """

    def __init__(self, settings: LandmarkSettings) -> None:
        """Load the models.

        Raises:
            DependencyError: MediaPipe is missing or does not fit.
        """
        self._graph = HolisticGraph(
            min_detection=settings.min_detection, min_tracking=settings.min_tracking
        )
        self._people = PeopleGraph()
        self.people = 0
        """How many there were when the one that is followed was chosen."""
        self._region: tuple[int, int, int, int] | None = None
        self._body: tuple[NDArray[np.float32], float] | None = None
        self._seen_at = -np.inf

    def push(self, frame: Frame) -> Iterable[Landmarks]:
        """Find the landmarks of one frame; all NaN where nobody is seen."""
        if self._body is None:
            self._acquire(frame.image)
        points = self._track(frame.image)
        body = _body_of(points)
        if body is None or self._is_somebody_else(body):
            points = np.full((POINTS, 3), np.nan, dtype=np.float32)
            if self._body is not None and frame.time - self._seen_at > _PATIENCE:
                self.reset()
        else:
            self._body = body
            self._seen_at = frame.time
        yield Landmarks(time=frame.time, points=points)

    def flush(self) -> Iterable[Landmarks]:
        """Nothing is held back."""
        return ()

    def reset(self) -> None:
        """Forget the person; the next one is chosen anew."""
        self._body = None
        self._region = None
        self._graph.reset()

    def close(self) -> None:
        """Free the models."""
        self._graph.close()
        self._people.close()

    def _acquire(self, image: NDArray[np.uint8]) -> None:
        """Choose whom to follow, and look only round them if they are not alone."""
        height, width = image.shape[:2]
        size = np.array([width, height], dtype=np.float32)
        people = self._people.process(image)
        self.people = len(people)
        region = None
        if len(people) > 1:
            centres, tops = people[:, :2] * size, people[:, 2:] * size
            radii = np.hypot(*(tops - centres).T)
            aside = np.abs(centres[:, 0] / width - 0.5)
            best = int(np.argmax(radii * (1.0 - aside)))
            x, y = centres[best]
            reach = _CROP * radii[best]
            region = (
                int(max(0, x - reach)),
                int(max(0, y - reach)),
                int(min(width, x + reach)),
                int(min(height, y + reach)),
            )
        if region != self._region:
            self._region = region
            self._graph.reset()

    def _track(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run the graph; (75, 3) in image widths of the whole image."""
        height, width = image.shape[:2]
        left, top, right, bottom = self._region or (0, 0, width, height)
        pose, *hands = self._graph.process(np.ascontiguousarray(image[top:bottom, left:right]))
        scale = np.array([right - left, bottom - top, right - left], dtype=np.float32) / width
        shift = np.array([left, top, 0], dtype=np.float32) / width
        points = np.full((POINTS, 3), np.nan, dtype=np.float32)
        points[POSE] = pose * scale + shift
        left_hand, right_hand = assign_hands(points[POSE], [hand * scale + shift for hand in hands])
        points[LEFT_HAND] = left_hand
        points[RIGHT_HAND] = right_hand
        return points

    def _is_somebody_else(self, body: tuple[NDArray[np.float32], float]) -> bool:
        if self._body is None:
            return False
        (was_at, was_wide), (is_at, is_wide) = self._body, body
        scale = max(was_wide, is_wide)
        return bool(
            np.hypot(*(is_at - was_at)) > _JUMP * scale
            or scale > _JUMP_SCALE * min(was_wide, is_wide)
        )


def assign_hands(
    pose: NDArray[np.float32], hands: list[NDArray[np.float32]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give each found hand to the arm whose wrist is nearest.

    Args:
        pose: (33, 3) in image widths.
        hands: Found hands, each (21, 3), NaN where unseen; their own order means nothing.

    Returns:
        The signer's left and right hand, (21, 3) each, NaN where unseen. When both hands
        are nearest the same wrist, the pair with the smaller total distance is taken; a hand
        farther than a shoulder width from its wrist is dropped.
    """
    none = np.full((21, 3), np.nan, dtype=np.float32)
    seen = [hand for hand in hands if np.isfinite(hand[:, :2]).all()]
    if not seen or not np.isfinite(pose[LEFT_WRIST, :2]).all():
        return none, none
    wrists = pose[[LEFT_WRIST, RIGHT_WRIST], :2]
    reach = _HAND_REACH * float(np.hypot(*(pose[LEFT_SHOULDER] - pose[RIGHT_SHOULDER])[:2]))
    cost = np.array([np.hypot(*(wrists - hand[0, :2]).T) for hand in seen])
    if len(seen) == 1:
        order: list[int | None] = [0, None] if cost[0, 0] <= cost[0, 1] else [None, 0]
    else:
        straight, crossed = cost[0, 0] + cost[1, 1], cost[0, 1] + cost[1, 0]
        order = [0, 1] if straight <= crossed else [1, 0]
    left, right = (
        seen[k] if k is not None and cost[k, side] <= reach else none
        for side, k in enumerate(order)
    )
    return left, right


def _body_of(points: NDArray[np.float32]) -> tuple[NDArray[np.float32], float] | None:
    """Find the shoulders' middle (2,) and width, or None where they are unseen."""
    left, right = points[LEFT_SHOULDER, :2], points[RIGHT_SHOULDER, :2]
    width = float(np.hypot(*(left - right)))
    return None if not width > 0 else ((left + right) / 2, width)
