"""Landmarks from pictures, by either backend, and whose hand is whose."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import AGES

from edge.config.settings import LandmarkSettings
from edge.landmarks.holistic.hand_assignment import assign_hands
from edge.landmarks.landmarker import Landmarker
from edge.landmarks.skeleton import INDEX, LEFT_HAND, POSE, RIGHT_HAND, mirror
from edge.messages import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Signing
    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
FPS = 25.0
EVERY = 2
"""Of the recorded frames one in so many is looked at."""
WITHOUT_LUGGAGE = """
import sys
import numpy as np
from edge.config.settings import LandmarkSettings
from edge.landmarks.landmarker import Landmarker
from edge.messages import Frame
landmarker = Landmarker(LandmarkSettings(backend="BACKEND"))
(found,) = landmarker.push(Frame(0, 0.0, np.zeros((120, 160, 3), dtype=np.uint8)))
landmarker.close()
assert np.isnan(found.points).all()
loaded = {name.partition(".")[0] for name in sys.modules}
print(*sorted({"matplotlib", "jax", "tensorflow", "sounddevice", "scipy", "mediapipe"} & loaded))
"""


@pytest.fixture(scope="module", params=["tracker", "mediapipe"])
def landmarker(request: pytest.FixtureRequest) -> Iterator[Landmarker]:
    """Load each backend once."""
    made = Landmarker(LandmarkSettings(backend=request.param))
    yield made
    made.close()


@pytest.fixture(scope="module")
def frames(media: Path) -> list[NDArray[np.uint8]]:
    """Read one recorded sign of a right hand."""
    capture = cv2.VideoCapture(str(media / "words" / "black__wlasl_011__06476.mp4"))
    images: list[NDArray[np.uint8]] = []
    while (read := capture.read())[0]:
        images.append(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB).astype(np.uint8))
    capture.release()
    assert len(images) > 20
    return images[::EVERY]


@pytest.fixture(scope="module")
def found(landmarker: Landmarker, frames: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Find the landmarks of the recorded sign, (T, 75, 3)."""
    return look(landmarker, frames)


