"""Counts what is in an archive, and draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.dataset.archive_stream import ArchiveReader
from edge.dataset.outputs import replacing
from edge.dataset.progress import track
from edge.landmarks.skeleton import LEFT_HAND, LEFT_SHOULDER, RIGHT_HAND, RIGHT_SHOULDER
from edge.system.optional_packages import need

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

PRESENCES: Final = ("body", "left", "right", "hand")
"""Both shoulders, the left hand, the right one, either."""
PLOTS: Final = ("words.png", "signers.png", "lengths.png", "rates.png", "hands.png")
_QUANTILES: Final = {"least": 0.0, "p5": 0.05, "median": 0.5, "p95": 0.95, "most": 1.0}
_MOST_BARS: Final = 60
"""Bars of a plot; of more words, or signers, only those with most clips are drawn."""
_BINS: Final = 30


@dataclass(frozen=True, slots=True, eq=False)
class Stats:
    """Of one archive."""

    columns: dict[str, NDArray[Any]]
    """Of the archive."""

    presence: NDArray[np.float32]
    """(N, 4) share of each clip's frames in which each of PRESENCES is seen."""

    def summary(self) -> dict[str, Any]:
        """Sum up; what differs from clip to clip, or word to word, by its quantiles."""
        lengths = self.columns["lengths"]
        seconds = lengths / self.columns["fps"]
        frames = lengths / max(1, lengths.sum())
        found: dict[str, Any] = {
            "clips": len(lengths),
            "frames": int(lengths.sum()),
            "seconds": round(float(seconds.sum()), 1),
            "words": len(np.unique(self.columns["labels"])),
            "signers": len(np.unique(self.columns["signers"])),
            "clips_by_word": _spread(_counts(self.columns["labels"])[1]),
            "clips_by_signer": _spread(_counts(self.columns["signers"])[1]),
            "signers_by_word": _spread(self.signers_by_word()),
            "length_frames": _spread(lengths),
            "length_seconds": _spread(seconds),
            "fps": _spread(self.columns["fps"]),
            "aspect": _spread(self.columns["aspect"]),
            "presence": {
                name: round(float(frames @ self.presence[:, i]), 4)
                for i, name in enumerate(PRESENCES)
            },
        }
        if "splits" in self.columns:
            names, counts = _counts(self.columns["splits"])
            found["splits"] = dict(zip(names, counts, strict=True))
        return found

    def table(self, column: str) -> list[dict[str, Any]]:
        """Give one row for each word (``labels``) or signer (``signers``), most clips first."""
        names, place = np.unique(self.columns[column], return_inverse=True)
        frames = np.bincount(place, self.columns["lengths"], len(names))
        seconds = np.bincount(
            place, self.columns["lengths"] / self.columns["fps"], minlength=len(names)
        )
        hand = self.presence[:, PRESENCES.index("hand")] * self.columns["lengths"]
        shares = np.bincount(place, hand, len(names)) / np.maximum(frames, 1)
        clips = np.bincount(place, minlength=len(names))
        return [
            {
                column.removesuffix("s"): str(names[i]),
                "clips": int(clips[i]),
                "seconds": round(float(seconds[i]), 2),
                "hand": round(float(shares[i]), 4),
            }
            for i in np.lexsort((names, -clips)).tolist()
        ]

    def signers_by_word(self) -> NDArray[np.intp]:
        """Count the signers (K,) of each word, in the words' order."""
        words = np.unique(self.columns["labels"], return_inverse=True)[1]
        people = np.unique(self.columns["signers"], return_inverse=True)[1]
        pairs = np.unique(np.stack([words, people], axis=1), axis=0)
        return np.bincount(pairs[:, 0])


def measure_archive(path: Path, *, quiet: bool = False) -> Stats:
    """Read an archive clip by clip.

    Raises:
        ArchiveError: It is damaged.
    """
    with ArchiveReader(path) as reader:
        presence = np.empty((len(reader), len(PRESENCES)), dtype=np.float32)
        clips = track(reader.clips(), len(reader), "clip", path.name, quiet=quiet)
        for index, points in enumerate(clips):
            seen = np.isfinite(points[..., 0])  # (T, 75)
            left, right = seen[:, LEFT_HAND].any(axis=1), seen[:, RIGHT_HAND].any(axis=1)
            body = seen[:, LEFT_SHOULDER] & seen[:, RIGHT_SHOULDER]
            presence[index] = [one.mean() for one in (body, left, right, left | right)]
        return Stats(reader.columns, presence)


def draw_plots(stats: Stats, folder: Path) -> list[Path]:
    """Draw the plots as PNG: clips by word and by signer, lengths, frame rates, hand presence.

    Returns:
        The files.

    Raises:
        DependencyError: Matplotlib is missing.
        SourceError: A file cannot be written.
    """
    columns = stats.columns
    hand = stats.presence[:, PRESENCES.index("hand")]
    words, signers, lengths, rates, hands = (folder / name for name in PLOTS)
    return [
        _bars(words, "clips by word", *_counts(columns["labels"])),
        _bars(signers, "clips by signer", *_counts(columns["signers"])),
        _histogram(lengths, "length (s)", columns["lengths"] / columns["fps"]),
        _histogram(rates, "frames per second", columns["fps"]),
        _histogram(hands, "share of a clip's frames with a hand", hand, (0, 1)),
    ]


def _counts(column: NDArray[Any]) -> tuple[list[str], list[int]]:
    """Count the clips of each value, most first."""
    names, counts = np.unique(column, return_counts=True)
    order = np.lexsort((names, -counts))
    return names[order].tolist(), counts[order].tolist()


def _spread(values: Sequence[float] | NDArray[Any]) -> dict[str, float] | None:
    if not len(values):
        return None
    found = np.quantile(np.asarray(values), list(_QUANTILES.values())).tolist()
    return {name: round(one, 3) for name, one in zip(_QUANTILES, found, strict=True)}


def _bars(path: Path, title: str, names: list[str], counts: list[int]) -> Path:
    figure = _figure()
    axes = figure.add_subplot()
    shown = min(len(names), _MOST_BARS)
    axes.bar(range(shown), counts[:shown], color="tab:blue")
    axes.set_xticks(range(shown), [name or "(none)" for name in names[:shown]], rotation=90)
    axes.tick_params(axis="x", labelsize=6)
    axes.set_ylabel("clips")
    axes.set_title(title if shown == len(names) else f"{title}: {shown} of {len(names)}")
    return _save(figure, path)


def _histogram(
    path: Path, title: str, values: NDArray[Any], span: tuple[float, float] | None = None
) -> Path:
    figure = _figure()
    axes = figure.add_subplot()
    axes.hist(values, bins=_BINS, range=span, color="tab:blue")
    axes.set_xlabel(title)
    axes.set_ylabel("clips")
    return _save(figure, path)


def _figure() -> Any:  # noqa: ANN401 - matplotlib is imported late
    need("matplotlib")
    from matplotlib.figure import Figure

    return Figure(figsize=(9, 4.5), layout="constrained")


def _save(figure: Any, path: Path) -> Path:  # noqa: ANN401
    with replacing(path) as part:
        figure.savefig(part, dpi=120, metadata={"Software": None})
    return path
