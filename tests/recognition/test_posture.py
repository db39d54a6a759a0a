"""Postures: what the boundary network is fed of the last two seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.landmarks.skeleton import LEFT_HAND, POSE, RIGHT_HAND, mirror
from edge.messages import Landmarks
from edge.recognition.features import posture
from edge.recognition.features.posture import COUNT, FRAMES, LIMIT, NAMES, RATE, Postures, mirrored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conftest import Signing
    from numpy.typing import NDArray

COLUMN = {name: index for index, name in enumerate(NAMES)}


def last_window(clip: Iterable[Landmarks]) -> NDArray[np.float32]:
    """Push a clip; what the network is fed at its end."""
    postures = Postures()
    (*_, window) = (postures.push(one) for one in clip)
    return window


def test_names_are_distinct_and_either_side_has_the_same() -> None:
    assert len(set(NAMES)) == len(NAMES) == COUNT
    left = {name.removeprefix("left_") for name in NAMES if name.startswith("left_")}
    right = {name.removeprefix("right_") for name in NAMES if name.startswith("right_")}
    assert left == right
    assert len(left) + len(right) == COUNT - 3


def test_window_has_a_row_for_each_of_the_last_frames(signing: Signing) -> None:
    window = last_window(signing.landmarks())
    assert window.shape == (FRAMES, COUNT)
    assert window.dtype == np.float32


def test_named_columns_hold_what_they_say(signing: Signing) -> None:
    raised = signing.but(signs=((-9.0, 99.0),), waves=0.0)
    row = dict(zip(NAMES, last_window(raised.landmarks())[-1].tolist(), strict=True))
    assert row["present"] == 1
    assert (row["nose.x"], row["nose.y"]) == pytest.approx((0, -0.75), abs=1e-4)
    assert (row["left_hand.seen"], row["right_hand.seen"]) == (0, 1)
    assert (row["right_wrist.x"], row["right_wrist.y"]) == pytest.approx((-0.6, -0.1), abs=1e-4)
    assert (row["left_wrist.x"], row["left_wrist.y"]) == pytest.approx((0.6, 1.7), abs=1e-4)
    assert (row["left_elbow.x"], row["left_elbow.y"]) == pytest.approx((0.65, 0.9), abs=1e-4)
    assert row["right_middle_tip.y"] < -0.2
    assert row["left_middle_tip.x"] == row["left_middle_tip.y"] == 0


def test_hand_that_is_not_seen_leaves_the_wrist_to_the_pose(signing: Signing) -> None:
    raised = signing.but(signs=((-9.0, 99.0),), waves=0.0)
    seen = last_window(raised.landmarks())[-1]
    lost = last_window(raised.but(lost=(0.0, 99.0)).landmarks())[-1]
    assert lost[COLUMN["right_hand.seen"]] == 0
    assert lost[COLUMN["right_wrist.y"]] == pytest.approx(seen[COLUMN["right_wrist.y"]], abs=1e-4)
    tips = [COLUMN[name] for name in NAMES if name.startswith("right_") and "_tip" in name]
    assert seen[tips].any()
    assert not lost[tips].any()


def test_before_the_first_frame_all_was_like_it(signing: Signing) -> None:
    (first, second, *_) = signing.but(signs=((-0.1, 3.0),)).landmarks()
    postures = Postures()
    window = postures.push(first)
    np.testing.assert_array_equal(window, np.broadcast_to(window[-1], window.shape))
    after = postures.push(second)
    np.testing.assert_allclose(after[:-1], window[:-1], atol=1e-5)
    assert (after[-1] != window[-1]).any()


def test_rows_are_even_steps_that_end_now(signing: Signing) -> None:
    clip = signing.but(fps=30.0).landmarks()
    windows = [last_window(clip[: end + 1]) for end in (60, 62)]  # one step of the network apart
    np.testing.assert_allclose(windows[1][:-1], windows[0][1:], atol=1e-4)


def test_what_is_older_than_the_window_is_forgotten(signing: Signing) -> None:
    clip = signing.landmarks()
    span = FRAMES / RATE
    late = [one for one in clip if one.time >= clip[-1].time - span - 0.1]
    np.testing.assert_allclose(last_window(clip), last_window(late), atol=1e-5)


def test_reset_forgets_everything(signing: Signing) -> None:
    clip = signing.landmarks()
    postures = Postures()
    for one in clip[:30]:
        postures.push(one)
    postures.reset()
    (*_, again) = (postures.push(one) for one in clip)
    np.testing.assert_array_equal(again, last_window(clip))


@pytest.mark.parametrize("fps", [10.0, 12.5, 24.0, 30.0])
def test_frame_rate_hardly_matters(signing: Signing, fps: float) -> None:
    slow = signing.but(signs=((-9.0, 99.0),), waves=0.4, length=4.0 + 1 / fps)
    exact = last_window(slow.but(fps=60.0, length=4.0 + 1 / 60).landmarks())
    found = last_window(slow.but(fps=fps).landmarks())
    assert np.ptp(exact[:, COLUMN["right_wrist.x"]]) > 0.5
    np.testing.assert_allclose(found, exact, atol=0.05)


@given(x=st.floats(-2, 2), y=st.floats(-2, 2), scale=st.floats(0.2, 5), start=st.floats(0, 1e5))
@settings(max_examples=20)
def test_place_size_and_time_of_day_are_ignored(
    signing: Signing, x: float, y: float, scale: float, start: float
) -> None:
    clip = signing.landmarks()[:32]
    shift = np.array([x, y, 0])
    moved = [
        Landmarks(start + one.time, (one.points * scale + shift).astype(np.float32)) for one in clip
    ]
    np.testing.assert_allclose(last_window(moved), last_window(clip), atol=0.02)


def test_nobody_is_all_zeros_and_not_present(signing: Signing) -> None:
    assert not last_window(signing.but(absent=(0.0, 99.0)).landmarks()).any()
    gone = last_window(signing.but(absent=(4.0, 99.0)).landmarks())
    present = gone[:, COLUMN["present"]]
    assert present[0] == 1
    assert (np.diff(present) <= 0).all()
    assert not gone[-1].any()


def test_mirrored_signer_gives_mirrored_postures(signing: Signing) -> None:
    clip = signing.landmarks()[:35]
    window = last_window(clip)
    swapped = last_window(Landmarks(one.time, mirror(one.points)) for one in clip)
    np.testing.assert_allclose(mirrored(window), swapped, atol=1e-5)
    assert np.abs(window - swapped).max() > 0.5
    np.testing.assert_array_equal(mirrored(mirrored(window)), window)


@given(seed=st.integers(0, 10_000), share=st.floats(0, 1), length=st.integers(1, 30))
@settings(max_examples=40)
def test_any_landmarks_give_finite_postures_within_the_limit(
    seed: int, share: float, length: int
) -> None:
    random = np.random.default_rng(seed)
    postures = Postures()
    for time in np.cumsum(random.uniform(0, 0.5, length)).tolist():
        points = random.normal(0, 2, (75, 3)).astype(np.float32)
        points[random.random(75) < share] = np.nan
        for group in (POSE, LEFT_HAND, RIGHT_HAND):
            if random.random() < share:
                points[group] = np.nan
        window = postures.push(Landmarks(time, points))
        assert window.shape == (FRAMES, COUNT)
        assert np.isfinite(window).all()
        assert np.abs(window).max() <= LIMIT


@pytest.mark.parametrize("name", ["VERSION", "RATE", "FRAMES", "LAG", "LIMIT"])
def test_fingerprint_changes_with_every_constant(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = posture.fingerprint()
    assert posture.fingerprint() == before
    monkeypatch.setattr(posture, name, getattr(posture, name) + 1)
    assert posture.fingerprint() != before


def test_fingerprint_changes_with_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    before = posture.fingerprint()
    monkeypatch.setattr(posture, "NAMES", (NAMES[1], NAMES[0], *NAMES[2:]))
    assert posture.fingerprint() != before
