"""Measures how much of a clip is seen, and how steadily."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.landmarks.skeleton import LEFT_HAND, LEFT_SHOULDER, RIGHT_HAND, RIGHT_SHOULDER

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Quality:
    """Of one clip, as stored."""

    frames: int
    """T."""

    seconds: float
    """T by the frame rate."""

    body: float
    """Share of the frames in which both shoulders are seen."""

    left: float
    """Share with the left hand."""

    right: float
    """Share with the right hand."""

    hand: float
    """Share with either hand."""

    gap: float
    """Seconds of the longest stretch without a hand between frames with one."""

    speed: float
    """Shoulder widths per second of the fastest wrist; a sign seldom passes 20, a tracker that
    slips does. NaN where it cannot be told."""

    outside: float
    """Share of the hands' points that lie outside the picture; 0 where no hand is seen."""


def measure_quality(points: NDArray[np.float16], fps: float, aspect: float) -> Quality:
    """Measure a clip.

    Args:
        points: (T, 75, 3) as stored.
        fps: Frames per second.
        aspect: Image width / height.
    """
    xy = points[..., :2].astype(np.float32)
    seen = np.isfinite(xy).all(axis=2)  # (T, 75)
    left, right = seen[:, LEFT_HAND].any(axis=1), seen[:, RIGHT_HAND].any(axis=1)
    body = seen[:, LEFT_SHOULDER] & seen[:, RIGHT_SHOULDER]
    hand = left | right
    hands = xy[:, LEFT_HAND.start :][seen[:, LEFT_HAND.start :]]  # (P, 2)
    return Quality(
        frames=len(points),
        seconds=len(points) / fps,
        body=float(body.mean()),
        left=float(left.mean()),
        right=float(right.mean()),
        hand=float(hand.mean()),
        gap=longest_gap(hand) / fps,
        speed=_speed(xy / np.array([1, aspect], dtype=np.float32), body, fps),
        outside=float(((hands < 0) | (hands > 1)).any(axis=1).mean()) if len(hands) else 0.0,
    )


def longest_gap(seen: NDArray[np.bool_]) -> int:
    """Count the frames of the longest stretch that is not seen, between frames (T,) that are."""
    places = np.flatnonzero(seen)
    return int(np.diff(places).max() - 1) if len(places) > 1 else 0


def _speed(xy: NDArray[np.float32], body: NDArray[np.bool_], fps: float) -> float:
    """Find the fastest step of a hand's own wrist, from (T, 75, 2) in image widths."""
    width = shoulder_width(xy, body)
    steps = np.linalg.norm(np.diff(xy[:, [LEFT_HAND.start, RIGHT_HAND.start]], axis=0), axis=2)
    steps = steps[np.isfinite(steps)]
    return float(steps.max()) * fps / width if len(steps) and width > 0 else float("nan")


def shoulder_width(xy: NDArray[np.float32], body: NDArray[np.bool_]) -> float:
    """Take the median distance of the shoulders, image widths; 0 where they are never seen."""
    if not body.any():
        return 0.0
    apart = xy[body, LEFT_SHOULDER] - xy[body, RIGHT_SHOULDER]
    return float(np.median(np.linalg.norm(apart, axis=1)))


def fill(points: NDArray[np.float16], longest: int) -> tuple[NDArray[np.float16], int]:
    """Fill gaps of a point between two frames that have it, in a straight line.

    Args:
        points: (T, 75, 3) as stored.
        longest: Gaps of more frames stay.

    Returns:
        The points, and how many of the T x 75 were filled.
    """
    seen = np.isfinite(points[..., 0]) & np.isfinite(points[..., 1])  # (T, 75)
    frame = np.arange(len(points), dtype=np.intp)[:, None]
    before = np.maximum.accumulate(np.where(seen, frame, -1), axis=0)
    after = np.minimum.accumulate(np.where(seen, frame, len(points))[::-1], axis=0)[::-1]
    is_filled = ~seen & (before >= 0) & (after < len(points)) & (after - before - 1 <= longest)
    if not is_filled.any():
        return points, 0
    at, which = np.nonzero(is_filled)
    start, end = before[at, which], after[at, which]
    share: NDArray[Any] = ((at - start) / (end - start)).astype(np.float32)[:, None]
    first, last = points[start, which].astype(np.float32), points[end, which].astype(np.float32)
    filled = points.copy()
    filled[at, which] = (first + share * (last - first)).astype(np.float16)
    return filled, len(at)
