"""Adds ``sign-edge learn``: teaches a word by a few examples."""

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
        "learn",
        parents=[shared.settings(), shared.machine(), shared.model()],
        help="teach a word by a few examples",
    )
    parser.add_argument("word", metavar="WORD")
    parser.add_argument("--examples", type=int, choices=range(3, 11), metavar="N", help="3 to 10")
    parser.add_argument(
        "--source", metavar="SRC", help="camera, URL, video, folder or archive:FILE"
    )
    parser.add_argument(
        "--from",
        dest="files",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="archives or videos, each clip an example, instead of the source",
    )
    parser.set_defaults(act=learn)


def learn(options: argparse.Namespace) -> int:
    """Teach a word by a few examples; exit code 1 where there were not enough."""
    from edge.commands.lessons import learn_from_files, learn_from_source

    settings, bundle = settings_and_bundle(options, source=options.source)
    if options.files:
        steps = learn_from_files(options.word, options.files, options.examples, settings, bundle)
    else:
        steps = learn_from_source(options.word, options.examples, settings, bundle)
    is_known = False
    for step in steps:
        is_known = step.state == "known"
        if options.json:
            print_json(step)
        else:
            note = f" ({step.note})" if step.note else ""
            print_line(f"{step.state}: {step.word}, {step.have} of {step.want}{note}")
    return 0 if is_known else 1
