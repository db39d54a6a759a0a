"""Short videos as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.camera.recordings import quiet_opencv
from edge.errors import ArchiveError, ConfigError
from edge.training.recipe import ArchitectureRecipe, DataRecipe, Recipe
from edge.training.tasks.word_videos import (
    FRAMES,
    SIZE,
    VideosTask,
    find_videos,
    part_signers,
    read_video,
)

if TYPE_CHECKING:
    from pathlib import Path


def write_video(path: Path, frames: int) -> None:
    quiet_opencv()  # once, with its first video; tests of cameras read what it says
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (96, 96))
    for frame in range(frames):
        writer.write(np.full((96, 96, 3), 10 * frame, dtype=np.uint8))
    writer.release()


def make_recipe(holdout: float) -> Recipe:
    return Recipe(
        task="word_videos",
        data=DataRecipe(known=("words",), holdout=holdout),
        architecture=ArchitectureRecipe(name="r2plus1d"),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "words").mkdir()
    for name in ("book__ann__1", "book__ben__2", "yes__ben__3", "yes__ann__4", "no__ann__5"):
        write_video(tmp_path / "words" / f"{name}.mp4", 12)
    return tmp_path


def test_nobody_is_on_both_sides_and_every_word_is(folder: Path) -> None:
    task = VideosTask(make_recipe(0.5), folder)
    assert task.classes == ["book", "yes"]  # only ann signs no
    batch = task.validation()
    assert batch is not None
    values, targets = batch
    assert values.shape == (2, FRAMES, SIZE, SIZE, 1)
    assert sorted(targets.tolist()) == [0, 1]
    assert len(task.sources["signers"]) == 1  # type: ignore[arg-type]


def test_without_holdout_every_word_is_learnt(folder: Path) -> None:
    task = VideosTask(make_recipe(0.0), folder)
    assert task.classes == ["book", "no", "yes"]
    assert task.validation() is None
    values, targets = task.batch(5, np.random.default_rng(0))
    assert values.shape == (5, *task.shape)
    assert np.abs(values).max() <= 1
    assert len(targets) == 5


def test_frames_are_taken_in_order_from_first_to_last(folder: Path) -> None:
    task = VideosTask(make_recipe(0.0), folder)
    values, _ = task.calm_batch(1, np.random.default_rng(0))
    brightness = values[0].mean(axis=(1, 2, 3))
    assert (np.diff(brightness) > -0.02).all()
    assert brightness[-1] > brightness[0] + 0.5


def test_signers_are_parted_so_that_most_words_are_on_both_sides() -> None:
    pairs = [("a", "1"), ("a", "2"), ("b", "2"), ("b", "3"), ("c", "3"), ("c", "4")]
    for fold in range(5):
        apart = part_signers(pairs, 0.5, fold)
        sides = {(word, signer in apart) for word, signer in pairs}
        assert len(sides) >= 5  # of the three words at least two on both


def test_faults_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no videos"):
        find_videos(tmp_path)
    (tmp_path / "book.mp4").write_bytes(b"nothing")
    with pytest.raises(ConfigError, match=r"book\.mp4: not named"):
        find_videos(tmp_path)
    (tmp_path / "book__ann__1.mp4").write_bytes(b"nothing")
    with pytest.raises(ArchiveError, match=r"book__ann__1\.mp4"):
        read_video(tmp_path / "book__ann__1.mp4")
