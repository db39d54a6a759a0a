"""Augmentation: each change does what it says, and nothing when it is switched off."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.landmarks.archive import read_clips
from edge.landmarks.skeleton import INDEX, LEFT_HAND, POINTS, POSE, RIGHT_HAND, mirror
from edge.recognition.bundle import find_bundle
from edge.recognition.features import segment as features
from edge.training.body_augmentation import Augmentation, change_in_space, clip_in_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOTHING = replace(Augmentation(), **{field.name: 0.0 for field in fields(Augmentation)})
TIMES = np.arange(40) / 15
ACTIVE = (0.6, 2.0)


@pytest.fixture
def body() -> NDArray[np.float32]:
    """Twelve mean signs in the body frame, (12, 32, 75, 3)."""
    clips = read_clips(find_bundle("words") / "prototypes.npz")[:12]
    return features.to_body_frame(
        np.stack([features.resample(clip.times, clip.points)[0] for clip in clips])
    )


def changed(body: NDArray[np.float32], seed: int = 0, **strengths: float) -> NDArray[np.float32]:
    return change_in_space(body, replace(NOTHING, **strengths), np.random.default_rng(seed))


def test_all_switched_off_changes_no_picture_coordinate(body: NDArray[np.float32]) -> None:
    np.testing.assert_allclose(changed(body)[..., :2], body[..., :2], atol=1e-5)


@pytest.mark.parametrize(
    "name",
    [
        "yaw",
        "pitch",
        "roll",
        "scale",
        "shear",
        "shift",
        "bend",
        "hand_size",
        "jitter",
        "place_jitter",
        "mirror",
        "drop_hand",
        "drop_elbows",
        "crop",
        "no_face",
    ],
)
def test_each_change_alone_does_something_and_is_the_same_for_a_seed(
    body: NDArray[np.float32], name: str
) -> None:
    strength = {"yaw": 20.0, "pitch": 20.0, "roll": 20.0}.get(name, 0.9)
    first, second = (changed(body, 3, **{name: strength}) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first[..., :2], changed(body)[..., :2], atol=1e-3, equal_nan=True)


def test_mirror_swaps_left_and_right(body: NDArray[np.float32]) -> None:
    flipped = changed(body, mirror=1.0)
    np.testing.assert_allclose(flipped[..., :2], mirror(body)[..., :2], atol=1e-5)


def test_turning_about_the_vertical_keeps_heights(body: NDArray[np.float32]) -> None:
    turned, still = changed(body, yaw=30.0), changed(body)
    np.testing.assert_allclose(turned[..., 1], still[..., 1], atol=1e-5)
    assert np.nanmax(np.abs(turned[..., 0] - still[..., 0])) > 0.1


def test_hands_change_size_about_their_wrists(body: NDArray[np.float32]) -> None:
    resized, still = changed(body, hand_size=0.5), changed(body)
    for hand in (LEFT_HAND, RIGHT_HAND):
        np.testing.assert_allclose(resized[:, :, hand.start], still[:, :, hand.start], atol=1e-5)
    size = [
        np.linalg.norm(p[:, :, RIGHT_HAND.start + 9] - p[:, :, RIGHT_HAND.start], axis=-1)
        for p in (resized, still)
    ]
    ratio = size[0] / size[1]
    assert np.nanstd(ratio, axis=1).max() < 1e-3  # one factor for a whole clip
    assert np.nanstd(ratio) > 0.2


def test_bending_leaves_what_touches_touching(body: NDArray[np.float32]) -> None:
    body = body.copy()
    body[:, :, RIGHT_HAND.start + 8] = body[:, :, INDEX["nose"]]  # a fingertip on the nose
    bent = changed(body, bend=0.1)
    assert np.nanmax(np.abs(bent - changed(body))) > 0.05
    finger, nose = bent[:, :, RIGHT_HAND.start + 8, :2], bent[:, :, INDEX["nose"], :2]
    is_seen = np.isfinite(finger)
    assert is_seen.mean() > 0.5
    np.testing.assert_allclose(finger[is_seen], nose[is_seen], atol=1e-5)


def test_no_hand_is_invented_and_a_dropped_one_is_gone(body: NDArray[np.float32]) -> None:
    dropped = changed(body, 1, drop_hand=1.0)
    was, now = np.isfinite(body[..., 0]), np.isfinite(dropped[..., 0])
    assert not (now & ~was).any()
    assert now.sum() < was.sum()
    cut = changed(body, drop_elbows=1.0)
    assert np.isnan(cut[:, :, INDEX["left_elbow"]]).all()
    assert np.isfinite(cut[:, :, INDEX["left_wrist"], 0]).any()


def errors(seed: int = 0, **strengths: float) -> NDArray[np.float32]:
    """Noise alone: what becomes of 300 clips of points that all are in one place."""
    return changed(np.zeros((300, 32, POINTS, 3), dtype=np.float32), seed, **strengths)


def correlation(noise: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of each clip's errors with those of the frame before, (B,)."""
    before, now = noise[:, :-1], noise[:, 1:]
    found: NDArray[np.float32] = (before * now).mean(axis=(1, 2, 3)) / (now**2).mean(axis=(1, 2, 3))
    return found


def test_each_clip_has_a_level_of_noise_of_its_own_up_to_the_largest() -> None:
    levels = np.sqrt((errors(jitter=0.03) ** 2).mean(axis=(1, 2, 3))) / 0.03
    assert levels.max() < 1.1
    assert levels.min() < 0.02
    for tenth in (0.01, 0.1):  # as many between a hundredth and a tenth as above
        assert 0.4 < ((levels > tenth) & (levels <= 10 * tenth)).mean() < 0.6


