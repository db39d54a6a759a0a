"""What surrounds a sign: lent and taken hands, ways from and to a rest."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import UNIT, hand_at

from edge.landmarks.archive import Clip
from edge.landmarks.skeleton import (
    HAND_POINTS,
    INDEX,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    POINTS,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    mirror,
)
from edge.recognition.features import segment as features
from edge.training.body_augmentation import Augmentation
from edge.training.context_augmentation import (
    RestingHand,
    change_context,
    find_resting,
    idle_sides,
)
from edge.training.examples import Example, example_of

if TYPE_CHECKING:
    from conftest import Signing
    from numpy.typing import NDArray

    Times = NDArray[np.float64]
    Points = NDArray[np.float32]

NOTHING = replace(Augmentation(), **{field.name: 0.0 for field in fields(Augmentation)})
LENDING = replace(NOTHING, resting=1.0)
WAYS = replace(NOTHING, ways=1.0)
OF_HANDS = [
    i for i, name in enumerate(features.NAMES) if "_elbow" not in name and "t_wrist." not in name
]
"""Features of all but the arms, which follow a lent hand."""
LAP = np.array([0.1, 1.3], dtype=np.float32)
SHAPE = (hand_at(np.zeros(2), 1) / UNIT).astype(np.float32)
POOL = [RestingHand(SHAPE, LAP), RestingHand(SHAPE, np.array([0.5, 0.9], dtype=np.float32))]
LEFT_ARM = np.r_[INDEX["left_elbow"], LEFT_WRIST, LEFT_HAND]


@pytest.fixture
def clip(signing: Signing) -> tuple[Times, Points]:
    """A right hand that waves all the time; the left arm hangs, its hand unseen."""
    return signing.but(signs=((-1.0, 9.0),), waves=0.7, length=2.0).arrays()


def in_body_frame(points: Points) -> Points:
    """(T, 75, 3) in shoulder widths from between the shoulders."""
    body: Points = features.to_body_frame(points[None])[0]
    return body


def lying(points: Points) -> Points:
    """The same with the left hand in the lap, in view."""
    points = points.copy()
    body = in_body_frame(points)
    width = points[0, LEFT_SHOULDER, 0] - points[0, RIGHT_SHOULDER, 0]
    middle = points[0, LEFT_SHOULDER, :2] - width * body[0, LEFT_SHOULDER, :2]
    points[:, LEFT_HAND] = SHAPE * width
    points[:, LEFT_HAND, :2] += middle + width * LAP
    points[:, LEFT_WRIST, :2] = middle + width * LAP
    return points


def example(points: Points, *, is_borrowed: bool = False) -> Example:
    return example_of(Clip("yes", "a", 15.0, points), "yes", is_borrowed=is_borrowed)


def change(
    clip: tuple[Times, Points],
    how: Augmentation,
    seed: int = 0,
    idle: tuple[int, ...] = (0,),
    pool: list[RestingHand] = POOL,
) -> tuple[Times, Points]:
    return change_context(*clip, idle, pool, how, np.random.default_rng(seed))


def test_arm_that_takes_no_part_is_idle(signing: Signing, clip: tuple[Times, Points]) -> None:
    _, points = clip
    assert idle_sides(example(points)) == (0,)
    assert idle_sides(example(lying(points))) == (0,)
    assert idle_sides(example(mirror(points))) == (1,)
    assert idle_sides(example(signing.but(is_both=True).arrays()[1])) == ()
    points[:, LEFT_WRIST] = points[:, LEFT_SHOULDER]  # never seen, wherever its arm is
    assert idle_sides(example(points)) == (0,)
    points[:, RIGHT_HAND] = np.nan  # neither is seen
    assert idle_sides(example(points)) == ()


def test_hands_that_rest_in_view_are_found_and_kept_as_left_ones(
    clip: tuple[Times, Points],
) -> None:
    _, points = clip
    shown = lying(points)
    shown[:5, LEFT_HAND] = np.nan
    examples = [example(points), example(shown), example(mirror(shown))]
    found = find_resting(examples, np.random.default_rng(0))
    assert len(found) == 2
    for hand in found:
        np.testing.assert_allclose(hand.place, LAP, atol=1e-4)
        np.testing.assert_allclose(hand.shape[..., :2], SHAPE[..., :2], atol=1e-4)
        assert hand.shape.shape == (HAND_POINTS, 3)
        assert not hand.shape[0].any()
    borrowed = [example(shown, is_borrowed=True)]  # its arms follow its hands: no rest of anybody
    assert find_resting(borrowed, np.random.default_rng(0)) == []


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_lent_hand_that_rests_clear_of_the_other_one_changes_no_feature_of_hands(
    clip: tuple[Times, Points], *, is_mirrored: bool
) -> None:
    times, points = clip
    if is_mirrored:
        points = mirror(points)
    without = features.extract(times, points)
    assert np.abs(without).max() > 0.5
    clear = 0
    for seed in range(60):
        lent = change((times, points), LENDING, seed, idle=(int(is_mirrored),))[1]
        body = in_body_frame(lent)
        gap = body[:, LEFT_HAND, :2].mean(axis=1) - body[:, RIGHT_HAND, :2].mean(axis=1)
        if np.hypot(*gap.T).min() > 0.55:
            clear += 1
            found = features.extract(times, lent)
            np.testing.assert_allclose(found[:, OF_HANDS], without[:, OF_HANDS], atol=1e-3)
    assert clear > 40


def test_lent_hand_rests_in_one_place_and_its_arm_follows(clip: tuple[Times, Points]) -> None:
    times, points = clip
    others = np.setdiff1d(np.arange(POINTS), LEFT_ARM)
    places = []
    for seed in range(60):
        again, lent = change(clip, LENDING, seed)
        np.testing.assert_array_equal(again, times)
        np.testing.assert_allclose(lent[:, others], points[:, others], atol=1e-5)
        body = in_body_frame(lent)
        hand = body[:, LEFT_HAND]
        assert np.isfinite(hand).all()
        assert hand[:, 0, :2].std(axis=0).max() < 0.04
        np.testing.assert_allclose(body[:, LEFT_WRIST, :2], hand[:, 0, :2], atol=1e-4)
        np.testing.assert_allclose(
            hand - hand[:, :1], np.broadcast_to(SHAPE, hand.shape), atol=1e-4
        )
        elbow, shoulder = body[:, INDEX["left_elbow"]], body[:, LEFT_SHOULDER]
        assert (elbow[:, 0] > 0.1).all()
        assert ((shoulder[:, 1] < elbow[:, 1]) & (elbow[:, 1] < hand[:, 0, 1])).all()
        places.append(hand[:, 0, :2].mean(axis=0))
    across, down = np.array(places).T
    assert np.ptp(across) > 0.8
    assert down.min() > 0.3
    assert np.ptp(down) > 1.0
    own = (
        np.hypot(*(np.array(places)[:, None] - [hand.place for hand in POOL]).T).min(axis=0) < 0.02
    )
    assert 0.2 < own.mean() < 0.6  # some rest where they did in their own clips


def test_lent_right_hand_is_a_mirrored_left_one(clip: tuple[Times, Points]) -> None:
    times, points = clip
    left = change((times, points), LENDING, 5)[1]
    right = change((times, mirror(points)), LENDING, 5, idle=(1,))[1]
    np.testing.assert_allclose(mirror(right)[..., :2], left[..., :2], atol=1e-5)
    np.testing.assert_allclose(right[:, RIGHT_WRIST, :2], right[:, RIGHT_HAND.start, :2])


def test_where_there_is_no_hand_to_lend_the_idle_one_is_taken_away(
    clip: tuple[Times, Points],
) -> None:
    times, points = clip
    shown = lying(points)
    _, taken = change((times, shown), LENDING, pool=[])
    assert np.isnan(taken[:, LEFT_HAND]).all()
    others = np.setdiff1d(np.arange(POINTS), np.r_[LEFT_HAND])
    np.testing.assert_allclose(taken[:, others], shown[:, others], atol=1e-5)
    np.testing.assert_allclose(
        features.extract(times, taken), features.extract(times, shown), atol=1e-3
    )


def test_some_are_lent_some_taken_and_most_left_as_they_are(clip: tuple[Times, Points]) -> None:
    times, points = clip
    shown = lying(points)
    how = replace(NOTHING, resting=0.3)
    was = in_body_frame(shown)[:, LEFT_HAND, :2]
    lent = taken = 0
    for seed in range(300):
        now = in_body_frame(change((times, shown), how, seed)[1])[:, LEFT_HAND, :2]
        taken += bool(np.isnan(now).all())
        lent += bool(np.isfinite(now).all() and np.abs(now - was).max() > 1e-3)
    assert 0.22 < lent / 300 < 0.38
    assert 0.14 < taken / 300 < 0.28


def test_ways_lead_from_a_rest_to_the_first_posture_and_from_the_last_one_to_a_rest(
    signing: Signing,
) -> None:
    clip = signing.but(signs=((-1.0, 9.0),), waves=0.7, length=2.0, fps=60.0).arrays()
    times, points = clip
    ends = in_body_frame(points)[[0, -1], RIGHT_HAND.start, :2]
    counts, stood = [], 0
    for seed in range(40):
        longer, moved = change(clip, WAYS, seed)
        first = int(np.searchsorted(longer, times[0] - 1e-6))
        last = first + len(times)
        np.testing.assert_allclose(longer[first:last], times, atol=1e-9)
        np.testing.assert_allclose(moved[first:last], points, atol=1e-5)
        np.testing.assert_allclose(np.diff(longer), 1 / 60, atol=1e-6)
        wrist = in_body_frame(moved)[:, RIGHT_HAND.start, :2]
        for way, end in ((wrist[:first][::-1], ends[0]), (wrist[last:], ends[1])):
            far = np.hypot(*(way - end).T)  # both from the sign outwards
            assert (np.diff(far) > -1e-4).all()
            assert far[0] < 0.1 * far[-1]
            assert way[-1, 1] > 0.3
            counts.append(len(way))
            stood += far[-1] - far[-2] < 1e-6
    assert min(counts) >= 0.1 * 60 - 1
    assert max(counts) <= 0.9 * 60
    assert np.ptp(counts) > 30
    assert 0.8 < stood / len(counts) < 1  # it rests before and after its way, if only for a moment


def test_way_keeps_the_hand_in_shape_and_its_arm_with_it(clip: tuple[Times, Points]) -> None:
    longer, moved = change(clip, WAYS, 3)
    added = in_body_frame(moved[longer < -1e-6])
    assert len(added)
    hand = added[:, RIGHT_HAND]
    shape = in_body_frame(clip[1])[0, RIGHT_HAND]
    shape = shape - shape[0]
    np.testing.assert_allclose(hand - hand[:, :1], np.broadcast_to(shape, hand.shape), atol=1e-4)
    np.testing.assert_allclose(added[:, RIGHT_WRIST, :2], hand[:, 0, :2], atol=1e-4)
    still = np.arange(INDEX["right_shoulder"] + 1)
    np.testing.assert_allclose(
        added[:, still], np.broadcast_to(added[0, still], (len(added), 13, 3))
    )


def test_both_raised_hands_have_a_way_and_lowered_or_unseen_ones_none(signing: Signing) -> None:
    both = signing.but(signs=((-1.0, 9.0),), is_both=True, length=2.0).arrays()
    longer, moved = change(both, WAYS, 1, idle=())
    for hand in (LEFT_HAND, RIGHT_HAND):
        assert moved[0, hand.start, 1] > both[1][0, hand.start, 1] + 0.2 * UNIT
    assert len(longer) > len(both[0])
    lowered = signing.but(is_rest_seen=True).arrays()
    longer, moved = change(lowered, WAYS, 1)
    assert len(longer) > len(lowered[0])
    before = moved[longer < -1e-6]
    np.testing.assert_allclose(before, np.broadcast_to(lowered[1][0], before.shape), atol=1e-5)


def test_nothing_changes_at_strength_0_or_where_both_hands_act(
    signing: Signing, clip: tuple[Times, Points]
) -> None:
    both = signing.but(is_both=True).arrays()
    np.testing.assert_allclose(change(both, LENDING, idle=())[1], both[1], atol=1e-6)
    times, points = clip
    for shown in (points, lying(points)):
        again, same = change((times, shown), NOTHING)
        np.testing.assert_array_equal(again, times)
        np.testing.assert_allclose(same, shown, atol=1e-6)


def test_change_is_the_same_for_a_seed_and_another_for_another(
    clip: tuple[Times, Points],
) -> None:
    how = replace(NOTHING, resting=1.0, ways=1.0)
    first, second, other = (change(clip, how, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert first[1].shape != other[1].shape or not np.allclose(first[1], other[1], equal_nan=True)


def test_clip_without_shoulders_is_left_as_it_is(clip: tuple[Times, Points]) -> None:
    times, points = clip
    points[:, LEFT_SHOULDER] = np.nan
    again, same = change((times, points), replace(NOTHING, resting=1.0, ways=1.0))
    assert again is times
    assert same is points


def test_single_frame_has_ways_and_a_clip_without_duration_none(
    clip: tuple[Times, Points],
) -> None:
    longer, moved = change((clip[0][:1], clip[1][:1]), WAYS, 2)
    assert len(longer) == len(moved) > 1
    assert (np.diff(longer) > 0).all()
    again, same = change((np.zeros(4), clip[1][:4]), WAYS)
    np.testing.assert_array_equal(again, np.zeros(4))
    np.testing.assert_allclose(same, clip[1][:4], atol=1e-6)
