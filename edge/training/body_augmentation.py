"""Seeded changes to landmarks that a stranger, a camera or a room would make.

What each is worth is measured in docs/results/experiments.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
from pydantic import Field

from edge.config.settings import Share
from edge.landmarks.skeleton import (
    HANDS,
    INDEX,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    POSE,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    mirror,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ELBOWS: Final = np.array([INDEX["left_elbow"], INDEX["right_elbow"]])
_FACE: Final = np.arange(INDEX["mouth_right"] + 1)
"""Nose, eyes, ears, mouth: the first points of the pose."""
_EDGE: Final = (0.6, 1.6)
"""Shoulder widths below the shoulders at which a cropped picture ends."""
Strength = Annotated[float, Field(ge=0, le=90)]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Strength of each change; 0 switches it off."""

    mirror: Share = 0.3
    """Probability of swapping left and right."""

    yaw: Strength = 18.0
    """Standard deviation, degrees: the camera stands to one side."""

    pitch: Strength = 18.0
    """Standard deviation, degrees: the camera looks up or down."""

    roll: Strength = 6.0
    """Standard deviation, degrees: the camera or the body leans."""

    scale: Strength = 0.15
    """Standard deviation of the logarithm of each axis: arms, torsos, lenses differ."""

    shear: Strength = 0.06
    """Standard deviation of x per y."""

    shift: Strength = 0.1
    """Standard deviation, shoulder widths: shoulders are found elsewhere than the hands."""

    bend: Strength = 0.03
    """Standard deviation of the squares in a smooth bending of space: wide lenses, and bodies of
    other proportions, with whatever touches still touching."""

    hand_size: Strength = 0.08
    """Standard deviation of the logarithm of the hands' size."""

    depth: Strength = 0.25
    """Standard deviation of the logarithm of all depth: MediaPipe only guesses it."""

    drop_elbows: Share = 0.15
    """Probability that the elbows are never seen: the picture is cut."""

    drop_hand: Share = 0.25
    """Probability that a hand vanishes for a stretch of up to a third of the sign."""

    jitter: Strength = 0.03
    """Largest noise of single points, shoulder widths, standard deviation; each clip draws its own
    level down to a hundredth of that, and in half of them errors last over several frames."""

    place_jitter: Strength = 0.05
    """The same of each hand as a whole."""

    crop: Share = 0.2
    """Probability that the picture ends so high that lowered hands are not seen."""

    no_face: Share = 0.1
    """Probability that the face is never seen."""

    resting: Share = 0.3
    """Probability that an idle hand is lent a place to rest in view; of those that are not, the
    same share is taken away (edge.training.context_augmentation)."""

    ways: Share = 0.15
    """Probability, at either end, of a way from or to a rest."""

    speed: Strength = 0.25
    """Standard deviation of the logarithm of the duration."""

    warp: Strength = 0.12
    """Standard deviation of the time warp's knots, as a share of the sign."""

    drop_frames: Share = 0.5
    """Probability of keeping only some frames, down to five per second."""

    tight: Share = 0.5
    """Probability that a sign ends where the hands begin their way back, and has no rest around it,
    as the segmenter cuts it."""

    trim: Share = 0.15
    """Largest share cut off at either end of the moving part."""