def test_errors_of_half_of_the_clips_last_over_several_frames() -> None:
    noise = errors(jitter=0.03)
    lasting = correlation(noise)
    assert 0.4 < (lasting > 0.45).mean() < 0.6
    assert (lasting < 0.95).all()
    assert np.abs(lasting[lasting < 0.45]).max() < 0.1
    first, last = (np.sqrt((noise[:, at] ** 2).mean(axis=(1, 2))) for at in (0, -1))
    np.testing.assert_allclose(last, first, rtol=0.5)  # they neither grow nor fade
    assert np.mean(last / first) == pytest.approx(1, abs=0.05)


def test_hands_also_move_as_a_whole() -> None:
    moved = errors(place_jitter=0.05)
    assert not moved[:, :, POSE].any()
    wrists = [moved[:, :, hand.start] for hand in (LEFT_HAND, RIGHT_HAND)]
    for hand, wrist in zip((LEFT_HAND, RIGHT_HAND), wrists, strict=True):
        whole = np.broadcast_to(wrist[:, :, None], moved[:, :, hand].shape)
        np.testing.assert_array_equal(moved[:, :, hand], whole)
        levels = wrist.std(axis=(1, 2))
        assert 0.03 < levels.max() < 0.08
        assert levels.min() < 0.002
    lasting = correlation(moved)
    assert 0.35 < (lasting > 0.3).mean() < 0.65
    apart = [wrist.ravel() / wrist.std() for wrist in wrists]
    assert abs((apart[0] * apart[1]).mean()) < 0.1


def test_shape_of_a_hand_is_noisier_by_its_points_than_by_its_place() -> None:
    by_points, by_place = (
        (noise[:, :, RIGHT_HAND] - noise[:, :, RIGHT_HAND.start][:, :, None]).std()
        for noise in (errors(jitter=0.05), errors(place_jitter=0.05))
    )
    assert by_points > 0.01
    assert by_place == 0


def test_cropped_picture_hides_lowered_hands_and_nothing_else(body: NDArray[np.float32]) -> None:
    body = np.concatenate([body] * 8)
    cropped = changed(body, 2, crop=1.0)
    plain = changed(body, 2)
    edges = []
    for hand in (LEFT_HAND, RIGHT_HAND):
        height = plain[:, :, hand.start, 1]
        is_gone = np.isfinite(height) & np.isnan(cropped[:, :, hand.start, 1])
        assert np.isnan(cropped[:, :, hand][is_gone]).all()
        assert height[is_gone].min() > 0.6
        assert not (cropped[:, :, hand.start, 1] > 1.6).any()
        kept = np.nan_to_num(cropped[:, :, hand.start, 1], nan=-9).max(axis=1)
        lost = np.where(is_gone, height, 9).min(axis=1)
        assert (kept < lost).all()  # one edge for a whole clip
        edges.append(lost[lost < 9])
    assert np.ptp(np.concatenate(edges)) > 0.3  # and another one for another clip
    np.testing.assert_array_equal(cropped[:, :, POSE], plain[:, :, POSE])


def test_only_a_share_of_the_pictures_is_cropped_or_without_a_face() -> None:
    body = np.ones((400, 2, POINTS, 3), dtype=np.float32) * 1.7
    is_cropped = np.isnan(changed(body, crop=0.2)[:, 0, LEFT_HAND.start, 0])
    is_faceless = np.isnan(changed(body, no_face=0.1)[:, 0, INDEX["nose"], 0])
    assert 0.14 < is_cropped.mean() < 0.26
    assert 0.06 < is_faceless.mean() < 0.15


def test_unseen_face_is_all_that_is_unseen(body: NDArray[np.float32]) -> None:
    faceless, plain = changed(body, no_face=1.0), changed(body)
    shoulders = INDEX["left_shoulder"]
    assert np.isfinite(plain[:, :, :shoulders]).any()
    assert np.isnan(faceless[:, :, :shoulders]).all()
    np.testing.assert_array_equal(faceless[:, :, shoulders:], plain[:, :, shoulders:])


def test_frames_chosen_from_a_clip_are_in_order_and_at_least_four() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        keep, moved = clip_in_time(TIMES, ACTIVE, Augmentation(), rng)
        assert len(keep) == len(moved) >= 4
        assert (np.diff(keep) > 0).all()
        assert (np.diff(moved) >= 0).all()
        assert moved[0] == 0


def test_time_is_untouched_when_switched_off() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        keep, moved = clip_in_time(TIMES, ACTIVE, NOTHING, rng)
        assert (np.diff(keep) == 1).all()
        assert keep[0] <= 9
        assert keep[-1] >= 30
        np.testing.assert_allclose(moved, TIMES[keep] - TIMES[keep[0]], atol=1e-9)


def test_speed_changes_the_duration_and_dropping_the_number_of_frames() -> None:
    rng = np.random.default_rng(2)
    fast = [clip_in_time(TIMES, ACTIVE, replace(NOTHING, speed=0.3), rng) for _ in range(60)]
    factor = [m[-1] / (TIMES[k[-1]] - TIMES[k[0]]) for k, m in fast]
    assert min(factor) < 0.8
    assert max(factor) > 1.25
    thin = [clip_in_time(TIMES, ACTIVE, replace(NOTHING, drop_frames=1.0), rng) for _ in range(60)]
    rate = [(len(k) - 1) / (m[-1] - m[0]) for k, m in thin]
    assert 4 < min(rate) < 8
    assert max(rate) <= 15 + 1e-6
