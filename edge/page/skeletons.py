"""Turns landmarks into the page's JSON: 75 times ``[x, y]``, or null where unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.recognition.features.segment import to_body_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.landmarks.archive import Clip
    from edge.messages import Segment

    Points = list[list[float] | None]


_FPS: Final = 15.0
"""Frames per second of a single frame."""


def to_json_points(points: NDArray[Any], places: int = 4) -> Points:
    """Turn (75, 2 or more) into pairs, rounded; null where a point is unseen."""
    seen = np.isfinite(points[:, :2]).all(axis=1)
    pairs = points[:, :2].astype(np.float64).round(places).tolist()
    return [pair if is_seen else None for pair, is_seen in zip(pairs, seen.tolist(), strict=True)]


def to_motion(clip: Clip) -> dict[str, Any]:
    """Turn a clip into a motion seen from the shoulders.

    Returns:
        ``fps``, and ``points`` for each frame: x and y in shoulder widths from between the
        shoulders, x to the viewer's right of an unmirrored picture, y down.
    """
    return _motion(clip.fps, clip.points)


def segment_motion(segment: Segment) -> dict[str, Any]:
    """Turn what was cut from the camera's landmarks into a motion, as ``to_motion`` does."""
    span = float(segment.times[-1] - segment.times[0])
    return _motion((len(segment.times) - 1) / span if span > 0 else _FPS, segment.points)


def _motion(fps: float, points: NDArray[np.float32]) -> dict[str, Any]:
    framed = to_body_frame(points[None])[0]
    return {
        "fps": round(fps, 3),
        "points": [to_json_points(frame, places=3) for frame in framed],
    }
