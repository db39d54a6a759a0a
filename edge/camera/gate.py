"""The motion gate: while nothing moves, no frame goes to the landmarker.

A frame is averaged to about 64 by 48 cells of green, the channel with the least noise, and
compared with the one examined before. A change that all cells share, added (a lamp) or
multiplied (the camera's exposure), is taken out first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.config.settings import GateSettings
    from edge.messages import Frame

_COLUMNS: Final = 64
_STRIDE: Final = 2
"""Every other pixel of every other row is enough to average."""
_TOLERANCE: Final = 1e-3
"""Seconds a frame may be early, lest a camera's jitter halve the rate of examining."""


class Gate:
    """Decides which frames are worth landmarks. Pure: its only clock is the frames'."""

    def __init__(self, settings: GateSettings) -> None:
        self._settings = settings
        self._cells: NDArray[np.float32] | None = None
        self._examined = float("-inf")
        self._active = float("-inf")
        self._is_open = True

    @property
    def is_open(self) -> bool:
        """Whether the last frame passed; true before the first."""
        return self._is_open

    def push(self, frame: Frame, *, is_busy: bool) -> bool:
        """Take the next frame.

        Args:
            frame: Its time must not lie before the last one's; its size may differ.
            is_busy: Someone is signing, so the gate must not close.

        Returns:
            Whether the frame must go to the landmarker.
        """
        if not self._settings.enabled:
            return True
        # Also while open: differences then span the same time, and slow hands count as well.
        if frame.time - self._examined >= 1 / self._settings.idle_fps - _TOLERANCE:
            self._examined = frame.time
            if self._has_motion(frame.image):
                self._active = frame.time
        elif not self._is_open and not is_busy:
            return False
        if is_busy:
            self._active = frame.time
        self._is_open = frame.time - self._active < self._settings.hold
        return self._is_open

    def _has_motion(self, image: NDArray[np.uint8]) -> bool:
        before, self._cells = self._cells, _cells_of(image)
        if before is None or before.shape != self._cells.shape:
            return True  # the first frame of a camera: somebody may be signing already
        change = _local_change(before, self._cells)
        return bool(np.mean(change > self._settings.luminance) >= self._settings.area)


def _cells_of(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Average green to about 64 columns of square cells, 0 to 255."""
    green = np.ascontiguousarray(image[::_STRIDE, ::_STRIDE, 1])
    height, width = green.shape
    columns = min(_COLUMNS, width)
    size = (columns, max(1, round(height * columns / width)))
    return np.asarray(cv2.resize(green, size, interpolation=cv2.INTER_AREA), np.float32)


def _local_change(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each cell's change in levels that neither a shift nor a gain of all explains."""
    shift = np.median(after - before)
    gain = np.median((after + 1) / (before + 1))
    shifted = np.clip(before + shift, 0, 255)  # white stays white, however bright the lamp
    scaled = np.clip(before * gain, 0, 255)
    change: NDArray[np.float32] = np.minimum(np.abs(after - shifted), np.abs(after - scaled))
    return change
