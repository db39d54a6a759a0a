"""Fits temperature and thresholds to clips that were not trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from edge.recognition.classifying.classifier import softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULT_THRESHOLD: Final = 0.5
"""Where nothing was held out to choose by."""
_CANDIDATES: Final = np.round(np.arange(0.2, 0.901, 0.02), 2)
_PRIOR: Final = 8.0
"""How many clips of a word the pooled clips of all words count for: few words have more."""


def fit_temperature(logits: NDArray[np.float32], targets: NDArray[np.int32]) -> float:
    """Find the temperature of least cross-entropy (Guo et al. 2017, section 4.2)."""
    candidates = np.geomspace(0.2, 5.0, 200)
    rows = np.arange(len(targets))
    losses = [-np.log(softmax(logits / t)[rows, targets] + 1e-9).mean() for t in candidates]
    return float(round(candidates[int(np.argmin(losses))], 4))


def fit_thresholds(
    shares: NDArray[np.float32], targets: NDArray[np.int32], *, cost: float = 1.0
) -> list[float]:
    """Choose each label's threshold by what it would cost on held-out clips.

    A wrong word that is said costs ``cost``, a right one that is not said costs 1. What all
    labels together would have cost is added, scaled to _PRIOR clips, so that a label with few
    clips gets nearly the common threshold.

    Args:
        shares: (N, K) calibrated probabilities.
        targets: (N,) indices of the true labels.
        cost: Of a wrong word.
    """
    best, top = shares.argmax(axis=1), shares.max(axis=1)
    is_right = best == targets
    is_said = top[:, None] >= _CANDIDATES  # (N, C)
    costs = np.where(is_right[:, None], ~is_said, cost * is_said)  # (N, C)
    pooled = costs.mean(axis=0) * _PRIOR
    chosen = []
    for label in range(shares.shape[1]):
        total = costs[best == label].sum(axis=0) + pooled
        # The middle of the equally good ones, not the lowest.
        good = _CANDIDATES[total <= total.min() + 1e-9]
        chosen.append(float(good[len(good) // 2]))
    return chosen
