"""Letters as they were seen, corrected by which letters follow one another in English.

Trigrams of letters with absolute discounting (Ney, Essen and Kneser 1994), interpolated with
those of two and of one letter. Names and rare words must survive it: it only decides where the
hand was ambiguous, and knows no words.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.messages import LETTERS
from edge.recognition.spelling.letter_frequencies import TRIPLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

EDGE: Final = "."
"""Stands before and after a word."""
_SYMBOLS: Final = (*(letter.lower() for letter in LETTERS), EDGE)
_EDGE: Final = len(LETTERS)
_DISCOUNT: Final = 0.75
"""Taken off every count and given to what was never counted."""
_FLOOR: Final = 1e-4
"""Least probability of a letter: a hand can always have been misread."""


class LetterModel:
    """Knows how probable a letter is after two others."""

    def __init__(self, triples: Iterable[tuple[str, int]]) -> None:
        """Build it from three symbols and their count each."""
        self._counts = [defaultdict[str, Counter[str]](Counter) for _ in range(3)]
        for triple, count in triples:
            for length, counts in enumerate(self._counts):
                counts[triple[2 - length : 2]][triple[2]] += count
        self._logs = np.log(
            [[[self.probability(c, a + b) for c in _SYMBOLS] for b in _SYMBOLS] for a in _SYMBOLS]
        )  # (27, 27, 27): a, b, then c

    def probability(self, symbol: str, before: str) -> float:
        """Probability of a lower case letter or EDGE after at most two others."""
        shorter = self.probability(symbol, before[1:]) if before else 1 / len(_SYMBOLS)
        followers = self._counts[len(before)].get(before)
        if not followers:
            return shorter
        kept = max(followers[symbol] - _DISCOUNT, 0.0)
        return (kept + _DISCOUNT * len(followers) * shorter) / followers.total()

    def decode(self, vectors: Sequence[NDArray[np.float32]], weight: float) -> str:
        """Find the most probable spelling (Viterbi over the last two letters).

        Args:
            vectors: (26,) probabilities of each letter in turn.
            weight: Of the model against the hand; 0 takes each letter's best.

        Returns:
            Lower case, one letter for each vector.
        """
        count = len(_SYMBOLS)
        scores = np.full((count, count), -np.inf)  # of the best spelling that ends in a, b
        scores[_EDGE, _EDGE] = 0.0
        origins = []
        for vector in vectors:
            seen = np.append(np.log(np.maximum(vector, _FLOOR)), -np.inf)
            steps = scores[:, :, None] + weight * self._logs  # (a, b, c)
            origins.append(steps.argmax(axis=0))
            scores = steps.max(axis=0) + seen
        scores = scores + weight * self._logs[:, :, _EDGE]
        a, b = divmod(int(scores.argmax()), count)
        text = ""
        for origin in reversed(origins):
            text = _SYMBOLS[b] + text
            a, b = int(origin[a, b]), a
        return text


@cache
def english() -> LetterModel:
    """Build the model of the table that is shipped, once."""
    parts = re.findall(r"(\D{3})(\d*)", re.sub(r"\s", "", TRIPLES))
    return LetterModel((triple, int(count or 1)) for triple, count in parts)
