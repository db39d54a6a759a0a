"""How much work each frame may be: from measured times, so that signing keeps its frame rate.

A device that is hot, busy or slow gets smaller networks, less often; with hysteresis, for every
change of plan shows in the landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edge.landmarks.tracking.hands import Kind

_FULL: Final = 0.8
"""Share of the time between frames that may be used before a cheaper plan is taken."""
_SPARE: Final = 0.55
"""Share below which a better plan must stay to be taken."""
_PATIENCE: Final = 3.0
"""Seconds for which there must be time to spare."""
_SETTLE: Final = 0.5
"""Seconds after a change before the next one to the cheaper side."""
_WEIGHT: Final = 0.15
"""Of the newest frame in the mean."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is looked at."""

    body_every: tuple[int, int, int]
    """Frames after which the body is looked for at the latest, with 0, 1 and 2 hands seen."""

    body_least: int
    """Frames after which it is looked for where a hand is in doubt or something stirs."""

    hand: Kind
    """The network that follows hands."""

    is_in_turn: bool
    """Whether only one hand is looked at in each frame; the other goes on as it went."""

    cost: float
    """Time of a frame of signing, roughly, in that of the first plan."""


PLANS: Final = (
    Plan(body_every=(2, 3, 5), body_least=1, hand="hand_full", is_in_turn=False, cost=1.0),
    Plan(body_every=(3, 6, 10), body_least=3, hand="hand_full", is_in_turn=True, cost=0.72),
    Plan(body_every=(3, 6, 10), body_least=3, hand="hand_lite", is_in_turn=False, cost=0.59),
    Plan(body_every=(4, 10, 12), body_least=4, hand="hand_lite", is_in_turn=True, cost=0.50),
)
"""The best first; what each costs and knows is in docs/results/tracker.md."""


class Budget:
    """Chooses the plan. Pure: its only clock is the caller's."""

    def __init__(self, target_fps: float) -> None:
        """Aim at frames per second of signing."""
        self._target = 1 / target_fps
        self._level = 0
        self._mean = 0.0
        self._changed = -1e9
        self._tight = -1e9

    @property
    def plan(self) -> Plan:
        """The plan for the next frame."""
        return PLANS[self._level]

    def spend(self, time: float, seconds: float) -> None:
        """Hear how long a frame with hands in it took.

        Args:
            time: Seconds, monotonic, of the frame.
            seconds: Wall time from taking up the frame to its landmarks.
        """
        if time < self._changed:  # another recording
            self._changed = self._tight = time
        self._mean += (_WEIGHT if self._mean else 1.0) * (seconds - self._mean)
        used = self._mean / self._target
        if used > _FULL and time - self._changed >= _SETTLE and self._level < len(PLANS) - 1:
            self._change(self._level + 1, time)
        elif self._level and used * self._dearer() > _SPARE:
            self._tight = time
        elif self._level and time - max(self._tight, self._changed) >= _PATIENCE:
            self._change(self._level - 1, time)

    def _dearer(self) -> float:
        return PLANS[self._level - 1].cost / PLANS[self._level].cost

    def _change(self, level: int, time: float) -> None:
        self._mean *= PLANS[level].cost / PLANS[self._level].cost
        self._level, self._changed, self._tight = level, time, time
