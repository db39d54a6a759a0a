"""Tells which hands of a segment take no part in the sign.

Most signs move one hand. Where the other one hangs, lies in the lap or on a table, holds a cup or
the other arm depends on the room, not on the sign, and a network that sees it takes it for the
second hand of a two-handed sign. Such an arm is recognised by posture and movement: it keeps
still while the other one acts, and the acting hand does not come to it, as it does to a base hand
(Battison 1978: in signs of two unlike hands the passive one is the place of the active one).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.skeleton import HANDS, WRISTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

STILL: Final = 0.22
"""Shoulder widths within which a still hand keeps for 85 % of the segment."""
STILL_SHARE: Final = 0.35
"""The same as a share of the other hand's movement, where that is less."""
SWAY: Final = 0.1
"""Shoulder widths by which a body sways: never taken for movement of a hand."""
UPPER: Final = 0.2
"""Shoulder widths below the shoulders above which a hand is held up, and does not rest."""
LOWER: Final = 1.25
"""Shoulder widths below the shoulders from which a still hand rests, whatever comes near."""
UNSEEN_LOWER: Final = 0.9
"""The same for the wrist of a hand that is never seen."""
LOW: Final = 0.9
"""Shoulder widths below the shoulders above which a hand must not move more than the body sways:
the hand that moves less in a sign of two is no resting one."""
REACH: Final = 0.5
"""Shoulder widths between the hands' middles within which a still hand is a base hand."""
SEEN: Final = 0.1
"""Least share of the frames that show a hand."""
HIGHER: Final = 0.3
"""Shoulder widths by which a still hand must be above the other one to be the acting one."""
FINGERPRINT: Final = (
    STILL,
    STILL_SHARE,
    SWAY,
    UPPER,
    LOWER,
    UNSEEN_LOWER,
    LOW,
    REACH,
    SEEN,
    HIGHER,
)


def forget_resting(body: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make hands that rest during the whole segment unseen.

    Their arms stay: the networks know arms whose hands are out of the picture.

    Args:
        body: (B, T, 75, 3) in the body frame, NaN where unseen.

    Returns:
        The same with each resting hand NaN; a copy where any is.
    """
    rests = resting(body)
    if not rests.any():
        return body
    body = body.copy()
    for side, hand in enumerate(HANDS):
        body[np.flatnonzero(rests[:, side]), :, hand] = np.nan
    return body


def resting(body: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which arms rest during the whole segment.

    Args:
        body: (B, T, 75, 3) in the body frame (shoulder widths from between the shoulders, y
            down), NaN where unseen.

    Returns:
        (B, 2) for the left and the right arm; never both.
    """
    paths = [_path(body, side) for side in (0, 1)]  # (B, T, 2) each
    places = [_median(path) for path in paths]  # (B, 2)
    moved = [
        _percentile(_distance(path, place[:, None]), 85)
        for path, place in zip(paths, places, strict=True)
    ]
    seen = [np.isfinite(body[:, :, hand.start, 0]).mean(axis=1) for hand in HANDS]
    rests = np.zeros((len(body), 2), dtype=bool)
    for side in (0, 1):
        other = 1 - side
        height = places[side][:, 1]
        limit = np.clip(STILL_SHARE * moved[other], SWAY, STILL)
        limit = np.where(height > LOW, limit, SWAY)
        is_still = moved[side] <= limit
        is_seen = seen[side] >= SEEN
        is_met = _is_met(paths[side], paths[other], body, side)
        lies = is_still & ((height > LOWER) | ((height > UPPER) & ~is_met))
        hangs = (height > UNSEEN_LOWER) & ~is_seen
        acts = (moved[other] > limit) | (places[other][:, 1] < height - HIGHER)
        acts &= seen[other] >= SEEN
        rests[:, side] = np.where(is_seen, lies, hangs | (lies & ~is_met)) & acts
    rests[rests.all(axis=1)] = False
    return rests


def _path(body: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Where a wrist is in each frame (B, T, 2): by the hand, or by the pose where it is unseen."""
    by_hand = body[:, :, HANDS[side].start, :2]
    by_pose = body[:, :, WRISTS[side], :2]
    path: NDArray[np.float32] = np.where(np.isfinite(by_hand), by_hand, by_pose)
    return path


def _is_met(
    path: NDArray[np.float32],
    other_path: NDArray[np.float32],
    body: NDArray[np.float32],
    side: int,
) -> NDArray[np.bool_]:
    """Whether the other hand comes to this one while it is in the upper half of its way (B,).

    Hands that rest together part when one of them acts, so the lower half does not count.
    """
    own = _middle(body, side, path)
    other = _middle(body, 1 - side, other_path)
    heights = other_path[..., 1]
    low, high = _percentile(heights, 90), _percentile(heights, 10)
    bound = np.where(low - high > HIGHER, (low + high) / 2, np.inf)[:, None]
    gaps = np.where(heights <= bound, _distance(own, other), np.nan)
    is_met: NDArray[np.bool_] = _percentile(gaps, 15) < REACH
    return is_met


def _middle(body: NDArray[np.float32], side: int, path: NDArray[np.float32]) -> NDArray[np.float32]:
    """Middle of a hand (B, T, 2), its wrist where the hand is unseen."""
    middle = body[:, :, HANDS[side], :2].mean(axis=2)
    found: NDArray[np.float32] = np.where(np.isfinite(middle), middle, path)
    return found


def _distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    difference = one - other
    lengths: NDArray[np.float32] = np.hypot(difference[..., 0], difference[..., 1])
    return lengths


def _median(path: NDArray[np.float32]) -> NDArray[np.float32]:
    """(B, T, 2) -> (B, 2) of what is seen."""
    return np.stack([_percentile(path[..., axis], 50) for axis in (0, 1)], axis=-1)


def _percentile(values: NDArray[np.float32], percent: float) -> NDArray[np.float32]:
    """Percentile over time (B, T) -> (B,) of what is seen, NaN where nothing is."""
    ordered = np.sort(values, axis=1)  # NaN last
    count = np.isfinite(ordered).sum(axis=1, keepdims=True)
    place = np.maximum(count - 1, 0) * (percent / 100)
    low = np.floor(place).astype(np.intp)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    weight = (place - low).astype(values.dtype)
    below = np.take_along_axis(ordered, low, axis=1)
    above = np.take_along_axis(ordered, high, axis=1)
    found: NDArray[np.float32] = (below * (1 - weight) + above * weight)[:, 0]
    return found
