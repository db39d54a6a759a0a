"""The task of words: which clips are learnt from, as what, and what a batch is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.config.settings import SegmenterSettings
from edge.landmarks.archive import Clip, read_clips, write_clips
from edge.messages import Segment, feed
from edge.recognition.bundle import OTHER
from edge.recognition.features import segment as features
from edge.recognition.segmenting.factory import make_segmenter
from edge.training.examples import is_unseen
from edge.training.recipe import ArchitectureRecipe, DataRecipe, Recipe
from edge.training.tasks.words import WordsTask, cut_clips, make_batch, read_words

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Signing


@pytest.fixture
def folder(tmp_path: Path, signing: Signing) -> Path:
    """Archives of eight people who sign three words, and of things that are none."""
    points = signing.arrays()[1]

    def clip(label: str, signer: str, name: str = "") -> Clip:
        return Clip(label, signer, 15.0, points, name)

    words = ("book", "thank you", "yes")
    write_clips(
        tmp_path / "known.npz",
        [clip(word, f"p{i}", f"{word}{i}") for i in range(8) for word in words],
    )
    write_clips(
        tmp_path / "extra.npz",
        [clip("yes", "q"), clip("tree", "q"), clip("you", "q"), clip("thank", "q")],
    )
    write_clips(tmp_path / "none.npz", [clip("", "q"), clip("letter a", "q")])
    write_clips(tmp_path / "val.npz", [clip("book", "p0", "book0"), clip("yes", "r", "yes9")])
    return tmp_path


def test_validation_clips_are_cut_by_the_segmenter_of_the_daemon(archives: Path) -> None:
    segmenter = make_segmenter(SegmenterSettings(margin=0.3), None)
    clips = read_clips(archives / "wlasl100-val.npz")[:4]
    values, targets = cut_clips(clips, sorted({clip.label for clip in clips}))
    assert len(targets) == 4
    for clip, value in zip(clips, values, strict=True):
        segmenter.reset()
        pieces = [one for one in feed(segmenter, clip.landmarks()) if isinstance(one, Segment)]
        longest = max(pieces, key=lambda one: one.offset - one.onset)
        np.testing.assert_array_equal(value, features.extract(longest.times, longest.points))


def data(**changes: object) -> DataRecipe:
    return DataRecipe.model_validate({"known": ["known.npz"], **changes})


def test_unknown_words_teach_other_and_ambiguous_ones_nothing(folder: Path) -> None:
    examples, held_out = read_words(data(extra=["extra.npz"], other=["none.npz"]), folder)
    labels = [example.label for example in examples if example.clip.signer == "q"]
    # "thank" and "you" are parts of a known phrase: neither that word nor surely another.
    assert sorted(labels) == [OTHER, OTHER, OTHER, "yes"]
    assert not held_out


def test_clip_that_is_validated_on_is_never_learnt_from(folder: Path) -> None:
    examples, _ = read_words(data(validation=["val.npz"]), folder)
    names = {example.clip.name for example in examples}
    assert "book0" not in names
    assert len(names) == 23


def test_signers_and_labels_can_be_left_out(folder: Path) -> None:
    examples, _ = read_words(data(left_out=["p3", "yes@p4"]), folder)
    found = {(example.clip.signer, example.label) for example in examples}
    assert len(found) == 20
    assert "p3" not in {signer for signer, _ in found}
    assert ("p4", "yes") not in found
    assert ("p4", "book") in found


def test_label_of_everybody_can_be_left_out(folder: Path) -> None:
    recipe = data(left_out=["yes@*"], extra=["extra.npz"], vocabulary="all")
    labels = {example.label for example in read_words(recipe, folder)[0]}
    assert labels == {"book", "thank you", "tree", "you", "thank"}


def test_share_of_the_unknown_words_is_kept_out_of_everything(folder: Path) -> None:
    words = ("tree", "you", "thank", "yes")
    assert [is_unseen(word, 0.88) for word in words] == [True, True, False, True]
    recipe = data(extra=["extra.npz"], unseen=0.88)
    taught = [one.label for one in read_words(recipe, folder)[0] if one.signer == "q"]
    assert taught == ["yes"]  # a known word is learnt, whatever its hash; tree is not even OTHER
    every = recipe.model_copy(update={"vocabulary": "all"})
    labels = {example.label for example in read_words(every, folder)[0]}
    assert labels == {"book", "thank you", "yes", "thank"}


def test_clip_that_is_validated_on_is_not_learnt_from_elsewhere(folder: Path) -> None:
    extra = [clip for clip in read_clips(folder / "known.npz") if clip.signer == "p0"]
    write_clips(folder / "again.npz", [replace(clip, signer="z") for clip in extra])
    recipe = data(extra=["again.npz"], validation=["val.npz"])
    again = {example.label for example in read_words(recipe, folder)[0] if example.signer == "z"}
    assert again == {"thank you", "yes"}


def test_all_labels_are_classes_for_pretraining(folder: Path) -> None:
    recipe = data(extra=["extra.npz"], other=["none.npz"], vocabulary="all")
    labels = {example.label for example in read_words(recipe, folder)[0]}
    assert labels == {"book", "thank you", "yes", "tree", "you", "thank", "letter a", OTHER}


def test_held_out_signers_are_validated_on(folder: Path) -> None:
    recipe = Recipe(data=data(holdout=0.25), architecture=ArchitectureRecipe(name="conv1d"))
    task = WordsTask(recipe, folder)
    assert task.classes == ["book", OTHER, "thank you", "yes"]
    assert task.size == 18
    held_out = task.validation()
    assert held_out is not None
    assert held_out[0].shape == (6, features.FRAMES, features.COUNT)
    assert sorted(held_out[1].tolist()) == [0, 0, 2, 2, 3, 3]
    plain, swapped = task.views(held_out[0][0])
    np.testing.assert_array_equal(features.mirrored(swapped), plain)


def test_batch_is_finite_within_limits_and_the_same_for_a_seed(folder: Path) -> None:
    recipe = Recipe(data=data(), architecture=ArchitectureRecipe(name="conv1d"))
    task = WordsTask(recipe, folder)
    first, second, other = (task.batch(40, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first[0].shape == (40, features.FRAMES, features.COUNT)
    assert np.isfinite(first[0]).all()
    assert np.abs(first[0]).max() <= features.LIMIT
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert not np.array_equal(first[0], other[0])


def test_stretches_of_a_sign_and_rests_teach_other(folder: Path) -> None:
    recipe = Recipe(data=data(), architecture=ArchitectureRecipe(name="conv1d"))
    task = WordsTask(recipe, folder)
    how = recipe.augmentation
    rng = np.random.default_rng(0)
    _, targets = make_batch(task.examples * 40, task.classes, [], how, rng)
    share = (targets == task.classes.index(OTHER)).mean()
    assert 0.03 < share < 0.09


def test_prototypes_are_one_mean_clip_a_word(folder: Path, tmp_path: Path) -> None:
    recipe = Recipe(data=data(), architecture=ArchitectureRecipe(name="conv1d"))
    WordsTask(recipe, folder).finish(tmp_path)
    assert [c.label for c in read_clips(tmp_path / "prototypes.npz")] == [
        "book",
        "thank you",
        "yes",
    ]
