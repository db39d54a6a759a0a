"""Adds the actions that turn videos into archives: slice, fetch, extract."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.commands import shared_options as shared
from edge.commands.output import print_json, print_line, show_warnings


def add_parsers(actions: shared.Commands) -> None:
    """Add the actions of this module."""
    slicing = actions.add_parser(
        "slice",
        parents=[shared.output("manifest to write"), shared.machine()],
        help="the first classes of WLASL or MS-ASL as a manifest",
    )
    slicing.add_argument(
        "lists", nargs="+", type=Path, metavar="JSON", help="WLASL_v0.3.json, or MSASL_*.json"
    )
    slicing.add_argument(
        "--classes", type=_count, metavar="N", help="how many of the first (default all)"
    )
    slicing.set_defaults(act=slice_list)
    _add_fetch(actions)
    _add_extract(actions)


def _add_fetch(actions: shared.Commands) -> None:
    fetch = actions.add_parser(
        "fetch",
        parents=[
            shared.output("manifest of what is fetched; clips/ is made beside it"),
            shared.progress(),
            shared.machine(),
        ],
        help="download a manifest's clips; goes on where it was broken off",
    )
    fetch.add_argument("manifest", type=Path, metavar="MANIFEST")
    fetch.add_argument(
        "--jobs", type=_count, default=4, metavar="N", help="downloads at a time (default 4)"
    )
    fetch.add_argument(
        "--retries",
        type=_count,
        default=4,
        metavar="N",
        help="tries in a row that bring nothing, after the first (default 4)",
    )
    fetch.add_argument(
        "--timeout", type=_seconds, default=30.0, metavar="SECONDS", help="without a byte"
    )
    fetch.add_argument(
        "--max-mb", type=_count, default=500, metavar="MB", help="of one video (default 500)"
    )
    fetch.add_argument(
        "--keep-videos", action="store_true", help="keep whole videos when their clips are cut"
    )
    fetch.set_defaults(act=fetch_videos)


def _add_extract(actions: shared.Commands) -> None:
    extract = actions.add_parser(
        "extract",
        parents=[
            shared.output(),
            shared.progress(),
            shared.machine(),
            shared.settings(),
        ],
        help="videos to an archive, by the daemon's landmarker; goes on where it was broken off",
    )
    extract.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="INPUT",
        help="manifest (.csv), video, or folder of videos named WORD/... or WORD__SIGNER__ID",
    )
    extract.add_argument(
        "--fps", type=_rate, metavar="FPS", help="frames per second at most (default every frame)"
    )
    extract.add_argument(
        "--jobs", type=_count, metavar="N", help="processes (default: one core stays free)"
    )
    extract.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster, as tcp://host:8786"
    )
    extract.add_argument(
        "--retries",
        type=_count,
        default=1,
        metavar="N",
        help="of a clip of which four workers of the cluster died (default 1)",
    )
    extract.set_defaults(act=extract_videos)


def slice_list(options: argparse.Namespace) -> int:
    """Write the first classes of a data set's own list as a manifest."""
    from edge.dataset.fetching.catalogues import read_catalogue
    from edge.dataset.manifest import write_manifest
    from edge.dataset.outputs import refuse_existing

    show_warnings()
    refuse_existing(options.output, force=options.force)
    entries = read_catalogue(options.lists, options.classes)
    write_manifest(options.output, entries)
    figures = {
        "clips": len(entries),
        "classes": len({entry.label for entry in entries}),
        "signers": len({entry.signer for entry in entries if entry.signer}),
        "videos": len({entry.url for entry in entries}),
    }
    if options.json:
        print_json({"manifest": str(options.output), **figures})
    else:
        text = ", ".join(f"{count} {what}" for what, count in figures.items())
        print_line(f"{options.output}: {text}")
    return 0


def fetch_videos(options: argparse.Namespace) -> int:
    """Download what a manifest names; exit code 1 where nothing can be fetched."""
    from edge.dataset.fetching.downloads import MEGABYTE, Limits
    from edge.dataset.fetching.fetcher import Fetcher, fetch
    from edge.dataset.manifest import read_manifest
    from edge.dataset.outputs import failures_of, refuse_existing

    refuse_existing(options.output, force=options.force)
    entries = read_manifest(options.manifest)
    limits = Limits(options.max_mb * MEGABYTE, options.timeout, options.retries)
    fetcher = Fetcher(options.output.parent, limits, keeps_videos=options.keep_videos)
    fetched = fetch(
        entries,
        options.manifest.parent,
        options.output,
        fetcher,
        options.jobs,
        quiet=options.quiet,
    )
    if options.json:
        figures = {"clips": len(fetched.entries), "failed": len(fetched.failures)}
        print_json({"manifest": str(options.output), **figures})
    else:
        print_line(f"{options.output}: {len(fetched.entries)} clips")
        if fetched.failures:
            print_line(f"{len(fetched.failures)} failed, see {failures_of(options.output)}")
    return 0 if fetched.entries else 1


def extract_videos(options: argparse.Namespace) -> int:
    """Make an archive of videos."""
    from edge.config import load as config
    from edge.dataset.extracting.extraction import extract_clips, read_jobs
    from edge.dataset.extracting.workers import open_workers
    from edge.dataset.outputs import failures_of, refuse_existing

    refuse_existing(options.output, force=options.force)
    settings = config.load(options.config, overrides=options.set)
    jobs = read_jobs(options.inputs, settings, options.fps)
    workers = open_workers(options.scheduler, options.jobs, options.retries)
    outcome = extract_clips(jobs, options.output, workers, quiet=options.quiet)
    figures = {
        "clips": outcome.clips,
        "frames": outcome.frames,
        "resumed": outcome.resumed,
        "failed": len(outcome.failures),
    }
    if options.json:
        print_json({"archive": str(options.output), **figures})
        return 0
    print_line(
        f"{options.output}: {outcome.clips} clips, {outcome.frames} frames"
        + (f"; {outcome.resumed} of an earlier run" if outcome.resumed else "")
    )
    if outcome.failures:
        print_line(f"{len(outcome.failures)} failed, see {failures_of(options.output)}")
    return 0


def _count(text: str) -> int:
    return int(_number(text, 1, 1_000_000, int))


def _rate(text: str) -> float:
    return _number(text, 1, 240, float)


def _seconds(text: str) -> float:
    return _number(text, 1, 3600, float)


def _number(text: str, least: int, most: int, kind: type[float]) -> float:
    """Read an option's value.

    Raises:
        ArgumentTypeError: It is no number, or out of range.
    """
    try:
        number = kind(text)
    except ValueError:
        number = -1
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from {least} to {most}")
    return number
