"""Adds the action that writes an archive in another format: export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands import shared_options as shared
from edge.commands.output import print_json, print_line
from edge.dataset.outputs import refuse_existing
from edge.dataset.progress import track
from edge.errors import ConfigError

if TYPE_CHECKING:
    import argparse


def add_parsers(actions: shared.Commands) -> None:
    """Add the action of this module."""
    export = actions.add_parser(
        "export",
        parents=[
            shared.output("table (.csv, .parquet) or folder of .pose files"),
            shared.progress(),
            shared.machine(),
        ],
        help="an archive to CSV, Parquet or .pose",
    )
    export.add_argument("archive", type=Path, metavar="ARCHIVE")
    export.add_argument(
        "--to",
        choices=("csv", "parquet", "pose"),
        help="default: by the output's suffix; a name without one is a folder of .pose files",
    )
    export.add_argument(
        "--rows", choices=("frame", "point"), default="frame", help="what a table's row is"
    )
    export.set_defaults(act=export_archive)


def export_archive(options: argparse.Namespace) -> int:
    """Export an archive."""
    from edge.dataset.archive_stream import ArchiveReader

    kind = options.to or options.output.suffix.lower().lstrip(".") or "pose"
    if kind not in {"csv", "parquet", "pose"}:
        raise ConfigError(f"{options.output}: which format? --to csv, parquet or pose")
    with ArchiveReader(options.archive) as reader:
        if kind == "pose":
            from edge.dataset.exporters.pose_writer import refuse_folder, write_folder

            refuse_folder(options.output, force=options.force)
            clips = track(reader.clips(), len(reader), "clip", quiet=options.quiet)
            counts = {"files": write_folder(options.output, reader, clips)}
        else:
            from edge.dataset.exporters.table_writer import write_table

            refuse_existing(options.output, force=options.force)
            clips = track(reader.clips(), len(reader), "clip", quiet=options.quiet)
            rows = write_table(
                options.output, reader, clips, options.rows, is_parquet=kind == "parquet"
            )
            counts = {"rows": rows}
        counts = {"clips": len(reader), **counts}
    if options.json:
        print_json({"output": str(options.output), **counts})
    else:
        said = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        print_line(f"{options.output}: {said}")
    return 0
