"""Adds ``sign-edge train``: trains a network by a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands import shared_options as shared
from edge.commands.output import print_line

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
    from edge.training.requirements import need_training

    need_training()
    from edge.training.recipe import read_recipe
    from edge.training.train import train_network

    run = options.run or Path("runs") / options.recipe.stem
    train_network(read_recipe(options.recipe, options.set), options.data, run)
    print_line(f"trained: {run}")
    return 0
