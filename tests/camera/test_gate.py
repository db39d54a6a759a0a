"""The gate opens for people and stays shut for light and noise."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from edge.camera.gate import Gate
from edge.config.settings import GateSettings
from edge.messages import Frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

FPS = 30.0


def room(height: int = 480, width: int = 640) -> NDArray[np.uint8]:
    """Paint a still room with bright and dark parts."""
    random = np.random.default_rng(1)
    small = random.integers(20, 200, (12, 16, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(small, (width, height)), np.uint8)


def play(
    gate: Gate, picture: Callable[[int], NDArray[np.uint8]], start: float, seconds: float
) -> list[bool]:
    """Push picture(0), picture(1), ... at FPS from start on."""
    count = round(seconds * FPS)
    return [gate.push(Frame(i, start + i / FPS, picture(i)), is_busy=False) for i in range(count)]


def closed_gate(still: NDArray[np.uint8], idle_fps: float = 5.0) -> Gate:
    """Return a gate that a still room has closed; its next frame is due at second 10."""
    gate = Gate(GateSettings(hold=1.0, idle_fps=idle_fps))
    play(gate, lambda _: still, 0.0, 10.0)
    assert not gate.is_open
    return gate


def test_gate_starts_open_because_somebody_may_be_signing_already() -> None:
    gate = Gate(GateSettings())
    assert gate.is_open
    assert gate.push(Frame(0, 0.0, room()), is_busy=False)


def test_still_room_closes_the_gate_after_the_hold() -> None:
    still = room()
    passed = play(Gate(GateSettings(hold=2.0)), lambda _: still, 0.0, 5.0)
    assert passed == [True] * 60 + [False] * 90


def test_moving_hand_opens_the_gate_and_the_hold_keeps_it_open() -> None:
    still = room()
    gate = closed_gate(still)

    def waving(index: int) -> NDArray[np.uint8]:
        image = still.copy()
        x = 200 + 8 * index
        image[200:260, x : x + 50] = 255
        return image

    assert any(play(gate, waving, 10.0, 0.5))
    assert gate.is_open
    assert all(play(gate, lambda _: still, 10.5, 0.7))
    assert not any(play(gate, lambda _: still, 12.5, 1.0))


def test_sensor_noise_does_not_open_the_gate() -> None:
    still = room()
    gate = closed_gate(still)
    random = np.random.default_rng(2)

    def noisy(_: int) -> NDArray[np.uint8]:
        image = still + random.normal(0, 3, still.shape)
        return np.asarray(np.clip(image, 0, 255), np.uint8)

    assert not any(play(gate, noisy, 10.0, 2.0))


@pytest.mark.parametrize("level", [-40, 25, 60])
def test_lamp_that_lights_everything_does_not_open_the_gate(level: int) -> None:
    still = room()
    gate = closed_gate(still)
    lit = np.clip(still.astype(int) + level, 0, 255).astype(np.uint8)
    assert not any(play(gate, lambda _: lit, 10.0, 1.0))


@pytest.mark.parametrize("gain", [0.6, 1.25, 1.8])
def test_automatic_exposure_does_not_open_the_gate(gain: float) -> None:
    still = room()
    gate = closed_gate(still)
    exposed = np.clip(still * gain, 0, 255).astype(np.uint8)
    assert not any(play(gate, lambda _: exposed, 10.0, 1.0))


def test_hand_is_seen_while_the_light_changes() -> None:
    still = room()
    gate = closed_gate(still)
    image = np.clip(still * 1.25, 0, 255).astype(np.uint8)
    image[100:180, 100:160] = 0
    assert any(play(gate, lambda _: image, 10.0, 0.5))


def test_closed_gate_looks_at_few_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    still = room()
    gate = closed_gate(still, idle_fps=5.0)
    looked = []
    resize = cv2.resize

    def counted(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - stands in for OpenCV's
        looked.append(1)
        return resize(*args, **kwargs)

    monkeypatch.setattr(cv2, "resize", counted)
    play(gate, lambda _: still, 10.0, 4.0)
    assert 18 <= len(looked) <= 21


def test_unexamined_frames_cost_next_to_nothing() -> None:
    still = room()

    def cost(idle_fps: float) -> float:
        gate = closed_gate(still, idle_fps=idle_fps)
        rounds = []
        for i in range(5):
            begun = time.perf_counter()
            play(gate, lambda _: still, 20.0 + i, 1.0)
            rounds.append(time.perf_counter() - begun)
        return min(rounds)

    assert cost(1.0) < cost(30.0) / 3


def test_busy_opens_a_closed_gate_at_once_and_holds_it() -> None:
    still = room()
    gate = closed_gate(still)
    assert gate.push(Frame(0, 10.01, still), is_busy=True)
    assert gate.push(Frame(1, 10.9, still), is_busy=False)
    assert not gate.push(Frame(2, 11.1, still), is_busy=False)


def test_busy_keeps_an_open_gate_open_over_a_still_room() -> None:
    still = room()
    gate = Gate(GateSettings(hold=0.5))
    assert all(gate.push(Frame(i, i / 10, still), is_busy=True) for i in range(30))


def test_disabled_gate_passes_everything() -> None:
    still = room()
    gate = Gate(GateSettings(enabled=False))
    assert all(play(gate, lambda _: still, 0.0, 10.0))
    assert gate.is_open


def test_another_shape_of_picture_opens_the_gate_like_a_new_camera() -> None:
    gate = closed_gate(room())
    assert gate.push(Frame(0, 10.0, room(360, 640)), is_busy=False)


def test_another_resolution_of_the_same_view_does_not_open_the_gate() -> None:
    still = room()
    gate = closed_gate(still)
    half = np.asarray(cv2.resize(still, (320, 240), interpolation=cv2.INTER_AREA), np.uint8)
    assert not gate.push(Frame(0, 10.0, half), is_busy=False)


@hypothesis_settings(max_examples=50, deadline=None)
@given(sizes=st.lists(st.tuples(st.integers(1, 90), st.integers(1, 90)), min_size=1, max_size=6))
def test_no_order_of_sizes_crashes_the_gate(sizes: list[tuple[int, int]]) -> None:
    gate = Gate(GateSettings(idle_fps=30.0))
    for index, (height, width) in enumerate(sizes):
        image = np.full((height, width, 3), index, np.uint8)
        assert isinstance(gate.push(Frame(index, index / 2, image), is_busy=False), bool)
