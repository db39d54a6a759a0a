"""Fingerspelling made from stills of hands, seeded: letters held, slid, traced, with rests.

Nobody here was recorded spelling words. A stream puts one person's stills on a synthetic body and
moves from one to the next as a spelling hand does, so it shows what the speller makes of
time, of movement and of strangers' hands, and not what people do between letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge import handshape
from edge.archive import read_hands
from edge.letters import LETTERS
from edge.messages import Landmarks
from edge.skeleton import HAND_POINTS, INDEX, LEFT_HAND, POINTS, POSE, RIGHT_HAND

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.archive import Hand

WORDS: Final = tuple(
    """
    accountant ago amazing america arrive article attorney auction audience award aware away awful
    awkward baby bacon banana bank basketball become behavior behind belief benefit bible biology
    birth blanket boots breakdown breakfast brother busy buzzer calculator can caption card carrot
    carry cheap chemical chicago city clear clever clown company cost crown curse cute damage
    defend degree delicious desk detective diarrhea dice dive dizzy double drizzle drunk dry dull
    duty earn earth elementary else england enjoy enormous eternity faculty floor flute fold fork
    fox front future fuzzy gather get girlfriend god greece hair hard health hearing heart her
    host human humble hurry image improve infection institute israel jacket jazz jesus joy july
    kill label last lazy leaf legal library lucky manage mature maximum meat mine monday mustache
    neighbor newspaper nice noon now numerous nut obsess only open opposite overcome overwhelm
    paragraph part pass pause pay peel penny people permit physician pillow pizza potential pour
    poverty price project promote prove puzzle puzzled quarter quiz rain read relax represent
    resign rock role roof room salary same sausage scan search sensitive settle shout sign ski
    smile sneeze spanish spirit sting stitch sun surgeon sweden sweet television test thankful
    their them then toilet toothbrush true value vampire vlog warm welcome wife wizard wood
    wristwatch your zero
    """.split()
)
"""To be spelled; none of them is in the table of edge.letter_model."""
NAMES: Final = tuple(
    """
    aaron alan amy andrei anna anthony barbara beatrice betty bianca brandon carmen chloe danielle
    dmitri elijah ernest fatima ida ines jackson jane jesus karl leo leonard levi lewis liam mary
    molly nina noah omar paula quentin tina tobias tony virginia xiang zachary zainab zoe
    """.split()
)
"""First names, none in that table either."""

_STROKES_Z: Final = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=np.float64) * [1.5, 1.1]
"""Hand sizes outwards and down: corners of a Z, which the signer sees the right way round."""
_STROKES_J: Final = np.array(
    [[0, 0], [0, 0.6], [0, 1.2], [-0.15, 1.5], [-0.45, 1.6], [-0.75, 1.4], [-0.8, 1.1]]
)
"""Hand sizes outwards and down: a J is drawn down and round in a hook."""
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
_ALIKE: Final = 4
"""Stills among which a hold drifts from one to the other."""
_NAME_EVERY: Final = 5
_DROPPED: Final = 0.03
"""Share of frames that never arrive."""
_LOSS_EVERY: Final = 5.0
"""Seconds after which the hand is lost for a moment, on average."""
_REST_PLACE: Final = np.array([0.55, 1.5])
"""Where a hand rests, shoulder widths outwards and down."""


@dataclass(frozen=True, slots=True)
class Held:
    """A letter as it was truly shown."""

    letter: str
    """Upper case."""

    onset: float
    """Seconds at which the hand had taken its shape, or began to trace."""

    offset: float
    """Seconds at which it left it."""


@dataclass(frozen=True, slots=True)
class Word:
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

    words: tuple[Word, ...]
    """In order."""

    frames: tuple[Landmarks, ...]
    """As a landmarker would give them."""


@dataclass(frozen=True, slots=True, eq=False)
class _Pose:
    """A hand at a place."""

    shape: NDArray[np.float32]
    """(21, 3) in hand sizes from the palm's middle."""

    place: NDArray[np.float64]
    """(2,) shoulder widths from the middle between the shoulders."""


