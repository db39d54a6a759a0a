"""Where a sign begins and where it ends."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config.settings import SegmenterSettings
from edge.messages import Declined, Landmarks, Segment
from edge.recognition.segmenting.hysteresis import HysteresisSegmenter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conftest import Signing

Piece = Segment | Declined


def cut(clip: Iterable[Landmarks], *, is_flushed: bool = False, **changes: float) -> list[Piece]:
    """Cut a clip."""
    segmenter = HysteresisSegmenter(SegmenterSettings.model_validate(changes))
    pieces = [piece for one in clip for piece in segmenter.push(one)]
    return [*pieces, *segmenter.flush()] if is_flushed else pieces


def only(pieces: list[Piece]) -> Segment:
    """Return the one segment."""
    (piece,) = pieces
    assert isinstance(piece, Segment)
    return piece


def test_sign_is_one_segment(signing: Signing) -> None:
    segment = only(cut(signing.landmarks()))
    assert segment.onset == pytest.approx(1.0, abs=0.2)
    assert segment.offset == pytest.approx(2.5, abs=0.2)
    assert segment.cause == "pause"
    assert segment.points.shape == (len(segment.times), 75, 3)
    assert (np.diff(segment.times) > 0).all()


def test_segment_keeps_the_frames_as_they_came(signing: Signing) -> None:
    clip = {one.time: one.points for one in signing.landmarks()}
    segment = only(cut(signing.landmarks()))
    for time, points in zip(segment.times.tolist(), segment.points, strict=True):
        np.testing.assert_array_equal(points, clip[time])
    assert segment.onset - 0.31 <= segment.times[0] <= segment.onset
    assert segment.times[-1] <= segment.offset + 0.31


def test_still_posture_at_the_end_of_a_sign_is_not_part_of_it(signing: Signing) -> None:
    held = signing.but(signs=((1.0, 6.0),), held=(2.5, 6.0), length=7.0)
    assert only(cut(held.landmarks())).offset == pytest.approx(2.6, abs=0.25)


@pytest.mark.parametrize("pause", [0.3, 0.6])
def test_short_pause_with_raised_hands_does_not_split_a_sign(
    signing: Signing, pause: float
) -> None:
    clip = signing.but(signs=((1.0, 3.5),), held=(1.8, 1.8 + pause), length=6.0)
    segment = only(cut(clip.landmarks()))
    assert segment.offset == pytest.approx(3.5, abs=0.2)


@pytest.mark.parametrize("fps", [10.0, 15.0, 30.0])
def test_hand_lost_for_a_fifth_of_a_second_does_not_split_a_sign(
    signing: Signing, fps: float
) -> None:
    clip = signing.but(lost=(1.65, 1.85), fps=fps).landmarks()
    assert any(np.isnan(one.points[54, 0]) for one in clip if 1.6 < one.time < 1.9)
    assert only(cut(clip)).offset == pytest.approx(2.5, abs=0.2)


def test_two_signs_with_rest_between_are_two(signing: Signing) -> None:
    clip = signing.but(signs=((1.0, 2.2), (3.0, 4.2)), length=6.0).landmarks()
    first, second = cut(clip)
    assert first.offset == pytest.approx(2.2, abs=0.2)
    assert second.onset == pytest.approx(3.0, abs=0.2)


def test_sign_of_both_hands_is_one_segment(signing: Signing) -> None:
    assert only(cut(signing.but(is_both=True).landmarks())).onset == pytest.approx(1.0, abs=0.2)


def test_still_raised_hands_never_start(signing: Signing) -> None:
    clip = signing.but(signs=((-9.0, 99.0),), waves=0.0, length=20.0, trembling=0.003)
    assert cut(clip.landmarks(), is_flushed=True) == []


def test_hands_resting_in_view_never_start(signing: Signing) -> None:
    clip = signing.but(signs=(), is_rest_seen=True, rest=1.2, length=20.0, trembling=0.003)
    assert cut(clip.landmarks(), is_flushed=True) == []


def test_hands_that_fidget_in_the_lap_never_start(signing: Signing) -> None:
    clip = signing.but(signs=(), is_rest_seen=True, rest=1.2, length=10.0).landmarks()
    for one in clip:
        one.points[54:, 0] += 0.06 * np.sin(9 * one.time)
    assert cut(clip, is_flushed=True) == []


def test_sign_ends_when_hands_come_to_rest_in_view(signing: Signing) -> None:
    clip = signing.but(is_rest_seen=True, rest=1.3, trembling=0.003).landmarks()
    assert only(cut(clip)).offset == pytest.approx(2.5, abs=0.3)


def test_nobody_in_view_is_nothing(signing: Signing) -> None:
    clip = signing.but(absent=(0.0, 9.0)).landmarks()
    assert cut(clip, is_flushed=True) == []


def test_sign_ends_when_the_signer_leaves(signing: Signing) -> None:
    clip = signing.but(signs=((1.0, 4.0),), absent=(2.5, 9.0)).landmarks()
    segment = only(cut(clip))
    assert segment.offset == pytest.approx(2.5, abs=0.1)
    assert np.isfinite(segment.points[:, 11]).all()


def test_endless_signing_is_cut_at_the_longest(signing: Signing) -> None:
    clip = signing.but(signs=((1.0, 9.0),), length=11.0).landmarks()
    pieces = cut(clip, max_length=2.0)
    assert [piece.cause for piece in pieces if isinstance(piece, Segment)][:3] == 3 * ["max_length"]
    assert all(piece.offset - piece.onset <= 2.0 + 2 / 15 for piece in pieces)
    assert pieces[-1].offset == pytest.approx(9.0, abs=0.2)


@pytest.mark.parametrize("fps", [3.0, 4.0, 4.8])
def test_too_few_frames_are_declined(signing: Signing, fps: float) -> None:
    clip = signing.but(signs=((1.0, 4.0),), length=7.0, fps=fps, waves=0.6).landmarks()
    pieces = cut(clip, is_flushed=True)
    assert pieces
    assert {piece.reason for piece in pieces if isinstance(piece, Declined)} == {"low_fps"}
    assert not any(isinstance(piece, Segment) for piece in pieces)


def test_twitch_is_too_short(signing: Signing) -> None:
    (piece,) = cut(signing.but(signs=((1.0, 1.4),), rest=1.2).landmarks())
    assert isinstance(piece, Declined)
    assert piece.reason == "too_short"
    assert piece.top == ()


def test_same_segments_at_every_frame_rate(signing: Signing) -> None:
    signs = ((1.0, 2.2), (3.1, 5.0), (6.0, 7.5))
    found = [
        [(p.onset, p.offset) for p in cut(signing.but(signs=signs, length=9, fps=fps).landmarks())]
        for fps in (10.0, 15.0, 30.0)
    ]
    for coarse in found[:-1]:
        np.testing.assert_allclose(coarse, found[-1], atol=0.1 + 1e-6)


def test_gap_in_time_ends_the_sign_and_forgets(signing: Signing) -> None:
    before = [one for one in signing.landmarks() if one.time < 2.0]
    after = signing.landmarks(start=10.0)
    first, second = cut([*before, *after])
    assert isinstance(first, Segment)
    assert isinstance(second, Segment)
    assert first.cause == "stop"
    assert first.offset == pytest.approx(2.0, abs=0.1)
    assert second.onset == pytest.approx(11.0, abs=0.2)
    assert second.times[0] > 10


def test_flush_ends_what_is_under_way_once(signing: Signing) -> None:
    segmenter = HysteresisSegmenter(SegmenterSettings())
    for one in signing.landmarks():
        if one.time < 2.0:
            assert not list(segmenter.push(one))
    assert segmenter.is_signing
    (piece,) = segmenter.flush()
    assert isinstance(piece, Segment)
    assert piece.cause == "stop"
    assert piece.offset == pytest.approx(2.0, abs=0.1)
    assert not segmenter.is_signing
    assert list(segmenter.flush()) == []


def test_reset_loses_the_sign_under_way_and_nothing_after(signing: Signing) -> None:
    segmenter = HysteresisSegmenter(SegmenterSettings())
    for one in signing.landmarks()[:30]:
        segmenter.push(one)
    segmenter.reset()
    assert not segmenter.is_signing
    again = [piece for one in signing.landmarks() for piece in segmenter.push(one)]
    fresh = cut(signing.landmarks())
    assert [(p.onset, p.offset) for p in again] == [(p.onset, p.offset) for p in fresh]


@given(
    times=st.lists(st.floats(0.2, 2.5), min_size=2, max_size=8),
    fps=st.sampled_from([6.0, 10.0, 15.0, 30.0]),
    max_length=st.sampled_from([1.0, 2.0, 5.0]),
    rest_time=st.sampled_from([0.05, 0.3, 1.0]),
    dropped=st.floats(0, 0.4),
    trembling=st.sampled_from([0.0, 0.02]),
)
@settings(max_examples=60)
def test_segments_are_in_order_and_never_overlap(
    signing: Signing,
    times: list[float],
    fps: float,
    max_length: float,
    rest_time: float,
    dropped: float,
    trembling: float,
) -> None:
    at = np.cumsum(times).tolist()
    signs = tuple(zip(at[::2], at[1::2], strict=False))
    clip = signing.but(signs=signs, length=at[-1] + 1, fps=fps, trembling=trembling)
    kept = np.random.default_rng(len(times)).random(round(clip.length * fps) + 1) >= dropped
    frames = [one for one, is_kept in zip(clip.landmarks(), kept, strict=False) if is_kept]
    pieces = cut(frames, is_flushed=True, max_length=max_length, rest_time=rest_time)
    for piece in pieces:
        assert piece.onset < piece.offset
    for one, other in pairwise(pieces):
        assert one.offset <= other.onset + 1e-9
    for piece in pieces:
        if isinstance(piece, Segment):
            assert (np.diff(piece.times) > 0).all()
            assert len(piece.times) == len(piece.points) >= 2
