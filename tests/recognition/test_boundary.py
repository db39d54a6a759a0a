"""Where a sign begins and ends, by the boundary network that is shipped.

The network is trained anew now and then: what it says is asserted roughly, what the segmenter
makes of it exactly.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import UNIT
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config.settings import SegmenterSettings, Settings
from edge.errors import BundleError
from edge.evaluation.sign_streams import StreamPlan, make_layouts
from edge.landmarks.archive import read_clips
from edge.messages import Declined, Landmarks, Segment
from edge.recognition.bundle import Bundle, find_bundle, read_bundle
from edge.recognition.recognizer import Recognizer
from edge.recognition.segmenting.boundary import BoundarySegmenter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from conftest import Signing

    from edge.evaluation.sign_streams import Layout, SignSpan
    from edge.landmarks.archive import Clip

Piece = Segment | Declined
ROUGHLY = 0.5
"""Seconds by which the network may see a boundary elsewhere than it is."""


@pytest.fixture(scope="module")
def boundary() -> Bundle:
    """The boundaries that are shipped."""
    return read_bundle(find_bundle("boundary"))


@pytest.fixture(scope="module")
def layout(bundle: Bundle) -> Layout:
    """Lay out three recorded words with rests of a second."""
    words = ("computer", "drink", "yes")
    clips = [one for one in read_clips(bundle.path / "prototypes.npz") if one.label in words]
    (layout,) = make_layouts(clips, [], StreamPlan(rest=(0.9, 1.3)), seed=3)
    return layout


@pytest.fixture(scope="module")
def stream(layout: Layout) -> list[Landmarks]:
    """Film the three words."""
    return landmarks_of(layout, 15.0)


def landmarks_of(layout: Layout, fps: float) -> list[Landmarks]:
    """Film a layout."""
    stream = layout.render(fps)
    return [Landmarks(*one) for one in zip(stream.times.tolist(), stream.points, strict=True)]


def seated(signer: Signing, start: float = 0.0) -> list[Landmarks]:
    """Make the signer's clip with the wrists before the body, as people rest them."""
    clip = signer.landmarks(start)
    for one in clip:
        one.points[[16, *range(54, 75)], 0] += 0.35 * UNIT
        one.points[[15, *range(33, 54)], 0] -= 0.35 * UNIT
    return clip


def cut(
    boundary: Bundle, clip: Iterable[Landmarks], *, is_flushed: bool = False, **changes: float
) -> list[Piece]:
    """Cut a clip."""
    segmenter = BoundarySegmenter(SegmenterSettings.model_validate(changes), boundary)
    pieces = [piece for one in clip for piece in segmenter.push(one)]
    return [*pieces, *segmenter.flush()] if is_flushed else pieces


def only(pieces: Sequence[Piece]) -> Segment:
    """Return the one segment."""
    (piece,) = pieces
    assert isinstance(piece, Segment)
    return piece


def spans_of(pieces: Sequence[Piece]) -> list[tuple[float, float]]:
    """Onsets and offsets."""
    return [(piece.onset, piece.offset) for piece in pieces]


def play(
    boundary: Bundle, clips: Sequence[Clip], plan: StreamPlan
) -> tuple[list[Piece], list[SignSpan]]:
    """Cut a stream of clips: what was found, what was done."""
    (layout,) = make_layouts(clips, [], plan, seed=3)
    return cut(boundary, landmarks_of(layout, 15.0), is_flushed=True), layout.spans


def count_found(pieces: Sequence[Piece], spans: Sequence[SignSpan]) -> int:
    """How many signs have a segment of their own that covers most of them."""

    def is_of(piece: Piece, span: SignSpan) -> bool:
        shared = min(piece.offset, span.offset) - max(piece.onset, span.onset)
        longer = max(piece.offset - piece.onset, span.offset - span.onset)
        return isinstance(piece, Segment) and shared > 0.5 * longer

    return sum(any(is_of(piece, span) for piece in pieces) for span in spans)


# What the network says


def test_sign_is_one_segment(signing: Signing, boundary: Bundle) -> None:
    segment = only(cut(boundary, seated(signing), is_flushed=True))
    assert segment.onset == pytest.approx(1.0, abs=ROUGHLY)
    assert segment.offset == pytest.approx(2.5, abs=ROUGHLY)


def test_sign_of_both_hands_is_one_segment(signing: Signing, boundary: Bundle) -> None:
    segment = only(cut(boundary, seated(signing.but(is_both=True)), is_flushed=True))
    assert segment.onset == pytest.approx(1.0, abs=ROUGHLY)
    assert segment.offset == pytest.approx(2.5, abs=ROUGHLY)


def test_hands_at_rest_are_nothing(signing: Signing, boundary: Bundle) -> None:
    rest = signing.but(signs=(), is_rest_seen=True, rest=1.4, length=10.0, trembling=0.003)
    assert cut(boundary, seated(rest), is_flushed=True) == []


