"""What finding landmarks costs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from edge import config
from edge.commands.printing import print_json, print_line

if TYPE_CHECKING:
    import argparse


def bench(options: argparse.Namespace) -> int:
    """Measure the backends side by side on the same frames of videos."""
    from edge.bench.report import measure
    from edge.bench.table import bench_table

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
