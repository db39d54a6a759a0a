"""Hands as seen from the face."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.landmarks.skeleton import INDEX, LEFT_HAND, POSE, RIGHT_HAND, mirror
from edge.recognition.features.segment import COUNT, NAMES, extract, mirrored

if TYPE_CHECKING:
    from conftest import Signing
    from numpy.typing import NDArray

UNIT = 0.05
"""Between the ears, image widths; the eyes are half of that above the mouth."""
FACE = {
    "left_ear": (0.5, 0.0), "right_ear": (-0.5, 0.0), "left_eye": (0.2, -0.25),
    "right_eye": (-0.2, -0.25), "mouth_left": (0.15, 0.25), "mouth_right": (-0.15, 0.25),
}  # fmt: skip
"""In distances between the ears, from the middle of the face."""
SIZE = 2**0.5
"""Of that face, in the same distances."""
COLUMNS = [place for place, name in enumerate(NAMES) if name.endswith(".face")]


def arrays(
    signing: Signing, hand: tuple[float, float] = (0.0, 0.5)
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Make a clip whose right wrist stands at a place of the face."""
    times, points = signing.but(signs=((-9.0, 99.0),), waves=0.0, length=2.0).arrays()
    middle = points[0, INDEX["nose"], :2].copy()
    for name, at in FACE.items():
        points[:, INDEX[name], :2] = middle + UNIT * np.array(at, dtype=np.float32)
    shift = middle + UNIT * np.array(hand) - points[:, RIGHT_HAND.start, :2]
    points[:, RIGHT_HAND, :2] += shift[:, None].astype(np.float32)
    return times, points


def at_face(found: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    """Both coordinates of a point, (T, 2)."""
    return found[:, [NAMES.index(f"{name}.{axis}.face") for axis in "xy"]]


def test_features_in_the_face_frame_are_the_last_ones() -> None:
    assert len(COLUMNS) == 2 * 6 * 2
    assert list(range(COUNT - len(COLUMNS), COUNT)) == COLUMNS


@pytest.mark.parametrize("hand", [(0.0, 0.5), (0.7, -0.3), (0.0, 0.0)])
def test_wrist_is_where_it_is_from_the_face(signing: Signing, hand: tuple[float, float]) -> None:
    found = at_face(extract(*arrays(signing, hand)), "right_hand_wrist")
    expected = np.broadcast_to(np.array(hand) / SIZE, found.shape)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_nodding_face_takes_its_frame_along(signing: Signing) -> None:
    times, points = arrays(signing)
    still = at_face(extract(times, points), "right_hand_wrist")
    points[:, POSE.start : INDEX["left_shoulder"], 1] += 0.02 * np.sin(4 * times)[:, None]
    nodding = at_face(extract(times, points), "right_hand_wrist")
    assert np.ptp(still[:, 1]) < 0.01
    assert np.ptp(nodding[:, 1]) > 0.3


@given(x=st.floats(-1, 1), y=st.floats(-1, 1), scale=st.floats(0.3, 4))
@settings(max_examples=20)
def test_place_and_size_are_ignored(signing: Signing, x: float, y: float, scale: float) -> None:
    times, points = arrays(signing)
    moved = (points * scale + np.array([x, y, 0])).astype(np.float32)
    found, same = (extract(times, one)[:, COLUMNS] for one in (points, moved))
    assert np.abs(found).max() > 0.3
    np.testing.assert_allclose(found, same, atol=0.02)


def test_while_the_body_is_lost_there_is_no_face_frame(signing: Signing) -> None:
    times, points = arrays(signing)
    points[times >= 1.0, POSE] = np.nan
    found = at_face(extract(times, points), "right_hand_wrist")
    at = np.linspace(times[0], times[-1], len(found))
    assert (np.abs(found[at < 0.9]).max(axis=1) > 0.3).all()
    assert not found[at > 1.1].any()


def test_hand_that_is_not_seen_has_no_place_at_the_face(signing: Signing) -> None:
    found = extract(*arrays(signing))
    left = [place for place in COLUMNS if NAMES[place].startswith("left")]
    assert not found[:, left].any()


def test_face_in_one_place_is_no_division_by_zero(signing: Signing) -> None:
    times, points = arrays(signing)
    for name in FACE:
        points[:, INDEX[name]] = points[:, INDEX["nose"]]
    assert not extract(times, points)[:, COLUMNS].any()


def test_mirrored_signer_has_the_other_hand_on_the_other_side(signing: Signing) -> None:
    times, points = arrays(signing, (0.6, 0.2))
    points[:, LEFT_HAND] = points[:, RIGHT_HAND] + np.float32(0.03)
    found = extract(times, points)
    np.testing.assert_allclose(extract(times, mirror(points)), mirrored(found), atol=1e-3)
    swapped = at_face(mirrored(found), "left_hand_wrist")
    np.testing.assert_array_equal(swapped, at_face(found, "right_hand_wrist") * [-1, 1])
