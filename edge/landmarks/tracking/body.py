"""The body of one person: 33 points, followed by a region of their own.

BlazePose, arXiv 2006.10204. What MediaPipe's graph does around its network is done here alike:
which region, heat maps that refine the points, and how much they are calmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from edge.landmarks.skeleton import LEFT_SHOULDER, RIGHT_SHOULDER
from edge.landmarks.tracking.network import Network
from edge.landmarks.tracking.region import Region, region_between
from edge.landmarks.tracking.smoothing import Calm, OneEuro

if TYPE_CHECKING:
    from numpy.typing import NDArray

_POINTS: Final = 33
_ALL: Final = 39
"""33 landmarks, then the hips' middle, the top of the body's circle, and four of no use."""
_SCALE: Final = 2 * 1.25
"""Side of the region for each radius of the body's circle."""
_KERNEL: Final = 7
"""Cells of a heat map, each way, that refine a point."""
_SURE: Final = 0.5
"""Probability that a heat map must reach to refine."""
_CALM: Final = Calm(cutoff=0.05, slope=80.0)
_CALM_REGION: Final = Calm(cutoff=0.01, slope=10.0)


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """What was found."""

    points: NDArray[np.float32]
    """(33, 3) pixels, smoothed."""

    visible: NDArray[np.float32]
    """(33,) probability that each is in view."""

    region: Region
    """Where to look in the next frame."""

    @property
    def width(self) -> float:
        """Between the shoulders, pixels."""
        across = self.points[LEFT_SHOULDER, :2] - self.points[RIGHT_SHOULDER, :2]
        return max(1e-6, float(np.hypot(*across)))


class BodyFinder:
    """Finds the body in a region."""

    def __init__(self) -> None:
        """Load the network.

        Raises:
            DependencyError: It is missing, or no runtime works.
        """
        self._network = Network("body")
        self._smooth = OneEuro(_CALM)
        self._smooth_region = OneEuro(_CALM_REGION)

    def find(
        self, image: NDArray[np.uint8], region: Region, time: float, least: float
    ) -> Body | None:
        """Look for a body.

        Args:
            image: (H, W, 3) RGB.
            region: Where.
            time: Seconds.
            least: Probability that it must have.
        """
        side = self._network.size
        raw, presence, heat = self._network.look(image, region, cv2.BORDER_CONSTANT)
        if not presence[0] >= least:
            self.reset()
            return None
        fields = raw.reshape(_ALL, 5)
        refined = refine(fields[:, :3] / np.float32(side), heat)
        points = region.to_image(refined * np.float32(side), side)
        smooth = self._smooth.push(points[:_POINTS], time, region.size)
        hips, top = self._smooth_region.push(points[_POINTS : _POINTS + 2, :2], time, region.size)
        return Body(smooth, _sigmoid(fields[:_POINTS, 3]), body_region(hips, top))

    def reset(self) -> None:
        """Forget the person."""
        self._smooth.reset()
        self._smooth_region.reset()


def body_region(hips: NDArray[np.float32], top: NDArray[np.float32]) -> Region:
    """Take the region of a body from the middle and the top of its circle, pixels."""
    return region_between(hips, top, _SCALE * float(np.hypot(*(top - hips))))


def refine(points: NDArray[np.float32], heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move points to the middle of the warmth round them.

    Args:
        points: (N, 3), x and y as shares of the region.
        heat: (H, W, N) logits.
    """
    height, width, count = heat.shape
    reach = _KERNEL // 2
    columns = (points[:, 0] * width).astype(np.int64)
    rows = (points[:, 1] * height).astype(np.int64)
    steps = np.arange(-reach, reach + 1)
    near_columns = columns[:, None] + steps
    near_rows = rows[:, None] + steps
    is_in = ((near_rows >= 0) & (near_rows < height))[:, :, None] & (
        (near_columns >= 0) & (near_columns < width)
    )[:, None, :]
    logits = heat[
        near_rows.clip(0, height - 1)[:, :, None],
        near_columns.clip(0, width - 1)[:, None, :],
        np.arange(count)[:, None, None],
    ]
    warmth = _sigmoid(logits) * is_in
    total = warmth.sum(axis=(1, 2))
    is_inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    is_moved = is_inside & (warmth.max(axis=(1, 2)) >= _SURE) & (total > 0)
    safe = np.where(total > 0, total, 1)
    refined = points.copy()
    x = (warmth.sum(axis=1) * near_columns).sum(axis=1) / safe / width
    y = (warmth.sum(axis=2) * near_rows).sum(axis=1) / safe / height
    refined[:, 0] = np.where(is_moved, x, points[:, 0])
    refined[:, 1] = np.where(is_moved, y, points[:, 1])
    return refined


def _sigmoid(values: NDArray[np.float32]) -> NDArray[np.float32]:
    chances: NDArray[np.float32] = 1 / (1 + np.exp(-values.clip(-30, 30)))
    return chances
