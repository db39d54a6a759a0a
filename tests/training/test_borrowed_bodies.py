"""Hands alone get a body: what was seen stays, what is lent fits it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.errors import ArchiveError
from edge.landmarks.archive import Clip, read_clips, write_clips
from edge.landmarks.skeleton import INDEX, LEFT_HAND, POSE, RIGHT_HAND
from edge.recognition.bundle import OTHER
from edge.training.borrowed_bodies import PICTURE, DepthGuesser, read_hands_only
from edge.training.examples import example_of
from edge.training.recipe import DataRecipe
from edge.training.tasks.words import read_words

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Signing
    from numpy.typing import NDArray


@pytest.fixture
def lender(signing: Signing) -> Clip:
    return Clip("book", "a", 15.0, signing.but(is_both=True).arrays()[1], "1")


def write_hands(path: Path, hands: NDArray[np.float32], **changes: object) -> Path:
    arrays: dict[str, object] = {
        "points": hands.astype(np.float16),
        "lengths": np.array([len(hands)], dtype=np.int32),
        "labels": np.array(["yes"]),
        "signers": np.array(["unknown"]),
        "fps": np.array([12.5], dtype=np.float32),
        "aspect": np.array([1.0], dtype=np.float32),
        "names": np.array(["007"]),
    }
    np.savez(path, **(arrays | changes))  # type: ignore[arg-type]
    return path


def as_seen_there(clip: Clip) -> NDArray[np.float32]:
    """Picture coordinates of the hands in the hands-only archive's pictures."""
    points = clip.points[:, LEFT_HAND.start : RIGHT_HAND.stop, :2].copy()
    for axis, (ours, theirs, scale) in enumerate(PICTURE):
        points[..., axis] = theirs + (points[..., axis] - ours) / scale
    return points


def test_hands_stay_where_they_were_and_arms_follow(tmp_path: Path, lender: Clip) -> None:
    path = write_hands(tmp_path / "hands.npz", as_seen_there(lender))
    (clip,) = read_hands_only(path, [lender])
    assert (clip.label, clip.name, clip.fps) == ("yes", "007", 12.5)
    np.testing.assert_allclose(
        clip.points[:, RIGHT_HAND, :2], lender.points[:, RIGHT_HAND, :2], atol=2e-3
    )
    seen = np.isfinite(clip.points[:, RIGHT_HAND.start, 0])
    assert 0.2 < seen.mean() < 0.6
    np.testing.assert_allclose(
        clip.points[seen, INDEX["right_wrist"], :2], clip.points[seen, RIGHT_HAND.start, :2]
    )
    assert np.isfinite(clip.points[:, POSE]).all()
    example = example_of(clip, "yes", is_borrowed=True)
    assert example.has_body
    assert example.active == pytest.approx(example_of(lender, "yes").active, abs=0.6)


def test_hands_teach_as_clips_with_a_body_do(tmp_path: Path, lender: Clip) -> None:
    write_clips(tmp_path / "known.npz", [lender, replace(lender, label="yes", name="2")])
    labels = np.array(["yes", "tree", OTHER, "book"])
    count = len(labels)
    write_hands(
        tmp_path / "hands.npz",
        np.concatenate([as_seen_there(lender)] * count),
        lengths=np.full(count, len(lender.points), dtype=np.int32),
        labels=labels,
        signers=np.full(count, "unknown"),
        fps=np.full(count, 12.5, dtype=np.float32),
        aspect=np.ones(count, dtype=np.float32),
        names=np.array(["003", "004", "005", "006"]),
    )
    recipe = DataRecipe(known=("known.npz",), hands=("hands.npz",))

    def taught(**changes: object) -> list[str]:
        examples, _ = read_words(recipe.model_copy(update=changes), tmp_path)
        return [one.label for one in examples if one.is_borrowed]

    assert taught() == ["yes", OTHER, OTHER, "book"]
    assert taught(left_out=("book@*",)) == ["yes", OTHER, OTHER]
    assert taught(left_out=("hands-unknown",)) == []
    assert taught(unseen=1.0) == ["yes", "book"]
    assert taught(vocabulary="all") == ["yes", "tree", "other (sign)", "book"]


def test_hand_that_is_never_seen_stays_unseen(tmp_path: Path, lender: Clip) -> None:
    points = as_seen_there(lender)
    points[:, :21] = np.nan
    (clip,) = read_hands_only(write_hands(tmp_path / "hands.npz", points), [lender])
    assert np.isnan(clip.points[:, LEFT_HAND]).all()
    assert np.isfinite(clip.points[:, INDEX["left_wrist"]]).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"points": np.zeros((9, 75, 3), dtype=np.float16)},
        {"lengths": np.array([3], dtype=np.int32)},
        {"signers": None},
    ],
)
def test_malformed_archive_is_named(
    tmp_path: Path, lender: Clip, changes: dict[str, object]
) -> None:
    path = write_hands(tmp_path / "hands.npz", as_seen_there(lender)[:9], **changes)
    with pytest.raises(ArchiveError, match="hands"):
        read_hands_only(path, [lender])


def test_depth_of_other_people_is_mostly_guessed(archives: Path) -> None:
    teachers = read_clips(archives / "wlasl100-train.npz")[:300]
    guesser = DepthGuesser(teachers, np.random.default_rng(0))
    strangers = np.concatenate(
        [clip.points for clip in read_clips(archives / "words-val.npz")[::20]]
    )
    hands = strangers[:, RIGHT_HAND]
    hands = hands[np.isfinite(hands).all(axis=(1, 2))]
    true = hands[..., 2] - hands[:, :1, 2]
    error = guesser.guess(hands[..., :2]) - true
    assert 1 - (error**2).sum() / (true**2).sum() > 0.75


def test_archive_that_is_cut_short_is_named(tmp_path: Path, lender: Clip) -> None:
    path = write_hands(tmp_path / "hands.npz", as_seen_there(lender))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ArchiveError, match="hands"):
        read_hands_only(path, [lender])
