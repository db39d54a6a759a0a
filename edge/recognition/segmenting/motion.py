"""Landmarks -> Motion: how fast the hands move and whether they are up, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.skeleton import (
    HANDS,
    INDEX,
    LEFT_SHOULDER,
    RIGHT_SHOULDER,
    WRISTS,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.messages import Landmarks

_TIPS: Final = np.array(
    [INDEX[f"left_hand_{f}_tip"] for f in ("thumb", "index", "middle", "ring", "pinky")]
    + [INDEX[f"right_hand_{f}_tip"] for f in ("thumb", "index", "middle", "ring", "pinky")]
).reshape(2, 5)
_SMOOTHING: Final = 0.1
"""Seconds: time constant of the speed, against the landmarks' trembling."""
_BODY_SMOOTHING: Final = 0.5
"""Seconds: time constant of the shoulder width, against turning and breathing."""
_LOW: Final = -9.0
"""Height of hands that are nowhere."""


@dataclass(frozen=True, slots=True)
class Motion:
    """What the hands do in one frame."""

    time: float
    """Seconds."""

    is_present: bool
    """Whether somebody is seen."""

    has_hand: bool
    """Whether a hand itself is seen, not only an arm."""

    height: float
    """Shoulder widths of the higher visible hand above the shoulders; negative below."""

    speed: float
    """Shoulder widths per second of the faster hand or its fingertips, smoothed."""

    def is_up(self, raised: float) -> bool:
        """Whether a hand is seen above a height, shoulder widths above the shoulders."""
        return self.has_hand and self.height > raised


class MotionMeter:
    """Measures motion from one frame to the next; pure."""

    def __init__(self) -> None:
        """Start with nobody in view."""
        self.reset()

    def reset(self) -> None:
        """Forget the last frame."""
        self._last: Landmarks | None = None
        self._width = np.nan
        self._speed = 0.0

    def push(self, landmarks: Landmarks) -> Motion:
        """Measure one frame against the one before."""
        points, last = landmarks.points, self._last
        shoulders = points[[LEFT_SHOULDER, RIGHT_SHOULDER], :2]
        width = float(np.hypot(*(shoulders[0] - shoulders[1])))
        if not width > 0:
            self.reset()
            return Motion(landmarks.time, False, False, _LOW, 0.0)
        step = landmarks.time - last.time if last is not None else 0.0
        share = 1 - np.exp(-step / _BODY_SMOOTHING)
        self._width = (
            width if np.isnan(self._width) else self._width + share * (width - self._width)
        )
        if last is not None and step > 0:
            # Against the shoulders, so that a walking or nodding body is not a moving hand.
            shift = (shoulders - last.points[[LEFT_SHOULDER, RIGHT_SHOULDER], :2]).mean(axis=0)
            speed = _fastest(points[:, :2] - last.points[:, :2] - shift) / step / self._width
            self._speed += (1 - np.exp(-step / _SMOOTHING)) * (speed - self._speed)
        self._last = landmarks
        hands = [side for side in (0, 1) if np.isfinite(points[HANDS[side].start, 0])]
        heights = [points[HANDS[side].start, 1] for side in hands] or [
            points[wrist, 1] for wrist in WRISTS
        ]
        highest = min((one for one in heights if np.isfinite(one)), default=np.nan)
        height = float(shoulders[:, 1].mean() - highest) / self._width
        height = height if np.isfinite(height) else _LOW
        return Motion(landmarks.time, True, bool(hands), height, self._speed)


def _fastest(moved: NDArray[np.float32]) -> float:
    """Distance that the faster hand covered, by its wrist or the mean of its fingertips."""
    distance = np.hypot(moved[:, 0], moved[:, 1])
    candidates = [distance[wrist] for wrist in WRISTS]
    candidates += [distance[tips].mean() for tips in _TIPS]
    return float(max((one for one in candidates if np.isfinite(one)), default=0.0))
