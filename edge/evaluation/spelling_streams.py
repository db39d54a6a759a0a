"""Makes seeded streams of fingerspelling from stills of hands: held, slid and traced letters.

Nobody here was recorded spelling words. A stream puts one person's stills on a synthetic body and
moves from one to the next as a spelling hand does, so it shows what the speller makes of
time, of movement and of strangers' hands, and not what people do between letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.evaluation.spelling_vocabulary import NAMES, WORDS
from edge.evaluation.synthetic_hand import SpellingHand, outwards
from edge.landmarks.archive import read_hands
from edge.landmarks.skeleton import HAND_POINTS, INDEX, LEFT_HAND, POINTS, POSE, RIGHT_HAND
from edge.messages import LETTERS, Landmarks
from edge.recognition.features import hand as handshape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.evaluation.synthetic_hand import HandSpan, Held
    from edge.landmarks.archive import Hand

_BODY: Final = {
    "nose": (0, -0.75),
    "left_shoulder": (0.5, 0),
    "right_shoulder": (-0.5, 0),
    "left_elbow": (0.65, 0.9),
    "right_elbow": (-0.65, 0.9),
    "left_wrist": (0.6, 1.7),
    "right_wrist": (-0.6, 1.7),
    "left_hip": (0.35, 1.6),
    "right_hip": (-0.35, 1.6),
}
"""Shoulder widths from the middle between the shoulders."""
_TREMBLING: Final = 0.012
"""Hand sizes, standard deviation of every point in every frame."""
_NAME_EVERY: Final = 5
_DROPPED: Final = 0.03
"""Share of frames that never arrive."""
_LOSS_EVERY: Final = 5.0
"""Seconds after which the hand is lost for a moment, on average."""


@dataclass(frozen=True, slots=True)
class SpelledText:
    """A word as it was truly spelled."""

    text: str
    """Lower case."""

    letters: tuple[Held, ...]
    """In order."""

    is_name: bool
    """Whether it is one of NAMES."""


@dataclass(frozen=True, slots=True, eq=False)
class SpellingStream:
    """One person who spells some words, with rests between."""

    signer: str
    """Who."""

    source: str
    """The recording that the stills are from."""

    words: tuple[SpelledText, ...]
    """In order."""

    frames: tuple[Landmarks, ...]
    """As a landmarker would give them."""


def make_streams(
    path: Path, *, seed: int, fps: float, words: int, streams: int = 1
) -> list[SpellingStream]:
    """Make streams of everybody in a hand archive who has the letters.

    Args:
        path: Of the hand archive.
        seed: The same seed gives the same words, whatever the frame rate.
        fps: Frames per second that the camera would give.
        words: Of each stream; a fifth are names.
        streams: Of each person.

    Raises:
        ArchiveError: The file is no hand archive.
    """
    people: dict[str, list[Hand]] = {}
    for hand in read_hands(path):
        people.setdefault(hand.signer, []).append(hand)
    made = []
    for place, (signer, hands) in enumerate(sorted(people.items())):
        stills, side = _stills_of(hands)
        for number in range(streams):
            rng = np.random.default_rng([seed, place, number])
            chosen = _choose(set(stills), words, rng)
            if "B" in stills and "A" in stills and chosen:
                made.append(_make(signer, hands[0].source, stills, side, chosen, fps, rng))
    return made


def _stills_of(hands: Sequence[Hand]) -> tuple[dict[str, NDArray[np.float32]], slice]:
    """Sort the hands of one side, in hand sizes, by letter; and say which side.

    MediaPipe Hands takes pictures for mirrored ones, so its ``Right`` is a left hand.
    """
    lefts = sum(hand.handedness == "Right" for hand in hands)
    is_left = lefts > len(hands) / 2
    wrong = "Left" if is_left else "Right"
    kept = [hand for hand in hands if hand.handedness != wrong]
    labels = np.array([hand.label for hand in kept])
    shapes = handshape.to_hand_frame(np.stack([hand.points for hand in kept]))
    letters = sorted({str(label) for label in labels} & set(LETTERS))
    return (
        {letter: shapes[labels == letter] for letter in letters},
        LEFT_HAND if is_left else RIGHT_HAND,
    )


def _choose(known: set[str], count: int, rng: np.random.Generator) -> list[tuple[str, bool]]:
    """Draw words and names that can be spelled; a J is made of an I as well."""
    known = known - ({"J"} if "I" not in known else set())

    def able(texts: Iterable[str]) -> list[str]:
        return [text for text in texts if set(text.upper()) <= known]

    names = able(NAMES)
    words = able(WORDS)
    chosen = []
    for number in range(count):
        is_name = number % _NAME_EVERY == _NAME_EVERY - 1
        pool = names if is_name else words
        if pool:
            chosen.append((pool[rng.integers(len(pool))], is_name))
    return chosen


def _make(
    signer: str,
    source: str,
    stills: dict[str, NDArray[np.float32]],
    side: slice,
    chosen: list[tuple[str, bool]],
    fps: float,
    rng: np.random.Generator,
) -> SpellingStream:
    speller = SpellingHand(stills, side, rng)
    words = []
    for text, is_name in chosen:
        words.append(SpelledText(text, speller.spell(text), is_name))
        speller.rest(rng.uniform(1.2, 2.5))
    frames = _film(speller.spans, side, fps, rng)
    return SpellingStream(signer, source, tuple(words), tuple(frames))


def _film(
    spans: Sequence[HandSpan], side: slice, fps: float, rng: np.random.Generator
) -> list[Landmarks]:
    """Take pictures at almost even times, some of them lost, some without the hand."""
    width = rng.uniform(0.18, 0.3)
    middle = np.array([0.5, 0.45])
    size = width * rng.uniform(0.32, 0.42)
    ends = np.array([span.end for span in spans])
    times = np.arange(0, ends[-1], 1 / fps)
    losses = np.sort(rng.uniform(0, ends[-1], round(ends[-1] / _LOSS_EVERY)))
    lost_for = rng.uniform(0.05, 0.2, len(losses))
    frames = []
    for time in (times + rng.uniform(0, 0.15 / fps, len(times))).tolist():
        if rng.random() < _DROPPED or time >= ends[-1]:
            continue
        pose = spans[int(np.searchsorted(ends, time, side="right"))].at(time)
        sway = middle + width * 0.01 * np.sin([time, 1.3 * time])
        is_lost = bool(((losses <= time) & (time < losses + lost_for)).any())
        hand = (pose.shape + rng.normal(0, _TREMBLING, (HAND_POINTS, 3))) * size
        hand[:, :2] += sway + width * pose.place * [outwards(side), 1]
        frames.append(_frame(time, sway, width, hand, side, is_seen=not is_lost))
    return frames


def _frame(
    time: float,
    middle: NDArray[np.float64],
    width: float,
    hand: NDArray[np.float64],
    side: slice,
    *,
    is_seen: bool,
) -> Landmarks:
    points = np.full((POINTS, 3), np.nan, dtype=np.float32)
    points[POSE] = (middle[0], middle[1] + width, 0)
    for name, at in _BODY.items():
        points[INDEX[name], :2] = middle + width * np.array(at)
    points[INDEX["left_wrist" if side is LEFT_HAND else "right_wrist"]] = hand[0]
    # A hand that hangs beside the hip is out of most pictures.
    if is_seen and hand[0, 1] < middle[1] + 1.3 * width:
        points[side] = hand
    return Landmarks(time, points)
