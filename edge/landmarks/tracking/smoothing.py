"""One-Euro filter: still points are calmed, moving ones follow at once.

Casiez, Roussel, Vogel: 1 EUR Filter, CHI 2012. Speeds are measured in sizes of the body or hand a
second, so that people far away are calmed as those who are near.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SPEED_CUTOFF: Final = 1.0
"""Hz at which speeds are smoothed."""
_LEAST_STEP: Final = 1e-4
"""Seconds; frames with the same stamp are one."""


@dataclass(frozen=True, slots=True)
class Calm:
    """How much is calmed."""

    cutoff: float
    """Hz at which what stands still is smoothed."""

    slope: float
    """Hz added for each size a second."""


class OneEuro:
    """Smooths points (N, D), frame by frame."""

    def __init__(self, calm: Calm) -> None:
        """Begin with nothing."""
        self._calm = calm
        self._time = -math.inf
        self._raw: NDArray[np.float32] | None = None
        self._value: NDArray[np.float32] | None = None
        self._speed: NDArray[np.float32] | None = None

    def push(self, points: NDArray[np.float32], time: float, size: float) -> NDArray[np.float32]:
        """Smooth the next points.

        Args:
            points: (N, D), in any unit; not NaN.
            time: Seconds.
            size: Of the thing, in the same unit.
        """
        if self._raw is None or self._value is None or self._speed is None:
            self._speed = np.zeros_like(points)
            self._value = points
        else:
            step = max(time - self._time, _LEAST_STEP)
            speed = (points - self._raw) / np.float32(max(size, 1e-6) * step)
            self._speed = _blend(self._speed, speed, _share(_SPEED_CUTOFF, step))
            cutoff = self._calm.cutoff + self._calm.slope * np.abs(self._speed)
            self._value = _blend(self._value, points, _share(cutoff, step))
        self._time = time
        self._raw = points
        return self._value

    def reset(self) -> None:
        """Forget what was."""
        self._raw = self._value = self._speed = None


def _share(cutoff: float | NDArray[np.float32], step: float) -> np.float32 | NDArray[np.float32]:
    """Share of the new value in a low pass."""
    way = 2 * math.pi * step * cutoff
    return np.float32(way / (way + 1)) if isinstance(way, float) else way / (way + 1)


def _blend(
    old: NDArray[np.float32], new: NDArray[np.float32], share: np.float32 | NDArray[np.float32]
) -> NDArray[np.float32]:
    blended: NDArray[np.float32] = old + share * (new - old)
    return blended
