"""How fast and how high the hands are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.landmarks.skeleton import LEFT_HAND, POINTS, RIGHT_HAND
from edge.messages import Landmarks
from edge.recognition.segmenting.motion import Motion, MotionMeter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conftest import Signing


def measure(clip: Sequence[Landmarks]) -> list[Motion]:
    """Measure a whole clip."""
    meter = MotionMeter()
    return [meter.push(one) for one in clip]


def nobody(time: float) -> Landmarks:
    """Make a frame in which nobody is seen."""
    return Landmarks(time, np.full((POINTS, 3), np.nan, dtype=np.float32))


def test_resting_signer_is_present_low_and_slow(signing: Signing) -> None:
    motions = measure(signing.but(signs=()).landmarks())
    assert all(motion.is_present and not motion.has_hand for motion in motions)
    assert {motion.speed for motion in motions} == {0.0}
    assert motions[-1].height == pytest.approx(-1.7, abs=0.01)


def test_raised_hand_is_seen_and_high(signing: Signing) -> None:
    motions = measure(signing.landmarks())
    middle = next(motion for motion in motions if motion.time >= 1.7)
    assert middle.has_hand
    assert middle.height == pytest.approx(0.1, abs=0.05)
    assert middle.speed > 1.0


def test_speed_is_in_shoulder_widths_per_second(signing: Signing) -> None:
    clip = signing.but(signs=()).landmarks()
    unit = float(clip[0].points[11, 0] - clip[0].points[12, 0])
    for index, one in enumerate(clip):
        one.points[16, 0] += 2.0 * unit * index / 15
    assert measure(clip)[-1].speed == pytest.approx(2.0, rel=0.01)


def test_fingers_that_move_by_themselves_have_speed(signing: Signing) -> None:
    clip = signing.but(signs=((0.0, 9.0),), waves=0.0, length=4.0).landmarks()
    for index, one in enumerate(clip):
        one.points[RIGHT_HAND][1:, 1] += 0.1 * np.sin(index)
    assert measure(clip)[-1].speed > 1.0


@given(shift=st.floats(-3, 3), scale=st.floats(0.2, 5))
def test_place_and_size_of_the_signer_change_nothing(
    signing: Signing, shift: float, scale: float
) -> None:
    clip = signing.but(length=3.0).landmarks()
    moved = [Landmarks(one.time, (one.points * scale + shift).astype(np.float32)) for one in clip]
    for one, other in zip(measure(clip), measure(moved), strict=True):
        assert other.speed == pytest.approx(one.speed, abs=0.02)
        assert other.height == pytest.approx(one.height, abs=0.02)
        assert (other.is_present, other.has_hand) == (one.is_present, one.has_hand)


def test_walking_body_is_not_a_moving_hand(signing: Signing) -> None:
    clip = signing.but(signs=()).landmarks()
    walking = [Landmarks(one.time, one.points + np.float32(0.5 * one.time)) for one in clip]
    assert max(motion.speed for motion in measure(walking)) < 0.01


@pytest.mark.parametrize("fps", [8.0, 15.0, 30.0, 60.0])
def test_speed_hardly_depends_on_the_frame_rate(signing: Signing, fps: float) -> None:
    peak = max(motion.speed for motion in measure(signing.but(fps=fps).landmarks()))
    reference = max(motion.speed for motion in measure(signing.but(fps=120.0).landmarks()))
    assert peak == pytest.approx(reference, rel=0.25)


def test_nobody_is_neither_present_nor_moving(signing: Signing) -> None:
    motions = measure([*signing.landmarks()[:25], nobody(1.7)])
    assert motions[-2].speed > 1
    assert not motions[-1].is_present
    assert not motions[-1].has_hand
    assert motions[-1].speed == 0


def test_reappearing_person_has_no_speed_from_before(signing: Signing) -> None:
    clip = signing.but(signs=()).landmarks()
    far = Landmarks(5.1, clip[-1].points + np.float32(0.4))
    assert measure([*clip, nobody(5.0), far])[-1].speed == 0


def test_hand_that_appears_is_no_jump(signing: Signing) -> None:
    held = signing.but(signs=((-5.0, 99.0),), waves=0.0)
    motions = measure(held.but(lost=(1.0, 2.0)).landmarks())
    assert max(motion.speed for motion in motions) < 0.01
    assert any(motion.has_hand for motion in motions)
    assert not all(motion.has_hand for motion in motions)


def test_unseen_arms_do_not_spoil_the_speed_afterwards(signing: Signing) -> None:
    clip = signing.landmarks()
    for one in clip[5:8]:
        one.points[13:23] = np.nan
        one.points[LEFT_HAND] = one.points[RIGHT_HAND] = np.nan
    motions = measure(clip)
    assert all(np.isfinite((motion.speed, motion.height)).all() for motion in motions)
    assert max(motion.speed for motion in motions) > 1


def test_two_frames_at_one_time_are_harmless(signing: Signing) -> None:
    clip = signing.landmarks()
    twice = [one for one in clip for _ in range(2)]
    once = measure(clip)
    assert [motion.speed for motion in measure(twice)][1::2] == [motion.speed for motion in once]
