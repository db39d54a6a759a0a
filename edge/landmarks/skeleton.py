"""The 75 landmarks by name: MediaPipe's 33 of the pose and 21 of each hand.

Source: mediapipe/python/solutions/pose.py (PoseLandmark) and hands.py (HandLandmark),
release 0.10.18. Left and right are the signer's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

POSE_NAMES: Final = (
    "nose",
    "left_eye_inner",
    "left_eye",
    "left_eye_outer",
    "right_eye_inner",
    "right_eye",
    "right_eye_outer",
    "left_ear",
    "right_ear",
    "mouth_left",
    "mouth_right",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_pinky",
    "right_pinky",
    "left_index",
    "right_index",
    "left_thumb",
    "right_thumb",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_foot_index",
    "right_foot_index",
)
FINGERS: Final = ("thumb", "index", "middle", "ring", "pinky")
HAND_NAMES: Final = (
    "wrist",
    *(f"{finger}_{joint}" for finger in FINGERS for joint in ("1", "2", "3", "tip")),
)

POSE: Final = slice(0, 33)
LEFT_HAND: Final = slice(33, 54)
RIGHT_HAND: Final = slice(54, 75)
POINTS: Final = 75
HAND_POINTS: Final = 21

NAMES: Final = (
    *POSE_NAMES,
    *(f"left_hand_{name}" for name in HAND_NAMES),
    *(f"right_hand_{name}" for name in HAND_NAMES),
)
INDEX: Final = {name: index for index, name in enumerate(NAMES)}
HAND_INDEX: Final = {name: index for index, name in enumerate(HAND_NAMES)}


def _mirror_of(name: str) -> str:
    if "left" in name:
        return name.replace("left", "right")
    return name.replace("right", "left")


MIRROR: Final = np.array([INDEX[_mirror_of(name)] for name in NAMES], dtype=np.intp)
"""For each point the index of its counterpart on the other side of the body."""

LEFT_SHOULDER: Final = INDEX["left_shoulder"]
RIGHT_SHOULDER: Final = INDEX["right_shoulder"]
LEFT_WRIST: Final = INDEX["left_wrist"]
RIGHT_WRIST: Final = INDEX["right_wrist"]

HANDS: Final = (LEFT_HAND, RIGHT_HAND)
"""Points of either hand; in pairs, 0 is left and 1 right."""
WRISTS: Final = (LEFT_WRIST, RIGHT_WRIST)
"""The pose's wrist of either arm."""


def mirror(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make a left-handed signer of a right-handed one.

    Args:
        points: (..., 75, 3).

    Returns:
        The same with left and right swapped and x counted the other way, from the same origin.
    """
    mirrored: NDArray[np.float32] = points[..., MIRROR, :] * _FLIP_X
    return mirrored


_FLIP_X: Final = np.array([-1.0, 1.0, 1.0], dtype=np.float32)
