"""Splits an archive into train, val and test by signer, so that nobody is in two of them."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.dataset.archive_stream import ArchiveReader, ArchiveWriter
from edge.dataset.csv_rows import read_rows, write_rows
from edge.dataset.curating.rewrite import select
from edge.dataset.progress import track
from edge.errors import ArchiveError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

PARTS: Final = ("train", "val", "test")
MANIFEST_COLUMNS: Final = ("name", "label", "signer", "split")
_ROUNDS: Final = 20
"""How often every signer is tried elsewhere; it settles long before."""


@dataclass(frozen=True, slots=True)
class Split:
    """Which part each signer is in."""

    part_of: Mapping[str, str]
    """By signer one of PARTS."""

    def of(self, signers: NDArray[np.str_]) -> NDArray[np.str_]:
        """Give the part (N,) of each clip by its signer (N,)."""
        return np.array([self.part_of[signer] for signer in signers.tolist()], dtype=str)


def choose_parts(columns: Mapping[str, NDArray[Any]], shares: Sequence[float], seed: int) -> Split:
    """Assign every signer to a part.

    Each label's clips are to be shared out like all clips, as near as whole signers allow: first
    the signers of most clips choose where they fit best, then single ones are moved as long as
    that helps.

    Args:
        columns: Of an archive, with ``labels`` and ``signers``.
        shares: Of the clips, for each of PARTS; 0 leaves a part empty.
        seed: Of the order in which signers of as many clips are assigned.

    Raises:
        ConfigError: There are fewer signers than parts, or the shares are no shares.
    """
    wanted = np.array(shares, dtype=np.float64)
    if not (wanted >= 0).all() or not wanted.sum() > 0:
        raise ConfigError(f"shares: not all 0, and none below, not {' '.join(map(str, shares))}")
    wanted = wanted / wanted.sum()
    signers, who = np.unique(columns["signers"], return_inverse=True)
    parts = np.flatnonzero(wanted)
    if len(signers) < len(parts):
        raise ConfigError(
            f"shares: {len(parts)} parts need as many signers, and there are {len(signers)}"
        )
    labels, what = np.unique(columns["labels"], return_inverse=True)
    table = _Table(who, what, len(labels), wanted)
    place = table.assign(np.random.default_rng(seed).permutation(len(signers)))
    return Split({str(one): PARTS[part] for one, part in zip(signers, place, strict=True)})


class _Table:
    """Clips by part and label, while signers move about.

    The cost of a part is the sum over labels of the squared difference from the share wanted,
    by the label's clips, so that rare labels count as well.
    """

    def __init__(
        self,
        who: NDArray[np.intp],
        what: NDArray[np.intp],
        labels: int,
        wanted: NDArray[np.float64],
    ) -> None:
        total = np.bincount(what, minlength=labels).astype(np.float64)
        pairs, counts = np.unique(np.stack([who, what], axis=1), axis=0, return_counts=True)
        starts = np.flatnonzero(np.diff(pairs[:, 0])) + 1
        self._labels = np.split(pairs[:, 1], starts)
        self._counts = np.split(counts.astype(np.float64), starts)
        self._scale = 1 / total
        self._excess = -wanted[:, None] * total  # (P, K) clips above what is wanted
        self._parts = np.flatnonzero(wanted)
        self._place = np.full(len(self._labels), -1, dtype=np.intp)

    def assign(self, order: NDArray[np.intp]) -> NDArray[np.intp]:
        """Give each signer's part, as an index."""
        size = np.array([counts.sum() for counts in self._counts])
        order = order[np.argsort(-size[order], kind="stable")]
        for signer in order.tolist():
            self._move(signer, self._parts.tolist())
        for part in self._parts.tolist():
            if part not in self._place:
                self._fill(part, order[::-1].tolist())
        for _ in range(_ROUNDS):
            if not sum(self._try_elsewhere(signer) for signer in order.tolist()):
                break
        return self._place

    def _fill(self, part: int, candidates: Sequence[int]) -> None:
        """Take the first candidate who is not alone in a part into this one, which is empty."""
        signer = next(one for one in candidates if not self._is_alone(one))
        self._take_away(signer)
        self._move(signer, [part])

    def _try_elsewhere(self, signer: int) -> bool:
        if self._is_alone(signer):
            return False
        before = int(self._place[signer])
        self._take_away(signer)
        self._move(signer, self._parts.tolist())
        return int(self._place[signer]) != before

    def _is_alone(self, signer: int) -> bool:
        return int((self._place == self._place[signer]).sum()) == 1

    def _take_away(self, signer: int) -> None:
        self._excess[self._place[signer], self._labels[signer]] -= self._counts[signer]

    def _move(self, signer: int, parts: Sequence[int]) -> None:
        """Put a signer who is nowhere where it costs least."""
        labels, counts = self._labels[signer], self._counts[signer]
        # (e + c)^2 - e^2 = c (2 e + c)
        added = counts * (2 * self._excess[parts][:, labels] + counts) * self._scale[labels]
        part = parts[int(added.sum(axis=1).argmin())]
        self._excess[part, labels] += counts
        self._place[signer] = part


