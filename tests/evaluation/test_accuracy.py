"""Figures against those worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.evaluation.accuracy import BINS, Tally, calibration_error
from edge.messages import Prediction


def said(*top: tuple[str, float], is_accepted: bool = True) -> Prediction:
    """Make a prediction."""
    return Prediction(0.0, 1.0, top, is_accepted)


def test_calibration_error_is_that_of_a_sum_by_hand() -> None:
    # Bins (9/15, 10/15] and (13/15, 14/15]: means 0.625 and 0.9, right 1 of 2 and 3 of 3.
    confidences = [0.61, 0.64, 0.88, 0.90, 0.92]
    right = [True, False, True, True, True]
    assert calibration_error(confidences, right) == pytest.approx(
        2 / 5 * abs(0.5 - 0.625) + 3 / 5 * abs(1 - 0.9), abs=1e-4
    )


def test_over_and_under_confidence_of_different_bins_do_not_cancel() -> None:
    assert calibration_error([0.5, 0.9], [True, False]) == pytest.approx(0.7)
    assert calibration_error([0.9, 0.9], [True, False]) == pytest.approx(0.4)


def test_bins_take_their_upper_edge() -> None:
    edge = 9 / BINS  # 0.6, which is closed; 0.61 belongs to the next bin
    assert calibration_error([edge, 0.61], [True, False]) == pytest.approx(
        (0.4 + 0.61) / 2, abs=1e-4
    )


def test_certainty_that_is_right_has_no_error() -> None:
    assert calibration_error([1.0, 1.0, 0.0], [True, True, False]) == 0


def test_without_examples_there_is_no_calibration_error() -> None:
    assert calibration_error([], []) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_calibration_error_is_a_share(examples: list[tuple[float, bool]]) -> None:
    error = calibration_error([one for one, _ in examples], [right for _, right in examples])
    assert error is not None
    assert 0 <= error <= 1


def test_tally_counts_each_figure() -> None:
    tally = Tally()
    tally.add("yes", said(("yes", 0.9), ("no", 0.1)))
    tally.add("yes", said(("no", 0.8), ("yes", 0.2)))
    tally.add("yes", said(("no", 0.8), ("yes", 0.2), is_accepted=False))
    tally.add("no", said(("no", 1.0), ("yes", 0.0)))
    tally.add("eat", None)
    report = tally.report()
    assert tally.shares() == {
        "clips": 4,
        "top1": 0.5,
        "top5": 1.0,
        "macro_top1": round((1 / 3 + 1) / 2, 4),
        "declined": 0.25,
        "said_wrong": 0.25,
        "unknown_label": 1,
    }
    assert report.items() >= tally.shares().items()
    assert report["confused"] == [["yes", "no", 2]]
    assert report["per_label"] == {
        "no": {"clips": 1, "top1": 1.0},
        "yes": {"clips": 3, "top1": 0.3333},
    }
    # Bins of 0.9, of 0.8 (twice, never right) and of 1.0.
    assert report["calibration_error"] == pytest.approx((0.1 + 2 * 0.8 + 0) / 4)


def test_sixth_candidate_is_not_among_the_top_5() -> None:
    ranked = [(gloss, 0.1) for gloss in "abcdef"]
    tally = Tally()
    tally.add("e", said(*ranked))
    tally.add("f", said(*ranked))
    assert tally.shares()["top5"] == 0.5
