"""A Raspberry Pi's ribbon cable camera, which V4L2 no longer serves.

Picamera2 where this Python has it. It comes from the system and fits only the system's Python;
for all others there is rpicam-vid, a program beside us.
"""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.camera.grabber import decode_jpeg, plausible
from edge.camera.piped_program import PipedProgram, find_program
from edge.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edge.camera.grabber import Grabber, Wanted

_PROGRAMS: Final = ("rpicam-vid", "libcamera-vid")
_SLOWEST: Final = 4
"""How many times longer a frame may take in the dark, where exposure is auto."""
_MANUAL: Final = 1
"""libcamera's ExposureTimeModeManual."""
_CHUNK: Final = 1 << 16
_START, _SCAN, _END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
"""JPEG's marks: start of a picture, of its pixels, and the end; pixels never hold the last."""


class PicameraGrabber:
    """Picamera2 in this very process."""

    def __init__(self, module: Any, wanted: Wanted) -> None:  # noqa: ANN401 - it ships no types
        """Start the camera.

        Raises:
            SourceError: libcamera knows no camera.
        """
        if not module.Picamera2.global_camera_info():
            raise SourceError(
                "libcamera finds no camera; is the ribbon cable in the right way round?"
            )
        self._camera: Any = module.Picamera2()
        # Picamera2 names formats by their order in a word: BGR888 is R, G, B in memory.
        main = {"size": (wanted.width, wanted.height), "format": "BGR888"}
        controls = _controls(wanted, self._camera.camera_controls)
        self._camera.configure(self._camera.create_video_configuration(main, controls=controls))
        self._camera.start()
        self._request: Any = None
        self.note = "by Picamera2"

    def grab(self) -> float:
        """Wait for the next picture and return its time, seconds, CLOCK_MONOTONIC."""
        self._release()
        self._request = self._camera.capture_request()
        return plausible(self._request.get_metadata().get("SensorTimestamp", 0) / 1e9)

    def image(self) -> NDArray[np.uint8] | None:
        """Copy the picture last grabbed, (H, W, 3) RGB."""
        return np.ascontiguousarray(self._request.make_array("main")[:, :, :3])

    def close(self) -> None:
        """Let go of the camera."""
        self._release()
        self._camera.close()

    def _release(self) -> None:
        if self._request is not None:
            self._request.release()
            self._request = None


class RpicamGrabber:
    """rpicam-vid, whose pictures are JPEGs: they tell their own size and are cheap to skip."""

    def __init__(self, program: str, wanted: Wanted) -> None:
        """Start the program."""
        size = ["--width", str(wanted.width), "--height", str(wanted.height)]
        # A fixed rate is also a limit to the exposure; only auto could want it otherwise.
        rate = ["--framerate", f"{wanted.fps:g}"]
        if wanted.exposure == "manual":
            rate += ["--shutter", str(round(wanted.exposure_ms * 1000))]
        quiet = ["--nopreview", "--verbose", "0", "--timeout", "0"]
        out = ["--codec", "mjpeg", "--flush", "--output", "-"]
        self._program = PipedProgram([program, *quiet, *size, *rate, *out])
        self._space = memoryview(bytearray(_CHUNK))
        self._bytes = bytearray()
        self._picture = b""
        self.note = "by rpicam-vid"

    def grab(self) -> float:
        """Wait for the next picture and return its time, seconds, CLOCK_MONOTONIC."""
        seen = 0
        while True:
            scan = self._bytes.find(_SCAN)
            end = self._bytes.find(_END, max(scan, seen)) if scan >= 0 else -1
            if end >= 0:
                break
            seen = max(0, len(self._bytes) - 1)  # the mark may lie on the border
            self._bytes += self._space[: self._program.read_into(self._space)]
        self._picture = bytes(self._bytes[self._bytes.find(_START) : end + len(_END)])
        del self._bytes[: end + len(_END)]
        return time.monotonic()

    def image(self) -> NDArray[np.uint8] | None:
        """Decode the picture last grabbed to (H, W, 3) RGB; None where it is damaged."""
        return decode_jpeg(np.frombuffer(self._picture, np.uint8))

    def close(self) -> None:
        """End the program."""
        self._program.close()


def open_picamera(wanted: Wanted) -> Grabber:
    """Open the camera, by Picamera2 or without it.

    Raises:
        SourceError: There is no camera, or nothing that could open it.
    """
    try:
        module = importlib.import_module("picamera2")
    except (ImportError, AttributeError, ValueError) as error:  # the last two: of another NumPy
        program = find_program(*_PROGRAMS)
        if program is None:
            raise SourceError(
                f"Picamera2 cannot be imported ({error}) and rpicam-vid is missing; "
                "apt install rpicam-apps-lite"
            ) from None
        return RpicamGrabber(program, wanted)
    return PicameraGrabber(module, wanted)


def _controls(wanted: Wanted, known: Mapping[str, object]) -> dict[str, object]:
    """Say to libcamera how to expose."""
    frame_us = round(1e6 / wanted.fps)
    if wanted.exposure == "auto":
        return {"FrameDurationLimits": (frame_us, _SLOWEST * frame_us)}
    controls: dict[str, object] = {"FrameRate": wanted.fps}  # no exposure outlasts a frame
    if wanted.exposure == "manual":
        controls["ExposureTime"] = round(wanted.exposure_ms * 1000)
        if "ExposureTimeMode" in known:  # from libcamera 0.5 on; gain stays automatic in both
            controls["ExposureTimeMode"] = _MANUAL
    return controls
