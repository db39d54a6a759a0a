"""Training's data path for letters; TensorFlow itself is needed only for the networks."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import Signing, hand_at
from extras import needs

from edge.errors import ConfigError
from edge.landmarks.archive import Clip, Hand, write_clips
from edge.recognition.bundle import OTHER
from edge.recognition.features import hand as handshape
from edge.training.examples import sampling_weights
from edge.training.hand_augmentation import HandAugmentation, change_hand
from edge.training.recipe import Recipe, dump, load_dumped
from edge.training.tasks.letters import LettersTask, as_right_hands, held_stills, hold_out_hands
from edge.training.tasks.registry import make_task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NOTHING = replace(HandAugmentation(), **{field.name: 0.0 for field in fields(HandAugmentation)})
RIGHT = hand_at(np.array([0.5, 0.5]), -1)
LEFT = handshape.mirror(RIGHT)


def hand(label: str = "A", signer: str = "a", source: str = "s", **changes: object) -> Hand:
    """Make an open right hand, whatever it is called."""
    return replace(Hand(label, signer, RIGHT, "", source), **changes)  # type: ignore[arg-type]


HANDS = [hand(label, f"{s}{n}", s) for label in "ABC" for s in "stuv" for n in range(2)]


@pytest.fixture
def folder(tmp_path: Path, signing: Signing) -> Path:
    """Write archives: letters with a digit among them, strangers' letters, clips."""
    write(tmp_path / "train.npz", [*HANDS, hand("7")])
    write(tmp_path / "val.npz", [hand("A", "z", "z"), hand("7", "z", "z")])
    points = signing.arrays()[1]
    clips = [Clip(f"letter {a}", "p", 15.0, points) for a in "aj"]
    write_clips(tmp_path / "signed.npz", [*clips, Clip("hello", "p", 15.0, points)])
    return tmp_path


def write(path: Path, hands: Sequence[Hand]) -> None:
    """Write a hand archive."""
    np.savez(
        path,
        hands=np.stack([one.points for one in hands]),
        labels=np.array([one.label for one in hands]),
        signers=np.array([one.signer for one in hands]),
        sources=np.array([one.source for one in hands]),
        aspect=np.ones(len(hands), dtype=np.float32),
        handedness=np.array([one.handedness for one in hands]),
    )


def recipe(**data: object) -> Recipe:
    """Make a recipe of these archives."""
    return Recipe.model_validate(
        {
            "task": "letters",
            "data": {"known": ["train.npz"], **data},
            "architecture": {"name": "letter_mlp"},
        }
    )


def test_task_gives_what_the_classifier_would_feed(folder: Path) -> None:
    task = make_task(recipe(validation=["val.npz"]), folder)
    assert task.classes == ["A", "B", "C", OTHER]
    assert task.feature_spec["kind"] == "hand"
    held_out = task.validation()
    assert held_out is not None
    values, targets = held_out
    np.testing.assert_allclose(values, handshape.extract(RIGHT)[None], atol=1e-5)
    assert targets.tolist() == [0]
    (view,) = task.views(values[0])
    np.testing.assert_array_equal(view, values[0])


def test_batch_is_finite_within_limits_and_the_same_for_a_seed(folder: Path) -> None:
    task = make_task(recipe(), folder)
    first, second = (task.batch(64, np.random.default_rng(3)) for _ in range(2))
    assert first[0].shape == (64, *task.shape)
    assert np.isfinite(first[0]).all()
    assert np.abs(first[0]).max() <= handshape.LIMIT
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_mirrored_hands_are_taught_as_other(folder: Path) -> None:
    task = make_task(recipe(), folder)
    values, targets = task.calm_batch(200, np.random.default_rng(0))
    across = values[:, 0, handshape.NAMES.index("palm_across.x")]
    is_other = targets == task.classes.index(OTHER)
    assert 0.15 < is_other.mean() < 0.4
    assert len({*np.sign(across[is_other]).tolist(), *(-np.sign(across[~is_other])).tolist()}) == 1


def test_digits_are_classes_only_if_all_labels_are(folder: Path) -> None:
    assert "7" not in make_task(recipe(), folder).classes
    assert "7" in make_task(recipe(vocabulary="all"), folder).classes


