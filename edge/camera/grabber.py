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
_FLAGS: Final = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
"""How OpenCV is told to decode a picture so many times smaller each way."""


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


class JpegGrabber(OpenCvGrabber):
    """A capture that hands out JPEGs as the camera sends them, to be decoded smaller.

    The decoder leaves out what a smaller picture does not need, which takes less than decoding
    all of it, let alone scaling it.
    """

    def __init__(
        self, capture: cv2.VideoCapture, shrink: int, *, is_stamped: bool, note: str = ""
    ) -> None:
        """Take over an opened capture.

        Args:
            capture: Open, told not to decode; released by close.
            shrink: How many times smaller each side shall be: 1, 2, 4 or 8.
            is_stamped: Whether its time of a picture may be on our clock.
            note: As in Grabber.
        """
        super().__init__(capture, is_stamped=is_stamped, note=note)
        self._shrink = shrink

    def image(self) -> NDArray[np.uint8] | None:
        """Decode the picture last grabbed to (H, W, 3) RGB; None where it is damaged."""
        is_good, data = self._capture.retrieve()
        return decode_jpeg(data, self._shrink) if is_good and data is not None else None


def decode_jpeg(data: NDArray[Any], shrink: int = 1) -> NDArray[np.uint8] | None:
    """Decode a JPEG to (H, W, 3) RGB.

    Args:
        data: Its bytes, in an array of any shape.
        shrink: How many times smaller each side shall be: 1, 2, 4 or 8; halves are rounded up.

    Returns:
        The picture; None where the bytes are none.
    """
    if not data.size:
        return None
    image = cv2.imdecode(data, _FLAGS[shrink])
    return None if image is None else to_rgb(image)


def shrink_of(given: tuple[int, int], wanted: tuple[int, int]) -> int:
    """Tell how many times smaller a JPEG may be decoded and still be as large as is wanted.

    Args:
        given: Width and height of the JPEG, pixels.
        wanted: Width and height that the picture must have at least.
    """
    ratio = min(have / want for have, want in zip(given, wanted, strict=True))
    return max((shrink for shrink in _FLAGS if shrink <= ratio), default=1)


def threads_option(count: int) -> list[int]:
    """Make the options of a cv2.VideoCapture by FFmpeg for so many threads that decode.

    Args:
        count: 0 leaves it to FFmpeg, which takes one for each core.
    """
    prop = getattr(cv2, "CAP_PROP_N_THREADS", None)  # Debian 12's OpenCV lacks it
    return [] if prop is None or not count else [prop, count]


def to_rgb(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Turn what OpenCV decodes (blue first, or grey) into (H, W, 3) RGB."""
    code = cv2.COLOR_GRAY2RGB if image.ndim == 2 or image.shape[2] == 1 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, code), np.uint8)


def plausible(stamp: float) -> float:
    """Keep a driver's time of exposure if it is on our clock, else take the time now."""
    now = time.monotonic()
    return stamp if 0 <= now - stamp < _STAMP_MAX_AGE else now
