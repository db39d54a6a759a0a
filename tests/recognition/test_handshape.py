"""Features of one hand: what they ignore, what they keep, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import hand_at
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.landmarks.skeleton import HAND_INDEX
from edge.recognition.features import hand as handshape
from edge.recognition.features import segment as features

HAND = hand_at(np.array([0.5, 0.5]), -1)
"""A right hand, open."""


def values(hand: NDArray[np.float32]) -> dict[str, float]:
    """Return the features by name."""
    return dict(zip(handshape.NAMES, handshape.extract(hand)[0].tolist(), strict=True))


def turned(hand: NDArray[np.float32], degrees: float) -> NDArray[np.float32]:
    """Turn a hand in the picture's plane."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    about_z = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]], dtype=np.float32)
    turned: NDArray[np.float32] = hand @ about_z
    return turned


def test_names_are_as_many_as_features_and_differ() -> None:
    assert handshape.extract(HAND).shape == (handshape.FRAMES, handshape.COUNT)
    assert len(set(handshape.NAMES)) == handshape.COUNT


def test_fingerprint_is_not_that_of_segments() -> None:
    assert handshape.fingerprint() == handshape.fingerprint()
    assert handshape.fingerprint() != features.fingerprint()


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3), st.floats(0.05, 20))
def test_place_and_size_change_nothing(x: float, y: float, z: float, scale: float) -> None:
    moved = (HAND * scale + np.array([x, y, z])).astype(np.float32)
    np.testing.assert_allclose(handshape.extract(moved), handshape.extract(HAND), atol=2e-2)


@given(st.floats(-180, 180))
def test_turning_the_hand_changes_the_picture_frame_only(degrees: float) -> None:
    was, now = values(HAND), values(turned(HAND, degrees))
    for name in handshape.NAMES:
        if name.endswith((".palm", ".angle")) or "-" in name:
            assert now[name] == pytest.approx(was[name], abs=1e-3), name
    expected = turned(np.array([[was["palm_up.x"], was["palm_up.y"], 0]], np.float32), degrees)
    assert (now["palm_up.x"], now["palm_up.y"]) == pytest.approx(tuple(expected[0, :2]), abs=1e-3)


def test_straight_finger_has_no_bend_and_a_folded_one_has() -> None:
    hand = HAND.copy()
    start = HAND_INDEX["index_1"]
    bone = hand[start] - hand[0]
    for joint in (1, 2, 3):
        hand[start + joint] = hand[start] + 0.4 * joint * bone
    assert values(hand)["index_2.angle"] == pytest.approx(-1, abs=1e-3)
    hand[start + 3] = hand[start + 1]
    assert values(hand)["index_3.angle"] == pytest.approx(1, abs=1e-3)


def test_distance_of_two_tips_is_in_hand_sizes() -> None:
    framed = handshape.to_hand_frame(HAND[None])[0]
    thumb, index = framed[HAND_INDEX["thumb_tip"]], framed[HAND_INDEX["index_tip"]]
    expected = float(np.linalg.norm(thumb - index))
    assert values(HAND)["thumb_tip-index_tip"] == pytest.approx(expected, abs=1e-5)


def test_mirror_twice_is_identity_and_once_is_another_hand() -> None:
    np.testing.assert_array_equal(handshape.mirror(handshape.mirror(HAND)), HAND)
    was, now = values(HAND), values(handshape.mirror(HAND))
    assert now["index_tip.x"] == pytest.approx(-was["index_tip.x"], abs=1e-5)
    assert now["index_tip.y"] == pytest.approx(was["index_tip.y"], abs=1e-5)
    assert now["thumb_tip-pinky_tip"] == pytest.approx(was["thumb_tip-pinky_tip"], abs=1e-5)


@pytest.mark.parametrize("value", [np.nan, 0.0, 0.5], ids=["unseen", "origin", "one point"])
def test_hand_without_extent_gives_zeros(value: float) -> None:
    hand = np.full((21, 3), value, dtype=np.float32)
    assert not handshape.extract(hand).any()


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_whatever_comes_in_is_finite_and_within_limits(seed: int, unseen: float) -> None:
    rng = np.random.default_rng(seed)
    hand = (rng.normal(0, 1, (21, 3)) * 10 ** rng.uniform(-6, 6)).astype(np.float32)
    hand[rng.random(21) < unseen] = np.nan
    found = handshape.extract(hand)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= handshape.LIMIT


def test_many_at_once_are_each_as_alone() -> None:
    hands = np.stack([HAND, handshape.mirror(HAND), turned(HAND, 40)])
    together = handshape.compute(hands)
    for one, hand in zip(together, hands, strict=True):
        np.testing.assert_allclose(one, handshape.extract(hand), atol=1e-6)


@pytest.mark.parametrize("shape", [(20, 3), (21, 2), (63,), (1, 21, 3), (0, 3)])
def test_what_is_no_hand_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="not one hand"):
        handshape.extract(np.zeros(shape, dtype=np.float32))
