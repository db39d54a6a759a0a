"""Adds ``sign-edge forget``: removes a taught word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.commands import shared_options as shared
from edge.commands.chosen_settings import load_settings
from edge.commands.output import print_line
from edge.errors import SourceError

if TYPE_CHECKING:
    import argparse


def add_parser(commands: shared.Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("forget", parents=[shared.settings()], help="forget a taught word")
    parser.add_argument("word", metavar="WORD")
    parser.set_defaults(act=forget)


def forget(options: argparse.Namespace) -> int:
    """Forget a taught word."""
    from edge.recognition.learning.taught_words import Store, check_word, folder_of

    settings = load_settings(options)
    word, folder = check_word(options.word), folder_of(settings.learning)
    if not Store(folder).remove(word):
        raise SourceError(f"{word!r} is not among the taught words in {folder}")
    print_line(f"forgotten: {word}")
    return 0
