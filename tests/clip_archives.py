"""Small clip archives for tests, made of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edge.dataset.archive_stream import ArchiveReader, ArchiveWriter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Columns = dict[str, NDArray[Any]]
    Points = NDArray[np.float16]


def columns_of(lengths: Sequence[int]) -> Columns:
    """Make the columns of a sound archive of clips so long: a word each, two signers."""
    count = len(lengths)
    return {
        "lengths": np.array(lengths, dtype=np.int32),
        "labels": np.array([f"word {i}" for i in range(count)], dtype=str),
        "signers": np.array([f"p{i % 2}" for i in range(count)], dtype=str),
        "fps": np.full(count, 12.5, dtype=np.float32),
        "aspect": np.full(count, 2, dtype=np.float32),
        "names": np.array([f"n{i}" for i in range(count)], dtype=str),
    }


def points_of(lengths: Sequence[int], seed: int = 0) -> list[Points]:
    """Make clips of points so long, a fifth of them unseen."""
    random = np.random.default_rng(seed)
    clips = []
    for length in lengths:
        points = random.uniform(-1, 1, (length, 75, 3)).astype(np.float16)
        points[random.random(points.shape[:2]) < 0.2] = np.nan
        clips.append(points)
    return clips


def write(path: Path, columns: Columns, clips: Sequence[Points]) -> Path:
    """Write an archive."""
    with ArchiveWriter(path, columns) as writer:
        for points in clips:
            writer.write(points)
    return path


def write_signed(
    path: Path, labels: Sequence[str], signers: Sequence[str], length: int = 2
) -> Path:
    """Write an archive of clips of these labels and signers, all different."""
    lengths = [length] * len(labels)
    columns = {**columns_of(lengths), "labels": np.array(labels), "signers": np.array(signers)}
    return write(path, columns, points_of(lengths))


def read(path: Path) -> tuple[Columns, list[Points]]:
    """Read an archive's columns and clips."""
    with ArchiveReader(path) as reader:
        return reader.columns, list(reader.clips())


def body(length: int) -> Points:
    """Make a clip of a still body, shoulders 0.2 apart, both hands seen at the wrists."""
    points = np.full((length, 75, 3), 0.5, dtype=np.float16)
    points[:, 11, :2] = 0.6, 0.4
    points[:, 12, :2] = 0.4, 0.4
    return points
