"""Adds ``sign-edge bench``: measures what finding landmarks costs, beside MediaPipe."""

from __future__ import annotations

import sys
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
        "bench",
        parents=[shared.settings(), shared.machine()],
        help="what finding landmarks costs, beside MediaPipe on the same frames",
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="video of somebody who signs"
    )
    parser.set_defaults(act=bench)


def bench(options: argparse.Namespace) -> int:
    """Measure the backends side by side on the same frames of videos."""
    from edge.evaluation.bench.report import measure_backends
    from edge.evaluation.bench.table import bench_table

    settings = load_settings(options)
    report = measure_backends(options.files, settings, _tell)
    if options.json:
        print_json(report)
    else:
        print_line(bench_table(report))
    return 0


def _tell(what: str) -> None:
    """Show at a terminal what is measured next."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{what}\n")
