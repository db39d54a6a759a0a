"""Streams made of stills, and how what was read of them is scored."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from conftest import Signing, hand_at
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.config.settings import SpellingSettings
from edge.evaluation.spelling import evaluate_mode, evaluate_spelling, find_edits
from edge.evaluation.spelling_streams import SpellingStream, make_streams
from edge.evaluation.spelling_vocabulary import NAMES, WORDS
from edge.landmarks.archive import Clip, write_clips
from edge.landmarks.skeleton import LEFT_HAND, LEFT_SHOULDER, RIGHT_HAND, RIGHT_SHOULDER
from edge.messages import LETTERS
from edge.recognition.bundle import Bundle, find_bundle, read_bundle


@pytest.fixture(scope="module")
def letters() -> Bundle:
    """Return the letters that are shipped."""
    return read_bundle(find_bundle("letters"))


def write_hands(
    path: Path, names: str = "".join(LETTERS), side: str = "Left", signers: int = 1
) -> Path:
    """Write an archive of made-up hands: three stills of each letter and person."""
    rng = np.random.default_rng(0)
    hands: list[NDArray[np.float32]] = []
    labels: list[str] = []
    people: list[str] = []
    for signer in range(signers):
        for letter in names:
            shape = hand_at(np.array([0.5, 0.5]), -1 if side == "Left" else 1)
            shape += rng.normal(0, 0.02, shape.shape).astype(np.float32)
            for _ in range(3):
                hands.append(shape + rng.normal(0, 0.001, shape.shape).astype(np.float32))
                labels.append(letter)
                people.append(f"person{signer}")
    np.savez_compressed(
        path,
        hands=np.stack(hands),
        labels=np.array(labels),
        signers=np.array(people),
        sources=np.array(people),
        aspect=np.ones(len(hands), dtype=np.float32),
        handedness=np.array([side] * len(hands)),
    )
    return path


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_hands(tmp_path_factory.mktemp("hands") / "hands.npz")


def make(path: Path, seed: int = 1, fps: float = 15.0, words: int = 5) -> SpellingStream:
    streams = make_streams(path, seed=seed, fps=fps, words=words)
    assert len(streams) == 1
    return streams[0]


def test_the_same_seed_makes_the_same_stream(hands: Path) -> None:
    one, two, other = make(hands), make(hands), make(hands, seed=2)
    assert one.words == two.words
    assert [frame.time for frame in one.frames] == [frame.time for frame in two.frames]
    np.testing.assert_array_equal(one.frames[40].points, two.frames[40].points)
    assert one.words != other.words


def test_the_frame_rate_changes_neither_words_nor_times(hands: Path) -> None:
    slow, fast = make(hands, fps=7), make(hands, fps=30)
    assert slow.words == fast.words
    ratio = len(fast.frames) / len(slow.frames)
    assert ratio == pytest.approx(30 / 7, rel=0.1)
    for stream, fps in ((slow, 7), (fast, 30)):
        steps = np.diff([frame.time for frame in stream.frames])
        assert (steps > 0).all()
        assert np.median(steps) == pytest.approx(1 / fps, rel=0.1)


def test_a_fifth_of_the_words_are_names(hands: Path) -> None:
    stream = make(hands, words=10)
    assert [word.is_name for word in stream.words] == [False] * 4 + [True] + [False] * 4 + [True]
    for word in stream.words:
        assert word.text in (NAMES if word.is_name else WORDS)


def test_letters_are_held_in_order_and_rests_lie_between_words(hands: Path) -> None:
    stream = make(hands)
    end = 0.0
    for word in stream.words:
        assert "".join(held.letter for held in word.letters).lower() == word.text
        for held in word.letters:
            assert held.onset - end >= 0.12 - 1e-9
            assert 0.35 <= held.offset - held.onset <= 1.4
            end = held.offset
        end += 1.2


def test_the_hand_is_up_while_it_spells_and_out_of_sight_between(hands: Path) -> None:
    stream = make(hands)
    times = np.array([frame.time for frame in stream.frames])
    seen = np.array([np.isfinite(frame.points[RIGHT_HAND]).all() for frame in stream.frames])
    spelled = np.zeros(len(times), dtype=bool)
    for word in stream.words:
        spelled |= (times >= word.letters[0].onset) & (times < word.letters[-1].offset)
    assert seen[spelled].mean() > 0.9
    assert not seen[spelled].all()  # it is lost for moments
    assert seen[~spelled].mean() < 0.7
    frame = stream.frames[int(np.flatnonzero(spelled & seen)[0])]
    shoulders = frame.points[[LEFT_SHOULDER, RIGHT_SHOULDER]]
    width = np.hypot(*(shoulders[0] - shoulders[1])[:2])
    assert shoulders[0, 0] > shoulders[1, 0]
    assert frame.points[RIGHT_HAND, 1].mean() < shoulders[0, 1] + 0.3 * width
    assert not np.isfinite(frame.points[LEFT_HAND]).any()


def test_a_left_hand_is_the_left_hand(tmp_path: Path) -> None:
    stream = make(write_hands(tmp_path / "left.npz", side="Right"))
    assert any(np.isfinite(frame.points[LEFT_HAND]).all() for frame in stream.frames)
    assert not any(np.isfinite(frame.points[RIGHT_HAND]).any() for frame in stream.frames)


def test_words_with_letters_that_a_person_lacks_are_not_spelled(tmp_path: Path) -> None:
    path = write_hands(tmp_path / "few.npz", names="ABDENORTS")
    stream = make(path, words=12)
    assert stream.words
    assert set("".join(word.text for word in stream.words)) <= set("abdenorts")
    nobody = write_hands(tmp_path / "none.npz", names="CDF")
    assert make_streams(nobody, seed=1, fps=15, words=5) == []


def test_each_person_has_a_stream_of_their_own(tmp_path: Path) -> None:
    path = write_hands(tmp_path / "two.npz", signers=2)
    streams = make_streams(path, seed=1, fps=15, words=4, streams=2)
    assert [one.signer for one in streams] == ["person0"] * 2 + ["person1"] * 2
    assert len({one.words for one in streams}) == 4


def test_what_is_spelled_has_every_letter() -> None:
    assert set("".join(WORDS)) == {letter.lower() for letter in LETTERS}
    assert len(set(WORDS)) == len(WORDS)
    doubled = [word for word in WORDS if any(a == b for a, b in itertools.pairwise(word))]
    assert len(doubled) > 20


@pytest.mark.parametrize(
    ("true", "read", "edits"),
    [
        ("hello", "hello", []),
        ("hello", "helo", [("l", "-")]),
        ("joy", "ijoy", [("+", "i")]),
        ("the", "tse", [("h", "s")]),
        ("a", "", [("a", "-")]),
        ("", "a", [("+", "a")]),
    ],
)
def test_edits_name_what_went_wrong(true: str, read: str, edits: list[tuple[str, str]]) -> None:
    assert find_edits(true, read) == edits


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_edits_turn_one_text_into_the_other(true: str, read: str) -> None:
    edits = find_edits(true, read)
    assert len(edits) == len(find_edits(read, true))
    assert abs(len(true) - len(read)) <= len(edits) <= max(len(true), len(read))
    added = sum(one == "+" for one, _ in edits)
    missed = sum(other == "-" for _, other in edits)
    assert len(true) + added - missed == len(read)


def test_strangers_are_read(archives: Path, letters: Bundle) -> None:
    """A few words of each; docs/results/experiments.md has the figures of many."""
    report = evaluate_spelling(
        [archives / "letters-val.npz"],
        SpellingSettings(),
        letters,
        seed=1,
        words=2,
        rates=(10.0,),
    )
    assert report["letters"] > 40
    assert report["error_rate"] < 0.25
    assert report["delay_median"] < 0.4
    assert report["rest_letters"] <= 1
    assert set(report["by_source"]) == {"jbhumika", "mariia00", "massey_asl"}
    assert report["by_fps"]["10"]["letters"] == report["letters"]


def test_mode_both_is_silent_when_nobody_moves(archives: Path, letters: Bundle) -> None:
    report = evaluate_mode(archives / "words-none.npz", SpellingSettings(), letters)
    assert report["clips"] == 18
    assert report["spelling"] <= 0.12
    assert report["letters"]["both"] <= report["letters"]["letters"]


def test_signing_of_a_hand_that_only_waves_is_not_spelling(tmp_path: Path, letters: Bundle) -> None:

    _, points = Signing(waves=2.0).arrays()
    write_clips(tmp_path / "wave.npz", [Clip("hello", "nobody", 15.0, points)])
    report = evaluate_mode(tmp_path / "wave.npz", SpellingSettings(), letters)
    assert report["spelling"] == 0
    assert report["letters"]["both"] == 0
