"""What finding landmarks costs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from edge.commands.output import print_json, print_line
from edge.config import load as config

if TYPE_CHECKING:
    import argparse


def bench(options: argparse.Namespace) -> int:
    """Measure the backends side by side on the same frames of videos."""
    from edge.evaluation.bench.report import measure
    from edge.evaluation.bench.table import bench_table

    settings = config.load(options.config, overrides=options.set)
    report = measure(options.files, settings, _tell)
    if options.json:
        print_json(report)
    else:
        print_line(bench_table(report))
    return 0


def _tell(what: str) -> None:
    """Show somebody who waits at a terminal that it goes on."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{what}\n")
