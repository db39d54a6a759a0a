"""A little picture of a place, by which a change is noticed for next to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.landmarks.tracking.region import Region

_SIDE: Final = 48
"""Height and width."""


class Patch:
    """Remembers how a place looked."""

    def __init__(self) -> None:
        self.place: Region | None = None
        """What it shows; None: nothing."""
        self._then = np.empty((_SIDE, _SIDE, 3), dtype=np.uint8)
        self._now = np.empty_like(self._then)

    def take(self, image: NDArray[np.uint8], place: Region) -> None:
        """Remember a place of an image (H, W, 3)."""
        self.place = place
        place.cut(image, self._then, cv2.BORDER_REPLICATE)

    def forget(self) -> None:
        """Remember nothing."""
        self.place = None

    def change(self, image: NDArray[np.uint8]) -> float:
        """Tell how much the place has changed since: mean of all levels, 0 to 255."""
        if self.place is None:
            return 0.0
        self.place.cut(image, self._now, cv2.BORDER_REPLICATE)
        return float(cv2.norm(self._now, self._then, cv2.NORM_L1)) / self._now.size
