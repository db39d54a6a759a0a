"""Seeded changes to what surrounds a sign: a resting second hand, the way up, the way down.

What each is worth is measured in docs/results/experiments.md.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.evaluation.everyday_movement import SIDES, draw_place, let_arm_follow
from edge.landmarks.archive_player import ease
from edge.landmarks.skeleton import (
    HANDS,
    LEFT_HAND,
    LEFT_SHOULDER,
    RIGHT_SHOULDER,
    mirror,
)
from edge.recognition.features import segment as features
from edge.recognition.features.resting import SEEN, resting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.training.body_augmentation import Augmentation
    from edge.training.examples import Example

_OWN_PLACE: Final = 0.4
"""Probability that a lent hand rests where it did in its own clip."""
_FIDGET: Final = 0.02
"""Shoulder widths, standard deviation, of a resting hand's place."""
_TRAVEL: Final = (0.1, 0.5)
"""Seconds of a way up or down."""
_REST: Final = (0.0, 0.4)
"""Seconds of rest before or after it."""
_RAISED: Final = 1.0
"""Shoulder widths below the shoulders above which a hand has a way to go to its rest."""
_POOL: Final = 4000


@dataclass(frozen=True, slots=True, eq=False)
class RestingHand:
    """A hand that rested in some clip, as a left one."""

    shape: NDArray[np.float32]
    """(21, 3) from the wrist, shoulder widths."""

    place: NDArray[np.float32]
    """(2,) of the wrist in the body frame."""


def find_resting(examples: Sequence[Example], rng: np.random.Generator) -> list[RestingHand]:
    """Find the hands that rest in view in some clips, to be lent to others."""
    found = []
    chosen = rng.permutation(len(examples))[:_POOL]
    for example in (examples[i] for i in chosen if not examples[i].is_borrowed):
        body = _seen_from_shoulders(example)
        for side in np.flatnonzero(resting(body)[0]):
            points = body[0] if side == 0 else mirror(body[0])
            seen = np.flatnonzero(np.isfinite(points[:, LEFT_HAND.start, 0]))
            if len(seen):
                hand = points[seen[len(seen) // 2], LEFT_HAND]
                found.append(RestingHand(hand - hand[0], hand[0, :2].copy()))
    return found


def _seen_from_shoulders(example: Example) -> NDArray[np.float32]:
    """A whole clip in the body frame (1, T, 75, 3), as features.compute has it."""
    sampled, _ = features.resample(example.clip.times, example.clip.points)
    return features.to_body_frame(sampled[None])


@functools.cache
def idle_sides(example: Example) -> tuple[int, ...]:
    """Tell which arms (0 left, 1 right) take no part in an example's sign."""
    body = _seen_from_shoulders(example)
    rests = resting(body)[0]
    seen = [float(np.isfinite(body[0, :, hand.start, 0]).mean()) for hand in HANDS]
    return tuple(side for side in (0, 1) if rests[side] or seen[side] < SEEN <= seen[1 - side])


def change_context(
    times: NDArray[np.float64],
    points: NDArray[np.float32],
    idle: Sequence[int],
    pool: Sequence[RestingHand],
    how: Augmentation,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Lend a clip a resting hand, or take it away, and lengthen it by ways up and down.

    Args:
        times: (T,) seconds.
        points: (T, 75, 3) in image widths, NaN where unseen.
        idle: Which arms (0 left, 1 right) take no part, by idle_sides.
        pool: Hands to lend.
        how: The strengths.
        rng: The source of chance.

    Returns:
        Times (t,) and points (t, 75, 3), t at least T.
    """
    frame = _body_frame(points)
    if frame is None:
        return times, points
    body = (points - frame[0]) / frame[1]
    if pool and idle and rng.random() < how.resting:
        body = _lend(body, idle[0], pool, rng)
    elif idle and rng.random() < how.resting:
        body = _take_away(body, idle)
    for at_end in (False, True):
        if rng.random() < how.ways:
            times, body = _lengthen(times, body, rng, at_end=at_end)
    return times, body * frame[1] + frame[0]


def _body_frame(points: NDArray[np.float32]) -> tuple[NDArray[np.float32], np.float32] | None:
    """Middle of the shoulders (3,) and their distance; None where they are not seen."""
    left, right = points[:, LEFT_SHOULDER, :2], points[:, RIGHT_SHOULDER, :2]
    seen = np.isfinite(left).all(axis=1) & np.isfinite(right).all(axis=1)
    if not seen.any():
        return None
    width = np.float32(np.median(np.hypot(*(left[seen] - right[seen]).T)))
    middle = np.zeros(3, dtype=np.float32)
    middle[:2] = np.median((left[seen] + right[seen]) / 2, axis=0)
    return (middle, width) if width > 1e-6 else None


def _lend(
    body: NDArray[np.float32],
    side: int,
    pool: Sequence[RestingHand],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Let a hand that takes no part rest in view, in one place for the whole clip."""
    lent = pool[int(rng.integers(len(pool)))]
    place = lent.place if rng.random() < _OWN_PLACE else draw_place(rng)
    body = body.copy()
    fidget = rng.normal(0, _FIDGET, (len(body), 1, 2)).astype(np.float32)
    hand = np.repeat(lent.shape[None], len(body), axis=0)
    hand[..., :2] += place + fidget
    if side == 1:
        hand = hand * np.array([-1, 1, 1], dtype=np.float32)
    body[:, HANDS[side]] = hand
    let_arm_follow(body, side, hand[:, 0])
    return body


def _take_away(body: NDArray[np.float32], sides: Sequence[int]) -> NDArray[np.float32]:
    body = body.copy()
    for side in sides:
        body[:, HANDS[side]] = np.nan
    return body


def _lengthen(
    times: NDArray[np.float64],
    body: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    at_end: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Let raised hands come from their rest before a clip, or go there after it."""
    edge = body[-1 if at_end else 0]
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1 / 15
    travel, rest = rng.uniform(*_TRAVEL), rng.uniform(*_REST)
    count = int((travel + rest) / step) if step > 0 else 0
    if not count:
        return times, body
    ages = np.arange(1, count + 1) * step
    down = np.array([ease(min(age / travel, 1.0)) for age in ages], dtype=np.float32)
    added = np.repeat(edge[None], count, axis=0)
    for side, hand in enumerate(HANDS):
        wrist = edge[hand.start]
        if not wrist[1] < _RAISED:  # unseen, or as good as at rest
            continue
        place = draw_place(rng)
        place[0] *= SIDES[side][1]
        way = np.zeros((count, 3), dtype=np.float32)
        way[:, :2] = (place - wrist[:2]) * down[:, None]
        added[:, hand] += way[:, None]
        let_arm_follow(added, side, added[:, hand.start])
    if at_end:
        return np.concatenate([times, times[-1] + ages]), np.concatenate([body, added])
    return (
        np.concatenate([times[0] - ages[::-1], times]),
        np.concatenate([added[::-1], body]),
    )
