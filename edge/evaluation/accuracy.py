"""Counts predictions against true labels: accuracy, confusions, calibration."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.messages import Prediction

BINS: Final = 15
"""Of the calibration error, equally wide."""
_CONFUSIONS: Final = 12
"""How many pairs a report lists."""


class Tally:
    """Counts what a model says of labelled examples; works for any kind of bundle."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._counts: Counter[str] = Counter()
        self._hits: defaultdict[str, list[bool]] = defaultdict(list)
        self._confused: Counter[tuple[str, str]] = Counter()
        self._confidences: list[float] = []
        self._right: list[bool] = []

    def add(self, label: str, prediction: Prediction | None) -> None:
        """Count one example; None where the model does not know its label."""
        if prediction is None:
            self._counts["unknown"] += 1
            return
        ranked = [gloss for gloss, _ in prediction.top]
        is_right = ranked[0] == label
        self._hits[label].append(is_right)
        self._right.append(is_right)
        self._confidences.append(prediction.top[0][1])
        if not is_right:
            self._confused[label, ranked[0]] += 1
        self._counts["top5"] += label in ranked[:5]
        self._counts["declined"] += not prediction.is_accepted
        self._counts["wrong"] += prediction.is_accepted and not is_right

    @property
    def top1(self) -> float | None:
        """Share of known examples whose best candidate is right; None without any."""
        return share(sum(self._right), len(self._right))

    def shares(self) -> dict[str, Any]:
        """Give the figures that fit in a line; top-k before declining."""
        clips = len(self._right)
        macro = [float(np.mean(hits)) for hits in self._hits.values()]
        return {
            "clips": clips,
            "top1": self.top1,
            "top5": share(self._counts["top5"], clips),
            "macro_top1": round(float(np.mean(macro)), 4) if macro else None,
            "declined": share(self._counts["declined"], clips),
            "said_wrong": share(self._counts["wrong"], clips),
            "unknown_label": self._counts["unknown"],
        }

    def report(self) -> dict[str, Any]:
        """Give every figure."""
        return {
            **self.shares(),
            "calibration_error": calibration_error(self._confidences, self._right),
            "confused": [[*pair, count] for pair, count in self._confused.most_common(_CONFUSIONS)],
            "per_label": {
                label: {"clips": len(hits), "top1": share(sum(hits), len(hits))}
                for label, hits in sorted(self._hits.items())
            },
        }


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float | None:
    """Expected calibration error (Guo et al. 2017, section 2).

    The mean distance between the probability of the best candidate and how often it is right,
    over equally wide bins ((m-1)/BINS, m/BINS], each weighted by its examples.

    Returns:
        From 0 (the probabilities are true) to 1, rounded; None without examples.
    """
    if not confidences:
        return None
    stated, true = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=np.float64)
    bins = np.clip(np.ceil(stated * BINS).astype(np.intp) - 1, 0, BINS - 1)
    gaps = np.abs(np.bincount(bins, weights=true - stated, minlength=BINS))
    return round(float(gaps.sum() / len(stated)), 4)


def share(part: int, whole: int) -> float | None:
    """Divide, rounded to four places; None where there is nothing to divide by."""
    return round(part / whole, 4) if whole else None