def test_recorded_words_are_a_segment_each(
    layout: Layout, stream: list[Landmarks], boundary: Bundle
) -> None:
    pieces = cut(boundary, stream)
    assert [piece.cause for piece in pieces if isinstance(piece, Segment)] == 3 * ["pause"]
    for piece, span in zip(pieces, layout.spans, strict=True):
        assert piece.onset == pytest.approx(span.onset, abs=ROUGHLY)
        assert piece.offset == pytest.approx(span.offset, abs=ROUGHLY)


def test_same_segments_at_every_frame_rate(layout: Layout, boundary: Bundle) -> None:
    slow, usual, fast = (
        spans_of(cut(boundary, landmarks_of(layout, fps))) for fps in (10.0, 15.0, 30.0)
    )
    assert len(fast) == len(layout.spans)
    np.testing.assert_allclose(slow, fast, atol=ROUGHLY)
    np.testing.assert_allclose(usual, fast, atol=0.3)


def test_words_of_the_bundle_are_found_in_streams(boundary: Bundle, bundle: Bundle) -> None:
    clips = read_clips(bundle.path / "prototypes.npz")
    signs = found = cuts = 0
    for first in range(3):  # where a rest is cut once more hangs on the runtime's rounding
        pieces, spans = play(boundary, clips[first::10], StreamPlan(rest=(0.5, 1.5)))
        signs += len(spans)
        found += count_found(pieces, spans)
        cuts += len(pieces)
    assert signs == 39
    assert found >= 0.9 * signs
    assert cuts <= 1.2 * signs


def test_signs_of_people_are_found_in_a_stream(boundary: Bundle, archives: Path) -> None:
    clips = read_clips(archives / "wlasl100-val.npz")[::25]
    pieces, spans = play(boundary, clips, StreamPlan(rest=(0.5, 1.5)))
    assert len(spans) == len(clips) >= 10
    assert count_found(pieces, spans) >= 0.6 * len(spans)
    assert len(pieces) <= 1.5 * len(spans)


# What the segmenter makes of it


def test_segment_keeps_the_frames_as_they_came(stream: list[Landmarks], boundary: Bundle) -> None:
    clip = {one.time: one.points for one in stream}
    pieces = cut(boundary, stream, margin=0.2)
    assert pieces
    for segment in pieces:
        assert isinstance(segment, Segment)
        for time, points in zip(segment.times.tolist(), segment.points, strict=True):
            np.testing.assert_array_equal(points, clip[time])
        first, last = segment.times[[0, -1]].tolist()
        assert segment.times.tolist() == [time for time in clip if first <= time <= last]
        assert segment.onset - 0.2 <= first <= segment.onset
        assert last < segment.offset + 0.2


@pytest.mark.parametrize("start", [100.0, 1e5])
def test_time_of_day_is_ignored(stream: list[Landmarks], boundary: Bundle, start: float) -> None:
    early = spans_of(cut(boundary, stream))
    late = spans_of(cut(boundary, [Landmarks(start + one.time, one.points) for one in stream]))
    np.testing.assert_allclose(np.array(late) - start, early, atol=0.1)


def test_nobody_in_view_is_nothing(signing: Signing, boundary: Bundle) -> None:
    clip = signing.but(absent=(0.0, 9.0)).landmarks()
    assert cut(boundary, clip, is_flushed=True) == []


def test_sign_ends_when_the_signer_leaves(
    layout: Layout, stream: list[Landmarks], boundary: Bundle
) -> None:
    span = layout.spans[1]
    left = (span.onset + span.offset) / 2
    gone = np.full((75, 3), np.nan, dtype=np.float32)
    clip = [one if one.time < left else Landmarks(one.time, gone) for one in stream]
    first, second = cut(boundary, clip)
    assert isinstance(first, Segment)
    assert isinstance(second, Segment)
    assert second.offset == pytest.approx(left, abs=0.15)
    assert second.times[-1] < left
    assert np.isfinite(second.points[:, 11]).all()


def test_somebody_who_comes_and_rests_makes_no_sign(signing: Signing, boundary: Bundle) -> None:
    clip = seated(signing.but(signs=(), absent=(0.0, 2.0), length=6.0))
    assert cut(boundary, clip, is_flushed=True) == []


def test_body_lost_for_a_frame_does_not_split_a_sign(
    layout: Layout, stream: list[Landmarks], boundary: Bundle
) -> None:
    span = layout.spans[0]
    middle = (span.onset + span.offset) / 2
    lost = next(index for index, one in enumerate(stream) if one.time > middle)
    gone = Landmarks(stream[lost].time, np.full((75, 3), np.nan, dtype=np.float32))
    pieces = cut(boundary, [*stream[:lost], gone, *stream[lost + 1 :]])
    assert len(pieces) == len(layout.spans)
    assert pieces[0].offset == pytest.approx(span.offset, abs=ROUGHLY)


