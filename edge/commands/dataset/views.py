"""Adds the actions that show what is in archives: stats, view."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.commands import shared_options as shared
from edge.commands.output import print_json, print_line

if TYPE_CHECKING:
    import argparse

_SHOWN: Final = 20
"""Rows of a table, unless all are asked for."""


def add_parsers(actions: shared.Commands) -> None:
    """Add the actions of this module."""
    stats = actions.add_parser(
        "stats",
        parents=[shared.progress(), shared.machine()],
        help="clips, words, signers, lengths, frame rates, hand presence",
    )
    stats.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE")
    stats.add_argument("--all", action="store_true", help=f"all words and signers, not {_SHOWN}")
    stats.add_argument("--plots", type=Path, metavar="DIR", help="draw them as PNG, too")
    stats.add_argument("--force", action="store_true", help="though plots exist")
    stats.set_defaults(act=stats_action)
    view = actions.add_parser(
        "view", help="a clip's skeleton, moving: in the terminal, or as GIF or MP4"
    )
    view.add_argument("archive", type=Path, metavar="ARCHIVE")
    view.add_argument("clip", nargs="?", metavar="CLIP", help="name, or place counted from 0")
    view.add_argument("--label", metavar="WORD", help="the first clip of this word")
    view.add_argument("--height", type=shared.whole, default=480, metavar="PX", help="default 480")
    view.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="FILE.gif or FILE.mp4 to write"
    )
    view.add_argument("--force", action="store_true", help="though the output exists")
    view.set_defaults(act=view_action)


def stats_action(options: argparse.Namespace) -> int:
    """Count what is in archives, and draw it."""
    from edge.commands.output_tables import print_fields, print_rows
    from edge.dataset.curating.stats import PLOTS, draw_plots, measure_archive
    from edge.dataset.outputs import refuse_existing

    many = len(options.archives) > 1
    folders = {
        path: (options.plots / path.stem if many else options.plots) if options.plots else None
        for path in options.archives
    }
    for folder in folders.values():
        if folder is not None:
            refuse_existing(*(folder / name for name in PLOTS), force=options.force)
    for path, folder in folders.items():
        stats = measure_archive(path, quiet=options.quiet)
        tables = {"by_word": stats.table("labels"), "by_signer": stats.table("signers")}
        drawn = [str(one) for one in draw_plots(stats, folder)] if folder is not None else []
        if options.json:
            print_json({"file": str(path), **stats.summary(), **tables, "plots": drawn})
            continue
        print_line(f"{path}")
        print_fields(stats.summary())
        for rows in tables.values():
            print_line("")
            print_rows(rows, None if options.all else _SHOWN)
        for one in drawn:
            print_line(f"drawn: {one}")
    return 0


def view_action(options: argparse.Namespace) -> int:
    """Show a clip."""
    from rich.console import Console

    from edge.dataset.outputs import refuse_existing
    from edge.dataset.viewing.view import find_clip, play, write

    if options.output is not None:
        refuse_existing(options.output, force=options.force)
    clip = find_clip(options.archive, options.clip, options.label)
    if options.output is None:
        play(clip, Console())
        return 0
    write(clip, options.output, options.height)
    print_line(f"drawn: {options.output}, clip {clip.name}: {clip.label!r} by {clip.signer!r}")
    return 0
