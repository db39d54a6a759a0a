"""Makes seeded streams of signing from archive clips: what a camera would see in an hour.

Signs follow each other with rests between them, in which the hands travel to their rest and
back. A stream is laid out once, in seconds, and can be rendered at any frame rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.evaluation.everyday_movement import draw_resting_body
from edge.evaluation.moving_parts import blend, order_by_signer, perform, posture_at
from edge.landmarks.archive_player import ease
from edge.landmarks.skeleton import HANDS, INDEX, POINTS, WRISTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from edge.evaluation.moving_parts import Performance
    from edge.landmarks.archive import Clip

_LENGTH: Final = 30
"""Signs in one stream."""
_LEAVING: Final = (1.2, 2.0)
"""Seconds without anybody while people change places."""
_TRAVEL: Final = (0.25, 0.6)
"""Seconds of a hand's whole way to its rest."""
_LOST_BELOW: Final = (0.3, 1.5)
"""Share of the way down after which a moving hand is no longer made out; above 1, it always is."""
_SWERVE: Final = 0.15
"""Shoulder widths, standard deviation, by which the way is not straight."""
_FIDGETING: Final = 0.5
"""Share of streams in which resting hands fidget."""
_FIDGET: Final = 0.08
"""Shoulder widths, largest amplitude."""
_MOVEMENT: Final = 0.15
"""Probability that something else than a sign is done before a sign."""
_DROPPED: Final = 0.03
"""Share of frames that never arrive."""
_STALLED: Final = 0.005
"""Probability, at each frame, that three on end do not arrive."""
_LOST_RATE: Final = 0.15
"""Times per second that a hand is lost."""
_LOST: Final = (0.07, 0.25)
"""Seconds for which it is."""
_LATE: Final = 0.15
"""Largest share of the step by which a frame is early or late."""
_TREMBLE: Final = 0.004
"""Shoulder widths, standard deviation, of every point in every frame."""
_ARMS: Final = (
    [i for i in range(13, 23) if i % 2],
    [i for i in range(13, 23) if not i % 2],
)
"""Pose points of each arm from the elbow on."""


