"""Whether the hands spell or sign: what mode `both` chooses by.

Who spells holds one hand up and still while its fingers make shapes that are letters beyond
doubt; who signs moves the arm, uses the other hand, or makes shapes that are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SMOOTHING: Final = 0.7
"""Seconds: time constant of the evidence."""
_FORGETTING: Final = 1.4
"""Seconds: the same without a raised hand."""
_DOUBT: Final = 0.5
"""Probability of the best letter at and below which a shape speaks for signing."""
_ENTER: Final = 0.5
"""Evidence at which spelling begins."""
_EXIT: Final = 0.2
"""Evidence at which it is over."""
_LONGEST: Final = 1.0
"""Seconds that one frame may count for."""


class SpellingMeter:
    """Weighs, frame by frame, whether the hands spell; a time constant of under a second."""

    def __init__(self) -> None:
        """Start with no hands."""
        self.reset()

    def reset(self) -> None:
        """Forget the evidence."""
        self._evidence = 0.0
        self._last = np.inf
        self.is_spelling = False

    def see_nothing(self, time: float) -> None:
        """Take a frame without a raised hand."""
        self._approach(0.0, time, _FORGETTING)

    def see_signing(self, time: float) -> None:
        """Take a frame of an arm that moves or of two hands."""
        self._approach(0.0, time, _SMOOTHING)

    def see_shape(self, time: float, letters: NDArray[np.float32]) -> None:
        """Take a frame of still fingers; letters are (26,) probabilities."""
        sure = (float(letters.max()) - _DOUBT) / (1 - _DOUBT)
        self._approach(max(0.0, sure), time, _SMOOTHING)

    def see_change(self, time: float) -> None:
        """Take a frame of fingers on their way, which says nothing."""
        self._last = time

    def _approach(self, target: float, time: float, constant: float) -> None:
        step = min(max(time - self._last, 0.0), _LONGEST)
        self._last = time
        self._evidence += (1 - np.exp(-step / constant)) * (target - self._evidence)
        self.is_spelling = self._evidence >= (_EXIT if self.is_spelling else _ENTER)
