"""Single-shot detection over a grid of anchors: boxes with points in them.

BlazeFace, arXiv 1907.05047; MediaPipe finds people and palms by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from edge.landmarks.tracking.network import Network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.landmarks.tracking.network import Name
    from edge.landmarks.tracking.region import Region

_OVERLAP: Final = 0.3
"""Intersection over union from which two boxes are one thing."""


class Detector:
    """Finds all of a kind in a region; for one thread."""

    def __init__(self, name: Name, layers: Sequence[tuple[int, int]], low: float) -> None:
        """Load the network.

        Args:
            name: Of the network.
            layers: Pixels between anchors, and anchors at each place, of each layer; layers with
                the same places are one.
            low: What a black pixel is for the network; a white one is 1.

        Raises:
            DependencyError: It is missing, or no runtime works.
        """
        self._network = Network(name)
        self._low = low
        self._anchors = anchors(self._network.size, layers)

    def find(self, image: NDArray[np.uint8], region: Region, least: float) -> NDArray[np.float32]:
        """Look in a region of an RGB image (H, W, 3).

        Args:
            image: The image.
            region: Where.
            least: Probability that each must have.

        Returns:
            (P, 2 + K, 2) middle of the box, its size, and K points, in pixels of the image, the
            surest first. Boxes are upright in the region.
        """
        side = self._network.size
        raw, logits = self._network.look(image, region, cv2.BORDER_CONSTANT, self._low)
        scores = 1 / (1 + np.exp(-logits[:, 0].clip(-30, 30)))
        chosen = np.flatnonzero(scores >= least)
        boxes = raw[chosen].reshape(len(chosen), raw.shape[1] // 2, 2)
        if not len(chosen):
            return boxes
        is_place = np.arange(boxes.shape[1]) != 1
        boxes[:, is_place] += self._anchors[chosen, None]
        found = merge(boxes, scores[chosen])
        flat = np.pad(found[:, is_place].reshape(-1, 2), ((0, 0), (0, 1)))
        found[:, is_place] = region.to_image(flat, side)[:, :2].reshape(len(found), -1, 2)
        found[:, 1] *= np.float32(region.size / side)
        return found


def anchors(size: int, layers: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
    """List the middles of all anchors (N, 2), x and y in pixels of the network's picture."""
    parts = []
    for step, count in layers:
        middles = np.arange(step / 2, size, step, dtype=np.float32)
        grid = np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)
        parts.append(grid.repeat(count, axis=0))
    return np.concatenate(parts)


def merge(found: NDArray[np.float32], scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average what overlaps, by score (BlazeFace, arXiv 1907.05047, section 3.3).

    Args:
        found: (N, K, 2) middle of the box, its size, then points; pixels.
        scores: (N,).

    Returns:
        (P, K, 2), the surest first.
    """
    low, high = found[:, 0] - found[:, 1] / 2, found[:, 0] + found[:, 1] / 2
    left = np.argsort(-scores, kind="stable")
    people = []
    while len(left):
        best = left[0]
        across = np.minimum(high[left], high[best]) - np.maximum(low[left], low[best])
        shared = across.clip(0).prod(axis=1)
        union = found[left, 1].prod(axis=1) + found[best, 1].prod() - shared
        is_same = shared > _OVERLAP * union
        is_same[0] = True
        same = left[is_same]
        people.append(np.average(found[same], axis=0, weights=scores[same]))
        left = left[~is_same]
    merged: NDArray[np.float32] = np.stack(people).astype(np.float32)
    return merged
