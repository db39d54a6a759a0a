"""Recipes: what they accept, what they refuse and how they are kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.training.body_augmentation import Augmentation
from edge.training.recipe import dump, load_dumped, read_recipe

LEAST = '[data]\nknown = ["a.npz"]\n[architecture]\nname = "conv1d"\n'
RECIPES = sorted(Path(__file__).parents[2].glob("models/recipes/*.toml"))


def write(folder: Path, text: str) -> Path:
    path = folder / "some.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_shipped_recipe_is_valid_and_comes_back_from_a_run_folder(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.data.known
    assert load_dumped(json.loads(json.dumps(dump(recipe)))) == recipe


def test_recipe_that_starts_from_another_names_one_that_is_shipped() -> None:
    starts = {start for path in RECIPES if (start := read_recipe(path).schedule.start)}
    assert starts
    assert starts <= {path.stem for path in RECIPES}


def test_unset_values_are_the_defaults_and_set_ones_are_taken(tmp_path: Path) -> None:
    recipe = read_recipe(write(tmp_path, LEAST + "[augmentation]\nyaw = 3.5\nmirror = 0\n"))
    assert recipe.augmentation.yaw == 3.5
    assert recipe.augmentation.mirror == 0
    assert recipe.augmentation.pitch == Augmentation().pitch
    assert recipe.schedule.batch == 64


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("known = [", [":1: not valid TOML"]),
        (f"{LEAST}\nseed = {'1' * 5000}\n", ["not valid TOML"]),
        (f"known = {'[' * 5000}\n", [":1: not valid TOML"]),
        ("", ["data", "missing"]),
        (LEAST + "[schedule]\nepochs = 0\n", ["schedule.epochs", "'0'"]),
        (LEAST + "[schedule]\nepoch = 3\n", ["schedule.epoch", "not permitted"]),
        (LEAST + "[schedule]\nrate = nan\n", ["schedule.rate", "nan"]),
        (LEAST + '[augmentation]\nyaw = "much"\n', ["augmentation.yaw", "'much'"]),
        (LEAST + "[augmentation]\nyaw = -1\n", ["augmentation.yaw", "-1"]),
        (LEAST + "[augmentation]\nmirror = 1.5\n", ["augmentation.mirror", "1.5"]),
        (LEAST + "[augmentation]\nturn = 3\n", ["augmentation.turn"]),
        ('task = "dance"\n' + LEAST, ["task", "'dance'"]),
        ('[data]\nknown = []\n[architecture]\nname = "conv1d"\n', ["data.known"]),
    ],
)
def test_mistake_is_one_line_with_file_key_and_value(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_recipe(path)
    message = str(caught.value)
    assert "\n" not in message
    for word in [str(path), *words]:
        assert word in message


def test_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read \(No such file"):
        read_recipe(tmp_path / "none.toml")


def test_changes_beat_the_file_and_are_checked_like_it(tmp_path: Path) -> None:
    path = write(tmp_path, LEAST + "[augmentation]\nyaw = 3.5\n")
    changes = ["augmentation.yaw=0", "schedule.start=pretrain", "architecture.options.width=24"]
    recipe = read_recipe(path, changes)
    assert recipe.augmentation.yaw == 0
    assert recipe.schedule.start == "pretrain"
    assert recipe.architecture.options == {"width": 24}
    wrong = ["augmentation.yaw=wide", "yaw", "data.known.first=1", "seed.a=1", "=3", "data.=3"]
    for change in [*wrong, f"seed={'1' * 5000}", f"seed={'[' * 5000}", "seed=1\ntask='letters'"]:
        with pytest.raises(ConfigError) as caught:
            read_recipe(path, [change])
        assert len(str(caught.value).splitlines()) == 1
