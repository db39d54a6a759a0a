"""What every camera in the capture process is: pictures that may be skipped cheaply."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import cv2
import numpy as np

from edge.errors import SourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STAMP_MAX_AGE: Final = 1.0
"""Seconds; a driver's stamp older than this is on another clock."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the capture process is to open; URLs have their own size and rate."""

    source: str
    """A live source, as in camera.source."""

    width: int
    """Pixels."""

    height: int
    """Pixels."""

    fps: float
    """Frames per second."""

    exposure: str = "steady"
    """steady, auto or manual, as in camera.exposure."""

    exposure_ms: float = 10.0
    """Milliseconds, where exposure is manual."""


class Grabber(Protocol):
    """A camera whose pictures may be skipped cheaply."""

    note: str
    """How it was opened, a few words for the owner; may be empty."""

    def grab(self) -> float:
        """Wait for the next picture and return its time, seconds, CLOCK_MONOTONIC."""

    def image(self) -> NDArray[np.uint8] | None:
        """Decode the picture last grabbed to (H, W, 3) RGB; None where it is damaged."""

    def close(self) -> None:
        """Let go of the camera."""


class OpenCvGrabber:
    """Whatever OpenCV has opened."""

    def __init__(self, capture: cv2.VideoCapture, *, is_stamped: bool, note: str = "") -> None:
        """Take over an opened capture.

        Args:
            capture: Open; released by close.
            is_stamped: Whether its time of a picture may be on our clock.
            note: As in Grabber.
        """
        self.note = note
        self._capture = capture
        self._is_stamped = is_stamped

    def grab(self) -> float:
        """Wait for the next picture and return its time, seconds, CLOCK_MONOTONIC."""
        if not self._capture.grab():
            raise SourceError("the stream ended")
        return plausible(self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 * self._is_stamped)

    def image(self) -> NDArray[np.uint8] | None:
        """Decode the picture last grabbed to (H, W, 3) RGB; None where it is damaged."""
        is_good, image = self._capture.retrieve()
        return to_rgb(image) if is_good and image is not None else None

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()


def to_rgb(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Turn what OpenCV decodes (blue first, or grey) into (H, W, 3) RGB."""
    code = cv2.COLOR_GRAY2RGB if image.ndim == 2 or image.shape[2] == 1 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, code), np.uint8)


def plausible(stamp: float) -> float:
    """Keep a driver's time of exposure if it is on our clock, else take the time now."""
    now = time.monotonic()
    return stamp if 0 <= now - stamp < _STAMP_MAX_AGE else now
