"""Taught words against shipped ones, by distance to examples in the network's embedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

NEAREST: Final = 2
"""A word is as far as the mean of so many of its examples, the nearest."""
_BASE, _GROWTH = 0.25, 0.8
_LEAST, _MOST = 0.4, 0.7
"""A word reaches _BASE + _GROWTH times its examples' own mean distance, within these limits."""
_SOFTNESS: Final = 0.04
"""Distance over which nearness turns from near to far."""
_SWAY, _SWAY_ALONE = 0.4, 0.75
"""Share of the probability a taught word can take from shipped words: one that is surer than
0.4 / 0.6 is not overruled, unless the sign is by _LEAD nearer to the taught word than to the
example of any shipped one. Of OTHER it can take all. Measured by scripts/measure/taught."""
_LEAD: Final = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What a taught word is recognised by."""

    pairs: NDArray[np.float32]
    """(N, 2, E) embeddings of both mirror views, of length 1."""

    reach: float
    """Distance at which it is as likely as not."""


class Matcher:
    """Lets taught words compete with shipped ones."""

    def __init__(self, shipped: Sequence[str]) -> None:
        """Know only the shipped words, in the order of their probabilities."""
        self._shipped = tuple(shipped)
        self._known: dict[str, _Known] = {}
        self._anchors: NDArray[np.float32] | None = None

    @property
    def words(self) -> Mapping[str, int]:
        """Taught words and the number of their examples."""
        return {word: len(known.pairs) for word, known in self._known.items()}

    @property
    def glosses(self) -> tuple[str, ...]:
        """Every word, in the order of ``join``'s probabilities."""
        own = (word for word in self._known if word not in self._shipped)
        return (*self._shipped, *own)

    def anchor(self, pairs: NDArray[np.float32]) -> None:
        """Learn where the shipped words lie, from embeddings (M, 2, E) of an example of each."""
        self._anchors = normalized(pairs)

    def put(self, word: str, pairs: NDArray[np.float32]) -> None:
        """Know a word by (N, 2, E) embeddings; replaces what was known of it."""
        unit = normalized(pairs)
        self._known[word] = _Known(unit, _reach(unit))

    def drop(self, word: str) -> None:
        """Forget a word, if it is known."""
        self._known.pop(word, None)

    def join(
        self, probabilities: NDArray[np.float32], pair: NDArray[np.float32], other: int | None
    ) -> NDArray[np.float32]:
        """Probabilities (K,) of the shipped words and an embedding (2, E) -> those of all.

        A taught word takes all of what is left to OTHER (at index ``other``) where it is near,
        and of the shipped words a share that leaves a sure one the best.
        """
        if not self._known:
            return probabilities
        query = normalized(pair[None])
        apart = np.array(
            [nearest_mean(distances(query, known.pairs))[0] for known in self._known.values()]
        )
        reach = np.array([known.reach for known in self._known.values()])
        odds = np.exp(np.clip((reach - apart) / _SOFTNESS, -30, 30))
        sway = _SWAY_ALONE if self._is_alone(query, float(apart.min())) else _SWAY
        rest = float(probabilities[other]) if other is not None else 0.0
        share = odds.sum() / (1 + odds.sum()) * (sway + (1 - sway) * rest)
        glosses = self.glosses
        joint = np.zeros(len(glosses), dtype=np.float32)
        joint[: len(probabilities)] = probabilities * (1 - share)
        for word, part in zip(self._known, odds / odds.sum(), strict=True):
            joint[glosses.index(word)] += share * part
        return joint

    def _is_alone(self, query: NDArray[np.float32], apart: float) -> bool:
        """Whether no shipped word is anywhere near, given the distance to the nearest taught."""
        if self._anchors is None:
            return False
        return apart + _LEAD < float(distances(query, self._anchors).min())


def normalized(pairs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale embeddings (..., E) to length 1."""
    lengths = np.linalg.norm(pairs, axis=-1, keepdims=True)
    unit: NDArray[np.float32] = pairs / np.maximum(lengths, 1e-9)
    return unit


def distances(ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distances (N, M) of pairs (N, 2, E) and (M, 2, E), whichever way they are mirrored."""

    def between(a: int, b: int) -> NDArray[np.float32]:
        cosine = ones[:, a] @ others[:, b].T
        length: NDArray[np.float32] = np.sqrt(np.maximum(0, 2 - 2 * cosine))
        return length

    alike: NDArray[np.float32] = np.minimum(
        between(0, 0) + between(1, 1), between(0, 1) + between(1, 0)
    )
    return alike / 2


def nearest_mean(apart: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distances (N, M) -> (N,) means of the NEAREST."""
    mean: NDArray[np.float32] = np.sort(apart, axis=1)[:, :NEAREST].mean(axis=1)
    return mean


def _reach(pairs: NDArray[np.float32]) -> float:
    """How far a word reaches: further where its own examples differ more."""
    if len(pairs) < 2:
        return _LEAST
    apart = distances(pairs, pairs)
    np.fill_diagonal(apart, np.inf)
    ordered = np.sort(apart, axis=1)[:, : min(NEAREST, len(pairs) - 1)]
    return float(np.clip(_BASE + _GROWTH * ordered.mean(), _LEAST, _MOST))
