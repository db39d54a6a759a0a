"""Measuring: isolated clips through the classifier."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.camera.pacing import least_step
from edge.config.settings import SegmenterSettings, Settings
from edge.errors import ArchiveError, ConfigError, SourceError
from edge.evaluation.clips import RATES, classify_file, evaluate_archives, flip, thin
from edge.landmarks.archive import Clip, read_clips, write_clips
from edge.landmarks.skeleton import LEFT_HAND, RIGHT_HAND
from edge.messages import Segment, feed
from edge.recognition.bundle import OTHER
from edge.recognition.classifying.classifier import Classifier
from edge.recognition.clips import cut, longest_segment, make_clip_segmenter, predict
from edge.recognition.segmenting.factory import make_segmenter

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Signing

    from edge.recognition.bundle import Bundle
    from edge.recognition.segmenting.segmenter import Segmenter

SETTINGS = Settings()
BY_MOVEMENT = SegmenterSettings(kind="hysteresis")
"""The made-up signer moves plainly enough for it."""


@pytest.fixture(scope="module")
def words(bundle: Bundle) -> dict[str, Clip]:
    """Return those of the mean clips that are recognised and accepted, by gloss."""
    classifier = Classifier(bundle)
    clips = read_clips(bundle.path / "prototypes.npz")[:24]
    segmenter = make_clip_segmenter(SETTINGS.segmenter, classifier)
    found = [(clip, predict(clip, segmenter, classifier)) for clip in clips]
    good = {c.label: c for c, p in found if p.is_accepted and p.top[0][0] == c.label}
    assert len(good) >= 12
    return good


def by_movement() -> Segmenter:
    """Make a segmenter for the made-up signer."""
    return make_clip_segmenter(BY_MOVEMENT, None)


def write_named(path: Path, clips: list[Clip]) -> Path:
    """Write clips at an image of 4:3."""
    write_clips(path, clips, aspect=4 / 3)
    return path


def test_figures_are_those_of_a_count_by_hand(
    bundle: Bundle, words: dict[str, Clip], tmp_path: Path
) -> None:
    glosses = list(words)
    right = [words[gloss] for gloss in glosses[:6]]
    false = [replace(words[glosses[6]], label=glosses[7]), replace(words[glosses[8]], label="xyz")]
    path = write_named(tmp_path / "a.npz", [*right, *false])
    figures = evaluate_archives([path], SETTINGS, bundle)
    assert figures["clips"] == 7
    assert figures["unknown_label"] == 1
    assert figures["top1"] == pytest.approx(6 / 7, abs=1e-4)
    assert figures["macro_top1"] == pytest.approx(6 / 7, abs=1e-4)
    assert figures["said_wrong"] == pytest.approx(1 / 7, abs=1e-4)
    assert figures["declined"] == 0
    assert figures["top5"] >= figures["top1"]
    assert figures["per_label"][glosses[0]] == {"clips": 1, "top1": 1.0}
    assert figures["per_label"][glosses[7]] == {"clips": 1, "top1": 0.0}
    assert "xyz" not in figures["per_label"]


def test_macro_counts_each_word_alike(
    bundle: Bundle, words: dict[str, Clip], tmp_path: Path
) -> None:
    one, other, third = list(words)[:3]
    clips = [*(3 * [words[one]]), replace(words[third], label=other)]
    figures = evaluate_archives([write_named(tmp_path / "a.npz", clips)], SETTINGS, bundle)
    assert (figures["top1"], figures["macro_top1"]) == (0.75, 0.5)


def test_several_archives_count_together(
    bundle: Bundle, words: dict[str, Clip], tmp_path: Path
) -> None:
    paths = [
        write_named(tmp_path / f"{index}.npz", [clip])
        for index, clip in enumerate(list(words.values())[:3])
    ]
    assert evaluate_archives(paths, SETTINGS, bundle)["clips"] == 3


def test_threshold_declines_without_changing_the_ranks(
    bundle: Bundle, words: dict[str, Clip], tmp_path: Path
) -> None:
    path = write_named(tmp_path / "a.npz", list(words.values())[:5])
    strict = Settings.model_validate({"classifier": {"threshold": 1.0}})
    figures = evaluate_archives([path], strict, bundle)
    assert (figures["top1"], figures["declined"], figures["said_wrong"]) == (1.0, 1.0, 0.0)


def test_without_known_labels_there_are_no_shares(
    bundle: Bundle, words: dict[str, Clip], tmp_path: Path
) -> None:
    clip = replace(next(iter(words.values())), label="xyz")
    figures = evaluate_archives([write_named(tmp_path / "a.npz", [clip])], SETTINGS, bundle)
    assert (figures["clips"], figures["unknown_label"]) == (0, 1)
    assert figures["top1"] is figures["macro_top1"] is figures["declined"] is None


def test_clips_are_named_or_counted(bundle: Bundle, words: dict[str, Clip], tmp_path: Path) -> None:
    clips = list(words.values())[:3]
    clips = [replace(clip, name=name) for clip, name in zip(clips, ("", "x7", ""), strict=True)]
    found = list(classify_file(write_named(tmp_path / "a.npz", clips), SETTINGS, bundle))
    assert [name for name, _ in found] == ["0", "x7", "2"]
    assert [p.top[0][0] for _, p in found] == [clip.label for clip in clips]


def test_longest_of_several_segments_is_taken(signing: Signing) -> None:
    clip = signing.but(signs=((1.0, 2.0), (3.0, 5.0), (6.0, 7.0)), length=9.0)
    segment = longest_segment(Clip("", "", 15.0, clip.arrays()[1]), by_movement())
    assert segment is not None
    assert segment.onset == pytest.approx(3.0, abs=0.2)
    assert segment.offset == pytest.approx(5.0, abs=0.2)


def test_sign_longer_than_the_daemon_allows_is_not_cut(signing: Signing) -> None:
    clip = signing.but(signs=((1.0, 9.0),), length=11.0)
    segment = longest_segment(Clip("", "", 15.0, clip.arrays()[1]), by_movement())
    assert segment is not None
    assert segment.offset - segment.onset == pytest.approx(8.0, abs=0.4)


def test_clip_that_ends_while_signing_is_still_a_segment(signing: Signing) -> None:
    clip = signing.but(signs=((1.0, 9.0),), length=3.0)
    segment = longest_segment(Clip("", "", 15.0, clip.arrays()[1]), by_movement())
    assert segment is not None
    assert segment.cause == "stop"


@pytest.mark.parametrize("kind", ["boundary", "hysteresis", "sliding"])
def test_clip_is_cut_by_the_segmenter_that_the_settings_name(
    kind: str, bundle: Bundle, archives: Path, tmp_path: Path
) -> None:
    """Which finds the same in a clip as in the daemon; they differ in where they see signs."""
    path = write_named(tmp_path / "a.npz", read_clips(archives / "wlasl100-val.npz")[:6])
    settings = Settings.model_validate({"segmenter": {"kind": kind}})
    live = make_segmenter(settings.segmenter, Classifier(bundle))
    expected = []
    for clip in read_clips(path):  # as they are written: rounding moves a cut
        live.reset()
        pieces = [one for one in feed(live, clip.landmarks()) if isinstance(one, Segment)]
        whole = (0.0, len(clip.points) / clip.fps)
        expected.append((pieces[0].onset, pieces[-1].offset) if pieces else whole)
    found = [(said.onset, said.offset) for _, said in classify_file(path, settings, bundle)]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_isolated_sign_keeps_what_is_around_it(archives: Path) -> None:
    """In a stream that would be the next sign's."""
    settings = SegmenterSettings()
    assert settings.margin == 0
    clips = read_clips(archives / "wlasl100-val.npz")[:6]
    live = [one for clip in clips for one in cut(clip, make_segmenter(settings, None))]
    alone = [one for clip in clips for one in cut(clip, make_clip_segmenter(settings, None))]
    assert [(one.onset, one.offset) for one in alone] == [(one.onset, one.offset) for one in live]
    for one, other in zip(live, alone, strict=True):
        assert set(one.times) <= set(other.times)
        assert other.times[0] >= one.onset - 0.3 - 1e-6
        assert other.times[-1] < one.offset + 0.3
    assert sum(len(one.times) for one in alone) > 1.1 * sum(len(one.times) for one in live)


