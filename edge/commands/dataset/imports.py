"""Adds the action that reads other formats into manifests and archives: import."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.commands import shared_options as shared
from edge.commands.output import print_json, print_line
from edge.dataset.outputs import failures_of, refuse_existing
from edge.dataset.progress import track
from edge.errors import ArchiveError, ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from edge.dataset.importers.imported_clips import ImportedClip, ImportFailure
    from edge.dataset.manifest import Entry

_SIZE: Final = re.compile(r"(\d{1,5})x(\d{1,5})")
"""Of ``--size``."""


def add_parsers(actions: shared.Commands) -> None:
    """Add ``import`` and its formats."""
    parser = actions.add_parser("import", help="other formats to manifests and archives")
    formats = parser.add_subparsers(dest="format", required=True, metavar="FORMAT")
    _add_manifests(formats)
    _add_archives(formats)


def _add_manifests(formats: shared.Commands) -> None:
    parents = [shared.output("manifest (.csv)"), shared.machine()]
    folder = formats.add_parser("folder", parents=parents, help="videos by word -> manifest")
    folder.add_argument("source", type=Path, metavar="FOLDER", help="WORD/[SIGNER/]NAME.mp4")
    _add_pattern(folder)
    folder.add_argument("--signer", default="", metavar="NAME", help="who signs, if not said")
    folder.set_defaults(act=import_folder)
    listing = formats.add_parser(
        "listing", parents=parents, help="a CSV that lists videos, as ASL Citizen's -> manifest"
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
    listing.set_defaults(act=import_listing)
    for name, title in (("wlasl", "WLASL's JSON"), ("ms-asl", "MS-ASL's JSON")):
        catalogue = formats.add_parser(name, parents=parents, help=f"{title} -> manifest")
        catalogue.add_argument("sources", type=Path, nargs="+", metavar="FILE")
        catalogue.add_argument(
            "--videos", type=Path, metavar="FOLDER", help="where cut clips lie, named by their id"
        )
        catalogue.set_defaults(act=import_catalogue)


def _add_archives(formats: shared.Commands) -> None:
    parents = [shared.output(), shared.progress(), shared.machine()]
    gislr = formats.add_parser("gislr", parents=parents, help="Kaggle's asl-signs -> archive")
    gislr.add_argument("source", type=Path, metavar="FOLDER", help="holds train.csv")
    _add_jobs(gislr)
    gislr.set_defaults(act=import_gislr)
    mp_data = formats.add_parser(
        "mp-data", parents=parents, help="MP_Data/WORD/NUMBER/FRAME.npy -> archive"
    )
    mp_data.add_argument("source", type=Path, metavar="FOLDER", help="holds a folder a word")
    mp_data.set_defaults(act=import_mp_data)
    table = formats.add_parser(
        "table", parents=parents, help="landmarks in CSV or Parquet -> archive"
    )
    table.add_argument("sources", type=Path, nargs="+", metavar="FILE")
    table.add_argument("--size", metavar="WxH", help="the picture's, where points are in pixels")
    table.set_defaults(act=import_table)
    for parser in (gislr, mp_data, table):
        parser.add_argument("--fps", type=float, help="where the data does not say")
        parser.add_argument("--aspect", type=float, metavar="W/H", help="of the picture, likewise")
    for parser in (mp_data, table):
        parser.add_argument("--signer", default="", metavar="NAME", help="who signs, if not said")
    pose = formats.add_parser("pose", parents=parents, help="a folder of .pose files -> archive")
    pose.add_argument("source", type=Path, metavar="FOLDER")
    _add_pattern(pose)
    pose.set_defaults(act=import_pose)
    alphabet = formats.add_parser(
        "alphabet", parents=parents, help="pictures in folders A to Z -> hand archive"
    )
    alphabet.add_argument("source", type=Path, metavar="FOLDER")
    alphabet.add_argument("--signer", default="", metavar="NAME", help="whose hands they are")
    _add_pattern(alphabet)
    _add_jobs(alphabet)
    alphabet.set_defaults(act=import_alphabet)


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


def import_folder(options: argparse.Namespace) -> int:
    """List a folder's videos in a manifest."""
    from edge.dataset.importers.file_names import compile_pattern
    from edge.dataset.importers.folders import read_folder

    pattern = compile_pattern(options.pattern)
    entries = read_folder(options.source, options.output.parent, pattern, options.signer)
    return _write_manifest(options, entries, [])


def import_listing(options: argparse.Namespace) -> int:
    """Turn a list of videos into a manifest."""
    from edge.dataset.importers.file_names import compile_pattern
    from edge.dataset.importers.listings import ListingColumns, Videos, read_listing

    videos = Videos(options.videos, options.suffix, compile_pattern(options.pattern, "signer"))
    columns = ListingColumns(options.label, options.file, options.signer, options.split)
    entries = read_listing(options.source, videos, options.output.parent, columns, options.part)
    return _write_manifest(options, entries, [])


def import_catalogue(options: argparse.Namespace) -> int:
    """Turn a data set's own JSON into a manifest."""
    from edge.dataset.fetching.catalogues import read_catalogue
    from edge.dataset.importers.catalogue_videos import with_videos

    entries = read_catalogue(options.sources)
    missing: list[ImportFailure] = []
    if options.videos is not None:
        entries, missing = with_videos(entries, options.videos, options.output.parent)
    return _write_manifest(options, entries, missing)


