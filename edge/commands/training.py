"""Networks and bundles."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.output import print_line
from edge.errors import DependencyError

if TYPE_CHECKING:
    import argparse


def train(options: argparse.Namespace) -> int:
    """Train a network."""
    _need_training()
    from edge.training.recipe import read_recipe
    from edge.training.train import train as train_run

    run = options.run or Path("runs") / options.recipe.stem
    train_run(read_recipe(options.recipe, options.set), options.data, run)
    print_line(f"trained: {run}")
    return 0


def export(options: argparse.Namespace) -> int:
    """Make a bundle of finished runs."""
    _need_training()
    from edge.training.export import export as export_bundle

    figures = export_bundle(options.runs, options.bundle, options.data)
    for name, report in figures.items():
        values = {key: value for key, value in report.items() if isinstance(value, int | float)}
        print_line(f"{name}: " + ", ".join(f"{key} {value}" for key, value in values.items()))
    print_line(
        f"exported: {options.bundle}; try: sign-edge run --set classifier.bundle={options.bundle}"
    )
    return 0


def _need_training() -> None:
    if importlib.util.find_spec("tensorflow") is None:
        raise DependencyError("training needs TensorFlow: scripts/setup --extras train")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # CUDA that is not there is no news
