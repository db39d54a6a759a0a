"""Landmarks -> postures: the numbers from which a boundary network tells rest from signing.

A posture is what one frame shows, seen from between the shoulders, in shoulder widths. The
network is fed the last SECONDS, resampled to RATE frames per second and ending now, so that the
camera's own rate does not matter.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.skeleton import (
    INDEX,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.messages import Landmarks

VERSION: Final = 1
"""Raised whenever the numbers change."""
RATE: Final = 15.0
"""Frames per second of what the network sees."""
FRAMES: Final = 30
"""T: the last two seconds."""
LAG: Final = 0.1
"""Seconds: the network speaks of the moment so long ago, having seen what came after it."""
LIMIT: Final = 4.0
"""Numbers are clipped to plus and minus this, so that one int8 scale fits all."""
_SMOOTHING: Final = 0.5
"""Seconds: time constant of the shoulder width, against turning and breathing."""
_SIDES: Final = ("left", "right")
_TIPS: Final = ("thumb", "index", "middle", "ring", "pinky")

NAMES: Final = (
    "present",
    "nose.x",
    "nose.y",
    *(
        f"{side}_{name}"
        for side in _SIDES
        for name in (
            "hand.seen",
            "wrist.x",
            "wrist.y",
            "elbow.x",
            "elbow.y",
            *(f"{tip}_tip.{axis}" for tip in _TIPS for axis in "xy"),
        )
    ),
)
COUNT: Final = len(NAMES)
"""F."""
_MIRROR: Final = np.array(
    [
        NAMES.index(name.replace("left", "#").replace("right", "left").replace("#", "right"))
        for name in NAMES
    ]
)
_SIGN: Final = np.array([-1.0 if name.endswith(".x") else 1.0 for name in NAMES], dtype=np.float32)
_ARMS: Final = (
    (LEFT_HAND, LEFT_WRIST, INDEX["left_elbow"]),
    (RIGHT_HAND, RIGHT_WRIST, INDEX["right_elbow"]),
)
_TIP_OFFSETS: Final = np.array([4, 8, 12, 16, 20])
_NOSE: Final = INDEX["nose"]


def fingerprint() -> str:
    """Identify this definition; a bundle made for another one is refused."""
    definition = [VERSION, RATE, FRAMES, LAG, LIMIT, *NAMES]
    return hashlib.sha256(json.dumps(definition).encode()).hexdigest()[:16]


class Postures:
    """The last two seconds, one frame at a time."""

    def __init__(self) -> None:
        """Start with nobody in view."""
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._width = np.nan
        self._kept: deque[tuple[float, NDArray[np.float32]]] = deque()

    def push(self, landmarks: Landmarks) -> NDArray[np.float32]:
        """Take the next frame; the last two seconds (FRAMES, COUNT) up to it.

        What was before the first frame is taken to be like it.
        """
        kept, now = self._kept, landmarks.time
        step = now - kept[-1][0] if kept else 0.0
        kept.append((now, self._posture(landmarks.points, step)))
        while len(kept) > 1 and kept[1][0] <= now - FRAMES / RATE:
            kept.popleft()
        times = np.array([time for time, _ in kept])
        values = np.stack([value for _, value in kept])
        at = now - np.arange(FRAMES - 1, -1, -1) / RATE
        after = np.clip(np.searchsorted(times, at), 1, max(1, len(times) - 1))
        if len(times) == 1:
            return np.repeat(values, FRAMES, axis=0)
        low, high = times[after - 1], times[after]
        weight = np.clip((at - low) / np.maximum(high - low, 1e-6), 0, 1)[:, None]
        window: NDArray[np.float32] = (
            values[after - 1] * (1 - weight) + values[after] * weight
        ).astype(np.float32)
        return window

    def _posture(self, points: NDArray[np.float32], step: float) -> NDArray[np.float32]:
        """(COUNT,) of one frame, so many seconds after the last; 0 where unseen."""
        posture = np.zeros(COUNT, dtype=np.float32)
        left, right = points[LEFT_SHOULDER, :2], points[RIGHT_SHOULDER, :2]
        width = float(np.hypot(*(left - right)))
        if not width > 0:
            self._width = np.nan
            return posture
        share = 1 - np.exp(-step / _SMOOTHING)
        self._width = (
            width if np.isnan(self._width) else self._width + share * (width - self._width)
        )
        placed = (points[:, :2] - (left + right) / 2) / np.float32(self._width)
        parts = [np.ones(1, dtype=np.float32), placed[_NOSE]]
        for hand, wrist, elbow in _ARMS:
            own = placed[hand]
            is_seen = bool(np.isfinite(own[0, 0]))
            parts += [
                np.array([is_seen], dtype=np.float32),
                own[0] if is_seen else placed[wrist],
                placed[elbow],
                (own[_TIP_OFFSETS] - own[0]).ravel(),
            ]
        posture[:] = np.clip(np.nan_to_num(np.concatenate(parts), nan=0.0), -LIMIT, LIMIT)
        return posture


def mirrored(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Postures (..., COUNT) of a signer -> those of the same signer, left and right swapped."""
    swapped: NDArray[np.float32] = values[..., _MIRROR] * _SIGN
    return swapped
