"""Signs cut where the likeliest word changes, by a classifier that knows when to say what."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config.settings import SegmenterSettings
from edge.evaluation.sign_streams import StreamPlan, make_layouts
from edge.landmarks.archive import read_clips
from edge.messages import Declined, Landmarks, Segment
from edge.recognition.bundle import OTHER
from edge.recognition.classifying.classifier import Classifier
from edge.recognition.segmenting.sliding import SlidingSegmenter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conftest import Signing
    from numpy.typing import NDArray

    from edge.recognition.bundle import Bundle

Piece = Segment | Declined
Script = tuple[tuple[float, float, str], ...]
GLOSSES = ("book", "tree", OTHER)
ALWAYS_UP = ((-9.0, 99.0),)


class Prompter:
    """A classifier that says what its script has for the middle of a window."""

    def __init__(self, script: Script, sureness: float = 0.9) -> None:
        """Take (start, end, gloss) in seconds; between them it sees no sign."""
        self._script = script
        self._sureness = sureness
        self.glosses = GLOSSES
        self.windows: list[Segment] = []

    def probabilities(self, segment: Segment) -> NDArray[np.float32]:
        """Calibrated, (K,)."""
        self.windows.append(segment)
        middle = (segment.times[0] + segment.times[-1]) / 2
        said = np.array([0.1, 0.1, 0.8], dtype=np.float32)
        for start, end, gloss in self._script:
            if start <= middle < end:
                said[:] = (1 - self._sureness) / (len(GLOSSES) - 1)
                said[GLOSSES.index(gloss)] = self._sureness
        return said


def segmenter_of(prompter: Prompter, **changes: float) -> SlidingSegmenter:
    """Make a segmenter."""
    settings = SegmenterSettings.model_validate(changes)
    return SlidingSegmenter(settings, cast("Classifier", prompter))


def cut(clip: Iterable[Landmarks], script: Script, **changes: float) -> list[Piece]:
    """Cut a clip, without flushing."""
    segmenter = segmenter_of(Prompter(script), **changes)
    return [piece for one in clip for piece in segmenter.push(one)]


def segments_of(pieces: Sequence[Piece]) -> list[Segment]:
    """Only what is long enough."""
    return [piece for piece in pieces if isinstance(piece, Segment)]


def test_stretch_in_which_a_word_stays_likely_is_a_sign(signing: Signing) -> None:
    clip = signing.but(signs=ALWAYS_UP, length=8.0).landmarks()
    (segment,) = segments_of(cut(clip, ((3.0, 5.0, "book"),)))
    assert segment.onset == pytest.approx(3.0, abs=0.7)
    assert segment.offset == pytest.approx(5.0, abs=0.6)
    assert segment.cause == "pause"
    assert (np.diff(segment.times) > 0).all()


def test_word_that_changes_without_rest_makes_two_signs(signing: Signing) -> None:
    clip = signing.but(signs=ALWAYS_UP, length=9.0).landmarks()
    first, second = segments_of(cut(clip, ((2.0, 4.0, "book"), (4.0, 6.0, "tree"))))
    assert first.offset == pytest.approx(4.0, abs=0.6)
    assert second.offset == pytest.approx(6.0, abs=0.6)
    assert 0 <= second.onset - first.offset < 0.5


@pytest.mark.parametrize("script", [(), ((2.0, 5.0, OTHER),)])
def test_what_is_no_word_is_no_sign(signing: Signing, script: Script) -> None:
    clip = signing.but(signs=ALWAYS_UP, length=8.0).landmarks()
    segmenter = segmenter_of(Prompter(script))
    for one in clip:
        assert list(segmenter.push(one)) == []
        assert not segmenter.is_signing
    assert list(segmenter.flush()) == []


def test_likelihood_of_a_moment_is_averaged_away(signing: Signing) -> None:
    clip = signing.but(signs=ALWAYS_UP, length=8.0).landmarks()
    prompter = Prompter(((3.0, 3.07, "book"),))
    segmenter = segmenter_of(prompter)
    assert [piece for one in clip for piece in segmenter.push(one)] == []
    middles = [(window.times[0] + window.times[-1]) / 2 for window in prompter.windows]
    assert sum(3.0 <= middle < 3.07 for middle in middles) == 1


def test_classifier_is_asked_of_the_last_second_now_and_then(signing: Signing) -> None:
    clip = signing.but(signs=ALWAYS_UP, length=6.0, fps=30.0).landmarks()
    prompter = Prompter(())
    segmenter = segmenter_of(prompter)
    for one in clip:
        list(segmenter.push(one))
    ends = np.array([window.times[-1] for window in prompter.windows])
    assert 35 <= len(ends) <= 46
    assert np.diff(ends).min() >= 0.13 - 1e-6
    lengths = [window.times[-1] - window.times[0] for window in prompter.windows]
    assert max(lengths) <= 1.2 + 1e-6
    assert np.median(lengths) > 1.0


def test_classifier_is_not_asked_while_hands_are_down(signing: Signing) -> None:
    prompter = Prompter(((0.0, 99.0, "book"),))
    segmenter = segmenter_of(prompter)
    pieces = [piece for one in signing.landmarks() for piece in segmenter.push(one)]
    assert prompter.windows
    # Up from 1 to 2.5, and the patience that a hidden hand is given.
    assert all(1.0 < window.times[-1] < 2.5 + 0.3 + 0.1 for window in prompter.windows)
    (segment,) = segments_of(pieces)
    assert segment.offset <= 2.5
    assert not segmenter.is_signing


def test_endless_word_is_cut_at_the_longest(signing: Signing) -> None:
    clip = signing.but(signs=ALWAYS_UP, length=8.0).landmarks()
    pieces = cut(clip, ((0.0, 99.0, "book"),), max_length=2.0)
    assert {piece.cause for piece in segments_of(pieces)} == {"max_length"}
    assert len(pieces) >= 3
    assert all(piece.offset - piece.onset <= 2.0 + 0.3 for piece in pieces)


def test_gap_in_time_ends_the_sign_and_forgets(signing: Signing) -> None:
    clip = signing.but(signs=ALWAYS_UP, length=4.0)
    pieces = cut([*clip.landmarks(), *clip.landmarks(start=20.0)], ((0.0, 99.0, "book"),))
    (first,) = segments_of(pieces)
    assert first.cause == "stop"
    assert first.offset == pytest.approx(4.0, abs=0.2)


def test_flush_ends_what_is_under_way_once(signing: Signing) -> None:
    segmenter = segmenter_of(Prompter(((0.0, 99.0, "book"),)))
    for one in signing.but(signs=ALWAYS_UP, length=3.0).landmarks():
        assert list(segmenter.push(one)) == []
    assert segmenter.is_signing
    assert segmenter.so_far() is None
    (piece,) = segmenter.flush()
    assert isinstance(piece, Segment)
    assert piece.cause == "stop"
    assert not segmenter.is_signing
    assert list(segmenter.flush()) == []


def test_reset_forgets_the_word_under_way(signing: Signing) -> None:
    clip = signing.but(signs=ALWAYS_UP, length=4.0).landmarks()
    script: Script = ((0.0, 2.0, "book"),)
    segmenter = segmenter_of(Prompter(script))
    for one in clip[:20]:
        list(segmenter.push(one))
    assert segmenter.is_signing
    segmenter.reset()
    assert not segmenter.is_signing
    again = [piece for one in clip for piece in segmenter.push(one)]
    fresh = cut(clip, script)
    assert [(p.onset, p.offset) for p in again] == [(p.onset, p.offset) for p in fresh]
    assert fresh


@given(
    lengths=st.lists(st.floats(0.1, 2.0), min_size=1, max_size=6),
    words=st.lists(st.sampled_from(GLOSSES), min_size=6, max_size=6),
    down=st.tuples(st.floats(0, 8), st.floats(0, 8)),
    fps=st.sampled_from([7.0, 12.0]),
    max_length=st.sampled_from([0.5, 1.0, 5.0]),
)
@settings(max_examples=25)
def test_signs_are_in_order_and_never_overlap(
    signing: Signing,
    lengths: list[float],
    words: list[str],
    down: tuple[float, float],
    fps: float,
    max_length: float,
) -> None:
    at = np.cumsum([0.5, *lengths]).tolist()
    script = tuple((a, b, word) for (a, b), word in zip(pairwise(at), words, strict=False))
    low, high = sorted(down)
    clip = signing.but(signs=((-9.0, low), (high, 99.0)), length=at[-1] + 1, fps=fps)
    segmenter = segmenter_of(Prompter(script), max_length=max_length)
    pieces = [piece for one in clip.landmarks() for piece in segmenter.push(one)]
    pieces += segmenter.flush()
    for piece in pieces:
        assert piece.onset < piece.offset
    for one, other in pairwise(pieces):
        assert one.onset < other.onset
        assert one.offset <= other.onset + 1e-9


def test_shipped_words_are_found_where_they_are_signed(bundle: Bundle) -> None:
    wanted = ("computer", "drink", "yes")
    clips = [one for one in read_clips(bundle.path / "prototypes.npz") if one.label in wanted]
    (layout,) = make_layouts(clips, [], StreamPlan(rest=(0.6, 1.0)), seed=1)
    stream = layout.render(10.0)
    segmenter = SlidingSegmenter(SegmenterSettings(), Classifier(bundle))
    pieces: list[Piece] = []
    for one in zip(stream.times.tolist(), stream.points, strict=True):
        pieces += segmenter.push(Landmarks(*one))
    for span in layout.spans:
        shared = [
            min(one.offset, span.offset) - max(one.onset, span.onset) for one in segments_of(pieces)
        ]
        assert max(shared) > 0.2
