"""The tracker as a whole on real videos: as the graph sees them, and for less work."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.config.settings import LandmarkSettings, Settings
from edge.evaluation.bench.agreement import has_hand, measure_agreement
from edge.evaluation.bench.frames import searched_frames
from edge.landmarks.landmarker import Landmarker
from edge.landmarks.skeleton import LEFT_HAND, RIGHT_HAND
from edge.landmarks.tracking import budget
from edge.landmarks.tracking.tracker import Tracker
from edge.messages import Frame

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def frames(media: Path) -> list[Frame]:
    """Read a sign of two hands as the daemon would."""
    return list(searched_frames(media / "words" / "accident__wlasl_032__00626.mp4", Settings()))


class Slow:
    """A clock by which everything takes a second."""

    def __init__(self) -> None:
        self._time = 0.0

    def monotonic(self) -> float:
        self._time += 1.0
        return self._time


def look(landmarker: Landmarker, frames: list[Frame]) -> NDArray[np.float32]:
    """Find the landmarks, (T, 75, 3)."""
    return np.stack([found.points for frame in frames for found in landmarker.push(frame)])


def runs_of(landmarker: Landmarker) -> dict[str, int]:
    assert isinstance(landmarker.backend, Tracker)
    return {str(name): runs for name, runs in landmarker.backend.runs.items()}


def test_landmarks_are_those_of_the_graph_for_fewer_runs(frames: list[Frame]) -> None:
    ours = Landmarker(LandmarkSettings())
    graph = Landmarker(LandmarkSettings(backend="mediapipe"))
    found, truth = look(ours, frames), look(graph, frames)
    ours.close()
    graph.close()
    agreement = measure_agreement(found, truth)
    assert has_hand(truth).mean() > 0.5
    assert agreement.presence > 0.85
    assert agreement.hand < 0.04
    assert agreement.pose < 0.03
    runs = runs_of(ours)
    assert runs["person"] == 1
    assert runs["body"] < 0.7 * len(frames)
    assert runs["hand_full"] <= 2.2 * len(frames)
    assert "hand_lite" not in runs


def test_same_frames_give_the_same_landmarks_however_long_it_takes(
    frames: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = look(Landmarker(LandmarkSettings()), frames)
    monkeypatch.setattr("edge.landmarks.tracking.tracker.clock", Slow())
    slow = look(Landmarker(LandmarkSettings()), frames)
    np.testing.assert_array_equal(quick, slow)


def test_after_a_reset_nothing_is_left_of_what_was_seen(frames: list[Frame]) -> None:
    landmarker = Landmarker(LandmarkSettings())
    black = np.zeros_like(frames[0].image)
    empty = [Frame(k, 9 + k / 10, black) for k in range(4)]  # the person is searched for
    first = look(landmarker, frames)
    look(landmarker, empty)
    landmarker.reset()
    again = [frames[0], Frame(1, 0.05, black), *frames[2:]]  # and once more, at an earlier time
    found = look(landmarker, again)
    np.testing.assert_array_equal(found[0], first[0])
    assert np.isfinite(found[5:, 11:13]).all()
    landmarker.reset()
    np.testing.assert_array_equal(look(landmarker, frames), first)


def test_live_frames_that_take_too_long_are_looked_at_by_the_small_network(
    frames: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.landmarks.tracking.tracker.clock", Slow())
    landmarker = Landmarker(LandmarkSettings(), is_live=True)
    look(landmarker, frames)
    look(landmarker, [Frame(0, 10 + frame.time, frame.image) for frame in frames])
    runs = runs_of(landmarker)
    assert runs["hand_lite"] > 0
    assert isinstance(landmarker.backend, Tracker)
    assert landmarker.backend._budget.plan == budget.PLANS[-1]


def test_two_threads_find_what_one_finds(
    frames: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    one = Landmarker(LandmarkSettings())
    assert isinstance(one.backend, Tracker)
    assert len(one.backend._hand_networks) == 1
    alone = look(one, frames)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)))
    wide = Landmarker(LandmarkSettings())
    found = look(wide, frames)
    assert isinstance(wide.backend, Tracker)
    assert all(networks.runs["hand_full"] > 0 for networks in wide.backend._hand_networks)
    assert len(wide.backend._hand_networks) == 2
    wide.close()
    np.testing.assert_array_equal(has_hand(found), has_hand(alone))
    np.testing.assert_allclose(found, alone, atol=1e-4)


def test_person_who_goes_is_gone_and_found_again(frames: list[Frame]) -> None:
    landmarker = Landmarker(LandmarkSettings())
    look(landmarker, frames)
    end = frames[-1].time
    black = np.zeros_like(frames[0].image)
    empty = [Frame(k, end + 0.1 * (k + 1), black) for k in range(6)]
    gone = look(landmarker, empty)
    assert np.isnan(gone[1:]).all()  # without a hand the body is looked for in every second frame
    before = runs_of(landmarker)["person"]
    assert before <= 1 + 4  # not in every frame
    back = [Frame(k, end + 1 + frame.time, frame.image) for k, frame in enumerate(frames)]
    found = look(landmarker, back)
    assert np.isfinite(found[3:, 11:13]).all()
    assert has_hand(found).any()


@pytest.mark.parametrize("plan", budget.PLANS)
def test_hand_that_has_come_off_its_arm_goes_back_to_it(
    plan: budget.Plan, frames: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "PLANS", (plan,))
    landmarker = Landmarker(LandmarkSettings())
    middle = len(frames) // 2
    look(landmarker, frames[:middle])
    backend = landmarker.backend
    assert isinstance(backend, Tracker)
    left, right = backend._hands
    assert left.points is not None
    assert right.points is not None
    left.points, left._read, left._next = right.points, right._read, right._next
    left._score = right._score = 1.0
    monkeypatch.setattr(backend, "_is_double", lambda: False)  # nor may that help
    still = [
        Frame(k, frames[middle - 1].time + k / 12, frames[middle - 1].image) for k in range(1, 30)
    ]
    found = look(landmarker, still)[-1]
    away = np.abs(found[LEFT_HAND] - found[RIGHT_HAND])[:, :2].max()
    assert not away < 0.02  # NaN, where the left one is not seen, is right too


def test_somebody_else_is_not_the_person_who_was_lost(
    frames: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    landmarker = Landmarker(LandmarkSettings())
    look(landmarker, frames[:5])
    backend = landmarker.backend
    assert isinstance(backend, Tracker)
    assert backend._last is not None
    reach = backend._last.size
    backend._lose()
    someone = np.array([[[backend._last.x + reach, backend._last.y], [0, 0]]], dtype=np.float32)
    monkeypatch.setattr(backend, "people", lambda _: someone)
    assert backend._search(frames[5].image, frames[5].time) is None
    someone[0, 0, 0] -= 0.8 * reach
    assert backend._search(frames[5].image, frames[5].time + 1) is not None


def test_other_size_of_picture_or_earlier_time_begins_anew(frames: list[Frame]) -> None:
    fresh = Landmarker(LandmarkSettings())
    small = [Frame(f.index, 9 + f.time, f.image[::2, ::2].copy()) for f in frames[:6]]
    wanted = look(fresh, small)
    used = Landmarker(LandmarkSettings())
    first = look(used, frames)
    np.testing.assert_array_equal(look(used, small), wanted)
    np.testing.assert_array_equal(look(used, frames), first)


def test_picture_without_anybody_costs_no_body_and_no_hand() -> None:
    landmarker = Landmarker(LandmarkSettings())
    black = np.zeros((120, 160, 3), dtype=np.uint8)
    assert np.isnan(look(landmarker, [Frame(k, k / 10, black) for k in range(5)])).all()
    assert set(runs_of(landmarker)) == {"person"}