def test_segmenter_that_asks_a_model_needs_one() -> None:
    with pytest.raises(ConfigError, match=r"segmenter\.kind = 'sliding'"):
        make_clip_segmenter(SegmenterSettings(kind="sliding"), None)


def test_clip_without_a_segment_is_classified_whole(bundle: Bundle, signing: Signing) -> None:
    still = signing.but(signs=((-1.0, 9.0),), waves=0.0, length=2.0)
    clip = Clip("", "", 15.0, still.arrays()[1])
    assert longest_segment(clip, by_movement()) is None
    prediction = predict(clip, by_movement(), Classifier(bundle))
    assert (prediction.onset, prediction.offset) == (0.0, 2.0)


def test_clip_of_nobody_is_declined(bundle: Bundle) -> None:
    nobody = Clip("", "", 15.0, np.full((30, 75, 3), np.nan, dtype=np.float32))
    classifier = Classifier(bundle)
    segmenter = make_clip_segmenter(SETTINGS.segmenter, classifier)
    assert not predict(nobody, segmenter, classifier).is_accepted


def test_every_segment_of_a_clip_counts_by_its_chance_of_being_a_sign(
    bundle: Bundle, signing: Signing
) -> None:
    points = signing.but(signs=((1.0, 2.0), (3.0, 5.0), (6.0, 7.0)), length=9.0).arrays()[1]
    clip = Clip("", "", 15.0, points)
    segments = cut(clip, by_movement())
    assert len(segments) == 3
    whole = Classifier(bundle, top_k=len(bundle.glosses))
    each = [dict(whole.classify(s.times, s.points, s.onset, s.offset).top) for s in segments]
    total = sum(1 - one[OTHER] for one in each)
    prediction = predict(clip, by_movement(), whole)
    for gloss, probability in prediction.top:
        expected = sum((1 - one[OTHER]) * one[gloss] for one in each) / total
        assert probability == pytest.approx(expected, abs=2e-4)
    assert prediction.onset == segments[0].onset
    assert prediction.offset == segments[-1].offset


