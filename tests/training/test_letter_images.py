"""Pictures drawn from hands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.messages import LETTERS
from edge.recognition.spelling.letter_classifier import NOTHING
from edge.training.recipe import ArchitectureRecipe, DataRecipe, Recipe
from edge.training.tasks.letter_images import SIZE, Look, PicturesTask, draw_hand

if TYPE_CHECKING:
    from pathlib import Path

HAND = np.random.default_rng(3).normal(0, 1, (21, 3)).astype(np.float32)
PLAIN = Look(background=0.3, hand=0.7, shade=0.15, thickness=5, share=0.8, noise=0.02, streaks=0)


@pytest.fixture
def task(tmp_path: Path) -> PicturesTask:
    labels = [*LETTERS, "space", "del"] * 2
    np.savez(
        tmp_path / "hands.npz",
        hands=np.random.default_rng(4).uniform(0, 1, (len(labels), 21, 3)).astype(np.float32),
        labels=np.array(labels),
        signers=np.array(["one"] * 28 + ["two"] * 28),
        aspect=np.ones(len(labels), dtype=np.float32),
        handedness=np.array(["Left"] * len(labels)),
    )
    data = DataRecipe(known=("hands.npz",), validation=("hands.npz",))
    recipe = Recipe(
        task="letter_images", data=data, architecture=ArchitectureRecipe(name="letter_image_cnn")
    )
    return PicturesTask(recipe, tmp_path)


def test_hand_shows_before_the_wall_and_lies_within_the_picture() -> None:
    look = replace(PLAIN, noise=0.0)
    wall, hand = (draw_hand(points, look, np.random.default_rng(0)) for points in (None, HAND))
    assert hand.shape == (SIZE, SIZE, 1)
    assert np.abs(hand).max() <= 1
    differs = np.abs(hand - wall)[..., 0] > 0.1
    assert 0.05 < differs.mean() < 0.9
    rim = np.concatenate([differs[0], differs[-1], differs[:, 0], differs[:, -1]])
    assert rim.mean() < 0.3


def test_a_hand_is_drawn_alike_wherever_it_is_and_however_large() -> None:
    here, there = (
        draw_hand(points, PLAIN, np.random.default_rng(0)) for points in (HAND, 0.1 * HAND + 5)
    )
    assert np.abs(here - there).mean() < 0.02


def test_classes_are_letters_space_and_nothing(task: PicturesTask) -> None:
    assert set(task.classes) == {*LETTERS, "space", NOTHING}
    assert task.size == 54
    values, targets = task.batch(200, np.random.default_rng(0))
    assert values.shape == (200, *task.shape)
    assert task.classes.index(NOTHING) in targets.tolist()
    again, _ = task.batch(200, np.random.default_rng(0))
    np.testing.assert_array_equal(values, again)


def test_validation_holds_every_known_hand_and_some_empty_walls(task: PicturesTask) -> None:
    batch = task.validation()
    assert batch is not None
    values, targets = batch
    assert len(values) == len(targets) == 54 + 1
    assert (targets == task.classes.index(NOTHING)).sum() == 1
