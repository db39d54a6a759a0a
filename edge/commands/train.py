"""``sign-edge train``: a network is trained by a recipe."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands import shared_options as shared
from edge.commands.output import print_line
from edge.errors import DependencyError

if TYPE_CHECKING:
    import argparse


def add_parser(commands: shared.Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("train", help="train a network by a recipe (extra train)")
    parser.add_argument(
        "recipe", type=Path, metavar="RECIPE", help="TOML file, as in models/recipes"
    )
    parser.add_argument("--data", type=Path, default=Path(), metavar="DIR", help="its archives")
    parser.add_argument("--run", type=Path, metavar="DIR", help="default: runs/ and its name")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="one value of the recipe; beats the file",
    )
    parser.set_defaults(act=train)


def train(options: argparse.Namespace) -> int:
    """Train a network."""
    need_training()
    from edge.training.recipe import read_recipe
    from edge.training.train import train_network as train_run

    run = options.run or Path("runs") / options.recipe.stem
    train_run(read_recipe(options.recipe, options.set), options.data, run)
    print_line(f"trained: {run}")
    return 0


def need_training() -> None:
    """Refuse to go on without TensorFlow, and quieten it.

    Raises:
        DependencyError: It is not installed.
    """
    if importlib.util.find_spec("tensorflow") is None:
        raise DependencyError("training needs TensorFlow: scripts/setup --extras train")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # CUDA that is not there is no news