def look(landmarker: Landmarker, images: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Find the landmarks of pictures that follow one another."""
    landmarker.reset()
    points = [
        landmarks.points
        for index, image in enumerate(images)
        for landmarks in landmarker.push(Frame(index, index * EVERY / FPS, image))
    ]
    assert len(points) == len(images)
    return np.stack(points)


def body_and_hands(
    signing: Signing,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return (pose, left hand, right hand) of a signer who raises both."""
    points = signing.but(signs=((-1.0, 9.0),), is_both=True).landmarks()[0].points
    return points[POSE], points[LEFT_HAND], points[RIGHT_HAND]


def test_hands_go_to_the_nearest_wrists_whatever_their_order(signing: Signing) -> None:
    pose, left, right = body_and_hands(signing)
    for hands in ([left, right], [right, left]):
        given_left, given_right = assign_hands(pose, hands)
        np.testing.assert_array_equal(given_left, left)
        np.testing.assert_array_equal(given_right, right)


@pytest.mark.parametrize("place", [0, 1])
def test_single_hand_goes_to_its_own_arm(signing: Signing, place: int) -> None:
    pose, left, right = body_and_hands(signing)
    unseen = np.full((21, 3), np.nan, dtype=np.float32)
    for one, side in ((left, 0), (right, 1)):
        hands = [unseen, unseen]
        hands[place] = one
        for given_hands in (hands, [one]):
            found = assign_hands(pose, given_hands)
            np.testing.assert_array_equal(found[side], one)
            assert np.isnan(found[1 - side]).all()


def test_crossed_arms_keep_their_hands(signing: Signing) -> None:
    pose, left, right = body_and_hands(signing)
    crossed = pose.copy()
    wrists = [INDEX["left_wrist"], INDEX["right_wrist"]]
    crossed[wrists] = crossed[wrists[::-1]]
    given_left, given_right = assign_hands(crossed, [left, right])
    np.testing.assert_array_equal(given_left, right)
    np.testing.assert_array_equal(given_right, left)


def test_two_hands_near_one_wrist_are_shared_out(signing: Signing) -> None:
    pose, left, right = body_and_hands(signing)
    wrists = pose[[INDEX["left_wrist"], INDEX["right_wrist"]]]
    near, nearer = left.copy(), left.copy()
    near += 0.25 * (wrists[1] - wrists[0])
    nearer += 0.05 * (wrists[1] - wrists[0])
    for hands in ([near, nearer], [nearer, near]):
        given_left, given_right = assign_hands(pose, hands)
        np.testing.assert_array_equal(given_left, nearer)
        np.testing.assert_array_equal(given_right, near)
    assert not np.array_equal(right, near)


def test_far_hand_is_dropped(signing: Signing) -> None:
    pose, left, right = body_and_hands(signing)
    width = pose[INDEX["left_shoulder"], 0] - pose[INDEX["right_shoulder"], 0]
    away = np.array([1.01 * width, 0, 0], dtype=np.float32)
    given_left, given_right = assign_hands(pose, [left + away, right])
    assert np.isnan(given_left).all()
    np.testing.assert_array_equal(given_right, right)
    given_left, _ = assign_hands(pose, [left + 0.95 * away, right])
    assert np.isfinite(given_left).all()


def test_hands_without_a_body_are_nobodys(signing: Signing) -> None:
    pose, left, right = body_and_hands(signing)
    for found in assign_hands(np.full_like(pose, np.nan), [left, right]):
        assert np.isnan(found).all()


@given(seed=st.integers(0, 10_000))
def test_order_of_the_found_hands_means_nothing(seed: int) -> None:
    random = np.random.default_rng(seed)
    pose = random.uniform(0, 1, (33, 3)).astype(np.float32)
    one, other = random.uniform(0, 1, (2, 21, 3)).astype(np.float32)
    for first, second in zip(
        assign_hands(pose, [one, other]), assign_hands(pose, [other, one]), strict=True
    ):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("size", [(240, 320), (480, 270), (63, 65)])
def test_blank_picture_shows_nobody(
    landmarker: Landmarker, level: int, size: tuple[int, int]
) -> None:
    points = look(landmarker, [np.full((*size, 3), level, dtype=np.uint8)] * 2)
    assert points.shape == (2, 75, 3)
    assert points.dtype == np.float32
    assert np.isnan(points).all()


def test_signer_and_hand_are_found_in_most_frames(found: NDArray[np.float32]) -> None:
    assert np.isfinite(found[:, POSE]).all(axis=(1, 2)).mean() >= 0.9
    assert np.isfinite(found[:, RIGHT_HAND]).all(axis=(1, 2)).mean() >= 0.6
    seen = found[np.isfinite(found[:, 0, 0])]
    # The signer faces the camera: their left is at the picture's right, their nose is on top.
    assert (seen[:, INDEX["left_shoulder"], 0] > seen[:, INDEX["right_shoulder"], 0]).all()
    assert (seen[:, INDEX["nose"], 1] < seen[:, INDEX["left_shoulder"], 1]).all()


def test_found_hand_hangs_on_its_wrist(found: NDArray[np.float32]) -> None:
    apart = found[:, RIGHT_HAND.start, :2] - found[:, INDEX["right_wrist"], :2]
    assert np.nanmax(np.hypot(*apart.T)) < 0.15


def test_flipped_picture_swaps_left_and_right(
    landmarker: Landmarker, frames: list[NDArray[np.uint8]], found: NDArray[np.float32]
) -> None:
    flipped = look(landmarker, [np.ascontiguousarray(image[:, ::-1]) for image in frames])
    back = mirror(flipped)
    back[..., 0] += 1
    apart = np.abs(back - found)[..., :2]
    assert np.nanmedian(apart[:, 11:17]) < 0.03
    assert np.isfinite(flipped[:, LEFT_HAND.start, 0]).mean() >= 0.5
    assert np.isfinite(flipped[:, RIGHT_HAND.start, 0]).mean() <= 0.2
    both = np.isfinite(apart[:, RIGHT_HAND]).all(axis=(1, 2))
    assert both.mean() >= 0.4
    assert np.median(apart[both][:, RIGHT_HAND]) < 0.03


def test_wide_picture_gives_y_in_image_widths(
    landmarker: Landmarker, frames: list[NDArray[np.uint8]], found: NDArray[np.float32]
) -> None:
    # The same square picture with black at both sides: everything is half as large.
    height, width = frames[0].shape[:2]
    border = ((0, 0), (width // 2, width // 2), (0, 0))
    wide = look(landmarker, [np.pad(image, border) for image in frames[:6]])
    expected = found[:6, 11:17, :2] / 2 + np.array([0.25, 0])
    assert height == width
    assert np.nanmedian(np.abs(wide[:, 11:17, :2] - expected)) < 0.02


@pytest.mark.parametrize(("backend", "loaded"), [("tracker", ""), ("mediapipe", "mediapipe")])
def test_backends_come_without_luggage(backend: str, loaded: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LUGGAGE.replace("BACKEND", backend)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=AGES,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == loaded
