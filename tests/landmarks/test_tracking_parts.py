"""The tracker's parts: regions, trimmed networks, smoothing, merging, heat maps."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import DependencyError
from edge.landmarks.tracking import network
from edge.landmarks.tracking.body import refine
from edge.landmarks.tracking.detection import anchors, merge
from edge.landmarks.tracking.hands import region_of
from edge.landmarks.tracking.network import Name, Network, find_model
from edge.landmarks.tracking.palms import LAYERS as PALM_LAYERS
from edge.landmarks.tracking.people import LAYERS as PEOPLE_LAYERS
from edge.landmarks.tracking.region import Region, region_between
from edge.landmarks.tracking.smoothing import Calm, OneEuro
from edge.landmarks.tracking.trimming import trim
from edge.tflite import make_interpreter

SIDE = 128
REGIONS = st.builds(
    Region,
    x=st.floats(100, 380),
    y=st.floats(100, 300),
    size=st.floats(90, 200),
    turn=st.floats(-math.pi, math.pi),
)


@given(region=REGIONS, right=st.floats(0.25, 0.75), down=st.floats(0.25, 0.75))
def test_point_of_a_region_is_put_back_where_it_was_drawn(
    region: Region, right: float, down: float
) -> None:
    place = np.array([[right * SIDE, down * SIDE, 8.0]], dtype=np.float32)
    ((x, y, z),) = region.to_image(place, SIDE)
    assert z == pytest.approx(8.0 * region.size / SIDE, rel=1e-5)
    image = np.zeros((400, 480, 3), dtype=np.uint8)
    cv2.circle(image, (round(x * 16) - 8, round(y * 16) - 8), 5 * 16, (255, 255, 255), -1, shift=4)
    picture = np.empty((SIDE, SIDE, 3), dtype=np.uint8)
    region.cut(image, picture, cv2.BORDER_CONSTANT)
    rows, columns = np.nonzero(picture[:, :, 0] > 127)
    assert len(rows) > 0
    assert columns.mean() + 0.5 == pytest.approx(place[0, 0], abs=1.0)
    assert rows.mean() + 0.5 == pytest.approx(place[0, 1], abs=1.0)


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (Region(110, 100, 100, 0.1), True),
        (Region(125, 100, 100, 0.1), False),
        (Region(100, 100, 180, 0.1), False),
        (Region(100, 100, 100, 0.1 + math.radians(45)), False),
        (Region(100, 100, 100, 0.1 + 2 * math.pi), True),
    ],
)
def test_regions_of_the_same_thing_are_near_alike_in_size_and_turn(
    other: Region, *, is_same: bool
) -> None:
    region = Region(100, 100, 100, 0.1)
    assert region.fits(other) is is_same
    assert other.fits(region) is is_same


@pytest.mark.parametrize(
    ("end", "turn"), [((0, -1), 0), ((1, 0), 90), ((0, 1), 180), ((-1, 0), -90)]
)
def test_top_of_a_region_is_towards_its_other_point(end: tuple[int, int], turn: float) -> None:
    start = np.zeros(2, dtype=np.float32)
    region = region_between(start, np.array(end, dtype=np.float32), 10.0)
    assert math.degrees(region.turn) == pytest.approx(turn)
    moved = region.moved(0.0, -0.5, 2.0)  # half a side towards its top
    assert (moved.x, moved.y) == pytest.approx((5 * end[0], 5 * end[1]), abs=1e-6)
    assert moved.size == pytest.approx(20)


@pytest.mark.parametrize(
    ("name", "kept"),
    [("body", (0, 1, 3)), ("hand_full", (0, 1)), ("recrop", (0,)), ("hand_lite", (0, 1))],
)
def test_trimmed_network_gives_what_the_whole_one_gives(name: Name, kept: tuple[int, ...]) -> None:
    model = find_model(name).read_bytes()
    whole, trimmed = make_interpreter(model), Network(name)
    assert len(trim(model, kept)) == len(model)
    picture = np.random.default_rng(3).integers(0, 255, (trimmed.size,) * 2 + (3,), dtype=np.uint8)
    (detail,) = whole.get_input_details()
    whole.set_tensor(detail["index"], picture[None].astype(np.float32) / 255)
    whole.invoke()
    outputs = whole.get_output_details()
    given_back = trimmed.run(picture)
    assert len(given_back) == len(kept)
    for k, values in zip(kept, given_back, strict=True):
        np.testing.assert_allclose(values, whole.get_tensor(outputs[k]["index"])[0], atol=0.02)
    again = trimmed.run(picture)
    np.testing.assert_array_equal(again[0], given_back[0])


def test_missing_model_names_the_file_and_the_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(network._FILES, "palm", "palm_detection/none.tflite")
    with pytest.raises(
        DependencyError, match=r"none\.tflite is missing; install mediapipe 0\.10\.18"
    ):
        find_model("palm")


def test_damaged_model_is_refused() -> None:
    with pytest.raises(DependencyError, match="refuses"):
        make_interpreter(b"no model" * 50)


def test_still_points_are_calmed_and_moving_ones_follow() -> None:
    rng = np.random.default_rng(1)
    smooth = OneEuro(Calm(cutoff=0.5, slope=40.0))
    noise = rng.normal(0, 0.2, (90, 5, 2)).astype(np.float32)
    calmed = np.stack([smooth.push(10 + noise[k], k / 15, 100.0) for k in range(90)])
    assert calmed[30:].std() < 0.5 * noise[30:].std()
    jumped = [smooth.push(np.full((5, 2), 60.0, np.float32), 6 + k / 15, 100.0) for k in range(3)]
    assert jumped[-1].min() > 55
    smooth.reset()
    first = np.full((5, 2), 3.0, dtype=np.float32)
    np.testing.assert_array_equal(smooth.push(first, 9.0, 100.0), first)


def test_frames_of_the_same_time_do_not_divide_by_nothing() -> None:
    smooth = OneEuro(Calm(cutoff=0.5, slope=40.0))
    for value in (1.0, 2.0, 3.0):
        points = smooth.push(np.full((2, 2), value, dtype=np.float32), 1.0, 0.0)
    assert np.isfinite(points).all()


def test_anchors_are_those_of_the_network() -> None:
    made = anchors(224, PEOPLE_LAYERS)
    assert made.shape == (2254, 2)
    np.testing.assert_array_equal(made[[0, 1, 2, -1]], [[4, 4], [4, 4], [12, 4], [208, 208]])
    assert anchors(192, PALM_LAYERS).shape == (2016, 2)


def test_boxes_of_one_person_are_averaged_by_score_and_others_kept() -> None:
    box = np.array([[50, 50], [40, 40], [50, 60]], dtype=np.float32)
    shift = np.array([[4, 0], [0, 0], [4, 0]], dtype=np.float32)
    far = np.array([[150, 50], [40, 40], [150, 60]], dtype=np.float32)
    people = merge(np.stack([box, far, box + shift]), np.array([0.6, 0.9, 0.3], dtype=np.float32))
    np.testing.assert_allclose(people[:, 2, 0], [150, 50 + 4 / 3], rtol=1e-5)


def test_heat_map_moves_a_point_to_its_warmest_place_and_a_cold_one_not_at_all() -> None:
    heat = np.full((64, 64, 3), -20.0, dtype=np.float32)
    heat[21, 33, 0] = 6.0
    heat[21, 33, 1] = -1.0  # not sure enough
    points = np.array([[0.5, 0.3, 7.0], [0.5, 0.3, 7.0], [-3.0, 9.0, 7.0]], dtype=np.float32)
    moved = refine(points, heat)
    np.testing.assert_allclose(moved[0], [33 / 64, 21 / 64, 7.0], rtol=1e-4)
    np.testing.assert_array_equal(moved[1:], points[1:])


@given(turn=st.floats(-3, 3), x=st.floats(-50, 50), size=st.floats(0.5, 4))
def test_region_of_a_hand_turns_moves_and_grows_with_it(turn: float, x: float, size: float) -> None:
    hand = np.zeros((21, 3), dtype=np.float32)
    for finger in range(5):
        for joint in range(4):
            hand[1 + 4 * finger + joint, :2] = [8 * (finger - 2), -20 - 9 * joint]
    upright = region_of(hand)
    assert upright.turn == pytest.approx(0, abs=1e-6)
    cos, sin = math.cos(turn) * size, math.sin(turn) * size
    placed = hand.copy()
    placed[:, :2] = hand[:, :2] @ np.array([[cos, sin], [-sin, cos]], dtype=np.float32) + x
    region = region_of(placed)
    assert math.cos(region.turn - turn) == pytest.approx(1, abs=1e-3)
    assert region.size == pytest.approx(size * upright.size, rel=1e-2)
    assert region.x == pytest.approx(cos * upright.x - sin * upright.y + x, abs=0.5)
