"""The recent frames, and what is cut from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.settings import SegmenterSettings
from edge.messages import Declined, Landmarks, Segment
from edge.recognition.segmenting.frame_buffer import FrameBuffer


def frame(time: float) -> Landmarks:
    """Make a frame that can be told from others by its points."""
    return Landmarks(time, np.full((75, 3), time, dtype=np.float32))


def buffer_of(*times: float, absent: tuple[float, ...] = (), **changes: float) -> FrameBuffer:
    """Make a buffer of frames; nobody is present in the absent ones."""
    buffer = FrameBuffer(SegmenterSettings.model_validate(changes))
    for time in times:
        buffer.push(frame(time), is_present=time not in absent)
    return buffer


def every_tenth(count: int) -> tuple[float, ...]:
    """Times of ten frames per second, from 0."""
    return tuple(index / 10 for index in range(count))


def segment_of(piece: Segment | Declined) -> Segment:
    """Check that it is a segment."""
    assert isinstance(piece, Segment)
    return piece


def reason_of(piece: Segment | Declined) -> str:
    """Return why it was declined."""
    assert isinstance(piece, Declined)
    return piece.reason


def test_empty_buffer_has_no_newest_frame_and_no_step() -> None:
    buffer = buffer_of()
    assert buffer.newest is None
    assert buffer.step() == 0
    buffer.forget_before(1e9)
    assert buffer.newest is None


def test_step_is_the_usual_one_whatever_a_single_gap() -> None:
    assert buffer_of(0.5).step() == 0
    assert buffer_of(0.0, 0.1, 0.2, 0.9, 1.0, 1.1).step() == pytest.approx(0.1)


def test_newest_is_the_last_pushed_until_all_is_forgotten() -> None:
    buffer = buffer_of(0.0, 0.1, 0.25)
    assert buffer.newest == 0.25
    buffer.clear()
    assert buffer.newest is None


def test_frames_before_a_time_are_forgotten_and_none_else() -> None:
    buffer = buffer_of(*every_tenth(21))
    buffer.forget_before(1.0)
    assert buffer.newest == 2.0
    assert segment_of(buffer.cut(0.0, 2.0, "stop", 0.5)).times[0] == 1.0


def test_cut_is_half_open_and_padded_on_either_side() -> None:
    segment = segment_of(buffer_of(*every_tenth(31)).cut(1.0, 2.0, "pause", 0.2))
    assert (segment.onset, segment.offset, segment.cause) == (1.0, 2.0, "pause")
    np.testing.assert_allclose(segment.times, np.arange(8, 22) / 10)
    assert segment.points.shape == (14, 75, 3)
    np.testing.assert_array_equal(segment.points[:, 0, 0], segment.times.astype(np.float32))


def test_padding_ends_where_the_frames_end() -> None:
    segment = segment_of(buffer_of(*every_tenth(21)).cut(0.1, 1.9, "stop", 5.0))
    assert segment.times.tolist() == list(every_tenth(21))


def test_frame_without_anybody_is_never_part_of_a_segment() -> None:
    segment = segment_of(buffer_of(*every_tenth(21), absent=(0.9, 1.0)).cut(0.5, 1.5, "stop", 0.0))
    assert segment.times.tolist() == [0.5, 0.6, 0.7, 0.8, 1.1, 1.2, 1.3, 1.4]


def test_sign_lasts_a_frame_at_least() -> None:
    segment = segment_of(buffer_of(*every_tenth(21), min_length=0.05).cut(1.0, 0.4, "stop", 0.2))
    assert segment.offset == pytest.approx(1.1)


def test_what_is_shorter_than_the_shortest_sign_is_declined() -> None:
    buffer = buffer_of(*every_tenth(21), min_length=0.5)
    piece = buffer.cut(1.0, 1.4, "pause", 0.3)
    assert reason_of(piece) == "too_short"
    assert (piece.onset, piece.offset) == (1.0, 1.4)
    assert isinstance(buffer.cut(1.0, 1.6, "pause", 0.3), Segment)


def test_sign_in_which_hardly_anybody_is_seen_is_declined() -> None:
    times = every_tenth(21)
    assert reason_of(buffer_of(*times, absent=times[1:]).cut(0.0, 2.0, "pause", 0.1)) == "too_short"


@pytest.mark.parametrize(("fps", "is_enough"), [(4.0, False), (6.0, True)])
def test_too_few_frames_per_second_are_declined(fps: float, is_enough: bool) -> None:
    buffer = buffer_of(*(index / fps for index in range(20)), min_fps=5.0)
    piece = buffer.cut(0.5, 2.5, "pause", 0.0)
    assert isinstance(piece, Segment) == is_enough
    if not is_enough:
        assert reason_of(piece) == "low_fps"


@given(
    steps=st.lists(st.floats(0.02, 0.3), min_size=2, max_size=40),
    bounds=st.tuples(st.floats(0, 4), st.floats(0, 4)),
    padding=st.floats(0, 1),
)
def test_whatever_is_cut_lies_within_its_bounds_in_order(
    steps: list[float], bounds: tuple[float, float], padding: float
) -> None:
    buffer = buffer_of(*np.cumsum(steps).tolist())
    started, ended = sorted(bounds)
    piece = buffer.cut(started, ended, "stop", padding)
    assert piece.onset == started
    assert piece.offset >= max(ended, started)
    if isinstance(piece, Segment):
        assert piece.offset - piece.onset >= SegmenterSettings().min_length
        assert len(piece.times) == len(piece.points) >= 2
        assert (np.diff(piece.times) > 0).all()
        assert piece.times[0] >= started - padding
        assert piece.times[-1] < piece.offset + padding