def import_gislr(options: argparse.Namespace) -> int:
    """Import GISLR."""
    from edge.dataset.importers import gislr

    rows = gislr.read_index(options.source)
    fps = _positive(options, "fps", gislr.FPS)
    aspect = _positive(options, "aspect", gislr.ASPECT)
    jobs = _jobs(options)
    found = gislr.read_gislr(options.source, rows, fps=fps, aspect=aspect, jobs=jobs)
    return _store(options, found, len(rows))


def import_mp_data(options: argparse.Namespace) -> int:
    """Import a folder MP_Data."""
    from edge.dataset.importers import mp_data

    clips = mp_data.find_clips(options.source)
    fps = _positive(options, "fps", mp_data.FPS)
    aspect = _positive(options, "aspect", mp_data.ASPECT)
    found = mp_data.read_mp_data(clips, fps=fps, aspect=aspect, signer=options.signer)
    return _store(options, found, len(clips))


def import_table(options: argparse.Namespace) -> int:
    """Import tables of landmarks."""
    from edge.dataset.importers.tables import Assumed, read_table

    usual = Assumed()
    size = _size_of(options.size)
    if size and options.aspect:
        raise ConfigError("--aspect: --size says it already")
    assumed = Assumed(
        fps=_positive(options, "fps", usual.fps),
        aspect=_positive(options, "aspect", usual.aspect),
        signer=options.signer,
        size=size,
    )
    return _store(
        options, (one for path in options.sources for one in read_table(path, assumed)), None
    )


def import_pose(options: argparse.Namespace) -> int:
    """Import a folder of .pose files."""
    from edge.dataset.importers.file_names import compile_pattern
    from edge.dataset.importers.pose_files import find_pose_files, read_pose_files

    files = find_pose_files(options.source, compile_pattern(options.pattern))
    return _store(options, read_pose_files(files), len(files))


def import_alphabet(options: argparse.Namespace) -> int:
    """Import pictures of spelling hands."""
    from edge.dataset.importers import alphabet
    from edge.dataset.importers.file_names import compile_pattern

    refuse_existing(options.output, force=options.force)
    pattern = compile_pattern(options.pattern, "signer")
    paths = alphabet.find_pictures(options.source)
    source = options.source.resolve().name
    found = alphabet.find_hands(paths, options.signer or source, pattern, _jobs(options))
    done = alphabet.store_hands(
        options.output, track(found, len(paths), "picture", quiet=options.quiet), source
    )
    _report(options, done.counts, done.failures)
    return 0


def _store(
    options: argparse.Namespace, found: Iterator[ImportedClip | ImportFailure], total: int | None
) -> int:
    """Write an archive of what is found, and say what was not."""
    from edge.dataset.importers.imported_clips import store_clips

    refuse_existing(options.output, force=options.force)
    done = store_clips(options.output, track(found, total, "clip", quiet=options.quiet))
    _report(options, done.counts, done.failures)
    return 0


def _write_manifest(
    options: argparse.Namespace, entries: Sequence[Entry], failures: Sequence[ImportFailure]
) -> int:
    from edge.dataset.manifest import write_manifest

    if not entries:
        raise ArchiveError(f"{options.output}: not written, for there is nothing to import")
    refuse_existing(options.output, force=options.force)
    write_manifest(options.output, entries)
    words = len({entry.label for entry in entries})
    signers = len({entry.signer for entry in entries if entry.signer})
    _report(options, {"clips": len(entries), "words": words, "signers": signers}, failures)
    return 0


def _report(
    options: argparse.Namespace, counts: dict[str, int], failures: Sequence[ImportFailure]
) -> None:
    """Print what was stored; name what was left out on standard error and in a file."""
    from edge.dataset.csv_rows import write_rows

    listed = failures_of(options.output)
    listed.unlink(missing_ok=True)  # an earlier import's
    if failures:
        write_rows(listed, ("file", "reason"), [(one.file, one.problem) for one in failures])
    if options.json:
        print_json({"output": str(options.output), **counts, "failed": len(failures)})
    else:
        said = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        print_line(f"{options.output}: {said}")
    if failures:
        first = failures[0]
        sys.stderr.write(
            f"sign-edge: left out {len(failures):,}, see {listed}; the first, {first.file}: "
            f"{first.problem}\n"
        )


def _positive(options: argparse.Namespace, name: str, usual: float) -> float:
    value: float | None = getattr(options, name)
    if value is None:
        return usual
    if not 0 < value < float("inf"):  # never so with nan
        raise ConfigError(f"--{name} {value:g}: above 0")
    return value


def _jobs(options: argparse.Namespace) -> int:
    from edge.dataset.worker_pool import default_jobs

    jobs: int | None = options.jobs
    if jobs is not None and jobs < 1:
        raise ConfigError(f"--jobs {jobs}: 1 or more")
    return jobs or default_jobs()


def _size_of(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = _SIZE.fullmatch(text)
    if not found or not int(found[1]) or not int(found[2]):
        raise ConfigError(f"--size {text}: width and height in pixels, as 640x480")
    return int(found[1]), int(found[2])
