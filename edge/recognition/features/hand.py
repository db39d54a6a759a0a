"""One hand still -> (1, F): the one path from a hand to numbers, for training and run time.

Picture frame: origin at the palm's middle, unit the hand's size, axes those of the picture; it
tells G from Q. Palm frame: the same hand turned in space until the palm lies flat; it tells
shapes apart whichever way they are held. Neither knows where the hand is or how large.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.skeleton import FINGERS, HAND_INDEX, HAND_NAMES, HAND_POINTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

VERSION: Final = 1
"""Raised whenever the numbers change."""
LIMIT: Final = 3.0
"""Features are clipped to plus and minus this, so that one int8 scale fits all."""

_WRIST: Final = HAND_INDEX["wrist"]
_KNUCKLES: Final = np.array([HAND_INDEX[f"{finger}_1"] for finger in FINGERS[1:]])
_INDEX: Final = HAND_INDEX["index_1"]
_MIDDLE: Final = HAND_INDEX["middle_1"]
_PINKY: Final = HAND_INDEX["pinky_1"]
_PALM: Final = np.array([_WRIST, *_KNUCKLES])
_TIPS: Final = np.array([HAND_INDEX[f"{finger}_tip"] for finger in FINGERS])
_CHAINS: Final = np.array(
    [
        [_WRIST, *(HAND_INDEX[f"{finger}_{joint}"] for joint in ("1", "2", "3", "tip"))]
        for finger in FINGERS
    ]
)
"""(5, 5) points of each finger, from the wrist outwards."""
_PAIRS: Final = tuple(
    (a, b)
    for i, a in enumerate(HAND_NAMES)
    for b in HAND_NAMES[i + 1 :]
    if a.endswith("_tip") and (b.endswith("_tip"))
) + tuple(("thumb_tip", f"{finger}_{joint}") for finger in FINGERS[1:] for joint in ("1", "2", "3"))
_PAIR_INDEX: Final = np.array([(HAND_INDEX[a], HAND_INDEX[b]) for a, b in _PAIRS])

NAMES: Final = (
    *(f"{name}.{axis}" for name in HAND_NAMES for axis in "xyz"),
    *(f"{name}.{axis}.palm" for name in HAND_NAMES for axis in "xyz"),
    *(f"{finger}_{k}.d{axis}" for finger in FINGERS for k in range(4) for axis in "xyz"),
    *(f"{finger}_{k}.angle" for finger in FINGERS for k in (1, 2, 3)),
    *(f"{a}-{b}" for a, b in _PAIRS),
    *(f"palm_{row}.{axis}" for row in ("across", "up", "out") for axis in "xyz"),
)
COUNT: Final = len(NAMES)
"""F."""
FRAMES: Final = 1
"""T: a still."""


def fingerprint() -> str:
    """Identify this definition; a bundle made for another one is refused."""
    definition = [VERSION, FRAMES, LIMIT, *NAMES]
    return hashlib.sha256(json.dumps(definition).encode()).hexdigest()[:16]


def extract(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the features of one hand.

    Args:
        points: (21, 3) in image widths, NaN where unseen.

    Returns:
        (1, COUNT) within plus and minus LIMIT, 0 where unseen.

    Raises:
        ValueError: That is no hand.
    """
    if points.shape != (HAND_POINTS, 3):
        raise ValueError(f"points {points.shape} are not one hand's ({HAND_POINTS}, 3)")
    features: NDArray[np.float32] = compute(points[None])[0]
    return features


def compute(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the features of hands.

    Args:
        points: (B, 21, 3) in any unit, NaN where unseen.

    Returns:
        (B, 1, COUNT) within plus and minus LIMIT, 0 where unseen.
    """
    batch = len(points)
    placed = to_hand_frame(points)
    axes = _palm_axes(placed)  # (B, 3, 3), one axis a row
    turned = placed @ np.swapaxes(axes, 1, 2)
    bones = np.diff(placed[:, _CHAINS], axis=2)  # (B, 5, 4, 3)
    lengths = np.linalg.norm(bones, axis=-1, keepdims=True)
    directions = bones / np.where(lengths > 1e-6, lengths, np.nan)
    cosine = (directions[:, :, 1:] * directions[:, :, :-1]).sum(axis=-1)
    spans = placed[:, _PAIR_INDEX[:, 0]] - placed[:, _PAIR_INDEX[:, 1]]
    parts = [
        placed,
        turned,
        directions,
        np.arccos(np.clip(cosine, -1, 1)) * (2 / np.pi) - 1,
        np.linalg.norm(spans, axis=-1),
        axes,
    ]
    features = np.concatenate([part.reshape(batch, -1) for part in parts], axis=-1)
    clipped: NDArray[np.float32] = np.clip(np.nan_to_num(features), -LIMIT, LIMIT)
    return clipped[:, None].astype(np.float32)


def to_hand_frame(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move the origin to the palm's middle and make the palm the unit, (B, 21, 3)."""
    centred = points - points[:, _PALM].mean(axis=1, keepdims=True)
    # The root mean square of all bones hardly depends on the pose, unlike any box around it.
    bones = np.diff(centred[:, _CHAINS], axis=2)
    size = np.sqrt((bones**2).sum(axis=-1).mean(axis=(1, 2)))[:, None, None] * 2
    framed: NDArray[np.float32] = centred / np.where(size > 1e-9, size, np.nan)
    return framed


def mirror(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make a left hand of a right one, (..., 21, 3)."""
    mirrored: NDArray[np.float32] = points * np.array([-1.0, 1.0, 1.0], dtype=np.float32)
    return mirrored


def _palm_axes(placed: NDArray[np.float32]) -> NDArray[np.float32]:
    up = _unit(placed[:, _MIDDLE] - placed[:, _WRIST])
    across = placed[:, _INDEX] - placed[:, _PINKY]
    across = _unit(across - (across * up).sum(axis=-1, keepdims=True) * up)
    return np.stack([across, up, np.cross(across, up)], axis=1)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.where(lengths > 1e-9, lengths, np.nan)
    return unit
