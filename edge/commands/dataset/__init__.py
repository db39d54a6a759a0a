"""Data sets: ``dataset ACTION``, of which each module adds its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.commands.dataset import archives as dataset_archives
from edge.commands.dataset import formats as dataset_formats
from edge.commands.dataset import videos as dataset_videos
from edge.commands.dataset import views as dataset_looks

if TYPE_CHECKING:
    import argparse


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``dataset`` and its actions; each says by ``set_defaults(act=...)`` what runs it."""
    parser = commands.add_parser("dataset", help="from videos to landmark archives (extra train)")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for module in (dataset_videos, dataset_archives, dataset_looks, dataset_formats):
        module.add_parsers(actions)


def dataset(options: argparse.Namespace) -> int:
    """Run one action."""
    return int(options.act(options))
