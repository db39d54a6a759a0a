"""Thresholds for a rate of false words, on decisions few enough to count."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.landmarks.archive import Clip, read_clips, write_clips
from edge.recognition.bundle import OTHER, read_bundle
from edge.training.thresholds import JudgedDecision, choose_thresholds, count_said, threshold_curve

if TYPE_CHECKING:
    from edge.recognition.bundle import Bundle

ROOT = Path(__file__).resolve().parents[2]
GLOSSES = ("book", "tree", OTHER)


def right(gloss: str, probability: float, margin: float = 0.5) -> JudgedDecision:
    """A sign that was taken for what it is."""
    return JudgedDecision(gloss, probability, margin, gloss)


def wrong(gloss: str, probability: float, margin: float = 0.5) -> JudgedDecision:
    """A sign that was taken for another."""
    return JudgedDecision(gloss, probability, margin, "car")


def false(gloss: str, probability: float, margin: float = 0.5) -> JudgedDecision:
    """A word where no sign was made."""
    return JudgedDecision(gloss, probability, margin, "")


outcomes = st.lists(
    st.builds(
        JudgedDecision,
        st.sampled_from(GLOSSES),
        st.floats(0, 1),
        st.floats(0, 1),
        st.sampled_from(["", "book", "tree"]),
    ),
    max_size=40,
)


def test_threshold_parts_the_right_from_the_false() -> None:
    given_ones = [right("book", 0.7)] * 20 + [false("book", 0.5)] * 20
    chosen = choose_thresholds(given_ones, GLOSSES, cost=1.0)
    assert 0.5 < chosen["thresholds"]["book"] <= 0.7


def test_margin_parts_what_probability_does_not() -> None:
    given_ones = [right("book", 0.9, 0.5)] * 20 + [false("book", 0.9, 0.05)] * 20
    chosen = choose_thresholds(given_ones, GLOSSES, cost=1.0)
    assert 0.05 < chosen["margins"]["book"] <= 0.5
    assert count_said(given_ones, chosen, 20, 1.0) == {
        "said_right": 1, "said_wrong": 0, "false_per_hour": 0,
    }  # fmt: skip


def test_word_that_is_often_false_gets_a_higher_threshold_than_one_that_is_not() -> None:
    given_ones = [right(gloss, p) for gloss in ("book", "tree") for p in np.linspace(0.3, 0.9, 60)]
    given_ones += [false("book", p) for p in np.linspace(0.3, 0.6, 60)]
    chosen = choose_thresholds(given_ones, GLOSSES, cost=2.0)
    assert chosen["thresholds"]["book"] > chosen["thresholds"]["tree"] + 0.1


def test_word_of_few_decisions_gets_nearly_the_common_threshold() -> None:
    common = [right("tree", 0.8)] * 50 + [false("tree", 0.6)] * 50
    chosen = choose_thresholds([*common, false("book", 0.9)], GLOSSES, cost=1.0)
    assert chosen["thresholds"]["book"] == chosen["thresholds"]["tree"]
    assert chosen["thresholds"][OTHER] == chosen["thresholds"]["tree"]


def test_false_word_costs_more_than_one_for_another_sign() -> None:
    kept = [right("book", 0.6)] * 12
    doubtful = {
        kind: choose_thresholds(kept + [kind("book", 0.6)] * 10, ["book"], cost=1.8)["thresholds"][
            "book"
        ]
        for kind in (wrong, false)
    }
    assert doubtful[wrong] <= 0.6 < doubtful[false]


def test_without_any_decision_there_is_still_a_threshold() -> None:
    for given_ones in ([], [right(OTHER, 0.9)]):
        chosen = choose_thresholds(given_ones, GLOSSES, cost=1.0)
        assert set(chosen["thresholds"]) == set(chosen["margins"]) == set(GLOSSES)
        assert all(0.2 <= one <= 0.98 for one in chosen["thresholds"].values())


def test_judge_counts_what_is_said() -> None:
    chosen = {
        "thresholds": dict.fromkeys(GLOSSES, 0.5),
        "margins": {"book": 0.2, "tree": 0.0, OTHER: 0.0},
    }
    given_ones = [
        right("book", 0.5, 0.2),  # said, just
        right("book", 0.49, 0.3),
        right("book", 0.9, 0.1),
        wrong("tree", 0.8, 0.0),  # said
        wrong("tree", 0.3),
        false("tree", 0.6),  # said
        false("book", 0.9, 0.9),  # said
        false("tree", 0.1),
        false(OTHER, 0.9),
        wrong(OTHER, 0.9),
    ]
    assert count_said(given_ones, chosen, signs=8, hours=0.5) == {
        "said_right": 1 / 8, "said_wrong": 1 / 8, "false_per_hour": 4,
    }  # fmt: skip


def test_judge_of_no_sign_and_no_time_is_finite() -> None:
    chosen = choose_thresholds([], GLOSSES, cost=1.0)
    assert count_said([], chosen, 0, 0.0) == {
        "said_right": 0, "said_wrong": 0, "false_per_hour": 0,
    }  # fmt: skip


@given(outcomes=outcomes)
@settings(max_examples=40)
def test_dearer_false_words_are_never_more(outcomes: list[JudgedDecision]) -> None:
    choices = threshold_curve(outcomes, GLOSSES, 10, 1.0)
    costs = [one.cost for one in choices]
    assert costs == sorted(costs)
    for one in choices:
        assert set(one.thresholds) == set(one.margins) == set(GLOSSES)
        assert one.said_right >= 0
        assert one.false_per_hour >= 0
    assert choices[-1].false_per_hour <= choices[0].false_per_hour
    assert json.dumps(choices[0].figures(), allow_nan=False)


@given(outcomes=outcomes, cost=st.floats(0.25, 64))
@settings(max_examples=40)
def test_order_of_decisions_does_not_matter(outcomes: list[JudgedDecision], cost: float) -> None:
    one, other = (choose_thresholds(some, GLOSSES, cost) for some in (outcomes, outcomes[::-1]))
    assert one == other


# scripts/make/thresholds


@pytest.fixture
def copy(bundle: Bundle, tmp_path: Path) -> Path:
    """Copy the shipped words."""
    return Path(shutil.copytree(bundle.path, tmp_path / "words"))


@pytest.fixture
def archive(bundle: Bundle, tmp_path: Path) -> Path:
    """Three words by two people and a movement that is no sign."""
    known = [
        one for one in read_clips(bundle.path / "prototypes.npz") if one.label in ("yes", "no")
    ]
    clips = [
        Clip(label, signer, one.fps, one.points)
        for signer in ("anna", "ben")
        for one in known
        for label in (one.label, "nosuchword")[: 1 + (one.label == "no")]
    ]
    path = tmp_path / "clips.npz"
    write_clips(path, clips)
    return path


def run_script(*arguments: str, code: int = 0) -> str:
    """Run scripts/make/thresholds, quickly; what it prints."""
    ended = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "make" / "thresholds"), *arguments,
         "--seeds", "1", "--rates", "10"],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), "HOME": "/nonexistent", "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == code, ended.stderr
    return ended.stdout + ended.stderr


def test_script_writes_thresholds_into_the_bundle(copy: Path, archive: Path) -> None:
    given_ones = (str(copy), "--archives", str(archive), "--false-per-hour", "3000")
    before = (copy / "model.json").read_text("utf-8")
    first, *_, last = run_script(*given_ones, "--dry").splitlines()
    assert first.startswith("4 signs, 0.0")
    assert last.startswith("chosen for 3000 false words an hour: {'cost': ")
    assert (copy / "model.json").read_text("utf-8") == before

    assert run_script(*given_ones).splitlines()[-1] == last
    manifest = read_bundle(copy).manifest
    assert all(0.2 <= label.threshold <= 0.98 for label in manifest.labels)
    figures = manifest.metrics["thresholds"]
    assert isinstance(figures, dict)
    assert figures["false_per_hour_wanted"] == 3000
    assert figures["archives"] == ["clips.npz"]
    assert figures["seeds"] == [1]


def test_script_that_finds_no_price_writes_nothing(copy: Path, archive: Path) -> None:
    before = (copy / "model.json").read_text("utf-8")
    given_ones = (str(copy), "--archives", str(archive), "--false-per-hour", "0")
    # A movement that is the same as a sign is said whatever the price.
    assert "no price keeps to 0 false words" in run_script(*given_ones, code=1)
    assert (copy / "model.json").read_text("utf-8") == before
