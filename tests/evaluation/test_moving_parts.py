"""Clips as they are performed: what is played of them, and in which order."""

from __future__ import annotations

from collections import Counter
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.evaluation.moving_parts import Performance, blend, order_by_signer, perform, posture_at
from edge.landmarks.archive import Clip
from edge.landmarks.skeleton import LEFT_HAND, LEFT_SHOULDER, POSE, RIGHT_HAND, RIGHT_SHOULDER

if TYPE_CHECKING:
    from conftest import Signing


def clip_of(signing: Signing, **changes: object) -> Clip:
    """Make an archive's clip."""
    signing = signing.but(**changes)
    return Clip("wave", "anna", signing.fps, signing.arrays()[1])


def performed(clip: Clip) -> Performance:
    """Perform a clip in which somebody is seen."""
    what = perform(clip)
    assert what is not None
    return what


def dummy(label: str, signer: str) -> Performance:
    """Make one of which only label and signer matter."""
    points = np.zeros((2, 75, 3), dtype=np.float32)
    return Performance(label, signer, np.array([0.0, 1.0]), points, 1.0)


# What is played


def test_only_the_moving_part_is_played(signing: Signing) -> None:
    what = performed(clip_of(signing))
    assert (what.label, what.signer) == ("wave", "anna")
    assert what.times[0] == 0
    assert what.times[-1] == pytest.approx(1.5, abs=0.3)  # the clip itself is of five seconds
    assert len(what.times) == len(what.points)
    assert (np.diff(what.times) > 0).all()


def test_points_are_seen_from_between_the_shoulders(signing: Signing) -> None:
    what = performed(clip_of(signing))
    for shoulder, x in ((LEFT_SHOULDER, 0.5), (RIGHT_SHOULDER, -0.5)):
        place = np.broadcast_to([x, 0.0], (len(what.times), 2))
        np.testing.assert_allclose(what.points[:, shoulder, :2], place, atol=1e-5)


@given(x=st.floats(-1, 1), y=st.floats(-1, 1), scale=st.floats(0.3, 3))
@settings(max_examples=15)
def test_place_and_size_are_ignored(signing: Signing, x: float, y: float, scale: float) -> None:
    clip = clip_of(signing)
    moved = (clip.points * scale + np.array([x, y, 0])).astype(np.float32)
    one, other = performed(clip), performed(Clip("wave", "anna", clip.fps, moved))
    np.testing.assert_array_equal(one.times, other.times)
    np.testing.assert_allclose(one.points[..., :2], other.points[..., :2], atol=1e-3)
    assert one.end == other.end


def test_way_back_begins_before_the_hands_are_down(signing: Signing) -> None:
    what = performed(clip_of(signing, is_rest_seen=True))
    assert 0.1 <= what.times[-1] - what.end <= 0.6 + 1e-6
    wrist = what.points[:, RIGHT_HAND.start, 1]
    after = wrist[what.times >= what.end]
    assert (np.diff(after) >= 0).all()
    assert after[-1] - after[0] > 0.5


def test_clip_that_ends_with_raised_hands_has_no_way_back(signing: Signing) -> None:
    what = performed(clip_of(signing, signs=((1.0, 9.0),), length=3.0))
    assert what.end == what.times[-1]


def test_clip_without_anybody_is_not_performed(signing: Signing) -> None:
    assert perform(clip_of(signing, absent=(0.0, 9.0))) is None


def test_clip_of_a_single_frame_is_not_performed(signing: Signing) -> None:
    assert perform(clip_of(signing, length=1 / 15)) is None


def test_body_that_is_lost_stays_where_it_was(signing: Signing) -> None:
    whole = clip_of(signing)
    points = whole.points.copy()
    points[20:24] = np.nan
    what = performed(Clip("wave", "anna", 15.0, points))
    assert np.isfinite(what.points[:, POSE]).all()
    gone = np.isnan(what.points[:, RIGHT_HAND.start, 0])
    assert gone.sum() >= 4  # a lost hand is lost: nobody knows where it went
    body = what.points[:, LEFT_SHOULDER]
    np.testing.assert_array_equal(body, np.broadcast_to(body[0], body.shape))


