"""Landmarks -> HandView: the hand that spells, and what the letters' network says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.skeleton import (
    FINGERS,
    HAND_INDEX,
    HANDS,
    LEFT_HAND,
    LEFT_SHOULDER,
    RIGHT_HAND,
    RIGHT_SHOULDER,
)
from edge.messages import LETTERS
from edge.recognition.features import hand as handshape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.messages import Landmarks
    from edge.recognition.spelling.letter_classifier import LetterClassifier

SPACE: Final = "space"
DELETE: Final = "del"
_PALM: Final = np.array([HAND_INDEX["wrist"], *(HAND_INDEX[f"{f}_1"] for f in FINGERS[1:])])
_TIPS: Final = np.array([HAND_INDEX[f"{finger}_tip"] for finger in FINGERS])
_INDEX_TIP: Final = HAND_INDEX["index_tip"]
_PINKY_TIP: Final = HAND_INDEX["pinky_tip"]
_LOW: Final = 0.6
"""Shoulder widths below the shoulders under which a hand rests."""
_KEPT: Final = 0.3
"""Shoulder widths by which the other hand must be higher to take over."""
_STEP: Final = 0.06
"""Seconds between two looks at the hand's letter; more often says nothing new."""
_SIZE: Final = 0.37
"""Shoulder widths of a hand, median over letters-signed. A hand's own size is no measure of its
way: it seems to shrink and grow with every change of shape."""


@dataclass(frozen=True, slots=True, eq=False)
class HandView:
    """The spelling hand in one frame. Lengths are in hand sizes (features.hand)."""

    time: float
    """Seconds."""

    shape: NDArray[np.float32]
    """(21, 3) from the palm's middle, of size 1."""

    place: NDArray[np.float32]
    """(2,) palm's middle from the middle between the shoulders, right and down in the picture."""

    is_one_of_two: bool
    """Whether the other hand is seen as well, which spelling does not need."""

    is_looked_at: bool
    """Whether the network saw this frame; what follows is 0 where it did not."""

    letters: NDArray[np.float32]
    """(26,) probabilities of the letters."""

    space: float
    """Probability of a space."""

    delete: float
    """Probability of a delete."""

    @property
    def index_tip(self) -> NDArray[np.float32]:
        """(2,) tip of the index finger, as place is."""
        tip: NDArray[np.float32] = self.place + self.shape[_INDEX_TIP, :2]
        return tip

    @property
    def pinky_tip(self) -> NDArray[np.float32]:
        """(2,) tip of the little finger, as place is."""
        tip: NDArray[np.float32] = self.place + self.shape[_PINKY_TIP, :2]
        return tip


def shape_change(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Mean distance of the fingertips of two shapes (21, 3), hand sizes in the picture."""
    apart = one[_TIPS, :2] - other[_TIPS, :2]
    return float(np.hypot(apart[:, 0], apart[:, 1]).mean())


class HandFinder:
    """Follows the raised hand, the higher of two; a left one is shown as a right one."""

    def __init__(self, classifier: LetterClassifier) -> None:
        """Start with no hand.

        Args:
            classifier: Made with a top_k that lists every letter.
        """
        self._classifier = classifier
        self.reset()

    def reset(self) -> None:
        """Forget the hand."""
        self._side = RIGHT_HAND
        self._looked = -np.inf

    def push(self, landmarks: Landmarks) -> HandView | None:
        """Look at one frame; None where no hand is raised."""
        points = landmarks.points
        shoulders = points[[LEFT_SHOULDER, RIGHT_SHOULDER], :2]
        width = float(np.hypot(*(shoulders[0] - shoulders[1])))
        if not width > 0:
            return None
        middle = shoulders.mean(axis=0)
        depths = {
            side.start: float(points[side][_PALM, 1].mean() - middle[1]) / width
            for side in HANDS
            if np.isfinite(points[side]).all()
        }
        side = self._choose(depths)
        if side is None:
            return None
        hand = points[side]
        if side is LEFT_HAND:
            hand, middle = handshape.mirror(hand), middle * [-1, 1]
        shape = handshape.to_hand_frame(hand[None])[0]
        place = (hand[_PALM, :2].mean(axis=0) - middle) / (_SIZE * width)
        said = self._look(landmarks.time, hand)
        return HandView(
            landmarks.time,
            shape,
            place.astype(np.float32),
            is_one_of_two=len(depths) > 1,
            is_looked_at=bool(said),
            letters=np.array([said.get(letter, 0.0) for letter in LETTERS], dtype=np.float32),
            space=said.get(SPACE, 0.0),
            delete=said.get(DELETE, 0.0),
        )

    def _choose(self, depths: dict[int, float]) -> slice | None:
        """Find the higher hand; the one that spells keeps the word while it is about as high."""
        raised = {start: depth for start, depth in depths.items() if depth < _LOW}
        if not raised:
            return None
        highest = min(raised, key=raised.__getitem__)
        kept = self._side.start
        if kept not in raised or raised[kept] > raised[highest] + _KEPT:
            self._side = LEFT_HAND if highest == LEFT_HAND.start else RIGHT_HAND
        return self._side

    def _look(self, time: float, hand: NDArray[np.float32]) -> dict[str, float]:
        """Ask the network, if it was not asked a moment ago."""
        if time - self._looked < _STEP:
            return {}
        self._looked = time
        return dict(self._classifier.classify_hand(hand).top)