def test_endless_signing_is_cut_at_the_longest(
    layout: Layout, stream: list[Landmarks], boundary: Bundle
) -> None:
    pieces = cut(boundary, stream, max_length=0.5)
    causes = [piece.cause for piece in pieces if isinstance(piece, Segment)]
    assert causes.count("max_length") >= len(layout.spans)
    assert all(piece.offset - piece.onset <= 0.5 + 0.3 for piece in pieces)
    for one, other in pairwise(pieces):
        assert one.offset <= other.onset + 1e-9


def test_sign_gives_way_to_the_next_without_rest(
    layout: Layout, stream: list[Landmarks], boundary: Bundle
) -> None:
    # At a split of 0 the hands seem to leave rest at every moment: signs of the least length.
    pieces = cut(boundary, stream, split=0.0)
    joined = [one.offset == other.onset for one, other in pairwise(pieces)]
    assert sum(joined) >= 2 * len(layout.spans)
    wholes = cut(boundary, stream, split=1.0)
    assert len(wholes) == len(layout.spans)
    for whole in wholes:
        parts = [one for one in pieces if whole.onset <= one.onset < whole.offset]
        assert parts[0].onset == whole.onset
        assert parts[-1].offset == pytest.approx(whole.offset, abs=1e-6)
        for part in parts[:-1]:
            assert 0.35 - 1e-6 <= part.offset - part.onset <= 0.35 + 0.2


@pytest.mark.parametrize("fps", [2.5, 4.0])
def test_too_few_frames_are_declined(layout: Layout, boundary: Bundle, fps: float) -> None:
    pieces = cut(boundary, landmarks_of(layout, fps), is_flushed=True)
    assert pieces
    assert {piece.reason for piece in pieces if isinstance(piece, Declined)} <= {
        "low_fps",
        "too_short",
    }
    assert not any(isinstance(piece, Segment) for piece in pieces)


def test_sign_shorter_than_the_shortest_is_declined(
    stream: list[Landmarks], boundary: Bundle
) -> None:
    usual = cut(boundary, stream)
    strict = cut(boundary, stream, min_length=5.0)
    assert spans_of(strict) == spans_of(usual)
    for piece in strict:
        assert isinstance(piece, Declined)
        assert (piece.reason, piece.top) == ("too_short", ())


def test_gap_in_time_ends_the_sign_and_forgets(
    layout: Layout, stream: list[Landmarks], boundary: Bundle
) -> None:
    middle = (layout.spans[0].onset + layout.spans[0].offset) / 2
    before = [one for one in stream if one.time < middle]
    after = [Landmarks(100 + one.time, one.points) for one in stream]
    first, *others = cut(boundary, [*before, *after])
    assert isinstance(first, Segment)
    assert first.cause == "stop"
    assert first.offset == pytest.approx(middle, abs=0.15)
    assert spans_of(others) == spans_of(cut(boundary, after))
    assert isinstance(others[0], Segment)
    assert others[0].times[0] >= 100


def test_flush_ends_what_is_under_way_once(
    layout: Layout, stream: list[Landmarks], boundary: Bundle
) -> None:
    segmenter = BoundarySegmenter(SegmenterSettings(), boundary)
    assert list(segmenter.flush()) == []
    middle = (layout.spans[0].onset + layout.spans[0].offset) / 2
    for one in stream:
        if one.time < middle:
            assert not list(segmenter.push(one))
    assert segmenter.is_signing
    (piece,) = segmenter.flush()
    assert isinstance(piece, Segment)
    assert piece.cause == "stop"
    assert piece.offset == pytest.approx(middle, abs=0.15)
    assert not segmenter.is_signing
    assert list(segmenter.flush()) == []


def test_reset_loses_the_sign_under_way_and_nothing_after(
    layout: Layout, stream: list[Landmarks], boundary: Bundle
) -> None:
    segmenter = BoundarySegmenter(SegmenterSettings(), boundary)
    for one in stream:
        if one.time < layout.spans[0].offset - 0.3:
            list(segmenter.push(one))
    assert segmenter.is_signing
    segmenter.reset()
    assert not segmenter.is_signing
    assert segmenter.so_far() is None
    again = [piece for one in stream for piece in segmenter.push(one)]
    assert spans_of(again) == spans_of(cut(boundary, stream))


