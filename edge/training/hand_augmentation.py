"""Changes single hands at random, as strangers and cameras would; seeded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.config.settings import Share
from edge.landmarks.skeleton import FINGERS, HAND_INDEX
from edge.recognition.features import hand as handshape
from edge.training.body_augmentation import Strength

if TYPE_CHECKING:
    from numpy.typing import NDArray


_CHAINS: Final = tuple(
    (HAND_INDEX[f"{finger}_1"], slice(HAND_INDEX[f"{finger}_2"], HAND_INDEX[f"{finger}_tip"] + 1))
    for finger in FINGERS
)
"""The first knuckle of each finger and the points beyond it."""


@dataclass(frozen=True, slots=True)
class HandAugmentation:
    """Strength of each change to a hand; 0 switches it off."""

    mirror: Share = 0.25
    """Share of hands that are mirrored and taught as OTHER, so that the network can tell a left
    hand (edge.recognition.spelling.letter_classifier)."""

    yaw: Strength = 15.0
    """Standard deviation, degrees: about the upright."""

    pitch: Strength = 15.0
    """Standard deviation, degrees: the camera looks up or down."""

    roll: Strength = 10.0
    """Standard deviation, degrees: the wrist or the camera leans."""

    scale: Strength = 0.1
    """Standard deviation of the logarithm of width and height: hands differ, aspects are wrong."""

    shear: Strength = 0.08
    """Standard deviation of x per y."""

    depth: Strength = 0.3
    """Standard deviation of the logarithm of all depth: MediaPipe only guesses it."""

    finger_turn: Strength = 5.0
    """Standard deviation, degrees, about each axis: a finger from its knuckle."""

    finger_length: Strength = 0.05
    """Standard deviation of the logarithm of each finger's length."""

    jitter: Strength = 0.02
    """Standard deviation, hand sizes, of every point; twice that in depth."""


CALM: Final = HandAugmentation(
    yaw=3,
    pitch=3,
    roll=3,
    scale=0.02,
    shear=0,
    depth=0.05,
    finger_turn=0,
    finger_length=0,
    jitter=0,
)


def change_hand(
    points: NDArray[np.float32], how: HandAugmentation, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Turn, stretch and disturb hands (B, 21, 3), all but mirroring; gives hand sizes."""
    points = handshape.to_hand_frame(points)
    batch = len(points)
    points[..., 2] *= np.exp(rng.normal(0, how.depth, (batch, 1))).astype(np.float32)
    if how.finger_turn or how.finger_length:
        for knuckle, beyond in _CHAINS:
            turn = _rotations(batch, (how.finger_turn,) * 3, rng)
            turn *= np.exp(rng.normal(0, how.finger_length, (batch, 1, 1))).astype(np.float32)
            base = points[:, knuckle : knuckle + 1]
            points[:, beyond] = base + (points[:, beyond] - base) @ turn
    turn = _rotations(batch, (how.yaw, how.pitch, how.roll), rng)
    lens = np.zeros((batch, 3, 3), dtype=np.float32)
    lens[:, [0, 1], [0, 1]] = np.exp(rng.normal(0, how.scale, (batch, 2)))
    lens[:, 2, 2] = 1
    lens[:, 1, 0] = rng.normal(0, how.shear, batch)
    points = points @ turn @ lens
    noise = rng.standard_normal(points.shape, dtype=np.float32)
    points += how.jitter * noise * np.array([1, 1, 2], dtype=np.float32)
    return points


def _rotations(
    batch: int, degrees: tuple[float, float, float], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Turns (B, 3, 3) about y, x and z, for row vectors."""
    turn = np.broadcast_to(np.eye(3, dtype=np.float32), (batch, 3, 3))
    for (i, j), strength in zip(((2, 0), (1, 2), (0, 1)), degrees, strict=True):
        angle = np.radians(rng.normal(0, strength, batch))
        one = np.zeros((batch, 3, 3), dtype=np.float32)
        one[:, 3 - i - j, 3 - i - j] = 1
        one[:, i, i] = one[:, j, j] = np.cos(angle)
        one[:, i, j], one[:, j, i] = np.sin(angle), -np.sin(angle)
        turn = turn @ one
    return turn
