"""Prepares the task of letter pictures: hand archives become small grey pictures of hands.

There are no photographs of letters among the data, only landmarks of them. So this draws the
hands: what is learnt here has never seen a skin, a sleeve or a lamp, and its figures say how
much of a letter is in its drawn outline, not how it would do behind a camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from edge.landmarks.archive import read_hands
from edge.landmarks.skeleton import FINGERS, HAND_INDEX
from edge.messages import LETTERS
from edge.recognition.features import hand as handshape
from edge.recognition.spelling.letter_classifier import NOTHING
from edge.training.examples import find_archives, sampling_weights
from edge.training.hand_augmentation import CALM, change_hand
from edge.training.tasks.letters import as_right_hands, read_letters

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.landmarks.archive import Hand
    from edge.training.hand_augmentation import HandAugmentation
    from edge.training.recipe import Recipe
    from edge.training.tasks.task import Batch

SIZE: Final = 64
"""Height and width of a picture."""
_CLASSES: Final = tuple(sorted((*LETTERS, "space", NOTHING)))
_SHIFT: Final = 4
"""Bits after the point in OpenCV's coordinates."""
_PALM: Final = [HAND_INDEX[name] for name in ("wrist", "thumb_1", *(f"{f}_1" for f in FINGERS[1:]))]
_BONES: Final = [
    [HAND_INDEX[f"{finger}_{a}"], HAND_INDEX[f"{finger}_{b}"]]
    for finger in FINGERS
    for a, b in (("1", "2"), ("2", "3"), ("3", "tip"))
]


@dataclass(frozen=True, slots=True)
class Look:
    """How one picture looks."""

    background: float
    """Grey of the wall."""

    hand: float
    """Grey of the hand."""

    shade: float
    """How much darker what is further away is."""

    thickness: int
    """Of the fingers, pixels."""

    share: float
    """Of the picture's side that the hand fills."""

    noise: float
    """Standard deviation of every pixel's grey."""

    streaks: int
    """Lines behind the hand."""


