"""Adds the actions that turn archives into archives: clean, labels, split, merge, mirror."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.commands import shared_options as shared
from edge.commands.output import print_json, print_line

if TYPE_CHECKING:
    import argparse


_SPLITS: Final = ("train", "val", "test")


def add_parsers(actions: shared.Commands) -> None:
    """Add the actions of this module."""
    _add_clean(actions)
    labels = actions.add_parser(
        "labels",
        parents=[shared.progress(), shared.machine()],
        help="count labels; with --mapping rename and drop them",
    )
    _add_source(labels)
    labels.add_argument(
        "--mapping", type=Path, metavar="CSV", help="columns label,becomes; empty becomes drops"
    )
    labels.add_argument("--only", action="store_true", help="drop what is not in the mapping")
    _add_output(labels, "with --mapping: the archive to write")
    labels.set_defaults(act=labels_action)
    _add_split(actions)
    merge = actions.add_parser(
        "merge",
        parents=[shared.output(), shared.progress()],
        help="several archives to one",
    )
    merge.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE")
    merge.add_argument(
        "--tell-apart",
        action="store_true",
        help="equal signers in different archives are different people",
    )
    merge.set_defaults(act=merge_action)
    mirror = actions.add_parser(
        "mirror",
        parents=[shared.output(), shared.progress()],
        help="turn clips left to right, as a mirror would",
    )
    _add_source(mirror)
    mirror.add_argument("--signer", nargs="+", default=[], metavar="NAME", help="only theirs")
    mirror.add_argument("--both", action="store_true", help="keep the originals, too")
    mirror.set_defaults(act=mirror_action)


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("archive", type=Path, metavar="ARCHIVE")


def _add_output(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=text)
    parser.add_argument("--force", action="store_true", help="though the output exists")


def _add_clean(actions: shared.Commands) -> None:
    parser = actions.add_parser(
        "clean",
        parents=[shared.progress(), shared.machine()],
        help="report what is missing; with -o fill and drop by rule",
    )
    _add_source(parser)
    _add_output(parser, "the archive to write")
    parser.add_argument("--report", type=Path, metavar="CSV", help="one row a clip")
    for name, kind, metavar, text in (
        ("fill", shared.positive, "SECONDS", "fill gaps of a landmark up to so long"),
        ("least-frames", shared.whole, "N", "drop clips of fewer frames"),
        ("least-body", shared.fraction, "SHARE", "drop clips with shoulders in fewer frames"),
        ("least-hand", shared.fraction, "SHARE", "drop clips with a hand in fewer frames"),
        ("longest-gap", shared.positive, "SECONDS", "drop clips that lose the hands for longer"),
        (
            "fastest",
            shared.positive,
            "WIDTHS",
            "drop clips with a wrist faster, shoulder widths a second",
        ),
        (
            "near",
            shared.positive,
            "WIDTHS",
            "also find clips that move nearly the same, as by 0.03",
        ),
    ):
        parser.add_argument(f"--{name}", type=kind, metavar=metavar, help=text)
    parser.add_argument(
        "--drop-duplicates", action="store_true", help="keep only the first of the same clips"
    )
    parser.set_defaults(act=clean_action)


def _add_split(actions: shared.Commands) -> None:
    parser = actions.add_parser(
        "split",
        parents=[shared.progress(), shared.machine()],
        help="train, val and test without a signer in two of them",
    )
    _add_source(parser)
    parser.add_argument(
        "--shares",
        type=shared.positive,
        nargs=3,
        default=(0.8, 0.1, 0.1),
        metavar=("TRAIN", "VAL", "TEST"),
        help="default 0.8 0.1 0.1",
    )
    parser.add_argument("--seed", type=shared.whole, default=0, metavar="N", help="default 0")
    parser.add_argument("--by", type=Path, metavar="CSV", help="split as this manifest says")
    parser.add_argument(
        "--manifest",
        type=Path,
        metavar="CSV",
        help="write who is where (with --parts: manifest.csv there by default)",
    )
    parser.add_argument(
        "--parts", type=Path, metavar="DIR", help="write train.npz, val.npz and test.npz here"
    )
    _add_output(parser, "archive to write, with the parts in its column splits")
    parser.set_defaults(act=split_action)


def merge_action(options: argparse.Namespace) -> int:
    """Write several archives as one."""
    from edge.dataset.curating.merge import merge_archives
    from edge.dataset.outputs import refuse_existing

    refuse_existing(options.output, force=options.force)
    count = merge_archives(
        options.archives,
        options.output,
        tell_signers_apart=options.tell_apart,
        quiet=options.quiet,
    )
    print_line(f"merged: {options.output}, {count} clips of {len(options.archives)} archives")
    return 0


def mirror_action(options: argparse.Namespace) -> int:
    """Mirror clips."""
    from edge.dataset.curating.rewrite import mirror_archive
    from edge.dataset.outputs import refuse_existing

    refuse_existing(options.output, force=options.force)
    count = mirror_archive(
        options.archive,
        options.output,
        options.signer,
        with_originals=options.both,
        quiet=options.quiet,
    )
    print_line(f"mirrored: {options.output}, {count} clips")
    return 0


def labels_action(options: argparse.Namespace) -> int:
    """Count labels, or change them."""
    from dataclasses import asdict

    from edge.commands.output_tables import print_rows
    from edge.dataset.curating.labels import count_labels, read_mapping, relabel
    from edge.dataset.outputs import refuse_existing
    from edge.errors import ConfigError

    if (options.output is None) != (options.mapping is None):
        raise ConfigError("labels: --mapping and --output go together")
    if options.mapping is None:
        counts = [asdict(one) for one in count_labels(options.archive)]
        if options.json:
            for one in counts:
                print_json(one)
        else:
            print_rows(counts)
        return 0
    refuse_existing(options.output, force=options.force)
    mapping = read_mapping(options.mapping)
    done = relabel(
        options.archive, options.output, mapping, only_mapped=options.only, quiet=options.quiet
    )
    if options.json:
        print_json(done)
        return 0
    for label in done.unused:
        _warn(f"{options.mapping}: {label!r} is not in {options.archive}")
    print_line(
        f"labels: {options.output}, {done.kept} clips kept, {done.renamed} of them renamed, "
        f"{done.dropped} dropped"
    )
    return 0


def clean_action(options: argparse.Namespace) -> int:
    """Report what is missing, and fill and drop by rule."""
    from dataclasses import fields

    from edge.commands.output_tables import print_fields
    from edge.dataset.archive_stream import ArchiveReader
    from edge.dataset.curating.clean import (
        Rules,
        clean_archive,
        inspect,
        summarise_findings,
        write_findings,
    )
    from edge.dataset.outputs import refuse_existing

    outputs = [path for path in (options.output, options.report) if path is not None]
    refuse_existing(*outputs, force=options.force)
    given = {field.name: getattr(options, field.name) for field in fields(Rules)}
    rules = Rules(**{name: value for name, value in given.items() if value is not None})
    with ArchiveReader(options.archive) as reader:
        findings = inspect(reader, rules, quiet=options.quiet)
        if options.report is not None:
            write_findings(options.report, findings)
        if options.output is not None:
            clean_archive(reader, options.output, rules, findings, quiet=options.quiet)
    found = summarise_findings(findings)
    if options.json:
        print_json({"file": str(options.archive), **found})
        return 0
    print_fields(found)
    if options.output is None:
        print_line("nothing was changed; -o FILE writes the clips that are kept")
    else:
        print_line(f"cleaned: {options.output}, {found['kept']} of {found['clips']} clips")
    return 0


def split_action(options: argparse.Namespace) -> int:
    """Split by signer."""
    from edge.dataset.archive_stream import ArchiveReader
    from edge.dataset.curating import split as by_signer
    from edge.dataset.curating.rewrite import rewrite
    from edge.dataset.outputs import refuse_existing

    parts = {one: options.parts / f"{one}.npz" for one in _SPLITS} if options.parts else {}
    manifest = options.manifest
    if parts and manifest is None:
        manifest = options.parts / "manifest.csv"
    outputs = [path for path in (manifest, options.output) if path is not None]
    refuse_existing(*outputs, *parts.values(), force=options.force)
    with ArchiveReader(options.archive) as reader:
        columns = reader.columns
        if options.by is not None:
            split = by_signer.read_split(options.by)
            by_signer.check_known(options.archive, columns, split)
        else:
            split = by_signer.choose_parts(columns, options.shares, options.seed)
        found = by_signer.summarise_split(columns, split)
        if options.output is not None:
            place = split.of(columns["signers"])
            everything = columns["lengths"] > 0
            rewrite(reader, options.output, everything, {"splits": place}, quiet=options.quiet)
        if parts:
            by_signer.write_parts(reader, split, parts, quiet=options.quiet)
        if manifest is not None:
            by_signer.write_split(manifest, columns, split)
    if options.json:
        print_json(found)
        return 0
    for part, figures in found.items():
        absent = figures.pop("not_in_train")
        print_line(f"{part}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))
        if absent:
            _warn(f"{part} has labels that train lacks: {', '.join(absent)}")
    if not outputs:
        print_line("nothing was written; --manifest, --output and --parts write it")
    return 0


def _warn(text: str) -> None:
    print(f"sign-edge: {text}", file=sys.stderr)  # noqa: T201 - the command's own output
