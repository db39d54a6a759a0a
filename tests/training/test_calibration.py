"""Temperature and thresholds on cases small enough to reckon by hand."""

from __future__ import annotations

import numpy as np
import pytest

from edge.recognition.classifying.classifier import softmax
from edge.training.calibration import fit_temperature, fit_thresholds


def test_temperature_that_was_multiplied_in_is_found_again() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 6)).astype(np.float32)
    shares = softmax(logits)
    targets = np.array([rng.choice(6, p=row / row.sum()) for row in shares], dtype=np.int32)
    assert fit_temperature(logits, targets) == pytest.approx(1.0, rel=0.08)
    assert fit_temperature(logits * 2.5, targets) == pytest.approx(2.5, rel=0.08)


def certain(best: int, share: float) -> list[float]:
    row = [(1 - share) / 2] * 3
    row[best] = share
    return row


def test_label_that_is_often_wrong_gets_a_higher_threshold() -> None:
    right = [certain(0, 0.45)] * 40
    wrong = [certain(1, 0.55)] * 40 + [certain(1, 0.85)] * 10
    shares = np.array(right + wrong, dtype=np.float32)
    targets = np.array([0] * 40 + [2] * 40 + [1] * 10, dtype=np.int32)
    trusted, doubted, unseen = fit_thresholds(shares, targets)
    assert trusted <= 0.45
    assert 0.55 < doubted <= 0.85
    assert trusted <= unseen <= doubted


def test_dearer_mistakes_never_lower_a_threshold() -> None:
    rng = np.random.default_rng(1)
    shares = softmax(rng.normal(0, 2, (300, 5)).astype(np.float32))
    targets = np.array([rng.choice(5, p=row / row.sum()) for row in shares], dtype=np.int32)
    cheap, dear = (np.array(fit_thresholds(shares, targets, cost=cost)) for cost in (0.5, 3.0))
    assert (dear >= cheap).all()
    assert dear.mean() > cheap.mean() + 0.1
