"""Adds ``sign-edge check``: names every fault of this installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.commands import shared_options as shared
from edge.commands.chosen_settings import load_settings
from edge.commands.output import print_json, print_line

if TYPE_CHECKING:
    import argparse


def add_parser(commands: shared.Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check",
        parents=[shared.settings(), shared.machine()],
        help="name every fault of this installation",
    )
    parser.add_argument("--sound", action="store_true", help="also say a few words")
    parser.add_argument(
        "--user", metavar="NAME", help="whose rights (default for root: sign-edge, else oneself)"
    )
    parser.set_defaults(act=check)


def check(options: argparse.Namespace) -> int:
    """Name every fault of this installation; exit code 0 when there is none, else 1."""
    import logging

    from edge.config.load import default_path
    from edge.doctor.checks import run_checks

    settings = load_settings(options)
    logging.basicConfig(level=logging.CRITICAL)  # findings say it all
    path = options.config or default_path()
    is_sound = True
    for finding in run_checks(settings, path, user=options.user, plays_sound=options.sound):
        is_sound = is_sound and finding.ok
        if options.json:
            print_json(finding)
            continue
        mark = ("note " if finding.advice else "ok   ") if finding.ok else "FAULT"
        advice = f" - {finding.advice}" if finding.advice else ""
        print_line(f"{mark} {finding.area}: {finding.text}{advice}")
    return 0 if is_sound else 1