def test_sign_that_is_repeated_is_recognised_as_once(
    bundle: Bundle, words: dict[str, Clip]
) -> None:
    classifier = Classifier(bundle)
    segmenter = by_movement()
    for clip in list(words.values())[:4]:
        rest = np.repeat(clip.points[:1], round(2 * clip.fps), axis=0)
        rest[:, LEFT_HAND] = rest[:, RIGHT_HAND] = np.nan
        once = np.concatenate([rest, clip.points, rest])
        three = replace(clip, points=np.concatenate([once, once, once]))
        assert len(cut(three, segmenter)) == 3 * len(cut(replace(clip, points=once), segmenter))
        assert predict(three, segmenter, classifier).top[0][0] == clip.label


def test_flip_puts_the_right_hand_where_the_left_one_is_in_the_flipped_picture(
    signing: Signing,
) -> None:
    clip = Clip("", "", 15.0, signing.arrays()[1])
    flipped = flip(clip)
    np.testing.assert_allclose(
        flipped.points[:, LEFT_HAND, 0], 1 - clip.points[:, RIGHT_HAND, 0], atol=1e-6
    )
    np.testing.assert_array_equal(flipped.points[:, LEFT_HAND, 1:], clip.points[:, RIGHT_HAND, 1:])
    assert np.isnan(flipped.points[:, RIGHT_HAND]).all()
    np.testing.assert_allclose(flip(flipped).points, clip.points, atol=1e-6)


@pytest.mark.parametrize(
    ("stored", "wanted", "reached"),
    [
        (12.5, 10, 12.5),
        (12.5, 7, 6.25),
        (15.0, 10, 7.5),
        (25.0, 15, 12.5),
        (30.0, 10, 10.0),
        (8.0, 30, 8.0),
    ],
)
def test_thinned_clip_keeps_the_frames_that_the_daemon_would_in_even_steps(
    stored: float, wanted: int, reached: float
) -> None:
    points = np.zeros((50, 75, 3), np.float32)
    points[:, 0, 0] = np.arange(50)
    clip = Clip("", "", stored, points)
    thinned = thin(clip, wanted)
    assert thinned.fps == pytest.approx(reached)
    kept = [0]
    for index in range(1, 50):
        if (index - kept[-1]) / stored >= least_step(wanted):
            kept.append(index)
    assert thinned.points[:, 0, 0].tolist() == kept
    np.testing.assert_allclose(thinned.times, clip.times[kept])


def test_only_the_full_evaluation_tries_other_conditions(
    bundle: Bundle, words: dict[str, Clip], tmp_path: Path
) -> None:
    path = write_named(tmp_path / "a.npz", list(words.values())[:6])
    quick = evaluate_archives([path], SETTINGS, bundle)
    full = evaluate_archives([path], SETTINGS, bundle, is_full=True)
    assert full.keys() - quick.keys() == {"mirrored", "by_fps"}
    assert {key: full[key] for key in quick} == quick
    assert quick["top1"] == full["mirrored"] == 1.0
    assert list(full["by_fps"]) == [str(rate) for rate in RATES]
    (stored,) = {clip.fps for clip in words.values()}
    assert full["by_fps"]["30"] == {"fps": stored, "top1": 1.0}
    rates = [one["fps"] for one in full["by_fps"].values()]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < stored


