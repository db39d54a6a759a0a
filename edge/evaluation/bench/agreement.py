"""Measures how far two backends' landmarks lie apart on the same frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.skeleton import (
    HANDS,
    INDEX,
    LEFT_SHOULDER,
    POSE,
    RIGHT_SHOULDER,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UPPER: Final = slice(POSE.start, INDEX["right_hip"] + 1)
"""Head, arms and hips; legs are out of the picture as a rule, and guessed."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one clip. NaN where there is nothing to compare."""

    hands: int
    """Frames times two."""

    same: int
    """Hands that both see, or neither."""

    hand: float
    """Median distance of a hand's point, shoulder widths."""

    pose: float
    """Median distance of a point of head, arms and hips, shoulder widths."""

    @property
    def presence(self) -> float:
        """Share of hands that both see, or neither."""
        return self.same / self.hands if self.hands else np.nan


def has_hand(points: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell for landmarks (..., 75, 3) whether the left and the right hand are seen, (..., 2)."""
    seen = [np.isfinite(points[..., hand, 0]).all(axis=-1) for hand in HANDS]
    return np.stack(seen, axis=-1)


def measure_agreement(found: NDArray[np.float32], truth: NDArray[np.float32]) -> Agreement:
    """Compare the landmarks of a clip, (T, 75, 3) each, in image widths.

    Distances are those in the picture; the shoulders' width is the median of the second one's.
    """
    same = has_hand(found) == has_hand(truth)
    away = np.hypot(*np.moveaxis((found - truth)[..., :2], -1, 0))  # (T, 75)
    shoulders = (truth[:, LEFT_SHOULDER] - truth[:, RIGHT_SHOULDER])[:, :2]
    width = _median(np.hypot(*shoulders.T))
    hands = np.concatenate([away[:, hand] for hand in HANDS], axis=1)
    return Agreement(
        same.size, int(same.sum()), _median(hands) / width, _median(away[:, _UPPER]) / width
    )


def _median(values: NDArray[np.float32]) -> float:
    """Take the median of what is no NaN; NaN where nothing is."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else np.nan
