"""The letters of the word that is being spelled: what was read, what was said, what is due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.messages import LETTERS, Letter, Spelled
from edge.recognition.spelling.hand_view import DELETE
from edge.recognition.spelling.letter_model import english
from edge.recognition.spelling.traced_letters import LIKE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.recognition.spelling.hand_view import HandView

_TRACED: Final = 0.9
"""Probability of a letter that was traced."""
_MAY_BE_Z: Final = 0.1
"""Probability of Z at which a hand may be about to trace one."""
_D, _I, _J, _X, _Z = (LETTERS.index(letter) for letter in "DIJXZ")
_D_OF_Z: Final = 0.7
"""Share of a held Z that is a D; English has far more of them than of X, the other."""


@dataclass(slots=True, eq=False)
class Read:
    """A letter that was read, and what all frames so far say of it."""

    letter: str
    """A to Z."""

    onset: float
    """Seconds."""

    offset: float
    """Seconds; grows while it is held."""

    total: NDArray[np.float32]
    """(26,) probabilities of the letters, summed over its frames."""

    view: HandView
    """The hand when it was read."""

    is_traced: bool = False
    """Whether it is a J or a Z that was drawn."""

    is_said: bool = False
    """Whether it was published."""

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """(26,) of the letters, sum 1."""
        return self.total / self.total.sum() if self.is_traced else fold(self.total)

    @property
    def may_trace(self) -> bool:
        """Whether this may be but the beginning of a J or a Z."""
        is_z = self.total[_Z] >= _MAY_BE_Z * self.total.sum()
        return not self.is_traced and (self.letter in "IX" or bool(is_z))


class SpelledWord:
    """Letters read one after the other."""

    def __init__(self) -> None:
        """Start with none."""
        self._model = english()
        self._reads: list[Read] = []

    @property
    def last(self) -> Read | None:
        """The last letter."""
        return self._reads[-1] if self._reads else None

    def clear(self) -> None:
        """Forget all letters."""
        self._reads = []

    def add(self, read: Read) -> None:
        """Take the next letter."""
        self._reads.append(read)

    def add_traced(self, letters: str, view: HandView, onset: float, offset: float) -> None:
        """Take letters that were drawn, in place of the hold that they began with."""
        last = self.last
        is_start = last is not None and not (last.is_said or last.is_traced)
        if last is not None and is_start and last.letter in LIKE[letters[0]]:
            onset = self._reads.pop().onset
        for letter in letters:
            total = np.full(len(LETTERS), (1 - _TRACED) / (len(LETTERS) - 1), dtype=np.float32)
            total[LETTERS.index(letter)] = _TRACED
            self.add(Read(letter, onset, offset, total, view, is_traced=True))

    def say(self, now: float, *, is_patient: bool) -> list[Letter]:
        """Say what is due; what may be the start of a J or a Z waits while one is patient."""
        events = []
        for read in self._reads:
            if read.is_said:
                continue
            if read is self.last and is_patient and read.may_trace:
                break
            read.is_said = True
            sure = float(read.probabilities[LETTERS.index(read.letter)])
            events.append(Letter(read.letter, sure, read.onset, read.offset, now))
        return events

    def take_back(self, onset: float, now: float) -> list[Letter]:
        """Drop the last letter, and say so if it was said."""
        if not self._reads or not self._reads.pop().is_said:
            return []
        return [Letter(DELETE, 1.0, onset, now, now)]

    def spell(self, model_weight: float) -> list[Spelled]:
        """Give the word, if there is one, and forget it."""
        reads, self._reads = self._reads, []
        if not reads:
            return []
        text = self._model.decode([read.probabilities for read in reads], model_weight)
        letters = tuple(read.letter for read in reads)
        return [Spelled(text, letters, reads[0].onset, reads[-1].offset)]


def fold(letters: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn (26,) probabilities of a still hand into those of letters that are held, sum 1.

    J and Z are not: who holds their hand shows an I, or a D or an X.
    """
    held: NDArray[np.float32] = letters / max(float(letters.sum()), 1e-6)
    held[_I] += held[_J]
    held[_D] += _D_OF_Z * held[_Z]
    held[_X] += (1 - _D_OF_Z) * held[_Z]
    held[[_J, _Z]] = 0
    return held
