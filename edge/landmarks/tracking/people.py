"""All people in a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.landmarks.tracking.detection import Detector
from edge.landmarks.tracking.region import Region

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LAYERS: Final = ((8, 2), (16, 2), (32, 6))
"""Pixels between anchors, and anchors at each place."""
_CIRCLE: Final = slice(2, 4)
"""The points that span the body's circle, after the middle of the box and its size."""


class PeopleFinder:
    """Finds everybody, each picture on its own; its network is loaded when it is needed."""

    def __init__(self) -> None:
        self._detector: Detector | None = None

    def find(self, image: NDArray[np.uint8], least: float) -> NDArray[np.float32]:
        """Find people.

        Args:
            image: (H, W, 3) RGB.
            least: Probability that each must have.

        Returns:
            (P, 2, 2) middle of the hips and the top of the body's circle, x and y in pixels;
            the surest first.

        Raises:
            DependencyError: The network is missing, or no runtime works.
        """
        self._detector = self._detector or Detector("person", LAYERS, -1.0)
        height, width = image.shape[:2]
        whole = Region(width / 2, height / 2, max(height, width), 0.0)
        return self._detector.find(image, whole, least)[:, _CIRCLE]
