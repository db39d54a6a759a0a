"""Moves one person's stills as a spelling hand does: letters held, slid and traced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.skeleton import LEFT_HAND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_STROKES_Z: Final = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=np.float64) * [1.5, 1.1]
"""Hand sizes outwards and down: corners of a Z, which the signer sees the right way round."""
_STROKES_J: Final = np.array(
    [[0, 0], [0, 0.6], [0, 1.2], [-0.15, 1.5], [-0.45, 1.6], [-0.75, 1.4], [-0.8, 1.1]]
)
"""Hand sizes outwards and down: a J is drawn down and round in a hook."""
_ALIKE: Final = 4
"""Stills among which a hold drifts from one to the other."""
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


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """A hand at a place."""

    shape: NDArray[np.float32]
    """(21, 3) in hand sizes from the palm's middle."""

    place: NDArray[np.float64]
    """(2,) shoulder widths from the middle between the shoulders."""


@dataclass(frozen=True, slots=True, eq=False)
class HandSpan:
    """A stretch of time in which the hand goes from the last pose to another."""

    start: float
    """Seconds."""

    end: float
    """Seconds."""

    origin: Pose
    """At the start."""

    pose: Pose
    """At the end."""

    strokes: NDArray[np.float64] | None
    """(S, 2) corners of a path, hand sizes, that is traced on top."""

    twist: float
    """Share of a J that comes from turning the hand instead of moving it."""

    def at(self, time: float) -> Pose:
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
        return Pose(shape, place)


class SpellingHand:
    """Puts a person's stills one after the other; needs those of A and of B."""

    def __init__(
        self, stills: Mapping[str, NDArray[np.float32]], side: slice, rng: np.random.Generator
    ) -> None:
        self._stills = stills
        self._outwards = outwards(side)
        self._rng = rng
        self._home: NDArray[np.float64] = np.array([rng.uniform(0.6, 1.0), rng.uniform(-0.5, -0.2)])
        self._resting = Pose(self._still("B"), _REST_PLACE)
        self._pose = self._resting
        self.spans: list[HandSpan] = []
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
        self._go(arrival, Pose(still, place))
        onset = self.now
        drift = self._rng.normal(0, 0.02, 2)
        self._go(self._rng.uniform(0.35, 0.8), Pose(end, place + drift))
        return Held(letter, onset, self.now)

    def _repeat(self, letter: str, place: NDArray[np.float64]) -> NDArray[np.float64]:
        """Let go of a letter that comes again, or slide aside with it."""
        if self._rng.random() < 0.5:
            slid = self._pose.place + np.array([self._rng.uniform(0.25, 0.5), 0.0])
            self._go(self._rng.uniform(0.2, 0.3), Pose(self._pose.shape, slid))
            return np.asarray(slid)
        target = self._still("A" if letter == "B" else "B")
        openness = np.float32(self._rng.uniform(0.6, 0.9))
        shape = self._pose.shape + openness * (target - self._pose.shape)
        self._go(self._rng.uniform(0.15, 0.25), Pose(shape, self._pose.place))
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
        self._go(arrival, Pose(start, place))
        onset = self.now
        self._go(self._rng.uniform(0.02, 0.3), Pose(start, place))
        strokes = strokes * self._rng.uniform(0.8, 1.3) * [self._outwards, 1]
        end = self._still("J") if letter == "J" and self._rng.random() < 0.5 else start
        self._go(self._rng.uniform(0.4, 0.8), Pose(end, place), strokes, twist)
        # What was traced is now where the hand is.
        last = self.spans[-1].at(self.now)
        self._pose = last
        self._go(self._rng.uniform(0.02, 0.25), last)
        return Held(letter, onset, self.now)

    def _go(
        self,
        seconds: float,
        pose: Pose,
        strokes: NDArray[np.float64] | None = None,
        twist: float = 0.0,
    ) -> None:
        start = self.now
        self.spans.append(HandSpan(start, start + seconds, self._pose, pose, strokes, twist))
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


def outwards(side: slice) -> int:
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
