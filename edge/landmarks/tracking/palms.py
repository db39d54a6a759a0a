"""Palms in a part of a picture: where a hand is that the body's wrist does not show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from edge.landmarks.tracking.detection import Detector
from edge.landmarks.tracking.region import region_between

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.landmarks.tracking.region import Region

LAYERS: Final = ((8, 2), (16, 6))
"""Pixels between anchors, and anchors at each place."""
_SURE: Final = 0.5
"""Probability that it is a palm."""
_WRIST: Final = 2
"""Place of the wrist's middle, after the middle of the box and its size."""
_MIDDLE: Final = 4
"""Place of the middle finger's knuckle."""
_ROOM: Final = 2.6
"""Side of the hand's region for each side of the palm's box."""
_UP: Final = -0.5
"""Sides of the box by which it is moved towards the fingers."""


class PalmFinder:
    """Finds palms (MediaPipe Hands, arXiv 2006.10214, section 2.1); for one thread."""

    def __init__(self) -> None:
        """Load the network.

        Raises:
            DependencyError: It is missing, or no runtime works.
        """
        self._detector = Detector("palm", LAYERS, 0.0)

    def find(self, image: NDArray[np.uint8], region: Region) -> list[Region]:
        """Look in a region of an RGB image (H, W, 3); the hands' own regions, the surest first."""
        regions = []
        for found in self._detector.find(image, region, _SURE):
            turn = region_between(found[_WRIST], found[_MIDDLE], 0.0).turn
            box = region_between(found[0], found[0], float(found[1].max()))
            regions.append(replace(box, turn=turn).moved(0.0, _UP, _ROOM))
        return regions
