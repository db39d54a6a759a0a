"""One hand: 21 points, followed by a region of its own, or looked for from the body's wrist.

MediaPipe Hands, arXiv 2006.10214.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import cv2
import numpy as np

from edge.landmarks.skeleton import HAND_INDEX
from edge.landmarks.tracking.network import Network
from edge.landmarks.tracking.palms import PalmFinder
from edge.landmarks.tracking.region import Region, region_between

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.landmarks.tracking.network import Name

Kind = Literal["hand_full", "hand_lite"]

_SIDE: Final = 224
"""Pixels of a region in which points are given, whatever the size of the picture."""
_DEPTH: Final = 1 / 0.4
"""z of the network's pixels."""
_WRIST: Final = HAND_INDEX["wrist"]
_FINGERS: Final = [HAND_INDEX[f"{finger}_2"] for finger in ("index", "middle", "ring")]
_PALM: Final = [0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18]
"""Wrist, thumb without its tip, and the two lower joints of the other fingers."""
_ROOM: Final = 2.0
"""Side of the region for each side of the box round the palm."""
_UP: Final = -0.1
"""Shares of its side by which a region is moved towards the fingers."""
_ROUGH: Final = 2 * 2.7
"""Side of the region in which a hand is looked for, in distances from wrist to middle knuckle."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A hand, or something that is none."""

    points: NDArray[np.float32]
    """(21, 3) pixels."""

    score: float
    """Probability that it is a hand."""


class HandPointFinder:
    """Finds the points of a hand in a region; for one thread."""

    def __init__(self, kind: Kind) -> None:
        """Load the network.

        Raises:
            DependencyError: It is missing, or no runtime works.
        """
        self._network = Network(kind)

    def find(self, image: NDArray[np.uint8], region: Region) -> Found:
        """Look for a hand in a region of an RGB image (H, W, 3)."""
        raw, score = self._network.look(image, region, cv2.BORDER_REPLICATE)
        points = raw.reshape(-1, 3) * np.array([1, 1, _DEPTH], dtype=np.float32)
        return Found(region.to_image(points, _SIDE), float(score[0]))


class HandRegionFinder:
    """Finds where to look for a hand, from the body's wrist."""

    def __init__(self) -> None:
        """Load the network.

        Raises:
            DependencyError: It is missing, or no runtime works.
        """
        self._network = Network("recrop")

    def seek(self, image: NDArray[np.uint8], arm: NDArray[np.float32]) -> Region:
        """Look round the body's wrist, index's and pinky's knuckle (3, 2), pixels."""
        wrist, index, pinky = arm
        middle = (2 * index + pinky) / 3
        away = float(np.hypot(*(middle - wrist)))
        turn = region_between(wrist, middle, 0.0).turn
        rough = Region(float(middle[0]), float(middle[1]), 2 * away, turn)
        rough = rough.moved(0.0, _UP, _ROUGH / 2)
        (four,) = self._network.look(image, rough, cv2.BORDER_REPLICATE)
        pair = np.pad(four.reshape(2, 2), ((0, 0), (0, 1)))
        centre, edge = rough.to_image(pair, self._network.size)
        size = 2 * float(np.hypot(*(edge - centre)[:2]))
        return upside(region_between(centre, edge, size)).moved(0.0, _UP, 1.0)


class HandNetworks:
    """The networks for hands, each loaded when it is first needed; for one thread."""

    def __init__(self) -> None:
        self._region_finder: HandRegionFinder | None = None
        self._palm_finder: PalmFinder | None = None
        self._point_finders: dict[Kind, HandPointFinder] = {}
        self.runs: Counter[Name] = Counter()
        """How often each network has run."""

    def seek(self, image: NDArray[np.uint8], arm: NDArray[np.float32]) -> Region:
        """Find where to look for a hand, as HandRegionFinder says."""
        self._region_finder = self._region_finder or HandRegionFinder()
        self.runs["recrop"] += 1
        return self._region_finder.seek(image, arm)

    def palms(self, image: NDArray[np.uint8], region: Region) -> list[Region]:
        """Find hands' regions from palms, as PalmFinder says."""
        self._palm_finder = self._palm_finder or PalmFinder()
        self.runs["palm"] += 1
        return self._palm_finder.find(image, region)

    def find(self, kind: Kind, image: NDArray[np.uint8], region: Region) -> Found:
        """Look for a hand in a region, as HandPointFinder says."""
        if kind not in self._point_finders:
            self._point_finders[kind] = HandPointFinder(kind)
        self.runs[kind] += 1
        return self._point_finders[kind].find(image, region)


def upside(region: Region) -> Region:
    """Turn it upside down."""
    return Region(region.x, region.y, region.size, region.turn + math.pi)


def region_of(points: NDArray[np.float32]) -> Region:
    """Take the region of a hand (21, 2 or 3) in the next frame, pixels."""
    wrist = points[_WRIST, :2]
    index, middle, ring = points[_FINGERS, :2]
    turn = region_between(wrist, ((index + ring) / 2 + middle) / 2, 0.0).turn
    cos, sin = math.cos(turn), math.sin(turn)
    palm = points[_PALM, :2]
    along = palm @ np.array([[cos, -sin], [sin, cos]], dtype=palm.dtype)
    low, high = along.min(axis=0), along.max(axis=0)
    x, y = (low + high) / 2
    box = Region(cos * x - sin * y, sin * x + cos * y, float((high - low).max()), turn)
    # MediaPipe moves by the height of the box, before it is made square.
    up = _UP * float(high[1] - low[1]) / max(box.size, 1e-6)
    return box.moved(0.0, up, _ROOM)
