"""Counts, renames and drops the labels of an archive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.dataset.archive_stream import ArchiveReader
from edge.dataset.csv_rows import read_rows
from edge.dataset.curating.rewrite import rewrite
from edge.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAPPING_COLUMNS: Final = ("label", "becomes")
"""Of a mapping file; a label that becomes nothing is dropped with its clips."""


@dataclass(frozen=True, slots=True)
class LabelCount:
    """How much there is of one label."""

    label: str
    """The label."""

    clips: int
    """Clips of it."""

    signers: int
    """People who sign it."""


@dataclass(frozen=True, slots=True)
class Relabelled:
    """What a mapping did to an archive."""

    kept: int
    """Clips written."""

    dropped: int
    """Clips left out."""

    renamed: int
    """Clips whose label changed."""

    unused: tuple[str, ...]
    """Labels of the mapping that the archive does not have."""


def count_labels(path: Path) -> list[LabelCount]:
    """Count the clips and signers of every label, in the labels' order.

    Raises:
        ArchiveError: The archive is damaged.
    """
    with ArchiveReader(path) as reader:
        labels, signers = reader.columns["labels"], reader.columns["signers"]
    names, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    people = np.unique(signers, return_inverse=True)[1]
    pairs = np.unique(np.stack([places, people], axis=1), axis=0)
    by_label = np.bincount(pairs[:, 0], minlength=len(names))
    return [
        LabelCount(str(name), int(count), int(one))
        for name, count, one in zip(names, counts, by_label, strict=True)
    ]


def read_mapping(path: Path) -> dict[str, str]:
    """Read a mapping file, a table of MAPPING_COLUMNS.

    Raises:
        ConfigError: Naming the file, the line and what is wrong there.
    """
    mapping: dict[str, str] = {}
    for line, row in read_rows(path, MAPPING_COLUMNS):
        label = row["label"]
        if not label:
            raise ConfigError(f"{path}: line {line}: label is empty")
        if label in mapping:
            raise ConfigError(f"{path}: line {line}: {label!r} was mapped before")
        mapping[label] = row["becomes"].strip()
    return mapping


def relabel(
    source: Path,
    output: Path,
    mapping: Mapping[str, str],
    *,
    only_mapped: bool = False,
    quiet: bool = False,
) -> Relabelled:
    """Rename and drop labels.

    Args:
        source: The archive.
        output: Where to.
        mapping: What each label becomes; empty drops it.
        only_mapped: Whether labels that are not in the mapping are dropped, too.
        quiet: Whether to show no progress.

    Raises:
        ArchiveError: The archive is damaged.
    """
    with ArchiveReader(source) as reader:
        before = reader.columns["labels"].tolist()
        after = [mapping.get(label, "" if only_mapped else label) for label in before]
        keep = np.array([bool(label) for label in after], dtype=bool)
        changes = {"labels": np.array(after, dtype=str)}
        kept = rewrite(reader, output, keep, changes, quiet=quiet)
    known = set(before)
    renamed = sum(new not in {"", old} for old, new in zip(before, after, strict=True))
    unused = tuple(label for label in mapping if label not in known)
    return Relabelled(kept, len(before) - kept, renamed, unused)