def test_so_far_grows_while_a_sign_is_under_way_and_only_then(
    layout: Layout, stream: list[Landmarks], boundary: Bundle
) -> None:
    segmenter = BoundarySegmenter(SegmenterSettings(), boundary)
    looks: list[list[Segment]] = [[]]
    for one in stream:
        for end in segmenter.push(one):
            assert {look.onset for look in looks[-1]} == {end.onset}
            looks.append([])
        look = segmenter.so_far()
        assert look is None or segmenter.is_signing
        if look is not None:
            assert one.time - 0.3 < look.times[-1] <= one.time  # the camera may have stalled
            assert look.offset == pytest.approx(one.time, abs=0.1)
            looks[-1].append(look)
    assert len(looks) == len(layout.spans) + 1
    for seen in looks[:-1]:
        assert len(seen) >= 5
        assert all(len(a.times) < len(b.times) for a, b in pairwise(seen))
    assert looks[-1] == []


@given(
    times=st.lists(st.floats(0.2, 2.0), min_size=2, max_size=6),
    fps=st.sampled_from([6.0, 10.0, 15.0]),
    split=st.sampled_from([0.0, 0.3, 0.6]),
    hold=st.sampled_from([0.0, 0.1, 0.3]),
    max_length=st.sampled_from([1.0, 5.0]),
    dropped=st.floats(0, 0.4),
    absent=st.tuples(st.floats(0, 6), st.floats(0, 6)),
)
@settings(max_examples=25)
def test_segments_are_in_order_and_never_overlap(
    signing: Signing,
    boundary: Bundle,
    times: list[float],
    fps: float,
    split: float,
    hold: float,
    max_length: float,
    dropped: float,
    absent: tuple[float, float],
) -> None:
    at = np.cumsum(times).tolist()
    signs = tuple(zip(at[::2], at[1::2], strict=False))
    clip = signing.but(signs=signs, length=at[-1] + 1, fps=fps, absent=absent)
    kept = np.random.default_rng(len(times)).random(round(clip.length * fps) + 1) >= dropped
    frames = [one for one, is_kept in zip(clip.landmarks(), kept, strict=False) if is_kept]
    pieces = cut(boundary, frames, is_flushed=True, split=split, hold=hold, max_length=max_length)
    for piece in pieces:
        assert piece.onset < piece.offset
    for one, other in pairwise(pieces):
        assert one.offset <= other.onset + 1e-9
    for piece in pieces:
        if isinstance(piece, Segment):
            assert (np.diff(piece.times) > 0).all()
            assert len(piece.times) == len(piece.points) >= 2
            assert np.isfinite(piece.points[:, 11]).all()


def test_shortest_signs_do_not_reach_into_the_next(
    stream: list[Landmarks], boundary: Bundle
) -> None:
    """A sign lasts a frame at least; where frames come unevenly, that is past its end."""
    pieces = cut(boundary, stream, enter=0.0, hold=0.0, min_length=0.05)
    assert len(pieces) > 20
    for one, other in pairwise(pieces):
        assert one.offset <= other.onset


# Bundles


def test_bundle_of_words_is_refused(bundle: Bundle) -> None:
    with pytest.raises(BundleError, match=r"model\.json: features\.kind is not posture"):
        BoundarySegmenter(SegmenterSettings(), bundle)


def test_bundle_of_other_classes_is_refused(boundary: Bundle) -> None:
    labels = tuple(reversed(boundary.manifest.labels))
    other = replace(boundary, manifest=boundary.manifest.model_copy(update={"labels": labels}))
    with pytest.raises(BundleError, match=r"model\.json"):
        BoundarySegmenter(SegmenterSettings(), other)


def test_network_of_another_shape_is_refused(boundary: Bundle) -> None:
    features = boundary.manifest.features.model_copy(update={"frames": 29})
    manifest = boundary.manifest.model_copy(update={"features": features})
    with pytest.raises(BundleError, match=r"input is .*30.*model\.json says .*29") as caught:
        BoundarySegmenter(SegmenterSettings(), replace(boundary, manifest=manifest))
    assert "\n" not in str(caught.value)


def test_bundle_of_boundaries_recognises_no_words(boundary: Bundle) -> None:
    with pytest.raises(BundleError, match="knows no sign"):
        Recognizer(Settings(), boundary)


def test_segmenter_takes_the_bundle_that_is_set(boundary: Bundle, bundle: Bundle) -> None:
    chosen = {"segmenter": {"bundle": str(boundary.path)}}
    recognizer = Recognizer(Settings.model_validate(chosen), bundle)
    recognizer.close()
    with pytest.raises(BundleError, match="not posture"):
        Recognizer(Settings.model_validate({"segmenter": {"bundle": str(bundle.path)}}), bundle)


def test_hands_that_stay_up_are_cut_once_and_not_again(signing: Signing, boundary: Bundle) -> None:
    still = signing.but(signs=((-9.0, 99.0),), waves=0.0, length=20.0, trembling=0.003)
    pieces = cut(boundary, still.landmarks(), is_flushed=True)
    assert sum(isinstance(one, Segment) for one in pieces) <= 1
