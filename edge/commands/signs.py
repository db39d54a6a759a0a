"""Adds ``sign-edge signs``: lists every known word, shipped and taught."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.commands import shared_options as shared
from edge.commands.chosen_settings import settings_and_bundle
from edge.commands.output import print_json, print_line

if TYPE_CHECKING:
    import argparse


def add_parser(commands: shared.Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "signs",
        parents=[shared.settings(), shared.machine(), shared.model()],
        help="list every word that is known",
    )
    parser.set_defaults(act=signs)


def signs(options: argparse.Namespace) -> int:
    """List every word that is known, shipped and taught."""
    from edge.recognition.learning.taught_words import list_signs

    settings, bundle = settings_and_bundle(options)
    for sign in list_signs(settings.learning, bundle):
        if options.json:
            print_json(sign)
        else:
            taught = f"  taught by {sign.examples} examples" if sign.examples else ""
            print_line(f"{sign.display}{taught}")
    return 0
