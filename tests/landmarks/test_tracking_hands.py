"""One hand from frame to frame, on a real video: when it is looked at, lost, and found again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.landmarks.skeleton import INDEX
from edge.landmarks.tracking.body import Body, BodyFinder, body_region
from edge.landmarks.tracking.hand_track import HandTrack, View
from edge.landmarks.tracking.hands import HandNetworks, region_of
from edge.landmarks.tracking.palms import PalmFinder
from edge.landmarks.tracking.patch import Patch
from edge.landmarks.tracking.people import PeopleFinder
from edge.landmarks.tracking.region import Region

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

STEP = 0.08
"""Seconds between the frames."""


@pytest.fixture(scope="module")
def images(media: Path) -> list[NDArray[np.uint8]]:
    """Read a sign of two hands."""
    capture = cv2.VideoCapture(str(media / "words" / "accident__wlasl_032__00626.mp4"))
    read = []
    while (picture := capture.read())[0]:
        read.append(cv2.cvtColor(picture[1], cv2.COLOR_BGR2RGB).astype(np.uint8))
    capture.release()
    return read[::2]


@pytest.fixture(scope="module")
def bodies(images: list[NDArray[np.uint8]]) -> list[Body]:
    """Find the body in every frame."""
    (person,) = PeopleFinder().find(images[0], 0.5)
    finder, region, found = BodyFinder(), body_region(*person), []
    for k, image in enumerate(images):
        body = finder.find(image, region, k * STEP, 0.5)
        assert body is not None
        region = body.region
        found.append(body)
    return found


@pytest.fixture(scope="module")
def networks() -> HandNetworks:
    """Load each network once."""
    return HandNetworks()


@pytest.fixture
def followed(
    networks: HandNetworks, images: list[NDArray[np.uint8]], bodies: list[Body]
) -> tuple[HandTrack, int]:
    """Follow the right hand until it has been seen for a while; with the newest frame."""
    track, since = HandTrack("right"), 0
    for k, (image, body) in enumerate(zip(images, bodies, strict=True)):
        track.look(networks, View(image, k * STEP, "hand_full", body), None)
        since = since + 1 if track.points is not None else 0
        if since == 3 and not track.is_doubtful:
            return track, k
    pytest.fail("no hand was followed")


def looks(networks: HandNetworks) -> int:
    return networks.runs["hand_full"] + networks.runs["hand_lite"]


def test_followed_hand_is_at_the_wrist_of_its_arm(
    followed: tuple[HandTrack, int], bodies: list[Body]
) -> None:
    track, k = followed
    assert track.points is not None
    wrist = bodies[k].points[INDEX["right_wrist"], :2]
    assert np.hypot(*(track.points[0, :2] - wrist)) < 0.4 * bodies[k].width


def test_hand_in_a_picture_that_does_not_change_is_still_for_some_frames_only(
    followed: tuple[HandTrack, int], images: list[NDArray[np.uint8]]
) -> None:
    track, k = followed
    answers = [track.is_still(images[k]) for _ in range(8)]
    assert answers == [True] * 4 + [False] * 4


def test_hand_that_is_gone_is_lost_and_not_looked_for_until_something_stirs(
    followed: tuple[HandTrack, int],
    networks: HandNetworks,
    images: list[NDArray[np.uint8]],
    bodies: list[Body],
) -> None:
    track, k = followed
    black = np.zeros_like(images[k])
    assert not track.is_still(black)
    track.look(networks, View(black, (k + 1) * STEP, "hand_full", bodies[k]), None)
    assert track.points is None
    assert track.region is None
    before = looks(networks)
    track.look(networks, View(black, (k + 2) * STEP, "hand_full", None), None)
    assert looks(networks) == before  # nowhere to look without a body
    assert not track.has_stirred(black)
    assert track.has_stirred(images[k])
    track.look(networks, View(images[k], (k + 3) * STEP, "hand_full", bodies[k]), None)
    assert track.points is not None


def test_place_without_a_hand_is_looked_at_once(
    networks: HandNetworks, images: list[NDArray[np.uint8]], bodies: list[Body]
) -> None:
    track, black = HandTrack("left"), np.zeros_like(images[0])
    before = looks(networks)
    for k in range(3):
        track.look(networks, View(black, 10 + k * STEP, "hand_full", bodies[0]), None)
    assert track.points is None
    assert looks(networks) == before + 1


def test_hand_that_is_not_looked_at_goes_on_as_it_went(
    networks: HandNetworks, images: list[NDArray[np.uint8]], followed: tuple[HandTrack, int]
) -> None:
    track, k = followed
    shift = np.array([[1, 0, 6], [0, 1, 0]], dtype=np.float32)
    height, width = images[k].shape[:2]
    moved = cv2.warpAffine(images[k], shift, (width, height)).astype(np.uint8)
    track.look(networks, View(moved, (k + 1) * STEP, "hand_full", None), None)
    assert track.points is not None
    at, looked, before = track.points.copy(), track.looked, looks(networks)
    track.coast((k + 2) * STEP)
    assert looks(networks) == before
    assert track.looked == looked
    way = (track.points - at)[:, :2].mean(axis=0)
    assert 2 < way[0] < 7  # most of the 6 pixels to the right
    assert abs(way[1]) < 3


def test_palm_leads_to_the_hand_that_it_is_of(
    followed: tuple[HandTrack, int],
    networks: HandNetworks,
    images: list[NDArray[np.uint8]],
    bodies: list[Body],
) -> None:
    track, k = followed
    assert track.points is not None
    hand = region_of(track.points)
    x, y = (float(value) for value in bodies[k].points[INDEX["right_wrist"], :2])
    palms = PalmFinder().find(images[k], Region(x, y, 1.6 * bodies[k].width, 0.0))
    near = [palm for palm in palms if palm.away(hand.x, hand.y) < 0.3 * hand.size]
    assert len(near) == 1
    assert near[0].size == pytest.approx(hand.size, rel=0.4)
    assert networks.find("hand_full", images[k], near[0]).score > 0.5
    assert PalmFinder().find(np.zeros_like(images[k]), Region(x, y, 200.0, 0.0)) == []


def test_palm_finds_a_hand_that_the_arm_does_not_show_unless_it_is_the_other_one(
    followed: tuple[HandTrack, int],
    networks: HandNetworks,
    images: list[NDArray[np.uint8]],
    bodies: list[Body],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    track, k = followed
    hand = track.region
    assert hand is not None
    nowhere = (Region(0.0, 12.0 * k, 8.0, 0.0) for k in range(9))
    monkeypatch.setattr(networks, "seek", lambda *_: next(nowhere))
    body = Body(bodies[k].points, np.ones(33, dtype=np.float32), bodies[k].region)
    found, taken = HandTrack("right"), HandTrack("right")
    found.look(networks, View(images[k], 0.0, "hand_full", body), None)
    taken.look(networks, View(images[k], 0.0, "hand_full", body), hand)
    assert found.points is not None
    assert found.region is not None
    assert found.region.away(hand.x, hand.y) < 0.2 * hand.size
    assert taken.points is None
    before = networks.runs["palm"]
    taken.look(networks, View((images[k] // 2).astype(np.uint8), 0.5, "hand_full", body), None)
    assert networks.runs["palm"] == before  # it was looked for half a second ago
    taken.look(networks, View(images[k], 1.5, "hand_full", body), None)
    assert networks.runs["palm"] == before + 1
    assert taken.points is not None


def test_change_of_a_patch_is_that_of_its_place() -> None:
    image = np.full((100, 100, 3), 80, dtype=np.uint8)
    patch = Patch()
    assert patch.change(image) == 0.0
    patch.take(image, Region(30.0, 30.0, 40.0, 0.0))
    elsewhere, there = image.copy(), image.copy()
    elsewhere[60:, 60:] = 200
    there[10:50, 10:50] = 90
    assert patch.change(elsewhere) == 0.0
    assert patch.change(there) == pytest.approx(10.0, abs=0.5)
    patch.forget()
    assert patch.change(there) == 0.0
