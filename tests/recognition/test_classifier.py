"""The classifier, with the network that is shipped."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.config.settings import Settings
from edge.landmarks.archive import Clip, read_clips
from edge.landmarks.skeleton import mirror
from edge.messages import Segment
from edge.recognition.bundle import OTHER, Bundle
from edge.recognition.classifying.classifier import Classifier, softmax
from edge.recognition.clips import make_clip_segmenter, predict
from edge.tflite import Network

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Signing
    from numpy.typing import NDArray

    from edge.messages import Prediction

ROUNDING = 5e-5
"""Of one probability."""


@pytest.fixture(scope="module")
def classifier(bundle: Bundle) -> Classifier:
    """Load it once."""
    return Classifier(bundle)


@pytest.fixture(scope="module")
def prototypes(bundle: Bundle) -> list[Clip]:
    """Return one mean clip for each word."""
    return read_clips(bundle.path / "prototypes.npz")


def classify(classifier: Classifier, clip: Clip) -> Prediction:
    """Recognise a whole clip."""
    return classifier.classify(clip.times, clip.points, 0.0, 1.0)


def test_nothing_seen_is_no_crash_and_no_word(classifier: Classifier) -> None:
    points = np.full((20, 75, 3), np.nan, dtype=np.float32)
    prediction = classifier.classify(np.arange(20) / 15, points, 0.0, 1.3)
    assert np.isfinite([probability for _, probability in prediction.top]).all()
    assert not prediction.is_accepted


def test_body_without_a_hand_says_nothing(classifier: Classifier, prototypes: list[Clip]) -> None:
    for clip in prototypes[:10]:
        points = clip.points.copy()
        points[:, 33:] = np.nan
        assert not classifier.classify(clip.times, points, 0.0, 1.0).is_accepted


def test_known_hand_is_looked_at_once_and_mirrored_by_the_other(
    bundle: Bundle, prototypes: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Classifier(bundle)
    right, left = Classifier(bundle, hand="right"), Classifier(bundle, hand="left")
    for clip in prototypes[:10]:
        mirrored = replace(clip, points=mirror(clip.points))
        assert classify(right, clip).top[0] == classify(left, mirrored).top[0]
        assert classify(left, clip).top[0] == classify(right, mirrored).top[0]
    runs = Counter[str]()
    run = Network.run_with_embedding

    def count(network: Network, values: NDArray[np.float32]) -> object:
        runs["all"] += 1
        return run(network, values)

    monkeypatch.setattr(Network, "run_with_embedding", count)
    classify(right, prototypes[0])
    assert runs["all"] == 1
    classify(both, prototypes[0])
    assert runs["all"] == 3


def test_known_hand_still_knows_taught_words(bundle: Bundle, prototypes: list[Clip]) -> None:
    right = Classifier(bundle, hand="right")
    segments = [Segment(0.0, c.times[-1], c.times, c.points, "stop") for c in prototypes[:3]]
    right.teach("mine", segments)
    assert right.probabilities(segments[0]).sum() == pytest.approx(1, abs=1e-4)
    assert right.glosses[-1] == "mine"


def test_threshold_may_be_changed_and_changed_back(bundle: Bundle, prototypes: list[Clip]) -> None:
    classifier = Classifier(bundle)
    accepted = classify(classifier, prototypes[0]).is_accepted
    assert accepted
    classifier.set_threshold(1.0)
    assert not classify(classifier, prototypes[0]).is_accepted
    classifier.set_threshold(0.0)
    assert classify(classifier, prototypes[0]).is_accepted


def test_single_frame_is_no_crash(classifier: Classifier, signing: Signing) -> None:
    times, points = signing.arrays()
    prediction = classifier.classify(times[:1], points[:1], 0.0, 0.1)
    assert np.isfinite([probability for _, probability in prediction.top]).all()


def test_push_keeps_onset_and_offset(classifier: Classifier, signing: Signing) -> None:
    times, points = signing.arrays()
    (prediction,) = classifier.push(Segment(1.25, 2.5, times, points, "pause"))
    assert (prediction.onset, prediction.offset) == (1.25, 2.5)
    assert list(classifier.flush()) == []


@given(seed=st.integers(0, 1000), share=st.floats(0, 1))
@settings(max_examples=30)
def test_candidates_are_distinct_and_their_probabilities_fall(
    classifier: Classifier, bundle: Bundle, seed: int, share: float
) -> None:
    random = np.random.default_rng(seed)
    points = random.normal(0.5, 0.2, (20, 75, 3)).astype(np.float32)
    points[random.random((20, 75)) < share] = np.nan
    prediction = classifier.classify(np.arange(20) / 15, points, 0.0, 1.3)
    probabilities = [probability for _, probability in prediction.top]
    assert probabilities == sorted(probabilities, reverse=True)
    assert min(probabilities) >= 0
    assert sum(probabilities) <= 1 + len(probabilities) * ROUNDING
    assert len({gloss for gloss, _ in prediction.top}) == len(prediction.top) == 10
    assert {gloss for gloss, _ in prediction.top} <= set(bundle.glosses)


def test_all_probabilities_sum_to_one(bundle: Bundle, prototypes: list[Clip]) -> None:
    everything = Classifier(bundle, top_k=1000)
    prediction = classify(everything, prototypes[0])
    assert {gloss for gloss, _ in prediction.top} == set(bundle.glosses)
    total = sum(probability for _, probability in prediction.top)
    assert total == pytest.approx(1, abs=len(bundle.glosses) * ROUNDING)


@given(arrays(np.float32, st.integers(2, 50), elements=st.floats(-1e4, 1e4, width=32)))
def test_softmax_is_a_distribution_whose_best_is_the_greatest(logits: NDArray[np.float32]) -> None:
    probabilities = softmax(logits)
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert (probabilities >= 0).all()
    assert probabilities[logits.argmax()] == probabilities.max()


def test_most_prototypes_are_recognised(classifier: Classifier, prototypes: list[Clip]) -> None:
    found = [classify(classifier, clip) for clip in prototypes[::3]]
    hits = [p.top[0][0] == clip.label for p, clip in zip(found, prototypes[::3], strict=True)]
    assert np.mean(hits) >= 0.7


def test_threshold_for_all_declines_what_each_would_accept(
    bundle: Bundle, classifier: Classifier, prototypes: list[Clip]
) -> None:
    accepted = [clip for clip in prototypes[:20] if classify(classifier, clip).is_accepted]
    assert len(accepted) >= 10
    strict = Classifier(bundle, threshold=1.0)
    for clip in accepted:
        prediction = classify(strict, clip)
        assert not prediction.is_accepted
        assert prediction.reason == "unsure"
        assert prediction.top == classify(classifier, clip).top


def test_margin_declines_when_the_second_is_near(bundle: Bundle, prototypes: list[Clip]) -> None:
    manifest = bundle.manifest.model_copy(update={"margin": 1.0})
    cautious = Classifier(replace(bundle, manifest=manifest), threshold=1e-6)
    assert {classify(cautious, clip).reason for clip in prototypes[:5]} <= {"unsure", "other"}


def test_higher_temperature_is_less_sure(
    bundle: Bundle, classifier: Classifier, prototypes: list[Clip]
) -> None:
    hotter = bundle.manifest.temperature * 3
    manifest = bundle.manifest.model_copy(update={"temperature": hotter})
    doubting = Classifier(replace(bundle, manifest=manifest))
    for clip in prototypes[:5]:
        (gloss, sure), (same, doubtful) = (
            classify(one, clip).top[0] for one in (classifier, doubting)
        )
        assert gloss == same
        assert doubtful < sure


def test_mirrored_clip_gives_the_same_answer(
    classifier: Classifier, prototypes: list[Clip]
) -> None:
    for clip in prototypes[:10]:
        other = replace(clip, points=mirror(clip.points))
        assert classify(classifier, other).top == classify(classifier, clip).top


def test_other_is_never_accepted(bundle: Bundle, prototypes: list[Clip]) -> None:
    # Whatever the network says best is called other here, and any probability is enough.
    any_will_do = bundle.manifest.model_copy(update={"margin": 0.0})
    for clip in prototypes[:5]:
        best = classify(Classifier(bundle), clip).top[0][0]
        labels = tuple(
            label.model_copy(
                update={"gloss": {best: OTHER, OTHER: best}.get(label.gloss, label.gloss)}
            )
            for label in any_will_do.labels
        )
        manifest = any_will_do.model_copy(update={"labels": labels})
        prediction = classify(Classifier(replace(bundle, manifest=manifest), threshold=1e-6), clip)
        assert prediction.top[0][0] == OTHER
        assert not prediction.is_accepted
        assert prediction.reason == "other"


def test_clips_of_people_are_mostly_recognised(classifier: Classifier, archives: Path) -> None:
    clips = read_clips(archives / "wlasl100-val.npz")[::4][:60]
    assert len(clips) == 60
    segmenter = make_clip_segmenter(Settings().segmenter, classifier)
    found = [predict(clip, segmenter, classifier) for clip in clips]
    ranked = [[gloss for gloss, _ in prediction.top] for prediction in found]
    assert np.mean([r[0] == clip.label for r, clip in zip(ranked, clips, strict=True)]) >= 0.6
    assert np.mean([clip.label in r[:5] for r, clip in zip(ranked, clips, strict=True)]) >= 0.8