def test_left_out_signers_and_letters_are_not_learnt(folder: Path) -> None:
    task = make_task(recipe(left_out=["s0", "B@s1"]), folder)
    assert task.size == len(HANDS) - 3 - 1
    assert "s0" not in str(task.sources["signers"])


def test_nothing_left_to_learn_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="fewer than two classes"):
        make_task(recipe(left_out=sorted({one.signer for one in HANDS} | {"a"})), folder)


def test_still_letters_of_clips_are_learnt_and_moving_ones_not(folder: Path) -> None:
    plain, more = (make_task(recipe(extra=e), folder).size for e in ([], ["signed.npz"]))
    assert 1 <= more - plain <= 5


def test_clip_without_a_hand_gives_no_still(signing: Signing) -> None:
    points = np.full((20, 75, 3), np.nan, dtype=np.float32)
    assert held_stills(Clip("letter a", "p", 15.0, points)) == []
    assert held_stills(Clip("letterhead", "p", 15.0, signing.arrays()[1])) == []


def test_sources_are_never_split_and_each_is_held_out_once() -> None:
    seen: list[str] = []
    for fold in range(4):
        kept, apart = hold_out_hands(HANDS, 0.25, fold)
        assert not {one.source for one in kept} & {one.source for one in apart}
        assert len(kept) + len(apart) == len(HANDS)
        seen += sorted({one.source for one in apart})
    assert sorted(seen) == ["s", "t", "u", "v"]
    assert hold_out_hands(HANDS, 0.0, 0) == (HANDS, [])


def test_left_hands_are_mirrored_where_stated_and_where_seen() -> None:
    stated = [hand(handedness="Left"), hand(points=LEFT, handedness="Right")]
    unknown = [*(hand(points=LEFT, signer="b") for _ in range(3)), hand(signer="c")]
    for points in as_right_hands([*stated, *unknown]):
        np.testing.assert_array_equal(points, RIGHT)


def test_one_busy_signer_does_not_rule_an_epoch() -> None:
    hands = [*(400 * [hand("A", "busy")]), *(4 * [hand("A", "rare")]), *(100 * [hand("B", "x")])]
    weights = sampling_weights(hands)
    assert weights.sum() == pytest.approx(1)
    assert weights[:400].sum() == pytest.approx(10 * weights[400:404].sum())
    assert weights[:404].sum() < 2 * weights[404:].sum()


def test_augmentation_that_is_switched_off_changes_nothing() -> None:
    points = np.stack([RIGHT, LEFT])
    changed = change_hand(points, NOTHING, np.random.default_rng(0))
    np.testing.assert_allclose(changed, handshape.to_hand_frame(points), atol=1e-6)


def test_turning_keeps_lengths_and_stretching_does_not() -> None:
    points = np.repeat(RIGHT[None], 50, axis=0)
    rng = np.random.default_rng(1)
    was = np.linalg.norm(handshape.to_hand_frame(points)[:, 8], axis=-1)
    turned = change_hand(points, replace(NOTHING, yaw=30, pitch=30, roll=30), rng)
    np.testing.assert_allclose(np.linalg.norm(turned[:, 8], axis=-1), was, rtol=1e-4)
    assert turned[:, 8].std(axis=0).min() > 0.1
    stretched = change_hand(points, replace(NOTHING, scale=0.2), rng)
    assert np.linalg.norm(stretched[:, 8], axis=-1).std() > 0.05


def test_recipe_with_hands_is_read_back() -> None:
    some = recipe(left_out=["x"]).model_copy(update={"hand_augmentation": NOTHING})
    assert load_dumped(dump(some)) == some
    with pytest.raises(ValueError, match="yaw"):
        Recipe.model_validate({**dump(some), "hand_augmentation": {"yaw": 400}})


@needs("tensorflow")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras's own seeds
@pytest.mark.parametrize("name", ["letter_mlp", "letter_cnn"])
def test_network_takes_hands_and_tells_two_apart(name: str) -> None:
    from edge.training import zoo

    model = zoo.build(name, (handshape.FRAMES, handshape.COUNT), 5, {"depth": 2})
    values = handshape.compute(np.stack([RIGHT, LEFT]))
    logits = model(values, training=False).numpy()
    assert logits.shape == (2, 5)
    assert not np.allclose(logits[0], logits[1])


def test_task_is_that_of_letters(folder: Path) -> None:
    assert isinstance(make_task(recipe(), folder), LettersTask)
