"""Names and mirror, against MediaPipe's own lists."""

from __future__ import annotations

import re
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.landmarks.skeleton import (
    HAND_NAMES,
    INDEX,
    LEFT_HAND,
    MIRROR,
    NAMES,
    POSE,
    POSE_NAMES,
    RIGHT_HAND,
    mirror,
)

floats = st.floats(-10, 10, width=32)


def landmarks_of(module: str) -> dict[str, int]:
    """Read an enumeration from MediaPipe's source, without importing it."""
    path = distribution("mediapipe").locate_file(f"mediapipe/python/solutions/{module}.py")
    found = re.findall(r"^  ([A-Z_]+) = (\d+)$", Path(str(path)).read_text("utf-8"), re.MULTILINE)
    return {name: int(number) for name, number in found}


def test_there_are_75_distinct_names() -> None:
    assert len(set(NAMES)) == len(NAMES) == 75
    assert len(NAMES[POSE]) == 33
    assert {name.split("_")[0] for name in NAMES[LEFT_HAND]} == {"left"}
    assert {name.split("_")[0] for name in NAMES[RIGHT_HAND]} == {"right"}


def test_pose_names_are_mediapipes() -> None:
    assert {name.lower(): i for name, i in landmarks_of("pose").items()} == {
        name: i for i, name in enumerate(POSE_NAMES)
    }


def test_hand_names_are_mediapipes_in_their_order() -> None:
    theirs = landmarks_of("hands")
    assert sorted(theirs.values()) == list(range(21))
    for name, index in theirs.items():
        assert HAND_NAMES[index].split("_")[0] == name.split("_")[0].lower()
        assert HAND_NAMES[index].endswith("_tip") == name.endswith("_TIP")


@pytest.mark.parametrize(
    ("one", "other"),
    [(0, 0), (1, 4), (7, 8), (9, 10), (11, 12), (15, 16), (21, 22), (31, 32), (33, 54), (53, 74)],
)
def test_mirror_pairs_are_mediapipes_left_and_right(one: int, other: int) -> None:
    assert MIRROR[one] == other
    assert MIRROR[other] == one


@given(arrays(np.float32, (3, 75, 3), elements=floats | st.just(float("nan"))))
def test_mirror_twice_is_identity(
    points: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> None:
    np.testing.assert_array_equal(mirror(mirror(points)), points)


def test_mirror_moves_a_left_wrist_to_the_right_one() -> None:
    points = np.zeros((75, 3), dtype=np.float32)
    points[INDEX["left_wrist"]] = (0.7, 0.2, -0.1)
    mirrored = mirror(points)
    np.testing.assert_allclose(mirrored[INDEX["right_wrist"]], (-0.7, 0.2, -0.1))
    assert not mirrored[INDEX["left_wrist"]].any()