def clip_in_time(
    times: NDArray[np.float64],
    active: tuple[float, float],
    how: Augmentation,
    rng: np.random.Generator,
    *,
    is_tight: bool = False,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Choose which frames of a clip are seen, and when.

    Args:
        times: (T,) seconds from the clip's start.
        active: Seconds from and to which the hands move.
        how: The strengths.
        rng: The source of chance.
        is_tight: Whether nothing around the moving part is kept.

    Returns:
        Indices (t,) of frames and their times (t,) after change of speed and warp.
    """
    first, last = active
    span = max(last - first, 1e-3)
    # Anything from the whole clip to a slightly tight cut of the moving part.
    start, end = first, last
    if not is_tight and rng.random() < 0.5:
        start = rng.uniform(times[0], max(first, times[0]))
    if not is_tight and rng.random() < 0.5:
        end = rng.uniform(min(last, times[-1]), times[-1])
    start += rng.uniform(0, how.trim) * span * (rng.random() < 0.5)
    end -= rng.uniform(0, how.trim) * span * (rng.random() < 0.5)
    keep = np.flatnonzero((times >= start - 1e-6) & (times <= end + 1e-6))
    if len(keep) < 4:
        keep = np.arange(len(times))
    if rng.random() < how.drop_frames and len(keep) > 8:
        seconds = times[keep[-1]] - times[keep[0]]
        least = max(4, int(np.ceil(5 * seconds)))
        if least < len(keep):
            count = rng.integers(least, len(keep) + 1)
            keep = np.sort(rng.choice(keep, count, replace=False))
    share = (times[keep] - times[keep[0]]) / max(times[keep[-1]] - times[keep[0]], 1e-3)
    if how.warp:
        knots = np.linspace(0, 1, 5)
        moved = knots + np.concatenate([[0], rng.normal(0, how.warp, 3) * 0.5, [0]])
        moved = np.maximum.accumulate(moved + np.arange(5) * 1e-3)
        share = np.interp(share, knots, (moved - moved[0]) / (moved[-1] - moved[0]))
    duration = max(times[keep[-1]] - times[keep[0]], 0.1) * np.exp(rng.normal(0, how.speed))
    return keep, share * duration


def change_in_space(
    points: NDArray[np.float32], how: Augmentation, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Turn, stretch, mirror and damage resampled segments.

    Args:
        points: (B, T, 75, 3) in the body frame, NaN where unseen.
        how: The strengths.
        rng: The source of chance.
    """
    points = _with_common_depth(points)
    batch = len(points)
    points[..., 2] *= np.exp(rng.normal(0, how.depth, (batch, 1, 1))).astype(np.float32)
    _resize_hands(points, how, rng)
    turn = _rotations(batch, how, rng)  # (B, 3, 3)
    points = np.matmul(points, np.swapaxes(turn, 1, 2)[:, None].astype(np.float32))
    _bend(points, how, rng)
    points[:, :, POSE, :2] += (how.shift * rng.standard_normal((batch, 1, 1, 2))).astype(np.float32)
    points += _noise(points.shape, how, rng)
    flip = rng.random(batch) < how.mirror
    points[flip] = mirror(points[flip])
    _drop_hands(points, how, rng)
    _hide(points, how.drop_elbows, _ELBOWS, rng)
    _hide(points, how.no_face, _FACE, rng)
    _crop(points, how, rng)
    return points


def _hide(
    points: NDArray[np.float32], share: float, which: NDArray[np.intp], rng: np.random.Generator
) -> None:
    """Let some clips never show some points."""
    rows = np.flatnonzero(rng.random(len(points)) < share)
    points[np.ix_(rows, np.arange(points.shape[1]), which)] = np.nan


def _crop(points: NDArray[np.float32], how: Augmentation, rng: np.random.Generator) -> None:
    """Let some pictures end above lowered hands."""
    edges = np.where(rng.random(len(points)) < how.crop, rng.uniform(*_EDGE, len(points)), np.inf)
    for hand in HANDS:
        is_below = points[:, :, hand.start, 1] > edges[:, None]
        points[:, :, hand][is_below] = np.nan


def _noise(
    shape: tuple[int, ...], how: Augmentation, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Errors of the landmarks (B, T, 75, 3): of each point, and of each hand as a whole."""
    batch, frames = shape[:2]
    # A detector's errors last as long as what misleads it: a first-order autoregression.
    lasting = np.where(rng.random(batch) < 0.5, rng.uniform(0.5, 0.9, batch), 0.0)
    lasting = lasting.astype(np.float32)[:, None, None]
    noise = rng.standard_normal(shape, dtype=np.float32)
    places = rng.standard_normal((batch, frames, 2, 3), dtype=np.float32)
    for errors in (noise, places):
        for frame in range(1, frames):
            fresh = np.sqrt(1 - lasting**2) * errors[:, frame]
            errors[:, frame] = lasting * errors[:, frame - 1] + fresh
    noise *= _levels(batch, how.jitter, rng)
    places *= _levels(batch, how.place_jitter, rng)
    noise[:, :, LEFT_HAND] += places[:, :, :1]
    noise[:, :, RIGHT_HAND] += places[:, :, 1:]
    return noise


def _levels(batch: int, most: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A level of noise for each clip (B, 1, 1, 1), even in its logarithm."""
    levels: NDArray[np.float32] = (most * 10 ** rng.uniform(-2, 0, (batch, 1, 1, 1))).astype(
        np.float32
    )
    return levels


def _resize_hands(points: NDArray[np.float32], how: Augmentation, rng: np.random.Generator) -> None:
    factor = np.exp(rng.normal(0, how.hand_size, (len(points), 1, 1, 1))).astype(np.float32)
    for hand in HANDS:
        wrist = points[:, :, hand.start : hand.start + 1]
        points[:, :, hand] = wrist + (points[:, :, hand] - wrist) * factor


def _bend(points: NDArray[np.float32], how: Augmentation, rng: np.random.Generator) -> None:
    x, y = points[..., 0].copy(), points[..., 1].copy()
    weights = rng.normal(0, how.bend, (2, 3, len(points), 1, 1)).astype(np.float32)
    for axis, (xx, xy, yy) in enumerate(weights):
        points[..., axis] += xx * x * x + xy * x * y + yy * y * y


def _with_common_depth(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Hang each hand's z, which is from its wrist, on the pose's wrist and shoulders."""
    points = points.copy()
    shoulders = points[:, :, [LEFT_SHOULDER, RIGHT_SHOULDER], 2].mean(axis=2)
    points[:, :, POSE, 2] -= shoulders[..., None]
    for hand, wrist in ((LEFT_HAND, LEFT_WRIST), (RIGHT_HAND, RIGHT_WRIST)):
        # MediaPipe overrates the depth of reaching arms; half of it turns more truly.
        points[:, :, hand, 2] += 0.5 * points[:, :, wrist, 2][..., None]
    points[:, :, POSE, 2] *= 0.5
    return points


def _rotations(batch: int, how: Augmentation, rng: np.random.Generator) -> NDArray[np.float64]:
    yaw, pitch, roll = (
        np.radians(rng.normal(0, degrees, batch)) for degrees in (how.yaw, how.pitch, how.roll)
    )
    one, nil = np.ones(batch), np.zeros(batch)

    def matrix(*rows: tuple[NDArray[np.float64], ...]) -> NDArray[np.float64]:
        return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)

    c, s = np.cos(yaw), np.sin(yaw)
    about_y = matrix((c, nil, s), (nil, one, nil), (-s, nil, c))
    c, s = np.cos(pitch), np.sin(pitch)
    about_x = matrix((one, nil, nil), (nil, c, -s), (nil, s, c))
    c, s = np.cos(roll), np.sin(roll)
    about_z = matrix((c, -s, nil), (s, c, nil), (nil, nil, one))
    width, height = np.exp(rng.normal(0, how.scale, (2, batch)))
    lens = matrix(
        (width, rng.normal(0, how.shear, batch), nil),
        (nil, height, nil),
        (nil, nil, one),
    )
    return lens @ about_z @ about_x @ about_y


def _drop_hands(points: NDArray[np.float32], how: Augmentation, rng: np.random.Generator) -> None:
    frames = points.shape[1]
    for row in np.flatnonzero(rng.random(len(points)) < how.drop_hand):
        side = LEFT_HAND if rng.random() < 0.5 else RIGHT_HAND
        length = rng.integers(1, frames // 3 + 1)
        start = rng.integers(0, frames - length + 1)
        points[row, start : start + length, side] = np.nan
