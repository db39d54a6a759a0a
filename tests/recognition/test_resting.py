"""Arms that take no part in a sign, told from those that keep still within it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
from conftest import BODY, hand_at
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config.settings import SegmenterSettings
from edge.landmarks.archive import read_clips
from edge.landmarks.skeleton import (
    INDEX,
    LEFT_HAND,
    LEFT_SHOULDER,
    POINTS,
    POSE,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    mirror,
)
from edge.recognition.clips import longest_segment
from edge.recognition.features.resting import forget_resting, resting
from edge.recognition.features.segment import FRAMES, resample, to_body_frame
from edge.recognition.segmenting.hysteresis import HysteresisSegmenter

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Way = NDArray[np.float64]
    Body = NDArray[np.float32]

SHARE: Final = np.linspace(0, 1, FRAMES)
"""Of the segment, for each frame."""
PLACES: Final = {
    "at the hip": (0.6, 1.7),
    "in the lap": (0.1, 1.3),
    "on a table": (0.45, 1.0),
    "holding a cup": (0.3, 0.6),
    "on the other arm": (-0.35, 0.75),
}
"""Of a resting wrist: shoulder widths to its own side, and below the shoulders."""
ONE_HANDED: Final = ["drink", "who", "mother", "no", "candy", "deaf", "tell", "cousin", "yes"]
TWO_HANDED: Final = ["book", "help", "school", "walk", "language", "secretary", "meet", "graduate"]


def still(x: float, y: float, tremor: float = 0.02) -> Way:
    """Path (FRAMES, 2) of a wrist that keeps its place."""
    noise = np.random.default_rng(3).normal(0, tremor, (FRAMES, 2))
    path: Way = np.array([x, y]) + noise
    return path


def waving(x: float = 0.6, y: float = -0.1, width: float = 0.4) -> Way:
    """Path of a wrist that waves."""
    path: Way = np.array([x, y]) + np.stack([width * np.sin(9 * SHARE), 0 * SHARE], axis=-1)
    return path


def coming_to(x: float, y: float, touches: int = 2) -> Way:
    """Path of a wrist that comes up from its rest, touches a place several times and goes back."""
    rest, place = np.array([0.6, 1.6]), np.array([x, y])
    up = np.clip(np.minimum(SHARE, 1 - SHARE) / 0.2, 0, 1)[:, None]
    path: Way = rest + (place - rest) * up
    path[:, 1] -= 0.35 * np.abs(np.sin(touches * np.pi * SHARE)) * (up[:, 0] == 1)
    return path


def body_of(left: Way | None, right: Way | None) -> Body:
    """Make one segment (1, FRAMES, 75, 3) of wrists to their own sides; None: hanging, unseen."""
    points = np.full((FRAMES, POINTS, 3), np.nan, dtype=np.float32)
    points[:, POSE] = (0, 1, 0)
    for name, at in BODY.items():
        points[:, INDEX[name], :2] = at
    for side, path, hand in (("left", left, LEFT_HAND), ("right", right, RIGHT_HAND)):
        if path is None:
            continue
        sign = 1 if side == "left" else -1
        for frame, (x, y) in enumerate(path):
            points[frame, hand] = hand_at(np.zeros(2), sign) / 0.2
            points[frame, hand, :2] += (sign * x, y)
            points[frame, INDEX[f"{side}_wrist"], :2] = sign * x, y
    return points[None]


def told(body: Body) -> tuple[bool, bool]:
    """Whether the left and the right arm rest; of the mirrored signer, right and left."""
    (left, right), other = resting(body)[0].tolist(), resting(mirror(body))[0].tolist()
    assert other == [right, left]
    return left, right


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_hand_that_keeps_still_while_the_other_signs_rests(place: tuple[float, float]) -> None:
    assert told(body_of(still(*place), waving())) == (True, False)
    assert told(body_of(waving(), still(*place))) == (False, True)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("sign", ["to the mouth", "held up"])
def test_it_rests_whatever_the_other_one_does_elsewhere(
    place: tuple[float, float], sign: str
) -> None:
    acting = {"to the mouth": coming_to(0.1, -0.6), "held up": still(0.6, -0.2)}[sign]
    assert told(body_of(still(*place), acting)) == (True, False)


def test_hand_out_of_view_rests_with_its_hanging_arm() -> None:
    assert told(body_of(None, waving())) == (True, False)
    assert told(body_of(waving(), None)) == (False, True)


def test_hand_that_is_lost_while_it_is_held_up_is_kept() -> None:
    body = body_of(still(0.3, 0.1), waving())
    body[:, :, LEFT_HAND] = np.nan
    assert told(body) == (False, False)


@pytest.mark.parametrize("at", [(0.0, 0.3), (0.2, 0.6), (-0.1, 0.9)])
@pytest.mark.parametrize("touches", [1, 2, 4])
def test_base_hand_that_the_other_one_comes_to_is_kept(
    at: tuple[float, float], touches: int
) -> None:
    x, y = at
    base, acting = still(x, y), coming_to(-x, y - 0.1, touches)
    assert told(body_of(base, acting)) == (False, False)
    assert told(body_of(acting, base)) == (False, False)


@pytest.mark.parametrize("noise", [0.0, 0.03, 0.06])
def test_noise_makes_no_base_hand_a_resting_one(noise: float) -> None:
    base = still(0.1, 0.6, tremor=noise)
    assert told(body_of(base, coming_to(-0.1, 0.5))) == (False, False)


@pytest.mark.parametrize(
    "left",
    [
        waving(),
        waving(0.4, 1.0),
        waving(0.2, 0.5, width=0.3),
        coming_to(0.3, 0.0),
        still(0.5, 0.0),
        still(0.3, -0.5),
    ],
    ids=["as the other", "low", "narrow", "comes up", "held up", "at the face"],
)
def test_hand_that_moves_or_is_held_up_is_kept(left: Way) -> None:
    assert told(body_of(left, waving())) == (False, False)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_while_nobody_acts_no_arm_rests(place: tuple[float, float]) -> None:
    assert told(body_of(still(*place), still(*place))) == (False, False)
    assert told(body_of(None, None)) == (False, False)


def test_nothing_seen_is_no_error_and_no_rest() -> None:
    nothing = np.full((2, FRAMES, POINTS, 3), np.nan, dtype=np.float32)
    assert not resting(nothing).any()
    body = body_of(still(0.1, 1.3), waving())
    body[:, :, [LEFT_SHOULDER, RIGHT_SHOULDER]] = np.nan
    assert not resting(to_body_frame(body)).any()


def test_single_frame_is_judged_by_posture_alone() -> None:
    down = body_of(still(0.1, 1.3), still(0.3, 1.4))[:, :1]
    assert told(down) == (False, False)
    lying = body_of(still(0.1, 1.3), waving())[:, :1]
    assert told(lying) == told(np.repeat(lying, FRAMES, axis=1)) == (True, False)


CASES: Final = {
    **{name: (still(*place), waving()) for name, place in PLACES.items()},
    "base hand": (still(0.1, 0.6), coming_to(-0.1, 0.5)),
    "both": (waving(), waving()),
    "unseen": (None, waving()),
}


@given(
    name=st.sampled_from(sorted(CASES)),
    x=st.floats(-2, 2),
    y=st.floats(-2, 2),
    scale=st.floats(0.05, 5),
)
@settings(max_examples=60)
def test_place_and_size_in_the_picture_do_not_matter(
    name: str, x: float, y: float, scale: float
) -> None:
    body = body_of(*CASES[name])
    moved = (body * scale + np.array([x, y, 0])).astype(np.float32)
    assert told(to_body_frame(moved)) == told(body)


def test_segments_of_a_batch_are_judged_one_by_one() -> None:
    bodies = [body_of(*case) for case in CASES.values()]
    together = resting(np.concatenate(bodies))
    assert [tuple(row) for row in together.tolist()] == [told(body) for body in bodies]
    assert 0 < together.any(axis=1).sum() < len(bodies)


@given(seed=st.integers(0, 10_000), share=st.floats(0, 1), frames=st.integers(1, 40))
@settings(max_examples=60)
def test_any_landmarks_are_judged_and_never_do_both_arms_rest(
    seed: int, share: float, frames: int
) -> None:
    random = np.random.default_rng(seed)
    body = random.normal(0, 1, (3, frames, POINTS, 3)).astype(np.float32)
    body *= random.choice([0.01, 0.1, 1.0], (3, 1, POINTS, 1)).astype(np.float32)
    body[random.random(body.shape[:3]) < share] = np.nan
    rests = resting(body)
    assert rests.shape == (3, 2)
    assert not rests.all(axis=1).any()


def test_resting_hand_is_forgotten_and_nothing_else() -> None:
    body = np.concatenate([body_of(*CASES["in the lap"]), body_of(*CASES["both"])])
    before = body.copy()
    found = forget_resting(body)
    np.testing.assert_array_equal(body, before)
    hand = np.r_[LEFT_HAND]
    assert np.isnan(found[0][:, hand]).all()
    others = np.setdiff1d(np.arange(POINTS), hand)
    np.testing.assert_array_equal(found[0][:, others], body[0][:, others])
    np.testing.assert_array_equal(found[1], body[1])


def test_segments_without_a_resting_arm_are_the_same_array() -> None:
    body = body_of(*CASES["both"])
    assert forget_resting(body) is body


@pytest.fixture(scope="module")
def shares(archives: Path) -> dict[str, list[bool]]:
    """For each word of WLASL-100's validation clips, whether one arm rests in each clip."""
    path = archives / "wlasl100-val.npz"
    if not path.exists():
        pytest.skip("../shared/data/wlasl100-val.npz is not there")
    found: dict[str, list[bool]] = {}
    segmenter = HysteresisSegmenter(SegmenterSettings())
    for clip in read_clips(path):
        if clip.label not in {*ONE_HANDED, *TWO_HANDED}:
            continue
        segment = longest_segment(clip, segmenter)
        cut = (clip.times, clip.points) if segment is None else (segment.times, segment.points)
        sampled, _ = resample(*cut)
        found.setdefault(clip.label, []).append(any(told(to_body_frame(sampled[None]))))
    return found


def test_recorded_signs_of_one_hand_have_a_resting_arm(shares: dict[str, list[bool]]) -> None:
    rests = [one for word in ONE_HANDED for one in shares[word]]
    assert len(rests) >= 30
    assert np.mean(rests) > 0.9


def test_recorded_signs_of_two_hands_have_none(shares: dict[str, list[bool]]) -> None:
    rests = [one for word in TWO_HANDED for one in shares[word]]
    assert len(rests) >= 25
    assert np.mean(rests) < 0.1
