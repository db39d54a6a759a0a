"""Adds ``sign-edge compare``: prints the figures of several bundles side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands import shared_options as shared
from edge.commands.chosen_settings import load_settings
from edge.commands.output import print_json, print_line

if TYPE_CHECKING:
    import argparse


def add_parser(commands: shared.Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "compare",
        parents=[shared.settings(), shared.machine()],
        help="several bundles side by side",
    )
    parser.add_argument("bundles", nargs="+", metavar="BUNDLE", help="by name or path")
    parser.add_argument(
        "--archives", nargs="+", type=Path, default=[], metavar="ARCHIVE", help="to evaluate on"
    )
    parser.set_defaults(act=compare)


def compare(options: argparse.Namespace) -> int:
    """Print bundles side by side: accuracy, size, time."""
    from edge.evaluation.bundle_comparison import compare_bundles
    from edge.evaluation.report_tables import comparison_table
    from edge.recognition.bundle import find_bundle

    settings = load_settings(options)
    folders = [find_bundle(name) for name in options.bundles]
    rows = compare_bundles(folders, options.archives, settings)
    if options.json:
        for row in rows:
            print_json(row)
    else:
        print_line(comparison_table(rows))
    return 0
