"""Prepares the task of letters: hand archives become augmented features of single hands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.archive import Hand, read_clips, read_hands
from edge.landmarks.skeleton import HAND_INDEX, HAND_POINTS
from edge.messages import LETTERS
from edge.recognition.bundle import OTHER
from edge.recognition.features import hand as handshape
from edge.recognition.spelling.letter_classifier import NOTHING, STILL, held_hand
from edge.training.examples import choose_apart, find_archives, is_left_out, sampling_weights
from edge.training.hand_augmentation import CALM, HandAugmentation, change_hand

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.landmarks.archive import Clip
    from edge.training.recipe import DataRecipe, Recipe
    from edge.training.tasks.task import Batch

VOCABULARY: Final = (*LETTERS, "del", NOTHING, "space")
_PREFIX: Final = "letter "
"""Clip archives call A "letter a"."""
_PER_CLIP: Final = 4
"""Frames taken of a clip; the hand is still, so more would be the same again."""
_RIGHT: Final = "Left"
_LEFT: Final = "Right"
"""What MediaPipe Hands calls a right and a left hand in an unmirrored picture."""


class LettersTask:
    """Single hands; input (1, COUNT) of edge.recognition.features.hand."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        """Read the recipe's archives from a folder."""
        self._how = recipe.hand_augmentation
        self.shape: tuple[int, ...] = (handshape.FRAMES, handshape.COUNT)
        self.feature_spec: dict[str, object] = {
            "kind": "hand",
            "version": handshape.VERSION,
            "fingerprint": handshape.fingerprint(),
            "frames": handshape.FRAMES,
            "count": handshape.COUNT,
        }
        data = recipe.data
        hands, self._held_out = read_letters(data, folder)
        names = {hand.label for hand in hands}
        self.classes = sorted(names | {OTHER} if self._how.mirror and names else names)
        self.size = len(hands)
        self._validation = find_archives(folder, data.validation)
        self._points = as_right_hands(hands)
        self._targets = np.array([self.classes.index(hand.label) for hand in hands], np.int32)
        self._weights = sampling_weights(hands)
        self.sources: dict[str, object] = {
            "archives": [*data.known, *data.extra],
            "clips": len(hands),
            "signers": sorted({hand.signer for hand in hands}),
        }

    def batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw augmented examples."""
        return self._draw(count, self._how, rng)

    def calm_batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw hardly augmented examples, mirrored ones among them."""
        return self._draw(count, replace(CALM, mirror=self._how.mirror), rng)

    def validation(self) -> Batch | None:
        """Features of the hands held out and of the validation archives, all as right hands."""
        hands = [*self._held_out]
        for path in self._validation:
            hands += [hand for hand in read_hands(path) if hand.label in self.classes]
        if not hands:
            return None
        targets = [self.classes.index(hand.label) for hand in hands]
        return handshape.compute(as_right_hands(hands)), np.array(targets, dtype=np.int32)

    def views(self, example: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Only as it is: the classifier's other view of a right hand says OTHER."""
        return [example]

    def finish(self, bundle: Path) -> None:
        """Nothing else belongs into a bundle of letters."""

    def _draw(self, count: int, how: HandAugmentation, rng: np.random.Generator) -> Batch:
        chosen = rng.choice(self.size, count, p=self._weights)
        points = change_hand(self._points[chosen], how, rng)
        targets = self._targets[chosen]
        flip = rng.random(count) < how.mirror
        points[flip] = handshape.mirror(points[flip])
        if OTHER in self.classes:
            targets[flip] = self.classes.index(OTHER)
        return handshape.compute(points), targets


def read_letters(data: DataRecipe, folder: Path) -> tuple[list[Hand], list[Hand]]:
    """Read what a recipe names.

    Returns:
        The hands to learn from, and those of the sources that are held out.
    """
    hands = [hand for path in find_archives(folder, data.known) for hand in read_hands(path)]
    kept, apart = hold_out_hands(hands, data.holdout, data.fold)
    for path in find_archives(folder, data.extra):
        for clip in read_clips(path):
            kept += held_stills(clip)
    vocabulary = VOCABULARY if data.vocabulary == "known" else {hand.label for hand in hands}
    kept = [
        hand for hand in kept if hand.label in vocabulary and not is_left_out(hand, data.left_out)
    ]
    return kept, [hand for hand in apart if hand.label in vocabulary]


def hold_out_hands(hands: Sequence[Hand], share: float, fold: int) -> tuple[list[Hand], list[Hand]]:
    """Split by source, never within one: its signers share a camera and a way to label."""
    apart = choose_apart((hand.source or hand.signer for hand in hands), share, fold)
    kept = [hand for hand in hands if (hand.source or hand.signer) not in apart]
    return kept, [hand for hand in hands if (hand.source or hand.signer) in apart]


def held_stills(clip: Clip) -> list[Hand]:
    """Take a few frames of a clip of a still letter, where the hand is held."""
    label = clip.label.removeprefix(_PREFIX).upper()
    if not clip.label.startswith(_PREFIX) or label not in STILL:
        return []
    hands = held_hand(clip.times, clip.points)
    hands = hands[:: max(1, len(hands) // _PER_CLIP)][:_PER_CLIP]
    return [Hand(label, clip.signer, hand, _RIGHT) for hand in hands if np.isfinite(hand).all()]


def as_right_hands(hands: Sequence[Hand]) -> NDArray[np.float32]:
    """Mirror the left ones: (N, 21, 3).

    Where handedness is not stated, it is that of most of the signer's hands by the palm, which
    faces the camera in nearly all letters.
    """
    points = np.array([hand.points for hand in hands], np.float32).reshape(-1, HAND_POINTS, 3)
    seems_left = _shows_left_palm(points)
    votes: dict[str, list[bool]] = {}
    for hand, is_left in zip(hands, seems_left.tolist(), strict=True):
        votes.setdefault(hand.signer, []).append(is_left)
    flip = [
        hand.handedness == _LEFT if hand.handedness else float(np.mean(votes[hand.signer])) > 0.5
        for hand in hands
    ]
    chosen = np.flatnonzero(flip)
    points[chosen] = handshape.mirror(points[chosen])
    return points


def _shows_left_palm(points: NDArray[np.float32]) -> NDArray[np.bool_]:
    wrist = points[:, HAND_INDEX["wrist"], :2]
    a, b = (points[:, HAND_INDEX[name], :2] - wrist for name in ("index_1", "pinky_1"))
    left: NDArray[np.bool_] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] > 0
    return left
