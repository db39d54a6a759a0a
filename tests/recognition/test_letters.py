"""Letters at run time: views, the held part of a segment, hand archives, kinds of bundles."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import Signing, hand_at

from edge.config.settings import Settings
from edge.errors import ArchiveError, BundleError
from edge.evaluation.hand_accuracy import classify_hands, evaluate_hands
from edge.landmarks.archive import Hand, read_clips, read_hands
from edge.landmarks.skeleton import LEFT_HAND, RIGHT_HAND, mirror
from edge.messages import LETTERS, Segment
from edge.recognition.bundle import OTHER, Bundle, find_bundle, read_bundle
from edge.recognition.classifying.classifier import Classifier
from edge.recognition.features import hand as handshape
from edge.recognition.recognizer import Recognizer
from edge.recognition.spelling.letter_classifier import (
    HELD,
    NOTHING,
    STILL,
    LetterClassifier,
    held_hand,
    make_classifier,
    merge_views,
)

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = Settings()
OPEN_HAND = hand_at(np.array([0.5, 0.5]), -1)
NOBODY = np.full((21, 3), np.nan, dtype=np.float32)


@pytest.fixture(scope="module")
def letters() -> Bundle:
    """Return the letters that are shipped."""
    try:
        return read_bundle(find_bundle("letters"))
    except BundleError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def classifier(letters: Bundle) -> LetterClassifier:
    return LetterClassifier(letters)


@pytest.fixture(scope="module")
def stills(archives: Path) -> list[Hand]:
    """Return two hands of each letter from people who were not learnt from."""
    by_label: dict[str, list[Hand]] = {}
    for hand in read_hands(archives / "letters-val.npz"):
        by_label.setdefault(hand.label, []).append(hand)
    return [hand for label in LETTERS for hand in by_label[label][:40:20]]


def write_hands(path: Path, hands: list[Hand]) -> Path:
    """Write a hand archive."""
    np.savez(
        path,
        hands=np.stack([hand.points for hand in hands]),
        labels=np.array([hand.label for hand in hands]),
        signers=np.array([hand.signer for hand in hands]),
        sources=np.array([hand.source for hand in hands]),
        aspect=np.ones(len(hands), dtype=np.float32),
        handedness=np.array([hand.handedness for hand in hands]),
    )
    return path


def test_view_that_is_no_right_hand_has_no_say() -> None:
    sure = np.array([0.9, 0.1, 0.0], dtype=np.float32)
    wrong_side = np.array([0.0, 0.0, 1.0], dtype=np.float32)
    for one, two in ((sure, wrong_side), (wrong_side, sure)):
        np.testing.assert_allclose(merge_views(one, two, ("A", "B", OTHER)), [0.9, 0.1, 0.0])


@pytest.mark.parametrize(
    ("one", "two", "merged"),
    [
        ([0.8, 0.2, 0.0], [0.2, 0.8, 0.0], [0.5, 0.5, 0.0]),
        ([0.3, 0.2, 0.5], [0.3, 0.2, 0.5], [0.6, 0.4, 0.0]),
        ([0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]),
        ([0.1, 0.0, 0.9], [0.0, 0.1, 0.9], [0.1, 0.1, 0.8]),
    ],
)
def test_views_are_weighed_by_how_much_they_are_right_hands(
    one: list[float], two: list[float], merged: list[float]
) -> None:
    first, second = (np.array(view, dtype=np.float32) for view in (one, two))
    np.testing.assert_allclose(merge_views(first, second, ("A", "B", OTHER)), merged, atol=1e-6)


def test_views_merge_without_the_class_other() -> None:
    one, two = np.array([0.9, 0.1], dtype=np.float32), np.array([0.5, 0.5], dtype=np.float32)
    np.testing.assert_allclose(merge_views(one, two, ("A", "B")), [0.7, 0.3], atol=1e-6)


def test_held_part_is_half_a_second_and_still(signing: Signing) -> None:
    times, points = signing.but(held=(1.6, 2.3), trembling=0.001).arrays()
    held = held_hand(times, points)
    assert len(held) == pytest.approx(HELD * signing.fps, abs=1.5)
    spread = held[:, 0, :2].std(axis=0)
    assert (spread < 0.002).all()


def test_resting_hand_is_not_taken_for_a_held_one(signing: Signing) -> None:
    times, points = signing.but(is_rest_seen=True).arrays()
    held = held_hand(times, points)
    highest = np.nanmin(points[:, RIGHT_HAND.start, 1])
    assert (held[:, 0, 1] < highest + 0.1).all()


def test_left_hand_is_given_as_a_right_one(signing: Signing) -> None:
    times, points = signing.arrays()
    right, left = held_hand(times, points), held_hand(times, mirror(points))
    np.testing.assert_allclose(left, right, atol=1e-6)


def test_higher_of_two_hands_spells(signing: Signing) -> None:
    times, points = signing.but(is_both=True).arrays()
    points[:, LEFT_HAND, 1] += 0.2
    right_only = points.copy()
    right_only[:, LEFT_HAND] = np.nan
    np.testing.assert_array_equal(held_hand(times, points), held_hand(times, right_only))


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_short_segment_is_taken_whole(frames: int) -> None:
    points = np.full((frames, 75, 3), np.nan, dtype=np.float32)
    points[:, RIGHT_HAND] = OPEN_HAND
    assert held_hand(np.arange(frames) / 15, points).shape == (frames, 21, 3)


def test_segment_without_a_hand_gives_one_unseen_hand() -> None:
    held = held_hand(np.arange(5) / 15, np.full((5, 75, 3), np.nan, dtype=np.float32))
    assert held.shape == (1, 21, 3)
    assert np.isnan(held).all()


def test_every_letter_can_be_said(letters: Bundle) -> None:
    assert set(LETTERS) <= set(letters.glosses)
    assert {"space", "del", NOTHING} <= set(letters.glosses)
    assert set(STILL) == set(LETTERS) - {"J", "Z"}


def test_letters_of_strangers_are_recognised(
    classifier: LetterClassifier, stills: list[Hand]
) -> None:
    said = [classifier.classify_hand(hand.points) for hand in stills]
    right = [p.top[0][0] == hand.label for p, hand in zip(said, stills, strict=True)]
    assert np.mean(right) > 0.75
    for prediction in said:
        assert 0 < sum(p for _, p in prediction.top) <= 1.001


def test_mirrored_hand_is_the_same_letter(classifier: LetterClassifier, stills: list[Hand]) -> None:
    for hand in stills[::5]:
        said = classifier.classify_hand(hand.points)
        assert classifier.classify_hand(handshape.mirror(hand.points)).top == said.top


def test_unseen_hand_is_declined(classifier: LetterClassifier) -> None:
    partly = OPEN_HAND.copy()
    partly[8] = np.nan
    for points in (NOBODY, partly):
        assert not classifier.classify_hand(points).is_accepted


def test_held_letter_is_recognised_in_a_segment(
    classifier: LetterClassifier, stills: list[Hand]
) -> None:
    still = max(stills, key=lambda hand: classifier.classify_hand(hand.points).top[0][1])
    expected = classifier.classify_hand(still.points)
    points = np.full((20, 75, 3), np.nan, dtype=np.float32)
    points[:, RIGHT_HAND] = still.points
    segment = Segment(2.0, 3.2, np.arange(20) / 15, points, "pause")
    (prediction,) = classifier.push(segment)
    assert (prediction.onset, prediction.offset) == (2.0, 3.2)
    assert prediction.top == expected.top
    assert prediction.is_accepted


def test_nothing_is_never_said(letters: Bundle) -> None:
    loose = LetterClassifier(letters, threshold=0.001)
    shares = np.full(len(letters.glosses), 0.01, dtype=np.float32)
    shares[letters.glosses.index(NOTHING)] = 0.9
    decided = loose._decide(shares, has_hand=True, onset=0.0, offset=1.0)
    assert (decided.is_accepted, decided.reason) == (False, "other")


def test_bundle_chooses_the_classifier(letters: Bundle, bundle: Bundle) -> None:
    assert isinstance(make_classifier(letters), LetterClassifier)
    assert type(make_classifier(bundle)) is Classifier


def test_recognizer_runs_on_letters(letters: Bundle, signing: Signing) -> None:
    recognizer = Recognizer(SETTINGS, letters)
    events = [event for item in signing.landmarks() for event in recognizer.push(item)]
    events += recognizer.flush(signing.length)
    assert len(events) > 1
    recognizer.close()


def test_figures_are_those_of_a_count_by_hand(
    letters: Bundle, classifier: LetterClassifier, stills: list[Hand], tmp_path: Path
) -> None:
    said = {hand: classifier.classify_hand(hand.points).top[0][0] for hand in stills}
    strange = Hand("7", "z", stills[0].points, "")
    path = write_hands(tmp_path / "hands.npz", [*stills, strange])
    figures = evaluate_hands([path], SETTINGS, letters, is_full=True)
    right = [said[hand] == hand.label for hand in stills]
    still = [said[hand] == hand.label for hand in stills if hand.label in STILL]
    assert (figures["clips"], figures["unknown_label"]) == (len(stills), 1)
    assert figures["top1"] == figures["letters_top1"] == pytest.approx(np.mean(right), abs=1e-4)
    assert figures["static_top1"] == pytest.approx(np.mean(still), abs=1e-4)
    assert figures["mirrored"] == figures["top1"]
    assert figures["per_label"]["A"]["clips"] == 2
    assert set(figures["by_signer"]) == {hand.signer for hand in stills}
    assert set(figures["by_source"]) == {hand.source for hand in stills}
    assert sum(one["clips"] for one in figures["by_signer"].values()) == len(stills)
    json.dumps(figures)


def test_hands_are_counted_from_nought(letters: Bundle, tmp_path: Path) -> None:
    hands = [Hand("A", "a", OPEN_HAND, ""), Hand("B", "a", NOBODY, "")]
    found = list(classify_hands(write_hands(tmp_path / "a.npz", hands), SETTINGS, letters))
    assert [name for name, _ in found] == ["0", "1"]
    assert not found[1][1].is_accepted


def test_damaged_hand_archive_is_refused_by_name(letters: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "hands.npz"
    np.savez(path, hands=np.zeros((2, 21, 2), dtype=np.float32))
    with pytest.raises(ArchiveError, match=r"hands\.npz: missing array labels"):
        evaluate_hands([path], SETTINGS, letters)


def test_source_of_a_hand_is_read_and_may_be_absent(tmp_path: Path) -> None:
    hands = [Hand("A", "a", OPEN_HAND, "", "somewhere")]
    path = write_hands(tmp_path / "a.npz", hands)
    assert read_hands(path)[0].source == "somewhere"
    with np.load(path) as arrays:
        np.savez(path, **{name: arrays[name] for name in arrays.files if name != "sources"})
    assert read_hands(path)[0].source == ""


def copy_of(bundle: Bundle, folder: Path, **changes: object) -> Path:
    """Copy a bundle, with changes to what it says of its features."""
    shutil.copytree(bundle.path, folder)
    path = folder / "model.json"
    manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
    manifest["features"].update(changes)
    path.write_text(json.dumps(manifest), "utf-8")
    return folder


def test_fingerprint_is_that_of_the_bundles_kind(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=handshape.fingerprint()):
        read_bundle(copy_of(bundle, tmp_path / "a", kind="hand"))
    own = {"version": handshape.VERSION, "fingerprint": handshape.fingerprint()}
    with pytest.raises(BundleError, match=r"features\.fingerprint"):
        read_bundle(copy_of(bundle, tmp_path / "b", **own))
    assert read_bundle(copy_of(bundle, tmp_path / "c", kind="hand", **own))


def test_unknown_kind_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"features\.kind = 'foot'"):
        read_bundle(copy_of(bundle, tmp_path / "a", kind="foot"))


def test_signed_letters_are_recognised(classifier: LetterClassifier, archives: Path) -> None:
    clips = [c for c in read_clips(archives / "letters-signed.npz") if c.signer == "person074"]
    said = [classifier.classify(c.times, c.points, 0.0, 1.0).top[0][0] for c in clips[::7]]
    labels = [clip.label.removeprefix("letter ").upper() for clip in clips[::7]]
    assert np.mean(np.array(said) == np.array(labels)) > 0.75
