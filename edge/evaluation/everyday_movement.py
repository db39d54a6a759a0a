"""Gives resting places of hands, and movements that are no sign: a drink, a phone, folded arms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.skeleton import HANDS, INDEX, LEFT_SHOULDER, POINTS, RIGHT_SHOULDER, WRISTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.evaluation.moving_parts import Performance

_PLACES: Final = (
    ((0.25, 0.75), (1.3, 2.1)),  # hanging
    ((-0.1, 0.5), (1.0, 1.6)),  # in the lap
    ((-0.1, 0.7), (0.8, 1.3)),  # on a table
    ((-0.3, 0.2), (0.7, 1.2)),  # before the belly
    ((-0.7, -0.2), (0.5, 0.9)),  # on the other arm
    ((0.1, 0.7), (0.35, 0.9)),  # holding something
)
"""Where a wrist rests: shoulder widths to its own side and below the shoulders, from and to."""
_ALIKE: Final = 0.7
"""Probability that both hands rest in the same kind of place."""
_TARGETS: Final = (
    ((0.0, 0.45), 0.0, (0.4, 1.5)),  # a drink, a bite
    ((0.35, 0.2), 0.0, (1.0, 3.0)),  # a phone at the ear
    ((0.15, 0.3), 0.08, (0.4, 1.5)),  # scratching cheek or nose
    ((0.3, -0.2), 0.1, (0.4, 1.2)),  # hair, glasses
    ((0.1, 0.6), 0.0, (1.0, 3.0)),  # a chin on a hand
    ((-0.35, 1.4), 0.06, (0.4, 1.5)),  # the other arm
    ((0.1, 1.5), 0.12, (0.4, 1.5)),  # clothes put straight
)
"""What one hand does: where its wrist goes from the nose (shoulder widths to its own side and
down), how far it goes to and fro there, and for how many seconds."""
_FOLDED: Final = ((-0.3, 0.6), (0.5, 2.5))
"""Folded arms: each wrist from between the shoulders to its own side and down; seconds."""
_FOLDING: Final = 0.15
"""Probability that arms are folded, instead of one hand doing something."""
_BEAT: Final = (2.0, 5.0)
"""Times a second that a hand goes to and fro."""
_SPREAD: Final = 0.1
"""Shoulder widths, standard deviation, of where a hand goes."""
_RATE: Final = 15.0
_ELBOW: Final = (0.35, 0.55)
"""Where an elbow is: shoulder widths out, and share of the way from the shoulder to the wrist."""
SIDES: Final = ((LEFT_SHOULDER, 1.0), (RIGHT_SHOULDER, -1.0))
"""Each arm's shoulder, and the direction of x in which it lies."""
_ELBOWS: Final = (INDEX["left_elbow"], INDEX["right_elbow"])
_NOSE: Final = INDEX["nose"]


def draw_place(rng: np.random.Generator, kind: int | None = None) -> NDArray[np.float32]:
    """Draw where a left wrist rests (2,), in the body frame; kind as given by draw_kind."""
    across, down = _PLACES[draw_kind(rng) if kind is None else kind]
    return np.array([rng.uniform(*across), rng.uniform(*down)], dtype=np.float32)


def draw_kind(rng: np.random.Generator) -> int:
    """Draw a kind of place for hands to rest in."""
    return int(rng.integers(len(_PLACES)))


def draw_resting_body(rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw where both arms rest, (75, 3) in the body frame; only the arms are filled in."""
    body = np.zeros((1, POINTS, 3), dtype=np.float32)
    kind = draw_kind(rng)
    for side, (shoulder, out) in enumerate(SIDES):
        body[:, shoulder, 0] = 0.5 * out
        place = draw_place(rng, kind if rng.random() < _ALIKE else None)
        place[0] *= out
        let_arm_follow(body, side, place[None])
    arms: NDArray[np.float32] = body[0]
    return arms


def let_arm_follow(body: NDArray[np.float32], side: int, wrist: NDArray[np.float32]) -> None:
    """Put the pose's wrist at a place (T, 2 or 3), and the elbow between it and the shoulder.

    Args:
        body: (T, 75, 3) in the body frame; changed.
        side: 0 left, 1 right.
        wrist: Where the wrist is in each frame.
    """
    shoulder, out = SIDES[side]
    elbow = body[:, shoulder, :2] * (1 - _ELBOW[1]) + wrist[:, :2] * _ELBOW[1]
    elbow[:, 0] += out * _ELBOW[0]
    body[:, _ELBOWS[side], :2] = elbow
    body[:, WRISTS[side], :2] = wrist[:, :2]


def draw_movement(who: Performance, rng: np.random.Generator) -> Performance | None:
    """Let a person do something that is no sign; None where their hands are never seen.

    Returns:
        What is done once the hands are there; the ways there and back belong to the stream.
    """
    shapes = [_shape(who, side) for side in (0, 1)]
    able = [side for side in (0, 1) if shapes[side] is not None]
    if not able:
        return None
    if len(able) == 2 and rng.random() < _FOLDING:
        across, down = _FOLDED[0]
        places = {side: np.array([across, down]) for side in able}
        swing, lasts = 0.02, rng.uniform(*_FOLDED[1])
    else:
        side = able[int(rng.integers(len(able)))]
        target, swing, span = _TARGETS[int(rng.integers(len(_TARGETS)))]
        nose = who.points[0, _NOSE, :2]
        if not np.isfinite(nose).all():
            return None
        # From the nose to the side of the hand that moves, so that left and right are alike.
        places = {side: np.array([nose[0] * SIDES[side][1] + target[0], nose[1] + target[1]])}
        lasts = rng.uniform(*span)
    times = np.arange(max(2, round(lasts * _RATE))) / _RATE
    points = np.repeat(who.points[:1], len(times), axis=0)
    points[:, HANDS[0]] = points[:, HANDS[1]] = np.nan
    beat = np.sin(2 * np.pi * rng.uniform(*_BEAT) * times) * swing
    direction = rng.uniform(0, 2 * np.pi)
    for side, place in places.items():
        shape = shapes[side]
        assert shape is not None  # noqa: S101 - only able sides have a place
        wrist = np.zeros((len(times), 3), dtype=np.float32)
        wrist[:, :2] = place + rng.normal(0, _SPREAD, 2)
        wrist[:, 0] *= SIDES[side][1]
        wrist[:, 0] += np.cos(direction) * beat
        wrist[:, 1] += np.sin(direction) * beat
        points[:, HANDS[side]] = shape + wrist[:, None]
        let_arm_follow(points, side, wrist)
    return replace(who, label="", times=times, points=points, end=float(times[-1]))


def _shape(who: Performance, side: int) -> NDArray[np.float32] | None:
    """A hand (21, 3) from its wrist, as it is seen in the middle of what somebody does."""
    hand = who.points[:, HANDS[side]]
    seen = np.flatnonzero(np.isfinite(hand).all(axis=(1, 2)))
    if not len(seen):
        return None
    shown = hand[seen[len(seen) // 2]]
    shape: NDArray[np.float32] = shown - shown[0]
    return shape
