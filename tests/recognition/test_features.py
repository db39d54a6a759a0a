"""The features: what they ignore, and what they make of gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.landmarks.skeleton import (
    INDEX,
    LEFT_HAND,
    LEFT_SHOULDER,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    mirror,
)
from edge.recognition.features import resting
from edge.recognition.features import segment as features
from edge.recognition.features.segment import (
    COUNT,
    FRAMES,
    LIMIT,
    MAX_GAP,
    NAMES,
    compute,
    extract,
    resample,
)

if TYPE_CHECKING:
    from conftest import Signing
    from numpy.typing import NDArray

COLUMN = {name: index for index, name in enumerate(NAMES)}


def swapped(name: str) -> str:
    """Name the same feature of the other side."""
    return name.replace("left", "#").replace("right", "left").replace("#", "right")


def seen(found: NDArray[np.float32], side: str) -> NDArray[np.float32]:
    """Return a hand's mask, (FRAMES,)."""
    return found[:, COLUMN[f"{side}_hand.seen"]]


def test_shape_and_names_agree(signing: Signing) -> None:
    found = extract(*signing.arrays())
    assert found.shape == (FRAMES, COUNT) == (FRAMES, len(NAMES))
    assert found.dtype == np.float32
    assert len(set(NAMES)) == COUNT


def test_named_columns_hold_what_they_say(signing: Signing) -> None:
    found = extract(*signing.but(signs=((-1.0, 9.0),), waves=0.0).arrays())
    row = {name: float(found[10, COLUMN[name]]) for name in NAMES}
    assert row["left_shoulder.x"] == pytest.approx(0.5, abs=1e-4)
    assert row["right_shoulder.x"] == pytest.approx(-0.5, abs=1e-4)
    assert row["right_wrist.y"] == pytest.approx(-0.1, abs=1e-4)
    assert row["right_hand_wrist.x.hand"] == 0
    knuckle = [row[f"right_hand_middle_1.{axis}.hand"] for axis in "xyz"]
    assert np.linalg.norm(knuckle) == pytest.approx(1, abs=1e-4)
    assert (row["right_hand.seen"], row["left_hand.seen"]) == (1, 0)
    idle = extract(*signing.but(signs=()).arrays())  # nobody acts: both arms count
    assert idle[10, COLUMN["left_wrist.y"]] == pytest.approx(1.7, abs=1e-4)


def test_hand_that_rests_during_the_sign_counts_as_unseen(signing: Signing) -> None:
    times, points = signing.but(signs=((-1.0, 9.0),), waves=0.5).arrays()
    hand = points[:, RIGHT_HAND] - points[:, RIGHT_HAND.start][:, None]
    lying = points.copy()
    lying[:, LEFT_HAND] = hand + points[:, INDEX["left_wrist"]][:, None]
    found = extract(times, lying)
    of_hand = [name for name in NAMES if name.startswith("left_hand")]
    assert not found[:, [COLUMN[name] for name in of_hand]].any()
    np.testing.assert_array_equal(found, extract(times, points))


def test_velocity_is_a_third_of_shoulder_widths_per_second(signing: Signing) -> None:
    times, points = signing.but(signs=()).arrays()
    width = points[0, LEFT_SHOULDER, 0] - points[0, RIGHT_SHOULDER, 0]
    points[:, 16, 0] += 1.5 * width * times
    found = extract(times, points)
    np.testing.assert_allclose(found[:, COLUMN["right_wrist.vx"]], 0.5, atol=1e-3)
    np.testing.assert_allclose(found[:, COLUMN["left_wrist.vx"]], 0, atol=1e-4)