def write_split(path: Path, columns: Mapping[str, NDArray[Any]], split: Split) -> None:
    """Write a table of MANIFEST_COLUMNS, a clip a line, in the archive's order.

    Raises:
        SourceError: It cannot be written.
    """
    rows = zip(
        names_of(columns),
        columns["labels"],
        columns["signers"],
        split.of(columns["signers"]),
        strict=True,
    )
    write_rows(path, MANIFEST_COLUMNS, rows)


def read_split(path: Path) -> Split:
    """Read who is in which part, as ``write_split`` or another program has written it.

    Raises:
        ConfigError: It cannot be read, a split is unknown, or a signer is on both sides.
    """
    part_of: dict[str, str] = {}
    since: dict[str, int] = {}
    for line, row in read_rows(path, MANIFEST_COLUMNS):
        signer, part = row["signer"], row["split"]
        if part not in PARTS:
            raise ConfigError(
                f"{path}: line {line}: split is {part!r}; it may be {', '.join(PARTS)}"
            )
        if part_of.setdefault(signer, part) != part:
            raise ConfigError(
                f"{path}: line {line}: signer {signer!r} is in {part}, "
                f"and in {part_of[signer]} by line {since[signer]}; nobody may be on both sides"
            )
        since.setdefault(signer, line)
    return Split(part_of)


def check_known(path: Path, columns: Mapping[str, NDArray[Any]], split: Split) -> None:
    """Raise ArchiveError where a signer of the archive is in no part."""
    for index, signer in enumerate(columns["signers"].tolist()):
        if signer not in split.part_of:
            raise ArchiveError(
                f"{path}: signers: {signer!r} of clip {names_of(columns)[index]} "
                "is not in the manifest"
            )


def names_of(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.str_]:
    """Give the clips' names (N,), or their places, counted from 0, where they have none."""
    places = np.arange(len(columns["lengths"])).astype(str)
    return (
        np.where(columns["names"] == "", places, columns["names"]) if "names" in columns else places
    )


def write_parts(
    reader: ArchiveReader, split: Split, outputs: Mapping[str, Path], *, quiet: bool = False
) -> None:
    """Write one archive for each part, all in one pass.

    Args:
        reader: Of the archive.
        split: Which part each signer is in.
        outputs: By part where to; other parts are left out. A part without clips gets no file,
            and loses one of an earlier split, whose signers may now be elsewhere.
        quiet: Whether to show no progress.

    Raises:
        ArchiveError: The archive is damaged.
    """
    place = split.of(reader.columns["signers"])
    columns = {**reader.columns, "splits": place}
    with contextlib.ExitStack() as stack:
        writers = {
            part: stack.enter_context(ArchiveWriter(path, select(columns, place == part)))
            for part, path in outputs.items()
            if part in place
        }
        clips = track(reader.clips(), len(reader), "clip", "parts", quiet=quiet)
        for part, points in zip(place.tolist(), clips, strict=True):
            if part in writers:
                writers[part].write(points)
    for part in outputs.keys() - writers.keys():
        outputs[part].unlink(missing_ok=True)


def summarise_split(columns: Mapping[str, NDArray[Any]], split: Split) -> dict[str, dict[str, Any]]:
    """Count clips, signers and labels of each part; name the labels that training lacks."""
    place = split.of(columns["signers"])
    labels = columns["labels"]
    people = Counter(split.part_of[signer] for signer in set(columns["signers"].tolist()))
    learnt = set(labels[place == "train"].tolist())
    return {
        part: {
            "clips": int((place == part).sum()),
            "signers": people[part],
            "labels": len(set(labels[place == part].tolist())),
            "not_in_train": sorted(set(labels[place == part].tolist()) - learnt),
        }
        for part in PARTS
    }
