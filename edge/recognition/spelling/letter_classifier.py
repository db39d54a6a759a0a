"""Hand stills -> letters: the classifier of bundles whose features are of kind ``hand``.

The network knows right hands only and calls a left one OTHER. It looks at every hand as it is
and mirrored, so whichever hand signs, and whether the camera mirrors, makes no difference and
need not be known: what MediaPipe says of handedness is not asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.errors import BundleError
from edge.landmarks.archive import is_hand_archive
from edge.landmarks.skeleton import LEFT_HAND, LEFT_SHOULDER, RIGHT_HAND, RIGHT_SHOULDER
from edge.messages import LETTERS
from edge.recognition.bundle import OTHER
from edge.recognition.classifying.classifier import Classifier, softmax
from edge.recognition.features import hand as handshape

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.messages import Prediction, Segment
    from edge.recognition.bundle import Bundle

STILL: Final = tuple(letter for letter in LETTERS if letter not in "JZ")
"""Letters that are held; J and Z are movements, and a still of one is a guess."""
NOTHING: Final = "nothing"
"""The class of a hand that is no letter; never said."""
HELD: Final = 0.5
"""Seconds of a segment, the stillest, that are looked at."""
_RAISED: Final = 0.3
"""Shoulder widths below its highest place at which a hand may still be spelling."""


class LetterClassifier(Classifier):
    """Recognises the letter that one hand holds; a segment by its stillest half second."""

    def classify_hand(self, points: NDArray[np.float32]) -> Prediction:
        """Recognise (21, 3) points in image widths; an unseen hand is never accepted."""
        return self._decide(
            self._of_hands(points[None]),
            has_hand=bool(np.isfinite(points).all()),
            onset=0.0,
            offset=0.0,
        )

    def probabilities(self, segment: Segment) -> NDArray[np.float32]:
        """Calibrated probabilities (K,) of the letter that a segment shows."""
        return self._of_hands(held_hand(segment.times, segment.points))

    def _of_hands(self, hands: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities (K,) of the one letter that all of (N, 21, 3) show."""
        one, other = (
            softmax(self._mean_logits(view) / self._temperature)
            for view in (hands, handshape.mirror(hands))
        )
        return merge_views(one, other, self._glosses)

    def _mean_logits(self, hands: NDArray[np.float32]) -> NDArray[np.float32]:
        mean: NDArray[np.float32] = np.mean(
            [self._network.run(values) for values in handshape.compute(hands)], axis=0
        )
        return mean

    def _decide(
        self, probabilities: NDArray[np.float32], *, has_hand: bool, onset: float, offset: float
    ) -> Prediction:
        decided = super()._decide(probabilities, has_hand=has_hand, onset=onset, offset=offset)
        if decided.top[0][0] == NOTHING:
            return replace(decided, is_accepted=False, reason="other")
        return decided


def merge_views(
    one: NDArray[np.float32], other: NDArray[np.float32], glosses: tuple[str, ...]
) -> NDArray[np.float32]:
    """Probabilities (K,) of a hand from those of its two mirror views.

    At most one view can be a right hand, so the letters' probabilities add up; where the network
    takes both for right hands, they are scaled down to 1.
    """
    merged = one + other
    if OTHER in glosses:
        rest = glosses.index(OTHER)
        merged[rest] = max(0.0, merged[rest] - 1)
    merged /= merged.sum()
    return merged


def make_classifier(bundle: Bundle, **options: Any) -> Classifier:  # noqa: ANN401 - passed on
    """Make the classifier that fits a bundle's kind; the options are Classifier's.

    Raises:
        BundleError: The bundle is one of boundaries, or its network does not fit its manifest.
    """
    if bundle.manifest.features.kind == "posture":
        raise BundleError(f"{bundle.path / 'model.json'}: a bundle of boundaries; it knows no sign")
    is_hand = bundle.manifest.features.kind == "hand"
    return (LetterClassifier if is_hand else Classifier)(bundle, **options)


def has_hands_for(bundle: Bundle, paths: Sequence[Path]) -> bool:
    """Whether these are hand archives, and the bundle one of letters.

    Raises:
        ArchiveError: An archive is missing or damaged.
    """
    if bundle.manifest.features.kind != "hand":
        return False
    return all(path.suffix == ".npz" and is_hand_archive(path) for path in paths)


def held_hand(times: NDArray[np.float64], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Find the spelling hand where it is held stillest, as a right hand.

    Args:
        times: (T,) seconds, increasing.
        points: (T, 75, 3) in image widths, NaN where unseen.

    Returns:
        (N, 21, 3), N at least 1; all NaN where no hand is seen.
    """
    side = _spelling_side(points)
    hand = handshape.mirror(points[:, side]) if side is LEFT_HAND else points[:, side]
    seen = np.flatnonzero(np.isfinite(hand).all(axis=(1, 2)))
    if not len(seen):
        return np.full((1, *hand.shape[1:]), np.nan, dtype=np.float32)
    height = hand[seen, 0, 1]
    # At rest a hand is stiller than any that spells, but low.
    up = seen[height <= height.min() + _RAISED * _width(points)]
    start, end = _stillest(times[up], hand[up])
    held: NDArray[np.float32] = hand[up[start:end]]
    return held


def _spelling_side(points: NDArray[np.float32]) -> slice:
    """The hand that is seen for longer; of two seen alike the higher one."""
    sides = (RIGHT_HAND, LEFT_HAND)
    counts = [int(np.isfinite(points[:, side.start, 0]).sum()) for side in sides]
    if min(counts) < 0.7 * max(counts) or not any(counts):
        return sides[int(np.argmax(counts))]
    heights = [float(np.nanmedian(points[:, side.start, 1])) for side in sides]
    return sides[int(np.argmin(heights))]


def _width(points: NDArray[np.float32]) -> float:
    """Median shoulder width; without shoulders half a picture."""
    widths = np.hypot(*(points[:, LEFT_SHOULDER, :2] - points[:, RIGHT_SHOULDER, :2]).T)
    known = widths[np.isfinite(widths)]
    return float(np.median(known)) if len(known) else 0.5


def _stillest(times: NDArray[np.float64], hand: NDArray[np.float32]) -> tuple[int, int]:
    """First and last (exclusive) frame of the HELD seconds in which a hand moves least."""
    if len(times) < 2:
        return 0, len(times)
    moved = np.linalg.norm(np.diff(hand[..., :2], axis=0), axis=-1).mean(axis=1)
    speed = moved / np.maximum(np.diff(times), 1e-3)
    ends = np.searchsorted(times, times + HELD, side="right")
    full = [i for i, end in enumerate(ends) if times[end - 1] - times[i] >= 0.7 * HELD]
    if not full:
        return 0, len(times)
    best = min(full, key=lambda i: float(speed[i : ends[i] - 1].mean()))
    return best, int(ends[best])