def test_straight_finger_is_minus_one_and_right_angle_is_zero(signing: Signing) -> None:
    times, points = signing.but(signs=((-1.0, 9.0),)).arrays()
    wrist = points[:, RIGHT_HAND][:, :1]
    hand = np.zeros((21, 3), dtype=np.float32)
    hand[5:9, 1] = (-0.03, -0.05, -0.07, -0.09)
    hand[9:13] = ((0, -0.03, 0), (0.02, -0.03, 0), (0.02, -0.05, 0), (0.02, -0.05, 0.02))
    points[:, RIGHT_HAND] = wrist + hand
    found = extract(times, points)[5]
    assert [found[COLUMN[f"right_index_{k}.angle"]] for k in (1, 2, 3)] == pytest.approx(
        [-1, -1, -1], abs=2e-3
    )
    assert [found[COLUMN[f"right_middle_{k}.angle"]] for k in (1, 2, 3)] == pytest.approx(
        [0, 0, 0], abs=1e-4
    )


@given(x=st.floats(-2, 2), y=st.floats(-2, 2), scale=st.floats(0.2, 5))
@settings(max_examples=40)
def test_translation_and_scale_are_ignored(
    signing: Signing, x: float, y: float, scale: float
) -> None:
    times, points = signing.arrays()
    moved = (points * scale + np.array([x, y, 0])).astype(np.float32)
    np.testing.assert_allclose(extract(times, moved), extract(times, points), atol=0.02)


@given(shift=st.floats(-1e5, 1e5))
@settings(max_examples=20)
def test_time_of_day_is_ignored(signing: Signing, shift: float) -> None:
    times, points = signing.arrays()
    np.testing.assert_allclose(extract(times + shift, points), extract(times, points), atol=1e-3)


def test_frame_rate_hardly_matters(signing: Signing) -> None:
    # A sign without its rests: a hand that appears is a step, which no two rates sample alike.
    whole = signing.but(signs=((-1.0, 9.0),), waves=0.5, length=2.0 + 1 / 12)
    slow, fast = (extract(*whole.but(fps=fps, length=2.0 + 1 / fps).arrays()) for fps in (12, 25))
    assert np.ptp(fast[:, COLUMN["right_wrist.x"]]) > 0.5
    np.testing.assert_allclose(slow, fast, atol=0.06)
    assert np.abs(slow - fast).mean() < 0.005


def test_nothing_seen_gives_zeros_and_empty_masks() -> None:
    found = extract(np.arange(10) / 10, np.full((10, 75, 3), np.nan, dtype=np.float32))
    assert not found.any()


def test_hands_without_shoulders_have_shape_but_no_place(signing: Signing) -> None:
    times, points = signing.but(signs=((-1.0, 9.0),)).arrays()
    points[:, :33] = np.nan
    assert not extract(times, points).any()


@given(seed=st.integers(0, 10_000), share=st.floats(0, 1), length=st.integers(1, 40))
@settings(max_examples=60)
def test_any_landmarks_give_finite_features_within_the_limit(
    seed: int, share: float, length: int
) -> None:
    random = np.random.default_rng(seed)
    points = random.normal(0, 2, (length, 75, 3)).astype(np.float32)
    points[random.random((length, 75)) < share] = np.nan
    found = extract(np.cumsum(random.uniform(0.01, 0.3, length)), points)
    assert found.shape == (FRAMES, COUNT)
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= LIMIT


def test_points_in_one_place_are_no_division_by_zero() -> None:
    found = extract(np.arange(10) / 10, np.ones((10, 75, 3), dtype=np.float32))
    assert np.isfinite(found).all()


def test_single_frame_has_no_velocity(signing: Signing) -> None:
    times, points = signing.arrays()
    found = extract(times[25:26], points[25:26])
    assert found[0, COLUMN["right_hand.seen"]] == 1
    assert not found[:, [i for name, i in COLUMN.items() if ".v" in name]].any()
    np.testing.assert_array_equal(found, np.broadcast_to(found[0], found.shape))


def test_short_gap_of_a_hand_is_filled(signing: Signing) -> None:
    whole = signing.but(signs=((-1.0, 9.0),), waves=0.5, fps=25.0, length=2.0)
    times, points = whole.but(lost=(1.0, 1.0 + MAX_GAP - 0.06)).arrays()
    assert np.isnan(points[:, RIGHT_HAND]).any()
    sampled, duration = resample(times, points)
    assert np.isfinite(sampled[:, RIGHT_HAND]).all()
    assert duration == pytest.approx(times[-1] - times[0])
    expected, _ = resample(*whole.arrays())
    np.testing.assert_allclose(sampled[:, RIGHT_HAND], expected[:, RIGHT_HAND], atol=0.02)
    assert (seen(extract(times, points), "right") == 1).all()


