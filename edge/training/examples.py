"""Reads archives as training examples, holds out signers, and weighs classes."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from edge.errors import ConfigError
from edge.evaluation.moving_parts import active_part, perform
from edge.landmarks.skeleton import LEFT_SHOULDER, RIGHT_SHOULDER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.landmarks.archive import Clip

_LEAST_FRAMES: Final = 4
_LEAST_STROKE: Final = 0.3
"""Seconds."""


class Labelled(Protocol):
    """A clip, a hand or an example."""

    @property
    def label(self) -> str:
        """What it shows."""
        ...

    @property
    def signer(self) -> str:
        """Who shows it."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One clip to learn from or to be tested on."""

    clip: Clip
    """The landmarks."""

    label: str
    """The class: a gloss, or OTHER."""

    active: tuple[float, float]
    """Seconds from and to which the hands are up or move."""

    is_borrowed: bool = False
    """Whether the body is another clip's (edge.training.borrowed_bodies)."""

    @property
    def signer(self) -> str:
        """Who signs."""
        return self.clip.signer

    @property
    def has_body(self) -> bool:
        """Whether the shoulders are seen long enough to measure by."""
        seen = np.isfinite(self.clip.points[:, [LEFT_SHOULDER, RIGHT_SHOULDER], 0]).all(axis=1)
        return bool(seen.sum() >= _LEAST_FRAMES)


def make_examples(
    clips: Iterable[Clip], label_of: Callable[[Clip], str | None], *, is_borrowed: bool = False
) -> list[Example]:
    """Make examples of clips, dropping those that label_of refuses."""
    labels = ((clip, label_of(clip)) for clip in clips)
    return [
        example_of(clip, label, is_borrowed=is_borrowed)
        for clip, label in labels
        if label is not None
    ]


def example_of(clip: Clip, label: str, *, is_borrowed: bool = False) -> Example:
    """Find a clip's moving part."""
    return Example(clip, label, active_part(clip), is_borrowed)


@functools.cache
def stroke(example: Example) -> tuple[float, float]:
    """Seconds from leaving rest to the beginning of the way back; all that moves if unclear."""
    first, last = example.active
    what = perform(example.clip)
    if what is None or what.end < _LEAST_STROKE:
        return first, last
    return first, first + what.end


def find_archives(folder: Path, names: Iterable[str]) -> list[Path]:
    """Find a recipe's archives; a name may be a pattern such as ``*.npz``.

    Raises:
        ConfigError: A name fits no file.
    """
    found = []
    for name in names:
        paths = sorted(folder.glob(name))
        if not paths:
            raise ConfigError(f"{name!r}: no such archive in {folder}; --data names the folder")
        found += paths
    return found


def choose_apart(groups: Iterable[str], share: float, fold: int) -> set[str]:
    """Choose one fold of signers, or of sources; none without a share, or of a single one."""
    names = sorted(set(groups))
    if share <= 0 or len(names) < 2:
        return set()
    folds = max(2, round(1 / share))
    order = np.random.default_rng(0).permutation(len(names))
    return {names[i] for place, i in enumerate(order) if place % folds == fold % folds}


def hold_out(clips: Sequence[Clip], share: float, fold: int) -> tuple[list[Clip], list[Clip]]:
    """Split by signer, never by clip.

    Args:
        clips: Of one archive.
        share: Of the signers, as near as possible, to be held out; 0 holds out none.
        fold: Which of the disjoint sets of signers is held out.

    Returns:
        The clips kept and those held out, of labels that are also kept.
    """
    apart = choose_apart((clip.signer for clip in clips), share, fold)
    kept = [clip for clip in clips if clip.signer not in apart]
    labels = {clip.label for clip in kept}
    return kept, [clip for clip in clips if clip.signer in apart and clip.label in labels]


def is_left_out(item: Labelled, names: Collection[str]) -> bool:
    """Whether a recipe leaves out a signer, a label of theirs (LABEL@SIGNER) or all (LABEL@*)."""
    forms = (item.signer, f"{item.label}@{item.signer}", f"{item.label}@*")
    return any(form in names for form in forms)


def is_unseen(label: str, share: float) -> bool:
    """Whether a word belongs to the share of words that no training meets."""
    number = int.from_bytes(hashlib.sha256(label.encode()).digest()[:4], "big")
    return number < share * 2**32


def sampling_weights(items: Sequence[Labelled]) -> NDArray[np.float64]:
    """Share of an epoch for each item (N,), so that many of one class or signer do not rule.

    Within a class each signer counts by the square root of what they gave, for much of it is
    nearly the same, and the class by the square root of the sum of that.
    """
    counts = Counter((item.label, item.signer) for item in items)
    classes: dict[str, float] = {}
    for (label, _), count in counts.items():
        classes[label] = classes.get(label, 0.0) + count**0.5
    weights = np.array(
        [classes[item.label] ** -0.5 * counts[item.label, item.signer] ** -0.5 for item in items]
    )
    shares: NDArray[np.float64] = weights / max(1e-9, weights.sum())
    return shares
