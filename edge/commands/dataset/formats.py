"""Other formats to and from archives."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.dataset import imports as dataset_imports
from edge.commands.dataset.options import machine, output, progress
from edge.commands.output import print_json, print_line
from edge.dataset.outputs import refuse_existing
from edge.dataset.progress import track
from edge.errors import ConfigError

if TYPE_CHECKING:
    Actions = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no other name


def add_parsers(actions: Actions) -> None:
    """Add the actions of this module."""
    imports = actions.add_parser("import", help="other formats to manifests and archives")
    formats = imports.add_subparsers(dest="format", required=True, metavar="FORMAT")
    _add_manifests(formats)
    _add_archives(formats)
    export = actions.add_parser(
        "export",
        parents=[output("table (.csv, .parquet) or folder of .pose files"), progress(), machine()],
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


def _add_manifests(formats: Actions) -> None:
    shared = [output("manifest (.csv)"), machine()]
    folder = formats.add_parser("folder", parents=shared, help="videos by word -> manifest")
    folder.add_argument("source", type=Path, metavar="FOLDER", help="WORD/[SIGNER/]NAME.mp4")
    _add_pattern(folder)
    folder.add_argument("--signer", default="", metavar="NAME", help="who signs, if not said")
    folder.set_defaults(act=dataset_imports.import_folder)
    listing = formats.add_parser(
        "listing", parents=shared, help="a CSV that lists videos, as ASL Citizen's -> manifest"
    )
    listing.add_argument("source", type=Path, metavar="FILE", help="CSV or TSV")
    listing.add_argument("--videos", type=Path, required=True, metavar="FOLDER")
    for name, what in (
        ("label", "the gloss"),
        ("file", "the video"),
        ("signer", "who signs"),
        ("split", "train, val, test"),
    ):
        listing.add_argument(
            f"--{name}", default="", metavar="COLUMN", help=f"{what}: a name, or a number from 1"
        )
    listing.add_argument("--part", default="", metavar="SPLIT", help="the split of all its clips")
    listing.add_argument("--suffix", default="", help="of the files, where the list lacks it")
    _add_pattern(listing)
    listing.set_defaults(act=dataset_imports.import_listing)
    for name, title in (("wlasl", "WLASL's JSON"), ("ms-asl", "MS-ASL's JSON")):
        catalogue = formats.add_parser(name, parents=shared, help=f"{title} -> manifest")
        catalogue.add_argument("sources", type=Path, nargs="+", metavar="FILE")
        catalogue.add_argument(
            "--videos", type=Path, metavar="FOLDER", help="where cut clips lie, named by their id"
        )
        catalogue.set_defaults(act=dataset_imports.import_catalogue)


def _add_archives(formats: Actions) -> None:
    shared = [output(), progress(), machine()]
    gislr = formats.add_parser("gislr", parents=shared, help="Kaggle's asl-signs -> archive")
    gislr.add_argument("source", type=Path, metavar="FOLDER", help="holds train.csv")
    _add_jobs(gislr)
    gislr.set_defaults(act=dataset_imports.import_gislr)
    mp_data = formats.add_parser(
        "mp-data", parents=shared, help="MP_Data/WORD/NUMBER/FRAME.npy -> archive"
    )
    mp_data.add_argument("source", type=Path, metavar="FOLDER", help="holds a folder a word")
    mp_data.set_defaults(act=dataset_imports.import_mp_data)
    table = formats.add_parser(
        "table", parents=shared, help="landmarks in CSV or Parquet -> archive"
    )
    table.add_argument("sources", type=Path, nargs="+", metavar="FILE")
    table.add_argument("--size", metavar="WxH", help="the picture's, where points are in pixels")
    table.set_defaults(act=dataset_imports.import_table)
    for parser in (gislr, mp_data, table):
        parser.add_argument("--fps", type=float, help="where the data does not say")
        parser.add_argument("--aspect", type=float, metavar="W/H", help="of the picture, likewise")
    for parser in (mp_data, table):
        parser.add_argument("--signer", default="", metavar="NAME", help="who signs, if not said")
    pose = formats.add_parser("pose", parents=shared, help="a folder of .pose files -> archive")
    pose.add_argument("source", type=Path, metavar="FOLDER")
    _add_pattern(pose)
    pose.set_defaults(act=dataset_imports.import_pose)
    alphabet = formats.add_parser(
        "alphabet", parents=shared, help="pictures in folders A to Z -> hand archive"
    )
    alphabet.add_argument("source", type=Path, metavar="FOLDER")
    alphabet.add_argument("--signer", default="", metavar="NAME", help="whose hands they are")
    _add_pattern(alphabet)
    _add_jobs(alphabet)
    alphabet.set_defaults(act=dataset_imports.import_alphabet)


def _add_jobs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="processes (default: one core stays free)"
    )


def _add_pattern(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pattern",
        metavar="REGEX",
        help="of paths named otherwise, with groups (?P<label>...), signer, name, split",
    )


def export_archive(options: argparse.Namespace) -> int:
    """Export an archive."""
    from edge.dataset.archive_stream import ArchiveReader

    kind = options.to or options.output.suffix.lower().lstrip(".") or "pose"
    if kind not in {"csv", "parquet", "pose"}:
        raise ConfigError(f"{options.output}: which format? --to csv, parquet or pose")
    with ArchiveReader(options.archive) as reader:
        if kind == "pose":
            from edge.dataset.exporters.pose_files import refuse_folder, write_folder

            refuse_folder(options.output, force=options.force)
            clips = track(reader.clips(), len(reader), "clip", quiet=options.quiet)
            counts = {"files": write_folder(options.output, reader, clips)}
        else:
            from edge.dataset.exporters.tables import write_table

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
