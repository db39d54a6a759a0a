"""Chooses thresholds for a stated rate of false words, from decisions made on streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.recognition.bundle import OTHER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_THRESHOLDS: Final = np.round(np.arange(0.2, 0.981, 0.02), 2)
_MARGINS: Final = np.array([0.0, 0.1, 0.2, 0.4, 0.6])
_PRIOR: Final = 64.0
"""How many decisions of a word the pooled decisions of all count for. Fewer only fit the people
whom the thresholds are chosen by (docs/results/experiments.md)."""
_COSTS: Final = np.geomspace(0.25, 64, 25)
"""Of a false word, in right words that are not said, to choose among."""


@dataclass(frozen=True, slots=True)
class JudgedDecision:
    """One decision, before any threshold, and what was really done."""

    gloss: str
    """The best candidate."""

    probability: float
    margin: float
    """Its lead over the second."""

    truth: str
    """The sign's gloss; empty where no sign was made."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Thresholds and margins by gloss, and what they do on the outcomes they were chosen by."""

    cost: float
    """Of a false word, in right words that are not said."""

    thresholds: dict[str, float]
    margins: dict[str, float]
    said_right: float
    """Share of the signs."""

    said_wrong: float
    """Share of the signs."""

    false_per_hour: float

    def figures(self) -> dict[str, Any]:
        """What it does, without the thresholds."""
        return {
            "cost": round(self.cost, 2),
            "said_right": round(self.said_right, 4),
            "said_wrong": round(self.said_wrong, 4),
            "false_per_hour": round(self.false_per_hour, 2),
        }


def choose_thresholds(
    outcomes: Sequence[JudgedDecision], glosses: Sequence[str], cost: float
) -> dict[str, Any]:
    """Choose each word's threshold and margin.

    A word said where no sign is costs ``cost``, one said for another sign half of that (its
    listener can at least ask back), a right one that is not said costs 1. What all words
    together would have cost is added, scaled to _PRIOR decisions, so that a word of few decisions
    gets nearly the common threshold.

    Returns:
        ``thresholds`` and ``margins``, by gloss.
    """
    words = [one for one in outcomes if one.gloss != OTHER]
    costs = _costs(words, cost)
    pooled = costs.sum(axis=0) * (_PRIOR / max(1, len(words)))
    which = np.array([one.gloss for one in words], dtype=str)
    thresholds, margins = {}, {}
    for gloss in glosses:
        total = costs[which == gloss].sum(axis=0) + pooled
        # Of the equally good ones the middle, not the lowest.
        good = np.argwhere(total <= total.min() + 1e-9)
        at = good[len(good) // 2]
        thresholds[gloss] = float(_THRESHOLDS[at[0]])
        margins[gloss] = float(_MARGINS[at[1]])
    return {"thresholds": thresholds, "margins": margins}


def _costs(outcomes: Sequence[JudgedDecision], cost: float) -> NDArray[np.float64]:
    """Cost (N, thresholds, margins) of each decision at each pair."""
    probability = np.array([one.probability for one in outcomes])[:, None, None]
    margin = np.array([one.margin for one in outcomes])[:, None, None]
    said = (probability >= _THRESHOLDS[:, None]) & (margin >= _MARGINS - 1e-9)
    is_right = np.array([one.gloss == one.truth for one in outcomes])[:, None, None]
    price = np.array([cost / 2 if one.truth else cost for one in outcomes])[:, None, None]
    costs: NDArray[np.float64] = np.where(is_right, ~said, price * said)
    return costs


def threshold_curve(
    outcomes: Sequence[JudgedDecision], glosses: Sequence[str], signs: int, hours: float
) -> list[Choice]:
    """Choose thresholds for a range of costs of a false word, and count what they do.

    Args:
        outcomes: Of streams.
        glosses: Of the bundle.
        signs: How many there were in the streams.
        hours: How long no sign was made.
    """
    choices = []
    for cost in _COSTS.tolist():
        chosen = choose_thresholds(outcomes, glosses, cost)
        figures = count_said(outcomes, chosen, signs, hours)
        choices.append(Choice(cost, chosen["thresholds"], chosen["margins"], **figures))
    return choices


def count_said(
    outcomes: Sequence[JudgedDecision], chosen: dict[str, Any], signs: int, hours: float
) -> dict[str, float]:
    """What thresholds do on outcomes, which may be others than they were chosen by."""
    said = [
        one
        for one in outcomes
        if one.gloss != OTHER
        and one.probability >= chosen["thresholds"][one.gloss]
        and one.margin >= chosen["margins"][one.gloss] - 1e-9
    ]
    right = sum(one.gloss == one.truth for one in said)
    wrong = sum(bool(one.truth) and one.gloss != one.truth for one in said)
    false = sum(not one.truth for one in said)
    return {
        "said_right": right / max(1, signs),
        "said_wrong": wrong / max(1, signs),
        "false_per_hour": false / max(1e-9, hours),
    }
