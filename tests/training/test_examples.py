"""From archives to examples: what moves, who is held out, what weighs how much."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.errors import ConfigError
from edge.landmarks.archive import Clip, write_clips
from edge.training.examples import (
    Example,
    example_of,
    find_archives,
    hold_out,
    is_left_out,
    is_unseen,
    make_examples,
    sampling_weights,
)

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Signing

POINTS = np.zeros((5, 75, 3), dtype=np.float32)


def clip_of(label: str, signer: str) -> Clip:
    return Clip(label, signer, 15.0, POINTS)


def test_moving_part_is_where_the_hand_is_up(signing: Signing) -> None:
    _, points = signing.arrays()
    example = example_of(Clip("book", "a", 15.0, points), "book")
    start, end = example.active
    assert start == pytest.approx(1.0, abs=0.25)
    assert end == pytest.approx(2.5, abs=0.25)
    assert example.has_body


def test_clip_without_shoulders_has_no_body(signing: Signing) -> None:
    _, points = signing.but(absent=(0.0, 9.0)).arrays()
    assert not example_of(Clip("book", "a", 15.0, points), "book").has_body


def test_folds_share_no_signer_and_together_hold_out_everybody() -> None:
    clips = [clip_of(word, f"p{i}") for i in range(10) for word in ("book", "yes") * 3]
    apart = []
    for fold in range(5):
        kept, held = hold_out(clips, 0.2, fold)
        assert not {c.signer for c in kept} & {c.signer for c in held}
        assert len(kept) + len(held) == len(clips)
        assert len({c.signer for c in held}) == 2
        apart += [c.signer for c in held]
    assert len(apart) == len(clips)


def test_label_of_held_out_signers_only_is_not_asked_for() -> None:
    clips = [clip_of("book", f"p{i}") for i in range(4)] + [clip_of("rare", "p0")]
    for fold in range(4):
        kept, held = hold_out(clips, 0.25, fold)
        assert {c.label for c in held} <= {c.label for c in kept}


@pytest.mark.parametrize(
    ("name", "is_out"),
    [
        ("p0", True),
        ("book@p0", True),
        ("book@*", True),
        ("p1", False),
        ("book@p1", False),
        ("yes@p0", False),
        ("yes@*", False),
        ("*", False),
        ("book", False),
    ],
)
def test_signer_label_of_theirs_or_label_of_all_is_left_out(name: str, *, is_out: bool) -> None:
    assert is_left_out(clip_of("book", "p0"), {name, "other", "x@y"}) is is_out


def test_clips_that_are_refused_a_label_are_no_examples() -> None:
    clips = [clip_of(word, signer) for word in ("book", "yes", "no") for signer in ("a", "b")]
    labels = {"book": "read", "no": "no"}
    found = make_examples(
        clips, lambda clip: labels.get(clip.label) if clip.signer == "a" else None
    )
    assert [(one.clip, one.label) for one in found] == [(clips[0], "read"), (clips[4], "no")]
    assert not any(one.is_borrowed for one in found)
    assert all(one.is_borrowed for one in make_examples(clips, lambda _: "a", is_borrowed=True))


def test_unseen_words_are_always_the_same_and_about_as_many_as_asked_for() -> None:
    words = [f"word {i}" for i in range(20_000)]
    shares = (0.0, 0.05, 0.2, 0.5, 1.0)
    unseen = [{word for word in words if is_unseen(word, share)} for share in shares]
    for few, more in itertools.pairwise(unseen):
        assert few < more
    for some, share in zip(unseen, shares, strict=True):
        assert len(some) / len(words) == pytest.approx(share, abs=0.01)
    # Of every release: words judged by may not be taught by the next one.
    known = ("tree", "you", "thank", "yes", "book", "thank you", "cat")
    assert [word for word in known if is_unseen(word, 0.55)] == ["yes", "thank you", "cat"]


def test_nobody_is_held_out_without_a_share_or_of_one_person() -> None:
    clips = [clip_of("book", "p0"), clip_of("yes", "p0")]
    assert hold_out(clips, 0.5, 0) == (clips, [])
    assert hold_out([*clips, clip_of("yes", "p1")], 0.0, 0)[1] == []


def test_one_busy_signer_does_not_rule_an_epoch() -> None:
    busy = [Example(clip_of("hello", "a"), "hello", (0, 1))] * 400
    rare = [Example(clip_of("hello", "b"), "hello", (0, 1))] * 4
    word = [Example(clip_of("book", "c"), "book", (0, 1))] * 4
    weights = sampling_weights([*busy, *rare, *word])
    assert sum(weights) == pytest.approx(1)
    assert weights[400] / weights[0] == pytest.approx(10)  # the square root of 400 / 4
    assert sum(weights[-4:]) > 0.2


def test_archives_are_found_by_pattern_and_missing_ones_named(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write_clips(tmp_path / f"{name}.npz", [clip_of("book", "p0")])
    assert find_archives(tmp_path, ["*.npz"]) == [tmp_path / "a.npz", tmp_path / "b.npz"]
    with pytest.raises(ConfigError, match=r"'c\.npz': no such archive"):
        find_archives(tmp_path, ["a.npz", "c.npz"])
