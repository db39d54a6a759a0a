"""The task of boundaries: what is learnt of each frame; its network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from extras import needs

from edge.errors import ConfigError
from edge.evaluation.sign_streams import SignSpan
from edge.landmarks.archive import Clip, write_clips
from edge.recognition.bundle import OTHER
from edge.recognition.features import posture
from edge.training.recipe import ArchitectureRecipe, DataRecipe, Recipe
from edge.training.tasks.boundary import CLASSES, BoundaryTask, classes_of, windows
from edge.training.tasks.registry import make_task

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Signing

INSIDE, ONSET, REST = range(3)


@pytest.fixture
def folder(tmp_path: Path, signing: Signing) -> Path:
    """Archives of three people who sign, and of movement that is no sign."""
    points = signing.but(length=3.5).arrays()[1]
    blank = np.full_like(points, np.nan)
    signs = [
        Clip(label, f"p{k}", 15.0, points, f"{label}{k}") for k in range(3) for label in ("a", "b")
    ]
    write_clips(tmp_path / "known.npz", [*signs, Clip("a", "ghost", 15.0, blank)])
    write_clips(
        tmp_path / "extra.npz", [Clip("c", "q", 15.0, points), Clip(OTHER, "q", 15.0, points)]
    )
    write_clips(tmp_path / "none.npz", [Clip("", "r", 15.0, points)])
    write_clips(tmp_path / "val.npz", signs[:2])
    return tmp_path


def recipe(**data: object) -> Recipe:
    """Make a recipe of that data."""
    return Recipe(
        task="boundary",
        data=DataRecipe.model_validate({"known": ["known.npz"], **data}),
        architecture=ArchitectureRecipe(name="boundary_tcn"),
    )


def test_class_is_that_of_a_moment_ago() -> None:
    times = np.arange(0, 5, 0.05) + posture.LAG
    classes = classes_of(times, [SignSpan("a", 1.0, 2.0), SignSpan("", 3.0, 4.0)])
    true = times - posture.LAG
    assert classes.dtype == np.int32
    assert set(classes[true < 0.999]) == {REST}
    assert set(classes[(true > 1.001) & (true < 1.199)]) == {ONSET}
    assert set(classes[(true > 1.201) & (true < 1.999)]) == {INSIDE}
    assert set(classes[true > 2.001]) == {REST}  # other movement is rest
    assert [CLASSES[k] for k in (INSIDE, ONSET, REST)] == ["inside", "onset", "rest"]


def test_onset_ends_with_a_sign_that_is_shorter() -> None:
    times = np.arange(0, 3, 0.01) + posture.LAG
    classes = classes_of(times, [SignSpan("a", 1.0, 1.1)])
    assert INSIDE not in classes[times - posture.LAG < 1.09]
    assert 9 <= (classes == ONSET).sum() <= 11


def test_next_sign_without_rest_begins_with_an_onset() -> None:
    times = np.arange(0, 5, 0.05) + posture.LAG + 0.001
    classes = classes_of(times, [SignSpan("a", 1.0, 2.0), SignSpan("b", 2.0, 3.0)])
    changes = classes[np.flatnonzero(np.diff(classes)) + 1].tolist()
    assert changes == [ONSET, INSIDE, ONSET, INSIDE, REST]


def test_windows_are_those_of_the_segmenter(signing: Signing) -> None:
    times, points = signing.arrays()
    found = windows(times, points)
    assert found.shape == (len(times), posture.FRAMES, posture.COUNT)
    np.testing.assert_array_equal(found[10], windows(times[:11], points[:11])[-1])


def test_task_counts_signs_and_movement_apart(folder: Path) -> None:
    task = make_task(recipe(extra=["extra.npz"], other=["none.npz"]), folder)
    assert isinstance(task, BoundaryTask)
    assert task.classes == list(CLASSES)
    assert task.shape == (posture.FRAMES, posture.COUNT)
    assert task.size == 10 * 7  # six known signs in which somebody is seen, and one extra
    assert task.sources["signers"] == ["p0", "p1", "p2", "q", "r"]
    assert task.feature_spec["fingerprint"] == posture.fingerprint()
    assert task.feature_spec["kind"] == "posture"


def test_signers_can_be_left_out(folder: Path) -> None:
    task = BoundaryTask(recipe(left_out=["p0", "b@p1"]), folder)
    assert task.size == 10 * 3


def test_archive_without_signs_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError):
        make_task(recipe(known=["none.npz"], left_out=["r"]), folder)


def test_batch_shows_all_classes_and_is_the_same_for_a_seed(folder: Path) -> None:
    task = BoundaryTask(recipe(other=["none.npz"]), folder)
    first, second, other = (task.batch(600, np.random.default_rng(seed)) for seed in (3, 3, 4))
    values, targets = first
    assert values.shape == (600, posture.FRAMES, posture.COUNT)
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    assert np.abs(values).max() <= posture.LIMIT
    shares = np.bincount(targets, minlength=3) / len(targets)
    assert (shares > [0.2, 0.03, 0.1]).all()
    np.testing.assert_array_equal(values, second[0])
    np.testing.assert_array_equal(targets, second[1])
    assert not np.array_equal(values, other[0])


def test_validation_is_of_whole_streams_without_chance(folder: Path) -> None:
    task = BoundaryTask(recipe(validation=["val.npz"]), folder)
    held_out, again = task.validation(), task.validation()
    assert held_out is not None
    assert again is not None
    np.testing.assert_array_equal(held_out[0], again[0])
    assert len(held_out[0]) == len(held_out[1]) > 60
    assert set(held_out[1]) == {INSIDE, ONSET, REST}
    (view,) = task.views(held_out[0][0])
    np.testing.assert_array_equal(view, held_out[0][0])
    assert BoundaryTask(recipe(), folder).validation() is None


def test_hands_are_up_where_it_is_a_sign(folder: Path) -> None:
    calm = recipe()
    calm = calm.model_copy(
        update={"augmentation": replace(calm.augmentation, yaw=0, pitch=0, roll=0, scale=0)}
    )
    values, targets = BoundaryTask(calm, folder).batch(600, np.random.default_rng(1))
    wrists = [posture.NAMES.index(f"{side}_wrist.y") for side in ("left", "right")]
    height = -values[:, -1, wrists].min(axis=1)
    assert np.median(height[targets == INSIDE]) > np.median(height[targets == REST]) + 0.5


# The network


@needs("tensorflow")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_network_sees_its_receptive_field_and_no_further() -> None:
    from edge.training import zoo

    shape = (posture.FRAMES, posture.COUNT)
    model = zoo.build("boundary_tcn", shape, len(CLASSES), {"width": 8, "kernel": 3})
    assert model.output_shape == (None, len(CLASSES))
    values = np.random.default_rng(0).normal(0, 1, (4, *shape)).astype(np.float32)
    said = model.predict_on_batch(values)
    seen = 1 + 7 * (3 - 1)
    older = values.copy()
    older[:, :-seen] += 1
    np.testing.assert_allclose(model.predict_on_batch(older), said, atol=1e-5)
    older[:, -seen] += 1
    assert np.abs(model.predict_on_batch(older) - said).max() > 1e-4
