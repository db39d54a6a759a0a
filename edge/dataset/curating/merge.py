"""Merges several archives into one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edge.dataset.archive_stream import ArchiveReader, ArchiveWriter
from edge.dataset.progress import track
from edge.errors import ArchiveError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


def merge_archives(
    sources: Sequence[Path], output: Path, *, tell_signers_apart: bool = False, quiet: bool = False
) -> int:
    """Write the clips of all sources, in their order, to one archive.

    A column that some sources lack is empty, or NaN, for the clips of those.

    Args:
        sources: Archives.
        output: Where to; may be one of the sources.
        tell_signers_apart: Whether equal names in different archives are different people;
            each then gets the archive's name before it.
        quiet: Whether to show no progress.

    Returns:
        How many clips there are.

    Raises:
        ArchiveError: A source is damaged, or a column is text in one and numbers in another.
        ConfigError: Signers cannot be told apart, because two archives have one name.
    """
    if tell_signers_apart:
        _refuse_namesakes(sources)
    columns = []
    for path in sources:
        with ArchiveReader(path) as reader:
            one = dict(reader.columns)
        if tell_signers_apart:
            one["signers"] = np.char.add(f"{path.stem}/", one["signers"])
        columns.append(one)
    joined = _join(sources, columns)
    count = len(joined["lengths"])
    with ArchiveWriter(output, joined) as writer:
        for points in track(_clips(sources), count, "clip", output.name, quiet=quiet):
            writer.write(points)
    return count


def _refuse_namesakes(sources: Sequence[Path]) -> None:
    for index, path in enumerate(sources):
        if path.stem in {one.stem for one in sources[:index]}:
            raise ConfigError(f"{path}: another archive is called {path.stem}, too; rename one")


def _clips(sources: Sequence[Path]) -> Iterator[NDArray[np.float16]]:
    for path in sources:
        with ArchiveReader(path) as reader:
            yield from reader.clips()


def _join(
    sources: Sequence[Path], columns: Sequence[dict[str, NDArray[Any]]]
) -> dict[str, NDArray[Any]]:
    names = list(dict.fromkeys(name for one in columns for name in one))
    joined = {}
    for name in names:
        first = next(path for path, one in zip(sources, columns, strict=True) if name in one)
        is_text = {one[name].dtype.kind == "U" for one in columns if name in one}
        if len(is_text) > 1:
            raise ArchiveError(f"{first}: {name} is not of the same kind in all archives")
        empty = "" if is_text.pop() else np.nan
        joined[name] = np.concatenate(
            [one.get(name, np.full(len(one["lengths"]), empty)) for one in columns]
        )
    return joined
