"""Adds ``sign-edge dataset``: makes, curates and shows landmark archives, an action each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.commands.dataset import archives, exports, imports, videos, views

if TYPE_CHECKING:
    from edge.commands.shared_options import Commands


def add_parser(commands: Commands) -> None:
    """Add ``dataset`` and its actions."""
    parser = commands.add_parser("dataset", help="from videos to landmark archives (extra train)")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for module in (videos, archives, views, imports, exports):
        module.add_parsers(actions)