@dataclass(frozen=True, slots=True)
class SignSpan:
    """Something that is done in a stream."""

    label: str
    """The sign's gloss; empty for other movement."""

    onset: float
    """Seconds at which the hands leave their rest."""

    offset: float
    """Seconds at which they begin their way back."""


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Landmarks as they would come from a camera."""

    times: NDArray[np.float64]
    """(T,) seconds."""

    points: NDArray[np.float32]
    """(T, 75, 3) in image widths, NaN where unseen."""

    spans: tuple[SignSpan, ...]
    """What is really done, in order."""


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """How streams are made."""

    rest: tuple[float, float] = (0.3, 3.0)
    """Seconds, shortest and longest, from the end of a sign to the start of the next."""

    many: bool = True
    """Whether, in every other stream, people take turns."""

    lead: tuple[float, float] = (0.8, 1.5)
    """Seconds, shortest and longest, before the first sign."""

    rests_anywhere: bool = False
    """Whether hands also rest on a table, on the other arm, before the belly, holding something."""


@dataclass(frozen=True, slots=True, eq=False)
class _Item:
    what: Performance
    start: float
    """Seconds at which its first frame is played."""

    is_entrance: bool
    """Whether nobody was there before."""


class Layout:
    """What is done when; ``render`` it at a frame rate."""

    def __init__(
        self, played: Sequence[tuple[Performance, bool]], plan: StreamPlan, seed: int
    ) -> None:
        """Place performances one after the other.

        Args:
            played: Each with whether it is a sign.
            plan: How long the rests are.
            seed: Of the rests and of the way the hands rest.
        """
        rng = np.random.default_rng([seed, 1])
        self._seed = seed
        self._items: list[_Item] = []
        self.spans: list[SignSpan] = []
        self._absences: list[tuple[float, float]] = []
        self._rest = draw_resting_body(rng) if plan.rests_anywhere else _resting_body(rng)
        self._bottom = float(rng.uniform(1.3, 2.3))  # of the picture, below the shoulders
        self._travel = float(rng.uniform(*_TRAVEL))
        self._lost_below = float(rng.uniform(*_LOST_BELOW))
        self._swerve = float(rng.normal(0, _SWERVE))
        self._fidget = float(rng.uniform(0, _FIDGET)) * (rng.random() < _FIDGETING)
        self._beat = float(rng.uniform(2, 9))
        now, before = float(rng.uniform(*plan.lead)), None
        for what, is_sign in played:
            is_entrance = before is not None and what.signer != before
            if is_entrance:
                gone = float(rng.uniform(*_LEAVING))
                self._absences.append((now, now + gone))
                now += gone + 0.8
            self._items.append(_Item(what, now, is_entrance))
            self.spans.append(SignSpan(what.label if is_sign else "", now, now + what.end))
            rest = float(rng.uniform(*plan.rest))
            now += what.end + rest
            before = what.signer
        self.duration = now + 1.5

    def render(self, fps: float) -> Stream:
        """Take frames at a rate, with all that goes wrong on the way."""
        rng = np.random.default_rng([self._seed, 2, round(fps * 10)])
        times = np.arange(0, self.duration, 1 / fps)
        times += rng.uniform(-_LATE, _LATE, len(times)) / fps
        kept = rng.random(len(times)) >= _DROPPED
        for at in np.flatnonzero(rng.random(len(times)) < _STALLED):
            kept[at : at + 3] = False
        times = np.maximum(times, 0.0)[kept]
        points = np.stack([self._posture(time) for time in times.tolist()])
        points += rng.normal(0, _TREMBLE, points.shape).astype(np.float32)
        self._lose_hands(times, points, rng)
        for start, end in self._absences:
            points[(times >= start) & (times < end)] = np.nan
        placed = points * np.float32(0.22) + np.array([0.5, 0.4, 0.0], dtype=np.float32)
        return Stream(times, placed, tuple(self.spans))

    def _posture(self, time: float) -> NDArray[np.float32]:
        """(75, 3) in the body frame at a time."""
        place = int(np.searchsorted([item.start for item in self._items], time, "right")) - 1
        before = self._items[place] if place >= 0 else None
        after = self._items[place + 1] if place + 1 < len(self._items) else None
        if before is not None:
            own = time - before.start
            length = float(before.what.times[-1])
            if after is not None and not after.is_entrance:
                length = min(length, max(before.what.end, after.start - before.start - 0.1))
            if own <= length:
                return self._visible(posture_at(before.what, own))
            return self._between(time, before, before.start + length, after)
        return self._between(time, None, 0.0, after)

    def _between(
        self, time: float, before: _Item | None, left: float, after: _Item | None
    ) -> NDArray[np.float32]:
        """Hands on their way to rest, at rest, or on their way to the next sign."""
        arrival = after.start if after is not None else self.duration
        travel = self._travel
        shares = []
        if before is not None:
            shares.append((time - left) / travel)
        if after is not None:
            shares.append((arrival - time) / travel)
        down = ease(min(shares))
        first = posture_at(before.what, left - before.start) if before is not None else None
        second = posture_at(after.what, 0.0) if after is not None else None
        if before is None or (after is not None and after.is_entrance and arrival - time < 0.8):
            first = second
        if after is None or (after.is_entrance and arrival - time >= 0.8):
            second = first
        assert first is not None and second is not None  # noqa: S101, PT018 - an item is near
        turn = np.float32(ease((time - left) / max(arrival - left, 1e-6)))
        body = blend(first, second, turn)
        rest = self._rest
        for arm, hand, wrist in zip(_ARMS, HANDS, WRISTS, strict=True):
            fidget = self._fidget * down * np.sin(self._beat * time)
            swerve = np.float32(self._swerve * np.sin(np.pi * down) + fidget)
            body[arm] += (rest[arm] - body[arm]) * np.float32(down)
            body[arm, 0] += swerve
            if np.isfinite(body[hand]).all():
                lowered = body[hand] - body[hand.start] + rest[wrist]
                body[hand] += (lowered - body[hand]) * np.float32(down)
                body[hand, 0] += swerve
                if down >= self._lost_below:
                    body[hand] = np.nan
        return self._visible(body)

    def _visible(self, body: NDArray[np.float32]) -> NDArray[np.float32]:
        """Forget the hands that are below the picture."""
        for hand in HANDS:
            if not body[hand.start, 1] < self._bottom:
                body[hand] = np.nan
        return body

    def _lose_hands(
        self, times: NDArray[np.float64], points: NDArray[np.float32], rng: np.random.Generator
    ) -> None:
        for start in rng.uniform(0, self.duration, rng.poisson(_LOST_RATE * self.duration)):
            gone = (times >= start) & (times < start + rng.uniform(*_LOST))
            hand = HANDS[int(rng.integers(2))]
            points[gone, hand] = np.nan


def _resting_body(rng: np.random.Generator) -> NDArray[np.float32]:
    """Where arms and wrists are at rest, (75, 3); only the arms are filled in."""
    body = np.zeros((POINTS, 3), dtype=np.float32)
    down, aside = rng.uniform(1.1, 2.1), rng.uniform(0.05, 0.8)
    out, low = rng.uniform(0.5, 0.9), rng.uniform(0.8, 1.2)
    elbow = (max(aside, out), min(down - 0.1, low))
    for side, arm in zip((1, -1), _ARMS, strict=True):
        body[arm, 0] = side * aside
        body[arm, 1] = down
    for side, name in ((1, "left_elbow"), (-1, "right_elbow")):
        body[INDEX[name]] = (side * elbow[0], elbow[1], 0.0)
    return body


def make_layouts(
    signs: Sequence[Clip], others: Sequence[Clip], plan: StreamPlan, seed: int
) -> Iterator[Layout]:
    """Lay out streams in which every sign clip is performed once; the same for a seed.

    Args:
        signs: Clips of signs.
        others: Clips of other movement, some of which are done between signs.
        plan: How streams are made.
        seed: Of everything that is left to chance.
    """
    rng = np.random.default_rng([seed, 0])
    performed = [one for clip in signs if (one := perform(clip)) is not None]
    idle = [one for clip in others if (one := perform(clip)) is not None]
    order = order_by_signer(performed, many=False, rng=rng)
    if plan.many:
        half = len(order) // 2
        order = order[:half] + order_by_signer(order[half:], many=True, rng=rng)
    for start in range(0, len(order), _LENGTH):
        played: list[tuple[Performance, bool]] = []
        for what in order[start : start + _LENGTH]:
            if idle and rng.random() < _MOVEMENT:
                played.append((idle[int(rng.integers(len(idle)))], False))
            played.append((what, True))
        yield Layout(played, plan, int(rng.integers(2**31)))


def make_idle_layouts(others: Sequence[Clip], plan: StreamPlan, seed: int) -> Iterator[Layout]:
    """Lay out streams of nothing but other movement, every clip once."""
    rng = np.random.default_rng([seed, 3])
    idle = [one for clip in others if (one := perform(clip)) is not None]
    idle.sort(key=lambda one: one.signer)
    for start in range(0, len(idle), _LENGTH):
        played = [(what, False) for what in idle[start : start + _LENGTH]]
        yield Layout(played, plan, int(rng.integers(2**31)))