class PicturesTask:
    """Drawn hands; input (SIZE, SIZE, 1) within plus and minus 1."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        """Read the recipe's archives from a folder."""
        self._how = recipe.hand_augmentation
        self.shape: tuple[int, ...] = (SIZE, SIZE, 1)
        self.feature_spec: dict[str, object] = {"kind": "picture", "size": SIZE}
        hands, self._held_out = (_known(part) for part in read_letters(recipe.data, folder))
        self._validation = find_archives(folder, recipe.data.validation)
        self.classes = list(_CLASSES)
        self.size = len(hands)
        self._points = as_right_hands(hands)
        self._targets = np.array([self.classes.index(hand.label) for hand in hands], np.int32)
        self._weights = sampling_weights(hands)
        self.sources: dict[str, object] = {
            "archives": [*recipe.data.known, *recipe.data.extra],
            "clips": len(hands),
            "signers": sorted({hand.signer for hand in hands}),
            "remarks": "drawings of hand landmarks; no photographs",
        }

    def batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw augmented hands, left and right, in every look."""
        return self._draw(count, self._how, rng)

    def calm_batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw hands as they are, in every look."""
        return self._draw(count, CALM, rng)

    def validation(self) -> Batch | None:
        """Draw the hands held out and of the validation archives, in looks of their own."""
        hands = [*self._held_out]
        for path in self._validation:
            hands += _known(read_hands(path))
        if not hands:
            return None
        rng = np.random.default_rng(0)
        points = handshape.to_hand_frame(np.stack([hand.points for hand in hands]))
        empty = len(hands) // len(self.classes)
        pictures = [draw_hand(hand, random_look(rng), rng) for hand in points]
        pictures += [draw_hand(None, random_look(rng), rng) for _ in range(empty)]
        labels = [hand.label for hand in hands] + [NOTHING] * empty
        targets = [self.classes.index(label) for label in labels]
        return np.stack(pictures), np.array(targets, dtype=np.int32)

    def views(self, example: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Only as it is."""
        return [example]

    def finish(self, bundle: Path) -> None:
        """Nothing else belongs into a bundle of pictures."""

    def _draw(self, count: int, how: HandAugmentation, rng: np.random.Generator) -> Batch:
        chosen = rng.choice(self.size, count, p=self._weights)
        points = change_hand(self._points[chosen], how, rng)
        flip = rng.random(count) < 0.5  # whichever hand comes before the camera
        points[flip] = handshape.mirror(points[flip])
        targets = self._targets[chosen]
        empty = rng.random(count) < 1 / len(self.classes)
        targets[empty] = self.classes.index(NOTHING)
        pictures = [
            draw_hand(None if is_empty else hand, random_look(rng), rng)
            for hand, is_empty in zip(points, empty, strict=True)
        ]
        return np.stack(pictures), targets


def _known(hands: list[Hand]) -> list[Hand]:
    """Hands of the letters and of space; what shows nothing is drawn without a hand."""
    return [hand for hand in hands if hand.label in _CLASSES and hand.label != NOTHING]


def random_look(rng: np.random.Generator) -> Look:
    """Choose how a picture looks; the hand may be lighter or darker than the wall."""
    background = rng.uniform(0.0, 1.0)
    apart = rng.uniform(0.25, 0.6) * (1 if background < 0.5 else -1)
    return Look(
        background=background,
        hand=background + apart,
        shade=rng.uniform(0.0, 0.3),
        thickness=int(rng.integers(3, 8)),
        share=rng.uniform(0.65, 0.95),
        noise=rng.uniform(0.0, 0.08),
        streaks=int(rng.integers(0, 4)),
    )


def draw_hand(
    hand: NDArray[np.float32] | None, look: Look, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw a hand (21, 3), or an empty wall: (SIZE, SIZE, 1) within plus and minus 1."""
    slope = rng.normal(0, 0.1, 2)
    ramp = np.linspace(-1, 1, SIZE)
    picture = (look.background + slope[0] * ramp[:, None] + slope[1] * ramp).astype(np.float32)
    for _ in range(look.streaks):
        start, end = (tuple(end) for end in rng.integers(0, SIZE, (2, 2)).tolist())
        grey = look.background + rng.normal(0, 0.15)
        cv2.line(picture, start, end, (grey,), int(rng.integers(1, 6)))
    if hand is not None:
        _draw_hand(picture, hand, look, rng)
    picture = cv2.GaussianBlur(picture, (3, 3), 0)
    picture += look.noise * rng.standard_normal(picture.shape, dtype=np.float32)
    finished: NDArray[np.float32] = np.clip(2 * picture - 1, -1, 1)[..., None]
    return finished


def _draw_hand(
    picture: NDArray[np.float32],
    hand: NDArray[np.float32],
    look: Look,
    rng: np.random.Generator,
) -> None:
    """Palm and fingers from far to near, each edged, so that one shows in front of another."""
    low, high = hand[:, :2].min(axis=0), hand[:, :2].max(axis=0)
    scale = look.share * (SIZE - look.thickness) / max(float((high - low).max()), 1e-6)
    room = SIZE - look.thickness - (high - low) * scale
    corner = look.thickness / 2 + rng.uniform(0, 1, 2) * room
    at = np.rint(((hand[:, :2] - low) * scale + corner) * (1 << _SHIFT)).astype(np.int32)
    depth = (hand[:, 2] - hand[:, 2].min()) / max(float(np.ptp(hand[:, 2])), 1e-6)
    edge = look.hand - 0.25 * np.sign(look.hand - look.background)
    parts = [(float(depth[part].mean()), part) for part in (_PALM, *_BONES)]
    for away, part in sorted(parts, reverse=True):
        grey = look.hand - look.shade * away
        outline = [at[part]]
        if len(part) > 2:
            cv2.fillPoly(picture, outline, (grey,), cv2.LINE_8, _SHIFT)
        for color, thickness in ((edge, look.thickness), (grey, look.thickness - 2)):
            cv2.polylines(picture, outline, len(part) > 2, (color,), thickness, cv2.LINE_8, _SHIFT)
