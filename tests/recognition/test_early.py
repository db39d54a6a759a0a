"""Saying a sign before it has ended."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from edge.config.settings import ClassifierSettings, Settings
from edge.evaluation.sign_streams import StreamPlan, make_layouts
from edge.landmarks.archive import read_clips
from edge.messages import Landmarks, Prediction, Sign, Utterance
from edge.recognition.early_decision import EarlyDecision
from edge.recognition.recognizer import Recognizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.messages import Event
    from edge.recognition.bundle import Bundle


def early(share: float = 0.8) -> EarlyDecision:
    """Make one that waits for a sign."""
    return EarlyDecision(ClassifierSettings(early=share))


def said(gloss: str, probability: float, *, is_accepted: bool = True) -> Prediction:
    """What the classifier says of the sign so far."""
    top = ((gloss, probability), ("none", 1 - probability))
    return Prediction(0.0, 1.0, top, is_accepted, "" if is_accepted else "unsure")


def test_switched_off_it_is_never_due() -> None:
    assert not any(early(0.0).is_due(now) for now in (0.0, 1.0, 100.0))


def test_looks_are_some_time_apart() -> None:
    watcher = early()
    due = []
    for frame in range(30):
        now = frame / 30
        if watcher.is_due(now):
            due.append(now)
            watcher.is_sure(said("book", 0.1), now)
    assert due[0] == 0
    assert all(later - sooner >= 0.13 for sooner, later in pairwise(due))
    assert 6 <= len(due) <= 8


def test_same_word_twice_in_a_row_is_sure() -> None:
    watcher = early()
    assert not watcher.is_sure(said("book", 0.9), 1.0)
    assert not watcher.has_decided
    assert watcher.is_sure(said("book", 0.81), 1.2)
    assert watcher.has_decided
    assert not watcher.is_due(9.0)


@pytest.mark.parametrize(
    "doubt",
    [said("book", 0.79), said("book", 0.95, is_accepted=False), said("tree", 0.9)],
    ids=["improbable", "not accepted", "another"],
)
def test_doubt_between_makes_it_begin_anew(doubt: Prediction) -> None:
    watcher = early()
    assert not watcher.is_sure(said("book", 0.9), 1.0)
    assert not watcher.is_sure(doubt, 1.2)
    assert not watcher.is_sure(said("book", 0.9), 1.4)
    assert watcher.is_sure(said("book", 0.9), 1.6)


def test_reset_waits_for_the_next_sign() -> None:
    watcher = early()
    watcher.is_sure(said("book", 0.9), 1.0)
    watcher.reset()
    assert watcher.is_due(1.01)
    assert not watcher.is_sure(said("book", 0.9), 1.2)
    assert watcher.is_sure(said("book", 0.9), 1.4)
    watcher.reset()
    assert not watcher.has_decided
    assert watcher.is_due(1.41)


# In the recognizer

WORDS = ("computer", "drink", "yes")


@pytest.fixture(scope="module")
def stream(bundle: Bundle) -> list[Landmarks]:
    """Film the mean clips of three words."""
    clips = [one for one in read_clips(bundle.path / "prototypes.npz") if one.label in WORDS]
    (layout,) = make_layouts(clips, [], StreamPlan(rest=(0.8, 1.0)), seed=1)
    stream = layout.render(15.0)
    return [Landmarks(*one) for one in zip(stream.times.tolist(), stream.points, strict=True)]


def follow(bundle: Bundle, stream: Sequence[Landmarks], share: float) -> list[Event]:
    """Everything that comes of the stream."""
    recognizer = Recognizer(Settings.model_validate({"classifier": {"early": share}}), bundle)
    events = [event for item in stream for event in recognizer.push(item)]
    events += recognizer.flush(stream[-1].time)
    assert (recognizer.counts["early"] > 0) == (share > 0)
    return events


def test_plain_words_are_said_sooner_and_no_word_twice(
    bundle: Bundle, stream: list[Landmarks]
) -> None:
    patient, hasty = (follow(bundle, stream, share) for share in (0.0, 0.6))
    usual, soon = ([one for one in events if isinstance(one, Sign)] for events in (patient, hasty))
    assert sorted(one.gloss for one in usual) == sorted(WORDS)
    assert [one.gloss for one in soon] == [one.gloss for one in usual]
    ahead = [one.decided - other.decided for one, other in zip(usual, soon, strict=True)]
    assert min(ahead) >= 0
    assert max(ahead) > 0.2
    for one in soon:
        assert one.onset < one.offset <= one.decided + 0.1
    (sentence,) = [one for one in hasty if isinstance(one, Utterance)]
    assert list(sentence.glosses) == [one.gloss for one in soon]
    assert sentence.offset >= soon[-1].offset
