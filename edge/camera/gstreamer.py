"""GStreamer pipelines, as a Jetson's ribbon cable camera needs them.

OpenCV from PyPI is built without GStreamer; the system's own may have it. Where ours lacks it,
gst-launch runs the pipeline beside us.
"""

from __future__ import annotations

import re
import shlex
import time
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from edge.camera.grabber import OpenCvGrabber
from edge.camera.piped_program import PipedProgram, find_program
from edge.errors import SourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.camera.grabber import Grabber, Wanted

_APPSINK: Final = "appsink drop=true max-buffers=1 sync=false"
_MISSING: Final = "gst-launch-1.0 is missing; apt install gstreamer1.0-tools"


class GStreamerGrabber:
    """A pipeline run by gst-launch, whose end sends raw pictures of a known size."""

    def __init__(self, pipeline: str, wanted: Wanted) -> None:
        """Start it.

        Raises:
            SourceError: gst-launch is missing, or the pipeline is no text a shell could split.
        """
        program = find_program("gst-launch-1.0")
        if program is None:
            raise SourceError(_MISSING)
        try:
            elements = shlex.split(pipeline)
        except ValueError as error:
            raise SourceError(f"the pipeline cannot be understood ({error})") from None
        # Square pixels: else a wide picture would be squeezed into ours, and hands with it.
        caps = f"video/x-raw,format=RGB,width={wanted.width},height={wanted.height}"
        tail = f"! videoconvert ! videoscale ! {caps},pixel-aspect-ratio=1/1 ! fdsink"
        # nvarguscamerasrc reports on standard output, so that pictures need another way out.
        self._program = PipedProgram(
            [program, "-q", *elements, *tail.split()], descriptor_option="fd="
        )
        self._width = wanted.width
        stride = (wanted.width * 3 + 3) // 4 * 4  # GStreamer pads rows of RGB to four bytes
        self._rows = np.zeros((wanted.height, stride), np.uint8)
        self.note = "by gst-launch-1.0"

    def grab(self) -> float:
        """Wait for the next picture and return its time, seconds, CLOCK_MONOTONIC."""
        self._program.fill(self._rows.data.cast("B"))
        return time.monotonic()

    def image(self) -> NDArray[np.uint8] | None:
        """Copy the picture last grabbed, (H, W, 3) RGB."""
        pixels = self._rows[:, : self._width * 3]
        return np.ascontiguousarray(pixels).reshape(len(self._rows), self._width, 3)

    def close(self) -> None:
        """End the pipeline."""
        self._program.close()


def open_gstreamer(pipeline: str, wanted: Wanted) -> Grabber:
    """Open a pipeline: through OpenCV where it can, else through gst-launch.

    Args:
        pipeline: As for gst-launch; an appsink at its end, as OpenCV's examples have it, may
            stay.
        wanted: Size of the pictures.

    Raises:
        SourceError: It cannot be opened; says why.
    """
    head = re.sub(r"!\s*appsink\b[^!]*$", "", pipeline).strip().removesuffix("!")
    if not has_gstreamer(cv2.getBuildInformation()):
        return GStreamerGrabber(head, wanted)
    caps = "video/x-raw,format=BGR"
    capture = cv2.VideoCapture(f"{head} ! videoconvert ! {caps} ! {_APPSINK}", cv2.CAP_GSTREAMER)
    if not capture.isOpened():
        capture.release()
        raise SourceError("GStreamer cannot run the pipeline; try it with gst-launch-1.0")
    return OpenCvGrabber(capture, is_stamped=False, note="by OpenCV's GStreamer")


def has_gstreamer(build: str) -> bool:
    """Tell from OpenCV's build information whether it was built with GStreamer."""
    return re.search(r"^\s*GStreamer:\s+YES", build, re.MULTILINE) is not None