@dataclass(frozen=True, slots=True, eq=False)
class _Span:
    """A stretch of time in which the hand goes from the last pose to another."""

    start: float
    """Seconds."""

    end: float
    """Seconds."""

    origin: _Pose
    """At the start."""

    pose: _Pose
    """At the end."""

    strokes: NDArray[np.float64] | None
    """(S, 2) corners of a path, hand sizes, that is traced on top."""

    twist: float
    """Share of a J that comes from turning the hand instead of moving it."""

    def at(self, time: float) -> _Pose:
        """Where the hand is."""
        share = (time - self.start) / max(self.end - self.start, 1e-6)
        eased = (1 - np.cos(np.pi * share)) / 2
        shape = self.origin.shape + np.float32(eased) * (self.pose.shape - self.origin.shape)
        place = self.origin.place + eased * (self.pose.place - self.origin.place)
        if self.twist:
            shape = _turn(shape, self.twist, eased)
        if self.strokes is not None:
            shift = (1 - self.twist) * _along(self.strokes, eased)
            shape = shape + np.append(shift, 0).astype(np.float32)
        return _Pose(shape, place)


class _Speller:
    """Puts a person's stills one after the other."""

    def __init__(
        self, stills: dict[str, NDArray[np.float32]], side: slice, rng: np.random.Generator
    ) -> None:
        self._stills = stills
        self._outwards = _outwards(side)
        self._rng = rng
        self._home = np.array([rng.uniform(0.6, 1.0), rng.uniform(-0.5, -0.2)])
        self._resting = _Pose(self._still("B"), _REST_PLACE)
        self._pose = self._resting
        self.spans: list[_Span] = []
        self.rest(rng.uniform(0.5, 1.0))

    @property
    def now(self) -> float:
        """Seconds."""
        return self.spans[-1].end if self.spans else 0.0

    def rest(self, seconds: float) -> None:
        """Go down, where it is not, and stay there."""
        if self._pose.place is not self._resting.place:
            self._go(self._rng.uniform(0.3, 0.5), self._resting)
        self._go(seconds, self._resting)

    def spell(self, word: str) -> tuple[Held, ...]:
        """Spell a word, from rest and without going back to it."""
        letters = []
        last = ""
        for letter in word.upper():
            arrival = self._rng.uniform(0.12, 0.3)
            if self._pose.place is self._resting.place:
                arrival = self._rng.uniform(0.35, 0.5)
            show = self._trace if letter in "JZ" else self._hold
            letters.append(show(letter, arrival, is_again=letter == last))
            last = letter
        return tuple(letters)

    def _hold(self, letter: str, arrival: float, *, is_again: bool) -> Held:
        place = self._place()
        if is_again:
            place = self._repeat(letter, place)
        still, end = self._stills_alike(letter)
        self._go(arrival, _Pose(still, place))
        onset = self.now
        drift = self._rng.normal(0, 0.02, 2)
        self._go(self._rng.uniform(0.35, 0.8), _Pose(end, place + drift))
        return Held(letter, onset, self.now)

    def _repeat(self, letter: str, place: NDArray[np.float64]) -> NDArray[np.float64]:
        """Let go of a letter that comes again, or slide aside with it."""
        if self._rng.random() < 0.5:
            slid = self._pose.place + [self._rng.uniform(0.25, 0.5), 0.0]
            self._go(self._rng.uniform(0.2, 0.3), _Pose(self._pose.shape, slid))
            return slid
        target = self._still("A" if letter == "B" else "B")
        openness = np.float32(self._rng.uniform(0.6, 0.9))
        shape = self._pose.shape + openness * (target - self._pose.shape)
        self._go(self._rng.uniform(0.15, 0.25), _Pose(shape, self._pose.place))
        return place

    def _trace(self, letter: str, arrival: float, *, is_again: bool) -> Held:
        """Move along the letter; a J may also be turned out of the wrist, as most people do."""
        del is_again  # going back to the start is release enough
        start, _ = self._stills_alike("I" if letter == "J" else "Z")
        twist = 0.0
        strokes = _STROKES_Z
        if letter == "J":
            strokes = _STROKES_J
            twist = self._rng.choice([0.0, self._rng.uniform(0.5, 1.0)])
        place = self._place()
        self._go(arrival, _Pose(start, place))
        onset = self.now
        self._go(self._rng.uniform(0.02, 0.3), _Pose(start, place))
        strokes = strokes * self._rng.uniform(0.8, 1.3) * [self._outwards, 1]
        end = self._still("J") if letter == "J" and self._rng.random() < 0.5 else start
        self._go(self._rng.uniform(0.4, 0.8), _Pose(end, place), strokes, twist)
        # What was traced is now where the hand is.
        last = self.spans[-1].at(self.now)
        self._pose = last
        self._go(self._rng.uniform(0.02, 0.25), last)
        return Held(letter, onset, self.now)

    def _go(
        self,
        seconds: float,
        pose: _Pose,
        strokes: NDArray[np.float64] | None = None,
        twist: float = 0.0,
    ) -> None:
        start = self.now
        self.spans.append(_Span(start, start + seconds, self._pose, pose, strokes, twist))
        self._pose = pose

    def _place(self) -> NDArray[np.float64]:
        return self._home + self._rng.normal(0, 0.03, 2)

    def _still(self, letter: str) -> NDArray[np.float32]:
        stills = self._stills[letter]
        chosen: NDArray[np.float32] = stills[self._rng.integers(len(stills))]
        return chosen

    def _stills_alike(self, letter: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Draw a still and one of those most like it, for a hand is never quite still."""
        still = self._still(letter)
        apart = np.linalg.norm(self._stills[letter] - still, axis=-1).mean(axis=-1)
        alike = np.argsort(apart, kind="stable")[: _ALIKE + 1]
        return still, self._stills[letter][self._rng.choice(alike)]


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
    speller = _Speller(stills, side, rng)
    words = []
    for text, is_name in chosen:
        words.append(Word(text, speller.spell(text), is_name))
        speller.rest(rng.uniform(1.2, 2.5))
    frames = _film(speller.spans, side, fps, rng)
    return SpellingStream(signer, source, tuple(words), tuple(frames))


def _film(
    spans: Sequence[_Span], side: slice, fps: float, rng: np.random.Generator
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
        hand[:, :2] += sway + width * pose.place * [_outwards(side), 1]
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


def _outwards(side: slice) -> int:
    """Which way of x is away from the body, for an unmirrored picture."""
    return 1 if side is LEFT_HAND else -1


def _along(strokes: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Find the point of a path after a share of its length, (2,)."""
    lengths = np.append(0, np.cumsum(np.linalg.norm(np.diff(strokes, axis=0), axis=1)))
    at = share * lengths[-1]
    return np.array([np.interp(at, lengths, strokes[:, axis]) for axis in range(2)])


def _turn(shape: NDArray[np.float32], strength: float, share: float) -> NDArray[np.float32]:
    """Bend an I forwards and up again while it turns about, as a wrist draws a J; about the wrist.

    Modelled on the J of person074 in letters-signed: the fingertip sinks below the wrist, comes
    up on the other side, and the palm ends facing the signer.
    """
    pitch = strength * np.radians(100) * np.sin(np.pi * share)
    yaw = strength * np.radians(120) * share
    bend = np.array(
        [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    )
    spin = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    wrist = shape[:1]
    turned: NDArray[np.float32] = ((shape - wrist) @ (bend.T @ spin.T) + wrist).astype(np.float32)
    return turned