def test_full_evaluation_of_nothing_known_has_no_shares(
    bundle: Bundle, words: dict[str, Clip], tmp_path: Path
) -> None:
    path = write_named(tmp_path / "a.npz", [replace(next(iter(words.values())), label="xyz")])
    figures = evaluate_archives(
        [path], SETTINGS, bundle, is_full=True, float_network=bundle.model_path
    )
    assert figures["mirrored"] is None
    assert figures["by_fps"]["5"] == {"fps": None, "top1": None}
    assert figures["float"] == {"top1": None, "same_top1": None}


def test_each_source_has_its_own_figures(
    bundle: Bundle, words: dict[str, Clip], tmp_path: Path
) -> None:
    one, other, third, *_ = words.values()
    good = write_named(tmp_path / "good.npz", [one, other, replace(third, label="xyz")])
    bad = write_named(tmp_path / "bad.npz", [replace(one, label=other.label)])
    figures = evaluate_archives([good, bad], SETTINGS, bundle)
    assert list(figures["by_source"]) == ["good.npz", "bad.npz"]
    by_source = figures["by_source"]
    assert (by_source["good.npz"]["clips"], by_source["good.npz"]["top1"]) == (2, 1.0)
    assert (by_source["bad.npz"]["clips"], by_source["bad.npz"]["top1"]) == (1, 0.0)
    assert by_source["good.npz"]["unknown_label"] == figures["unknown_label"] == 1
    assert figures["top1"] == pytest.approx(2 / 3, abs=1e-4)


def test_where_a_clip_is_lost_is_told(
    bundle: Bundle, words: dict[str, Clip], tmp_path: Path
) -> None:
    one, other, third, *_ = words.values()
    nobody = replace(one, points=np.full_like(one.points, np.nan))
    path = write_named(
        tmp_path / "a.npz",
        [one, replace(other, label=one.label), nobody, replace(third, label="xyz")],
    )
    lost = evaluate_archives([path], SETTINGS, bundle)["lost"]
    assert lost == {"not_found": 1, "cut_wrongly": 0, "another_first": 1, "unsure": 0}
    strict = Settings.model_validate({"classifier": {"threshold": 1.0}})
    assert evaluate_archives([path], strict, bundle)["lost"]["unsure"] == 1


def test_unknown_labels_that_are_said_are_counted(
    bundle: Bundle, words: dict[str, Clip], tmp_path: Path
) -> None:
    one, other, *_ = (replace(clip, label="xyz") for clip in words.values())
    path = write_named(tmp_path / "a.npz", [one, other])
    strict = Settings.model_validate({"classifier": {"threshold": 1.0}})
    assert evaluate_archives([path], strict, bundle)["unknown_said"] == 0
    ready = Settings.model_validate({"classifier": {"threshold": 0.01}})
    assert evaluate_archives([path], ready, bundle)["unknown_said"] == 1


def test_each_person_has_figures_of_their_own(
    bundle: Bundle, words: dict[str, Clip], tmp_path: Path
) -> None:
    one, other, *_ = words.values()
    clips = [replace(one, signer="anna"), replace(one, label=other.label, signer="ben")]
    figures = evaluate_archives([write_named(tmp_path / "a.npz", clips)], SETTINGS, bundle)
    tops = {signer: shares["top1"] for signer, shares in figures["by_signer"].items()}
    assert tops == {"anna": 1.0, "ben": 0.0}


def test_float_network_is_measured_against_what_the_bundle_says(
    bundle: Bundle, words: dict[str, Clip], tmp_path: Path
) -> None:
    one, other, *_ = words.values()
    clips = [one, replace(other, label=one.label)]
    path = write_named(tmp_path / "a.npz", clips)
    figures = evaluate_archives([path], SETTINGS, bundle, float_network=bundle.model_path)
    assert figures["float"] == {"top1": 0.5, "same_top1": 1.0}


def test_hand_archive_is_refused_by_name(bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "hands.npz"
    np.savez(path, hands=np.zeros((1, 21, 3), dtype=np.float32))
    with pytest.raises(SourceError, match=r"hands\.npz: a hand archive"):
        evaluate_archives([path], SETTINGS, bundle)


@pytest.mark.parametrize("name", ["gone.npz", "gone.mp4"])
def test_missing_file_is_refused_by_name(bundle: Bundle, tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match=name) as caught:
        list(classify_file(tmp_path / name, SETTINGS, bundle))
    assert isinstance(caught.value, ArchiveError) == name.endswith(".npz")


def test_video_of_a_sign_is_recognised(bundle: Bundle, media: Path) -> None:
    path = media / "words" / "black__wlasl_011__06476.mp4"
    ((name, prediction),) = classify_file(path, SETTINGS, bundle)
    assert name == path.name
    assert "black" in [gloss for gloss, _ in prediction.top[:5]]
