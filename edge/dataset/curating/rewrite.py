"""Writes an archive anew: leaves out, changes or doubles clips, and changes columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edge.dataset.archive_stream import ArchiveReader, ArchiveWriter
from edge.dataset.progress import track
from edge.errors import ArchiveError
from edge.landmarks.skeleton import mirror

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from numpy.typing import NDArray


def rewrite(
    reader: ArchiveReader,
    output: Path,
    keep: NDArray[np.bool_],
    changes: Mapping[str, NDArray[Any]] | None = None,
    *,
    quiet: bool = False,
) -> int:
    """Write the clips that are kept.

    Args:
        reader: Of the archive.
        output: Where to.
        keep: (N,) which clips.
        changes: Columns (N,), before anything is left out, that replace those of the archive.
        quiet: Whether to show no progress.

    Returns:
        How many clips were kept.

    Raises:
        ArchiveError: The archive is damaged, or no clip of it is kept.
    """
    refuse_empty(reader, keep)
    columns = {**reader.columns, **(changes or {})}
    with ArchiveWriter(output, select(columns, keep)) as writer:
        clips = track(reader.clips(), len(reader), "clip", output.name, quiet=quiet)
        for is_kept, points in zip(keep.tolist(), clips, strict=True):
            if is_kept:
                writer.write(points)
    return int(keep.sum())


def refuse_empty(reader: ArchiveReader, keep: NDArray[np.bool_]) -> None:
    """Raise ArchiveError where nothing (N,) is kept of an archive."""
    if not keep.any():
        raise ArchiveError(f"{reader.path}: of {len(reader)} clips none would be left")


def select(
    columns: Mapping[str, NDArray[Any]], rows: NDArray[np.bool_] | NDArray[np.intp]
) -> dict[str, NDArray[Any]]:
    """Take rows of every column; text no wider than it has to be, as if written anew."""
    chosen = {name: column[rows] for name, column in columns.items()}
    return {
        name: np.array(column.tolist(), dtype=str) if column.dtype.kind == "U" else column
        for name, column in chosen.items()
    }


def mirror_archive(
    source: Path,
    output: Path,
    signers: Collection[str] = (),
    *,
    with_originals: bool = False,
    quiet: bool = False,
) -> int:
    """Mirror clips as their pictures would be, left to right.

    Args:
        source: The archive.
        output: Where to.
        signers: Whose clips; everybody's where empty. Other clips are copied.
        with_originals: Whether each mirrored clip follows its original instead of replacing it.
        quiet: Whether to show no progress.

    Returns:
        How many clips were mirrored.

    Raises:
        ArchiveError: The archive is damaged, or has no clip of a signer.
    """
    with ArchiveReader(source) as reader:
        mirrored = _clips_of(reader, signers)
        copies = np.where(mirrored & with_originals, 2, 1)
        columns = select(reader.columns, np.repeat(np.arange(len(reader)), copies))
        with ArchiveWriter(output, columns) as writer:
            clips = track(reader.clips(), len(reader), "clip", output.name, quiet=quiet)
            for is_mirrored, points in zip(mirrored.tolist(), clips, strict=True):
                if with_originals or not is_mirrored:
                    writer.write(points)
                if is_mirrored:
                    writer.write(mirror_points(points))
    return int(mirrored.sum())


def mirror_points(points: NDArray[np.float16]) -> NDArray[np.float16]:
    """Mirror points (T, 75, 3) as stored: sides swapped, x becomes 1 - x."""
    flipped = mirror(points.astype(np.float32)) + np.array([1, 0, 0], dtype=np.float32)
    return flipped.astype(np.float16)


def _clips_of(reader: ArchiveReader, signers: Collection[str]) -> NDArray[np.bool_]:
    everybody = reader.columns["signers"]
    if not signers:
        return np.ones(len(reader), dtype=bool)
    for signer in signers:
        if signer not in everybody:
            raise ArchiveError(f"{reader.path}: signers: nobody is called {signer!r}")
    return np.isin(everybody, sorted(signers))
