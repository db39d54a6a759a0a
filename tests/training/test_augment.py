"""Augmentation: each change does what it says, and nothing when it is switched off."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.landmarks.archive import read_clips
from edge.landmarks.skeleton import INDEX, LEFT_HAND, RIGHT_HAND, mirror
from edge.recognition.features import segment as features
from edge.training.body_augmentation import Augmentation, change_in_space, clip_in_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.recognition.bundle import Bundle

NOTHING = replace(Augmentation(), **{field.name: 0.0 for field in fields(Augmentation)})
TIMES = np.arange(40) / 15
ACTIVE = (0.6, 2.0)


@pytest.fixture
def body(bundle: Bundle) -> NDArray[np.float32]:
    """Twelve mean signs in the body frame, (12, 32, 75, 3)."""
    clips = read_clips(bundle.path / "prototypes.npz")[:12]
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
        "mirror",
        "drop_hand",
        "drop_elbows",
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
