"""Adds ``sign-edge export``: makes a bundle of finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands import shared_options as shared
from edge.commands.output import print_line

if TYPE_CHECKING:
    import argparse


def add_parser(commands: shared.Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("export", help="make a bundle of finished runs (extra train)")
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="several: their mean")
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR")
    parser.add_argument("--data", type=Path, metavar="DIR", help="default: where train found it")
    parser.set_defaults(act=export)


def export(options: argparse.Namespace) -> int:
    """Make a bundle of finished runs."""
    from edge.training.requirements import need_training

    need_training()
    from edge.training.export import export_bundle

    figures = export_bundle(options.runs, options.bundle, options.data)
    for name, report in figures.items():
        values = {key: value for key, value in report.items() if isinstance(value, int | float)}
        print_line(f"{name}: " + ", ".join(f"{key} {value}" for key, value in values.items()))
    print_line(
        f"exported: {options.bundle}; try: sign-edge run --set classifier.bundle={options.bundle}"
    )
    return 0
