"""A turned square of a picture: cut out for a network, and its points put back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_APART: Final = 0.2
"""Sizes between two regions of the same thing."""
_GROWN: Final = 0.4
"""Share by which their sizes differ."""
_TURNED: Final = math.radians(40)
"""Radians by which one is turned against the other."""


@dataclass(frozen=True, slots=True)
class Region:
    """A turned square."""

    x: float
    """Centre, pixels."""

    y: float
    """Centre, pixels."""

    size: float
    """Side, pixels."""

    turn: float
    """Radians by which its top is turned to the right."""

    def cut(self, image: NDArray[np.uint8], into: NDArray[np.uint8], border: int) -> None:
        """Draw it into a square picture (S, S, 3), in one step.

        Args:
            image: (H, W, 3).
            into: Where it is drawn.
            border: What lies outside the image: cv2.BORDER_REPLICATE or cv2.BORDER_CONSTANT
                (black).
        """
        cv2.warpAffine(
            image,
            self._to_image(len(into)),
            into.shape[1::-1],
            dst=into,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=border,
        )

    def to_image(self, points: NDArray[np.float32], side: float) -> NDArray[np.float32]:
        """Put points (N, 3) of its square picture back into the image; z grows alike.

        Args:
            points: x, y and z in pixels of the square picture.
            side: Height and width of the square picture, pixels.
        """
        step = self.size / side
        cos, sin = math.cos(self.turn) * step, math.sin(self.turn) * step
        across, down = points[:, 0] - side / 2, points[:, 1] - side / 2
        x = self.x + cos * across - sin * down
        y = self.y + sin * across + cos * down
        placed = np.stack([x, y, points[:, 2] * step], axis=1)
        return np.asarray(placed, dtype=np.float32)

    def moved(self, right: float, down: float, scale: float) -> Region:
        """Move it along its own sides, in shares of its size, then scale it."""
        cos, sin = math.cos(self.turn) * self.size, math.sin(self.turn) * self.size
        return Region(
            self.x + cos * right - sin * down,
            self.y + sin * right + cos * down,
            self.size * scale,
            self.turn,
        )

    def away(self, x: float, y: float) -> float:
        """Give the distance of its centre from a point, pixels."""
        return math.hypot(self.x - x, self.y - y)

    def fits(self, other: Region) -> bool:
        """Whether another region shows the same thing in much the same way."""
        apart = self.away(other.x, other.y)
        turned = abs(math.remainder(self.turn - other.turn, 2 * math.pi))
        return (
            apart <= _APART * other.size
            and abs(self.size - other.size) <= _GROWN * other.size
            and turned <= _TURNED
        )

    def _to_image(self, side: int) -> NDArray[np.float64]:
        step = self.size / side
        cos, sin = math.cos(self.turn) * step, math.sin(self.turn) * step
        # Pixels have their middles at halves, OpenCV's at whole numbers.
        middle = side / 2 - 0.5
        return np.array(
            [
                [cos, -sin, self.x - 0.5 - (cos - sin) * middle],
                [sin, cos, self.y - 0.5 - (sin + cos) * middle],
            ]
        )


def region_between(start: NDArray[np.float32], end: NDArray[np.float32], size: float) -> Region:
    """Take the square round a point whose top is towards another point."""
    across, down = (float(value) for value in end[:2] - start[:2])
    return Region(float(start[0]), float(start[1]), size, math.atan2(across, -down))
