"""What is true of every stage, and how its resources are freed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.config.settings import SegmenterSettings, Settings
from edge.landmarks.archive import Clip
from edge.landmarks.landmarker import Landmarker
from edge.messages import Landmarks, Stage, feed
from edge.recognition.classifying.classifier import Classifier
from edge.recognition.recognizer import Recognizer
from edge.recognition.segmenting.boundary import BoundarySegmenter
from edge.recognition.segmenting.factory import make_segmenter
from edge.recognition.segmenting.hysteresis import HysteresisSegmenter
from edge.recognition.segmenting.sliding import SlidingSegmenter
from edge.recognition.spelling.speller import Speller

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.recognition.bundle import Bundle


class Pairs(Stage[int, tuple[int, ...]]):
    """Gives its numbers by twos."""

    def __init__(self) -> None:
        self.kept: tuple[int, ...] = ()

    def push(self, item: int) -> Iterable[tuple[int, ...]]:
        self.kept = (*self.kept, item)
        return self.flush() if len(self.kept) == 2 else ()

    def flush(self) -> Iterable[tuple[int, ...]]:
        kept, self.kept = self.kept, ()
        return (kept,) if kept else ()


def test_feed_gives_what_every_item_and_the_end_settle() -> None:
    assert list(feed(Pairs(), range(5))) == [(0, 1), (2, 3), (4,)]
    assert list(feed(Pairs(), ())) == []


def test_feed_gives_a_result_before_it_asks_for_the_next_item() -> None:
    asked = iter(range(9))
    assert next(feed(Pairs(), asked)) == (0, 1)
    assert next(asked) == 2


@pytest.mark.parametrize(
    "kind",
    [
        Landmarker,
        BoundarySegmenter,
        HysteresisSegmenter,
        SlidingSegmenter,
        Classifier,
        Speller,
    ],
)
def test_every_stage_is_declared_one(kind: type) -> None:
    assert Stage in kind.__mro__


def test_stage_that_remembers_nothing_needs_neither_flush_nor_reset(bundle: Bundle) -> None:
    classifier = Classifier(bundle)
    classifier.reset()
    assert list(classifier.flush()) == []


@pytest.mark.parametrize(
    ("kind", "segmenter"),
    [
        ("boundary", BoundarySegmenter),
        ("hysteresis", HysteresisSegmenter),
        ("sliding", SlidingSegmenter),
    ],
)
def test_segmenter_is_the_one_that_the_settings_name(
    kind: str, segmenter: type, bundle: Bundle
) -> None:
    settings = SegmenterSettings.model_validate({"kind": kind})
    assert type(make_segmenter(settings, Classifier(bundle))) is segmenter


def test_clip_gives_its_frames_with_their_times() -> None:
    points = np.random.default_rng(0).normal(size=(3, 75, 3)).astype(np.float32)
    frames = list(Clip("", "", 10.0, points).landmarks())
    assert [frame.time for frame in frames] == [0.0, 0.1, 0.2]
    np.testing.assert_array_equal([frame.points for frame in frames], points)


def test_classifier_is_closed_where_its_block_ends(bundle: Bundle) -> None:
    points = np.zeros((9, 75, 3), dtype=np.float32)
    times = np.arange(9) / 15
    with Classifier(bundle) as classifier:
        classifier.classify(times, points, 0.0, 0.6)
    with pytest.raises(AttributeError):
        classifier.classify(times, points, 0.0, 0.6)


def test_recognizer_closes_its_models_even_after_an_error(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[object] = []
    monkeypatch.setattr(Classifier, "close", lambda self: closed.append(self))
    monkeypatch.setattr(Landmarker, "close", lambda self: closed.append(self))

    def fail() -> None:
        with Recognizer(Settings(), bundle) as recognizer:
            recognizer.prepare()
            recognizer.push(Landmarks(0.0, np.full((75, 3), np.nan, dtype=np.float32)))
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert [type(one) for one in closed] == [Landmarker, Classifier]
