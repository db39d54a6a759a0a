"""Which hand belongs to which arm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.skeleton import LEFT_SHOULDER, LEFT_WRIST, RIGHT_SHOULDER, RIGHT_WRIST

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HAND_REACH: Final = 1.0
"""Shoulder widths within which a hand must be of a wrist to belong to that arm."""


def assign_hands(
    pose: NDArray[np.float32], hands: list[NDArray[np.float32]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give each found hand to the arm whose wrist is nearest.

    Args:
        pose: (33, 3) in image widths.
        hands: Found hands, each (21, 3), NaN where unseen; their own order means nothing.

    Returns:
        The signer's left and right hand, (21, 3) each, NaN where unseen. When both hands
        are nearest the same wrist, the pair with the smaller total distance is taken; a hand
        farther than a shoulder width from its wrist is dropped.
    """
    none = np.full((21, 3), np.nan, dtype=np.float32)
    seen = [hand for hand in hands if np.isfinite(hand[:, :2]).all()]
    if not seen or not np.isfinite(pose[LEFT_WRIST, :2]).all():
        return none, none
    wrists = pose[[LEFT_WRIST, RIGHT_WRIST], :2]
    reach = _HAND_REACH * float(np.hypot(*(pose[LEFT_SHOULDER] - pose[RIGHT_SHOULDER])[:2]))
    cost = np.array([np.hypot(*(wrists - hand[0, :2]).T) for hand in seen])
    if len(seen) == 1:
        order: list[int | None] = [0, None] if cost[0, 0] <= cost[0, 1] else [None, 0]
    else:
        straight, crossed = cost[0, 0] + cost[1, 1], cost[0, 1] + cost[1, 0]
        order = [0, 1] if straight <= crossed else [1, 0]
    left, right = (
        seen[k] if k is not None and cost[k, side] <= reach else none
        for side, k in enumerate(order)
    )
    return left, right
