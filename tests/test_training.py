"""Training's data path; TensorFlow itself is not needed here."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge import features
from edge.archive import Clip, read_clips
from edge.bundle import OTHER
from edge.skeleton import mirror
from edge.training.augment import Augmentation, change_in_space, clip_in_time
from edge.training.dataset import Example, active_part, sampling_weights
from edge.training.prototypes import mean_trajectory
from edge.training.train import make_batch

if TYPE_CHECKING:
    from edge.bundle import Bundle

NOTHING = replace(Augmentation(), **{field.name: 0.0 for field in fields(Augmentation)})


@pytest.fixture
def examples(bundle: Bundle) -> list[Example]:
    clips = read_clips(bundle.path / "prototypes.npz")[:12]
    return [Example(clip, clip.label, active_part(clip)) for clip in clips]


def test_batch_is_finite_within_limits_and_the_same_for_a_seed(examples: list[Example]) -> None:
    classes = sorted({example.label for example in examples} | {OTHER})
    first, second = (
        make_batch(examples, classes, Augmentation(), np.random.default_rng(3)) for _ in range(2)
    )
    values, targets = first
    assert values.shape == (len(examples), features.FRAMES, features.COUNT)
    assert np.isfinite(values).all()
    assert np.abs(values).max() <= features.LIMIT
    assert {classes[target] for target in targets} <= set(classes)
    np.testing.assert_array_equal(values, second[0])
    other, _ = make_batch(examples, classes, Augmentation(), np.random.default_rng(4))
    assert not np.array_equal(values, other)


def test_augmentation_that_is_switched_off_changes_no_picture_coordinate(
    examples: list[Example],
) -> None:
    sampled = np.stack([features.resample(e.clip.times, e.clip.points)[0] for e in examples])
    body = features.to_body_frame(sampled)
    changed = change_in_space(body, NOTHING, np.random.default_rng(0))
    np.testing.assert_allclose(changed[..., :2], body[..., :2], atol=1e-5)


def test_augmentation_never_invents_a_hand(examples: list[Example]) -> None:
    sampled = np.stack([features.resample(e.clip.times, e.clip.points)[0] for e in examples])
    body = features.to_body_frame(sampled)
    how = replace(Augmentation(), mirror=0.0, drop_hand=1.0)
    changed = change_in_space(body, how, np.random.default_rng(1))
    was, now = np.isfinite(body[..., 0]), np.isfinite(changed[..., 0])
    assert not (now & ~was).any()
    assert now.sum() < was.sum()


def test_frames_chosen_from_a_clip_are_in_order_and_at_least_four() -> None:
    times = np.arange(40) / 15
    rng = np.random.default_rng(5)
    for _ in range(200):
        keep, moved = clip_in_time(times, (0.6, 2.0), Augmentation(), rng)
        assert len(keep) == len(moved) >= 4
        assert (np.diff(keep) > 0).all()
        assert (np.diff(moved) >= 0).all()
        assert moved[0] == 0


def test_one_busy_signer_does_not_rule_an_epoch() -> None:
    points = np.zeros((5, 75, 3), dtype=np.float32)
    busy = [Example(Clip("hello", "a", 15, points), "hello", (0, 1))] * 400
    rare = [Example(Clip("hello", "b", 15, points), "hello", (0, 1))] * 4
    word = [Example(Clip("book", "c", 15, points), "book", (0, 1))] * 4
    weights = sampling_weights([*busy, *rare, *word])
    assert sum(weights) == pytest.approx(1)
    assert weights[400] / weights[0] == pytest.approx(10)  # the square root of 400 / 4
    assert sum(weights[-4:]) > 0.2


def test_mean_of_one_clip_and_its_mirror_image_is_that_clip(examples: list[Example]) -> None:
    example = examples[0]
    flipped = mirror(example.clip.points) + np.array([1, 0, 0], dtype=np.float32)
    both = [example, replace(example, clip=replace(example.clip, signer="b", points=flipped))]
    alone, mean = mean_trajectory([example]), mean_trajectory(both)
    assert mean.label == example.label
    assert mean.points.shape == alone.points.shape
    seen = np.isfinite(alone.points) & np.isfinite(mean.points)
    assert seen.mean() > 0.5
    np.testing.assert_allclose(mean.points[seen], alone.points[seen], atol=1e-3)
