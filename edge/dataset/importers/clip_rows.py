"""Groups the rows of a table into clips, batch by batch."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    RowBatch = Mapping[str, NDArray[Any]]


class ClipRows:
    """Cuts a table where one clip ends and the next begins."""

    def __init__(self, keys: Sequence[str], frame: str | None, *, is_told_apart: bool) -> None:
        """Start before the first row.

        Args:
            keys: Columns of which a change begins a clip.
            frame: The column that counts frames, if there is one.
            is_told_apart: Whether keys tell every clip from every other; otherwise a clip also
                begins where the frame does not rise, or, without frames, with each row.
        """
        self._keys = keys
        self._frame = frame
        self._is_told_apart = is_told_apart
        self._pieces: list[dict[str, NDArray[Any]]] = []
        self._last: dict[str, Any] = {}
        self._seen: set[tuple[str, ...]] = set()

    def push(self, batch: RowBatch) -> Iterator[RowBatch]:
        """Take the next rows and yield the clips that they end.

        Raises:
            ArchiveError: A clip goes on after others.
        """
        count = len(next(iter(batch.values())))
        if not count:
            return
        starts = set(np.flatnonzero(self._begins(batch, count)).tolist())
        for start, end in pairwise(sorted({0, count, *starts})):
            if start in starts and self._pieces:
                yield self._finish()
            self._pieces.append({name: column[start:end] for name, column in batch.items()})
        self._last = {name: column[-1] for name, column in batch.items()}

    def flush(self) -> Iterator[RowBatch]:
        """Yield the last clip.

        Raises:
            ArchiveError: It goes on after others.
        """
        if self._pieces:
            yield self._finish()

    def _begins(self, batch: RowBatch, count: int) -> NDArray[np.bool_]:
        """Tell for each row whether it is a clip's first."""
        begins = np.zeros(count, dtype=bool)
        for name in self._keys:
            begins |= batch[name] != self._before(batch, name)
        if self._is_told_apart:
            return begins
        if self._frame is None:
            return np.ones(count, dtype=bool)
        rises: NDArray[np.bool_] = batch[self._frame] > self._before(batch, self._frame)
        return begins | ~rises

    def _before(self, batch: RowBatch, name: str) -> NDArray[Any]:
        """Give the row above's value; the first row of all has itself above."""
        column = batch[name]
        return np.concatenate([[self._last.get(name, column[0])], column[:-1]])

    def _finish(self) -> RowBatch:
        pieces, self._pieces = self._pieces, []
        if self._is_told_apart:
            key = tuple(str(pieces[0][name][0]) for name in self._keys)
            if key in self._seen:
                raise ArchiveError(
                    f"the rows of clip {key[0]!r} are not together; sort the table by "
                    f"{self._keys[0]}"
                )
            self._seen.add(key)
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
