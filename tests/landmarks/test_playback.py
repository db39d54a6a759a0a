"""Archives played like a camera."""

from __future__ import annotations

import re
import threading
import time
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from patience import PROMPT

from edge.config.settings import CameraSettings
from edge.errors import SourceError
from edge.landmarks.archive import Clip, write_clips
from edge.landmarks.archive_player import Playback
from edge.landmarks.skeleton import LEFT_HAND, POSE, RIGHT_HAND, RIGHT_WRIST

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Signing

    from edge.messages import Landmarks


@pytest.fixture
def archive(signing: Signing, tmp_path: Path) -> Path:
    """Write three short clips of two glosses, each with its own nose."""
    _, points = signing.but(signs=((-1.0, 9.0),), length=0.4, fps=25.0).arrays()
    clips = []
    for index, (label, fps) in enumerate([("book", 25.0), ("drink", 10.0), ("book", 25.0)]):
        marked = points.copy()
        marked[:, 0, 0] = 0.25 * (index + 1)
        clips.append(Clip(label, "a", fps, marked))
    write_clips(tmp_path / "a.npz", clips)
    return tmp_path / "a.npz"


def open_playback(
    source: str, *, is_live: bool = False, rest: float = 0.5, loop: bool = False
) -> Playback:
    """Open an archive."""
    settings = CameraSettings(source=f"archive:{source}", archive_rest=rest, loop=loop)
    return Playback(settings, is_live=is_live)


def play(source: str, rest: float = 0.5) -> list[Landmarks]:
    """Play all of an archive as fast as possible."""
    return list(open_playback(source, rest=rest).landmarks(threading.Event()))


def has_hand(one: Landmarks) -> bool:
    """Whether the right hand is seen."""
    return bool(np.isfinite(one.points[RIGHT_HAND]).all())


def runs(frames: list[Landmarks]) -> list[tuple[bool, float, int]]:
    """Return (has a hand, the nose's place, how many frames) for each stretch."""
    found: list[tuple[bool, float, int]] = []
    for one in frames:
        kind = (has_hand(one), float(one.points[0, 0]))
        if found and found[-1][:2] == kind:
            found[-1] = (*kind, found[-1][2] + 1)
        else:
            found.append((*kind, 1))
    return found


def test_clips_come_in_order_with_rests_between_and_after(archive: Path) -> None:
    assert runs(play(str(archive))) == [
        (False, 0.25, 12),
        (True, 0.25, 10),
        (False, 0.5, 5),
        (True, 0.5, 10),
        (False, 0.75, 12),
        (True, 0.75, 10),
        (False, 0.75, 12),
    ]


def test_time_starts_at_zero_and_keeps_each_clips_rate(archive: Path) -> None:
    frames = play(str(archive))
    steps = np.diff([one.time for one in frames])
    assert frames[0].time == 0
    np.testing.assert_allclose(steps[:22], 0.04, atol=1e-9)
    np.testing.assert_allclose(steps[22:36], 0.1, atol=1e-9)


def test_body_stays_while_the_hands_rest(archive: Path) -> None:
    resting = [one.points for one in play(str(archive)) if not has_hand(one)]
    assert resting
    for points in resting:
        assert np.isfinite(points[POSE]).all()
        assert np.isnan(points[LEFT_HAND]).all()


def test_arms_travel_to_their_rest_and_back(archive: Path) -> None:
    frames = play(f"{archive}#drink", rest=1.5)
    heights = np.array([one.points[RIGHT_WRIST, 1] for one in frames])
    up = [index for index, one in enumerate(frames) if has_hand(one)]
    assert heights.max() > heights[up].max() + 0.2
    steps = np.abs(np.diff(heights))
    assert 0 < steps[: up[0]].max() < 0.6 * np.ptp(heights)
    assert 0 < steps[up[-1] :].max() < 0.6 * np.ptp(heights)
    assert steps[: up[0] // 2].max() == 0


def test_rest_of_nothing_still_parts_the_clips(archive: Path) -> None:
    stretches = runs(play(str(archive), rest=0.0))
    assert [is_signing for is_signing, _, _ in stretches] == 3 * [False, True] + [False]


def test_glosses_are_played_in_the_order_asked(archive: Path) -> None:
    def noses(glosses: str) -> list[float]:
        return [nose for is_seen, nose, _ in runs(play(f"{archive}#{glosses}")) if is_seen]

    assert noses("drink,book") == [0.5, 0.25, 0.75]
    assert noses("drink") == [0.5]


@pytest.mark.parametrize("glosses", ["cat", "book,cat", "Book"])
def test_unknown_gloss_is_refused_by_name(archive: Path, glosses: str) -> None:
    unknown = glosses.rpartition(",")[2]
    with pytest.raises(SourceError, match=re.escape(f"{archive}: no clip of '{unknown}'")):
        open_playback(f"{archive}#{glosses}")


def test_live_clock_keeps_the_clips_speed(archive: Path) -> None:
    playback = open_playback(f"{archive}#book", is_live=True, rest=0.1)
    start = time.monotonic()
    arrivals = [(one.time, time.monotonic()) for one in playback.landmarks(threading.Event())]
    assert arrivals[0][0] == pytest.approx(start, abs=0.2)
    planned = arrivals[-1][0] - arrivals[0][0]
    took = arrivals[-1][1] - arrivals[0][1]
    assert planned == pytest.approx((2 * 12 + 1) * 0.04, abs=1e-6)
    assert took == pytest.approx(planned, rel=0.2)
    assert all(at >= due - 0.005 for due, at in arrivals)


def test_loop_starts_over_with_time_going_on(archive: Path) -> None:
    playback = open_playback(f"{archive}#book", is_live=True, rest=0.0, loop=True)
    frames = list(islice(playback.landmarks(threading.Event()), 30))
    assert all(one.time < other.time for one, other in pairwise(frames))
    noses = [nose for is_seen, nose, _ in runs(frames) if is_seen]
    assert noses == [0.25, 0.75, 0.25]


def test_replay_does_not_loop(archive: Path) -> None:
    playback = open_playback(str(archive), loop=True)
    assert len(list(playback.landmarks(threading.Event()))) == len(play(str(archive)))


def test_stop_ends_a_live_playback_at_once(archive: Path) -> None:
    stop = threading.Event()
    frames = open_playback(str(archive), is_live=True, loop=True).landmarks(stop)
    next(frames)
    stop.set()
    start = time.monotonic()
    assert list(frames) == []
    assert time.monotonic() - start < PROMPT
