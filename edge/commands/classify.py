"""Adds ``sign-edge classify``: prints the most probable words of isolated clips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands import shared_options as shared
from edge.commands.chosen_settings import settings_and_bundle
from edge.commands.output import print_json, print_line

if TYPE_CHECKING:
    import argparse


def add_parser(commands: shared.Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "classify",
        parents=[shared.settings(), shared.machine(), shared.model()],
        help="top-k of isolated clips",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="video or archive")
    parser.set_defaults(act=classify)


def classify(options: argparse.Namespace) -> int:
    """Print the top-k of each isolated clip."""
    from edge.evaluation.clips import classify_file

    settings, bundle = settings_and_bundle(options)
    for path in options.files:
        for name, prediction in classify_file(path, settings, bundle):
            if options.json:
                print_json({"file": str(path), "clip": name, "top": prediction.top})
            else:
                best = ", ".join(f"{gloss} {p:.2f}" for gloss, p in prediction.top[:5])
                print_line(f"{path} {name}: {best}")
    return 0