@given(seed=st.integers(0, 1000), share=st.floats(0, 0.9), length=st.integers(1, 25))
@settings(max_examples=40)
def test_whatever_is_performed_ends_within_itself(seed: int, share: float, length: int) -> None:
    random = np.random.default_rng(seed)
    points = random.normal(0.5, 0.2, (length, 75, 3)).astype(np.float32)
    for group in (POSE, LEFT_HAND, RIGHT_HAND):
        points[random.random(length) < share, group] = np.nan
    what = perform(Clip("a", "b", 15.0, points))
    if what is None:
        seen = np.isfinite(points[:, LEFT_SHOULDER, 0])
        assert length == 1 or seen.sum() <= 1 or not seen.all()
        return
    assert len(what.times) >= 2
    assert 0 <= what.end <= what.times[-1]
    assert posture_at(what, what.end).shape == (75, 3)


# Between frames


def test_posture_at_a_frames_time_is_that_frame_and_between_them_between(signing: Signing) -> None:
    what = performed(clip_of(signing))
    for index in (0, 3, len(what.times) - 1):
        posture = posture_at(what, float(what.times[index]))
        np.testing.assert_allclose(posture, what.points[index], atol=1e-5)
    between = posture_at(what, float(what.times[3:5].mean()))
    np.testing.assert_allclose(between[POSE], what.points[3:5, POSE].mean(axis=0), atol=1e-5)


def test_posture_beyond_the_ends_is_that_of_the_end(signing: Signing) -> None:
    what = performed(clip_of(signing))
    np.testing.assert_allclose(posture_at(what, -5.0), what.points[0], atol=1e-6)
    np.testing.assert_allclose(posture_at(what, 99.0), what.points[-1], atol=1e-6)


@pytest.mark.parametrize(("weight", "is_first"), [(0.2, True), (0.8, False)])
def test_hand_that_only_one_posture_shows_is_its_while_it_is_nearer(
    weight: float, is_first: bool
) -> None:
    one, other = np.zeros((2, 75, 3), dtype=np.float32)
    other += 1
    one[LEFT_HAND], other[RIGHT_HAND] = np.nan, np.nan
    mixed = blend(one, other, np.float32(weight))
    np.testing.assert_allclose(mixed[POSE], weight, atol=1e-6)
    assert np.isnan(mixed[LEFT_HAND]).all() == is_first
    assert np.isnan(mixed[RIGHT_HAND]).all() != is_first
    assert one[0, 0] == 0
    assert other[0, 0] == 1


# Order


people = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=30)


@given(people=people, many=st.booleans(), seed=st.integers(0, 99))
def test_order_keeps_everything_and_is_the_same_for_a_seed(
    people: list[tuple[str, str]], many: bool, seed: int
) -> None:
    given_ones = [dummy(label, signer) for label, signer in people]
    first, second = (
        order_by_signer(given_ones, many=many, rng=np.random.default_rng(seed)) for _ in range(2)
    )
    assert first == second
    assert Counter(map(id, first)) == Counter(map(id, given_ones))


@given(people=people, seed=st.integers(0, 99))
def test_person_signs_on_end_and_no_word_twice_if_it_can_be(
    people: list[tuple[str, str]], seed: int
) -> None:
    order = order_by_signer(
        [dummy(label, signer) for label, signer in people],
        many=False,
        rng=np.random.default_rng(seed),
    )
    turns = [(signer, list(turn)) for signer, turn in groupby(order, lambda one: one.signer)]
    assert len(turns) == len({signer for _, signer in people})
    for _, turn in turns:
        counts = Counter(one.label for one in turn)
        repeats = sum(one.label == other.label for one, other in pairwise(turn))
        assert repeats == max(0, 2 * max(counts.values()) - len(turn) - 1)


def test_people_who_take_turns_do_so_often() -> None:
    everything = [dummy(f"{index}", signer) for signer in "abcd" for index in range(12)]
    order = order_by_signer(everything, many=True, rng=np.random.default_rng(1))
    turns = [len(list(turn)) for _, turn in groupby(order, lambda one: one.signer)]
    assert len(turns) > 4
    assert all(length % 6 == 0 for length in turns)