def test_long_gap_of_a_hand_is_masked(signing: Signing) -> None:
    whole = signing.but(signs=((-1.0, 9.0),), fps=25.0, length=2.0, lost=(0.8, 1.4))
    times, points = whole.arrays()
    mask = seen(extract(times, points), "right")
    at = np.linspace(times[0], times[-1], FRAMES)
    assert (mask[(at > 0.85) & (at < 1.35)] == 0).all()
    assert (mask[(at < 0.75) | (at > 1.45)] == 1).all()
    inside = extract(times, points)[(at > 0.85) & (at < 1.35)]
    assert not inside[:, COLUMN["right_hand_index_tip.x"]].any()
    assert not inside[:, COLUMN["right_hand_index_tip.x.hand"]].any()


def test_hand_is_not_carried_past_its_last_sighting(signing: Signing) -> None:
    whole = signing.but(signs=((-1.0, 9.0),), fps=25.0, length=2.0, lost=(1.0, 9.0))
    times, points = whole.arrays()
    at = np.linspace(times[0], times[-1], FRAMES)
    np.testing.assert_array_equal(seen(extract(times, points), "right")[at > 1.05], 0)


def test_mirrored_points_give_mirrored_features(signing: Signing) -> None:
    times, points = signing.arrays()
    points[:, LEFT_HAND] = points[:, RIGHT_HAND] + np.float32(0.05)
    partner = [COLUMN[swapped(name)] for name in NAMES]
    sign = np.array([-1 if {"x", "vx"} & set(name.split(".")) else 1 for name in NAMES])
    found, mirrored = extract(times, points), extract(times, mirror(points))
    np.testing.assert_allclose(mirrored, found[:, partner] * sign, atol=1e-3)
    np.testing.assert_array_equal(features.mirrored(found), found[:, partner] * sign)
    assert np.abs(mirrored - found).max() > 0.5


def test_batches_are_computed_one_by_one(signing: Signing) -> None:
    clips = [signing, signing.but(waves=0.7), signing.but(absent=(0.0, 9.0))]
    parts = [resample(*clip.arrays()) for clip in clips]
    together = compute(np.stack([part for part, _ in parts]), np.array([d for _, d in parts]))
    for one, clip in zip(together, clips, strict=True):
        np.testing.assert_allclose(one, extract(*clip.arrays()), atol=1e-6)


@pytest.mark.parametrize("name", ["VERSION", "FRAMES", "MAX_GAP", "LIMIT", "VELOCITY_SCALE"])
def test_fingerprint_changes_with_every_constant(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = features.fingerprint()
    assert features.fingerprint() == before
    monkeypatch.setattr(features, name, getattr(features, name) + 1)
    assert features.fingerprint() != before


def test_fingerprint_changes_with_what_makes_an_arm_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    constants = sorted(value for value in vars(resting).values() if isinstance(value, float))
    assert sorted(resting.FINGERPRINT) == constants
    before = features.fingerprint()
    for place, value in enumerate(resting.FINGERPRINT):
        changed = list(resting.FINGERPRINT)
        changed[place] = value + 0.01
        monkeypatch.setattr(features, "FINGERPRINT", tuple(changed))
        assert features.fingerprint() != before


def test_fingerprint_changes_with_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    before = features.fingerprint()
    monkeypatch.setattr(features, "NAMES", (NAMES[1], NAMES[0], *NAMES[2:]))
    assert features.fingerprint() != before


@pytest.mark.parametrize("shape", [(4, 75, 3), (5, 74, 3), (5, 75, 2), (5, 225), (0, 75, 3)])
def test_wrong_shapes_are_refused(shape: tuple[int, ...]) -> None:
    times = np.arange(5 if shape[0] else 0) / 10
    with pytest.raises(ValueError, match="do not fit"):
        extract(times, np.zeros(shape, dtype=np.float32))
