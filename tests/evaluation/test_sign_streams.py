"""Streams made of clips: what is in them, and what a camera would see."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.evaluation.moving_parts import Performance, perform
from edge.evaluation.sign_streams import (
    Layout,
    SignSpan,
    StreamPlan,
    make_idle_layouts,
    make_layouts,
)
from edge.landmarks.archive import Clip, read_clips
from edge.landmarks.skeleton import LEFT_HAND, LEFT_SHOULDER, POSE, RIGHT_HAND, RIGHT_SHOULDER

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Signing

    from edge.recognition.bundle import Bundle

RATES = (7.0, 15.0, 30.0)


@pytest.fixture(scope="module")
def clips(bundle: Bundle) -> list[Clip]:
    """Twelve words of the bundle, by three people."""
    found = read_clips(bundle.path / "prototypes.npz")[::10][:12]
    return [
        Clip(one.label, f"person{place % 3}", one.fps, one.points)
        for place, one in enumerate(found)
    ]


@pytest.fixture(scope="module")
def others(signing: Signing) -> list[Clip]:
    """Other movement, by two people."""
    return [
        Clip("", f"person{k}", 15.0, signing.but(length=3.5, waves=0.5 + k).arrays()[1])
        for k in range(2)
    ]


def labels_of(layouts: list[Layout]) -> list[str]:
    """Every sign that is made, in order."""
    return [span.label for layout in layouts for span in layout.spans if span.label]


def entrances_of(layout: Layout, fps: float = 15.0) -> list[tuple[float, float]]:
    """Stretches of at least a second without anybody, as they are filmed."""
    stream = layout.render(fps)
    times = stream.times[np.isfinite(stream.points[:, LEFT_SHOULDER, 0])].tolist()
    return [(one, other) for one, other in pairwise(times) if other - one > 1.0]


# What is done


def test_every_sign_is_made_once(clips: list[Clip], others: list[Clip]) -> None:
    for seed in range(3):
        layouts = list(make_layouts(clips, others, StreamPlan(), seed))
        assert Counter(labels_of(layouts)) == Counter(clip.label for clip in clips)


def test_many_signs_are_spread_over_streams_of_thirty(clips: list[Clip]) -> None:
    layouts = list(make_layouts(clips * 6, [], StreamPlan(), 1))
    assert [len(layout.spans) for layout in layouts] == [30, 30, 12]
    assert Counter(labels_of(layouts)) == Counter(clip.label for clip in clips * 6)


def test_same_seed_gives_the_same_and_another_another(
    clips: list[Clip], others: list[Clip]
) -> None:
    (first,), (second,), (third,) = (
        list(make_layouts(clips, others, StreamPlan(), seed)) for seed in (5, 5, 6)
    )
    assert first.spans == second.spans
    assert first.spans != third.spans
    one, other = first.render(10.0), second.render(10.0)
    np.testing.assert_array_equal(one.times, other.times)
    np.testing.assert_array_equal(one.points, other.points)


@given(
    seed=st.integers(0, 2**40),
    shortest=st.floats(0, 2),
    more=st.floats(0, 3),
    many=st.booleans(),
)
@settings(max_examples=30)
def test_spans_are_in_order_and_rests_within_limits(
    clips: list[Clip],
    others: list[Clip],
    seed: int,
    shortest: float,
    more: float,
    many: bool,
) -> None:
    plan = StreamPlan(rest=(shortest, shortest + more), many=many)
    (layout,) = make_layouts(clips, others, plan, seed)
    for span in layout.spans:
        assert 0 < span.onset < span.offset < layout.duration
    by_label = {clip.label: clip.signer for clip in clips}
    for one, other in pairwise(layout.spans):
        rest = other.onset - one.offset
        if one.label and other.label and by_label[one.label] == by_label[other.label]:
            assert shortest - 1e-6 <= rest <= shortest + more + 1e-6
        else:  # people may change places meanwhile, which takes up to 2.8 seconds
            assert shortest - 1e-6 <= rest <= shortest + more + 2.8 + 1e-6


def test_span_ends_where_the_way_back_begins(clips: list[Clip]) -> None:
    ends = {clip.label: what.end for clip in clips if (what := perform(clip)) is not None}
    (layout,) = make_layouts(clips, [], StreamPlan(), 2)
    for span in layout.spans:
        assert span.offset - span.onset == pytest.approx(ends[span.label])


def test_other_movement_is_done_between_signs(clips: list[Clip], others: list[Clip]) -> None:
    layouts = list(make_layouts(clips * 10, others, StreamPlan(), 1))
    idle = [span for layout in layouts for span in layout.spans if not span.label]
    assert 5 <= len(idle) <= 40
    assert len(labels_of(layouts)) == 120


def test_idle_streams_have_every_movement_once_and_no_sign(others: list[Clip]) -> None:
    (layout,) = make_idle_layouts(others * 3, StreamPlan(), 1)
    assert len(layout.spans) == 6
    assert {span.label for span in layout.spans} == {""}


def test_clips_without_anybody_are_left_out(clips: list[Clip]) -> None:
    blank = Clip("ghost", "nobody", 15.0, np.full((20, 75, 3), np.nan, dtype=np.float32))
    (layout,) = make_layouts([*clips, blank], [blank], StreamPlan(), 1)
    assert "ghost" not in labels_of([layout])
    assert len(layout.spans) == len(clips)
    assert list(make_layouts([blank], [blank], StreamPlan(), 1)) == []
    assert list(make_idle_layouts([blank], StreamPlan(), 1)) == []
    assert list(make_layouts([], [], StreamPlan(), 1)) == []


# What the camera sees


def test_layout_is_the_same_at_all_rates(clips: list[Clip]) -> None:
    (layout,) = make_layouts(clips[:4], [], StreamPlan(), 3)
    streams = [layout.render(fps) for fps in RATES]
    for fps, stream in zip(RATES, streams, strict=True):
        assert stream.spans == tuple(layout.spans)
        assert 0 <= stream.times[0] < 3 / fps
        assert stream.times[-1] == pytest.approx(layout.duration, abs=5 / fps)
    slow, fast = streams[0], streams[-1]
    nearest = np.abs(fast.times[:, None] - slow.times).argmin(axis=0)
    gap = np.abs(fast.points[nearest, POSE] - slow.points[:, POSE])
    assert np.isfinite(gap).mean() > 0.7
    assert np.nanmedian(gap) < 0.005


@pytest.mark.parametrize("fps", RATES)
def test_some_frames_are_dropped_and_the_others_not_quite_even(
    clips: list[Clip], fps: float
) -> None:
    (layout,) = make_layouts(clips, [], StreamPlan(), 4)
    stream = layout.render(fps)
    assert len(stream.times) == len(stream.points)
    steps = np.diff(stream.times) * fps
    assert 0.7 - 1e-6 <= steps.min() < 0.95
    assert steps.max() > 1.5
    assert np.median(steps) == pytest.approx(1, abs=0.05)
    lost = 1 - len(stream.times) / (layout.duration * fps)
    assert 0.005 < lost < 0.12


def test_hands_are_lost_now_and_then_and_the_body_never(clips: list[Clip]) -> None:
    plan = StreamPlan(many=False)
    (layout,) = make_layouts([Clip(c.label, "a", c.fps, c.points) for c in clips], [], plan, 4)
    stream = layout.render(15.0)
    assert np.isfinite(stream.points[:, POSE]).all()
    for span in stream.spans:
        during = (stream.times >= span.onset + 0.3) & (stream.times < span.offset)
        hands = np.isfinite(stream.points[during][:, [LEFT_HAND.start, RIGHT_HAND.start], 0])
        assert hands.any(axis=1).mean() > 0.5


def test_hands_are_at_rest_between_signs(clips: list[Clip]) -> None:
    one_person = [Clip(c.label, "a", c.fps, c.points) for c in clips]
    for seed in range(3):
        (layout,) = make_layouts(one_person, [], StreamPlan(rest=(2.0, 3.0), many=False), seed)
        stream = layout.render(15.0)
        width = stream.points[:, LEFT_SHOULDER, 0] - stream.points[:, RIGHT_SHOULDER, 0]
        wrists = stream.points[:, [15, 16], 1].min(axis=1)
        height = (stream.points[:, LEFT_SHOULDER, 1] - wrists) / width
        for before, after in pairwise(stream.spans):
            middle = (before.offset + after.onset) / 2
            near = np.abs(stream.times - middle) < 0.2
            assert (height[near] < -1.1).all()
        for span in stream.spans:
            during = (stream.times >= span.onset) & (stream.times < span.offset)
            assert height[during].max() > -1.0


def test_nobody_is_there_while_people_change_places(clips: list[Clip]) -> None:
    (layout,) = make_layouts(clips, [], StreamPlan(rest=(0.5, 1.0), many=False), 3)
    signers = {clip.label: clip.signer for clip in clips}
    changes = [
        (one.offset, other.onset)
        for one, other in pairwise(layout.spans)
        if signers[one.label] != signers[other.label]
    ]
    assert len(changes) == 2
    absences = entrances_of(layout)
    assert len(absences) == 2
    for (end, start), (left, came) in zip(changes, absences, strict=True):
        assert end < left < came < start
        assert 1.0 < came - left < 2.3
        assert start - came > 0.5  # whoever comes is there before they sign
    stream = layout.render(15.0)
    gone = np.isnan(stream.points[:, LEFT_SHOULDER, 0])
    assert np.isnan(stream.points[gone]).all()


def test_one_person_never_leaves(clips: list[Clip]) -> None:
    for many in (False, True):
        (layout,) = make_layouts(clips[::3], [], StreamPlan(rest=(1.0, 2.0), many=many), 3)
        assert entrances_of(layout) == []


def test_people_take_turns_where_they_are_many(clips: list[Clip]) -> None:
    four = [Clip(c.label, f"{place % 4}", c.fps, c.points) for place, c in enumerate(clips * 5)]
    alone, together = (
        sum(
            len(entrances_of(layout, 5.0))
            for layout in make_layouts(four, [], StreamPlan(rest=(0.5, 1.0), many=many), 3)
        )
        for many in (False, True)
    )
    assert 2 <= alone <= 3
    assert together > alone


@given(
    seed=st.integers(0, 1000),
    share=st.floats(0, 1),
    rest=st.floats(0, 1),
    fps=st.sampled_from([5.0, 12.0]),
)
@settings(max_examples=25)
def test_landmarks_that_were_never_seen_make_no_crash_and_stay_unseen(
    seed: int, share: float, rest: float, fps: float
) -> None:
    random = np.random.default_rng(seed)
    played = []
    for place in range(3):
        points = random.normal(0, 1, (12, 75, 3)).astype(np.float32)
        for hand in (LEFT_HAND, RIGHT_HAND):
            points[random.random(12) < share, hand] = np.nan
        signer = "ab"[int(random.integers(2))]
        played.append((Performance(str(place), signer, np.arange(12) / 12, points, 0.8), True))
    layout = Layout(played, StreamPlan(rest=(rest, rest)), seed)
    stream = layout.render(fps)
    assert [span.label for span in stream.spans] == ["0", "1", "2"]
    assert (np.diff(stream.times) > 0).all()
    assert not np.isinf(stream.points).any()
    present = np.isfinite(stream.points[:, LEFT_SHOULDER, 0])
    assert np.isfinite(stream.points[present][:, POSE]).all()
    assert np.isnan(stream.points[~present]).all()
    hands = stream.points[:, LEFT_HAND.start :].reshape(len(present), 2, -1)
    is_whole = np.isfinite(hands).all(axis=2) | np.isnan(hands).all(axis=2)
    assert is_whole.all()
    if share == 1:
        assert np.isnan(hands).all()


def test_span_is_what_it_was_given() -> None:
    points = np.zeros((3, 75, 3), dtype=np.float32)
    what = Performance("tree", "a", np.array([0.0, 0.5, 1.0]), points, 0.75)
    layout = Layout([(what, True), (what, False)], StreamPlan(rest=(1.0, 1.0)), 1)
    sign, movement = layout.spans
    assert sign == SignSpan("tree", sign.onset, sign.onset + 0.75)
    assert movement.label == ""
    assert movement.onset == pytest.approx(sign.offset + 1.0)
    assert layout.duration > movement.offset


def test_recorded_clips_make_streams(archives: Path) -> None:
    clips = read_clips(archives / "wlasl100-val.npz")[::40]
    layouts = list(make_layouts(clips, [], StreamPlan(), 1))
    assert Counter(labels_of(layouts)) == Counter(clip.label for clip in clips)
    stream = layouts[0].render(10.0)
    seen = stream.points[np.isfinite(stream.points[:, LEFT_SHOULDER, 0])]
    assert np.isfinite(seen[:, POSE]).all()
    np.testing.assert_allclose(
        seen[:, [LEFT_SHOULDER, RIGHT_SHOULDER], :2].mean(axis=(0, 1)), [0.5, 0.4], atol=0.05
    )
