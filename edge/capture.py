"""The child process that holds a live camera, so that a camera that blocks can be killed.

``edge.live`` starts it as ``python -m edge.capture``. It reads one line of JSON (``Wanted``; not
the command line, which every user can read and a URL may hold a password) from standard input,
then one byte for each picture wanted; the end of input ends it. It answers on standard output
with ``HEADER`` and the RGB bytes. Width 0 announces text instead: why there are no more.

Pictures nobody asked for are grabbed and dropped without being decoded, so a slow reader finds
the newest picture, never an old one.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import cv2
import numpy as np

from edge.errors import SourceError

if TYPE_CHECKING:
    import io

    from numpy.typing import NDArray

HEADER: Final = struct.Struct("<4sIId")
"""Magic, width, height (or 0 and the text's bytes), time in seconds of CLOCK_MONOTONIC."""
MAGIC: Final = b"sedg"

_PR_SET_PDEATHSIG: Final = 1
_STAMP_MAX_AGE: Final = 1.0
"""Seconds; a driver's stamp older than this is on another clock."""
_RTSP_OPTIONS: Final = "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay"
_DECODER_THREADS: Final = 2
"""FFmpeg holds back one picture per decoder thread."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the child is to open; URLs have their own size and rate."""

    source: str
    """A live source, as in camera.source."""

    width: int
    """Pixels."""

    height: int
    """Pixels."""

    fps: float
    """Frames per second."""


class Grabber(Protocol):
    """A camera whose pictures may be skipped cheaply."""

    def grab(self) -> float:
        """Wait for the next picture and return its time, seconds, CLOCK_MONOTONIC."""

    def image(self) -> NDArray[np.uint8] | None:
        """Decode the picture last grabbed to (H, W, 3) RGB; None where it is damaged."""

    def close(self) -> None:
        """Let go of the camera."""


class OpenCvGrabber:
    """V4L2 devices and URLs."""

    def __init__(self, capture: cv2.VideoCapture, *, is_stamped: bool) -> None:
        self._capture = capture
        self._is_stamped = is_stamped

    def grab(self) -> float:
        """Wait for the next picture and return its time, seconds, CLOCK_MONOTONIC."""
        if not self._capture.grab():
            raise SourceError("the stream ended")
        return _plausible(self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 * self._is_stamped)

    def image(self) -> NDArray[np.uint8] | None:
        """Decode the picture last grabbed to (H, W, 3) RGB; None where it is damaged."""
        is_good, image = self._capture.retrieve()
        return to_rgb(image) if is_good and image is not None else None

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()


class PicameraGrabber:
    """A Raspberry Pi's ribbon cable camera, which V4L2 no longer serves."""

    def __init__(self, wanted: Wanted) -> None:
        try:
            module = importlib.import_module("picamera2")  # the Pi's system has it, not PyPI
        except ImportError as error:
            raise SourceError(
                f"Picamera2 cannot be imported ({error}); install it with: "
                "apt install python3-picamera2 --no-install-recommends"
            ) from None
        self._camera: Any = module.Picamera2()
        # Picamera2 names formats by their order in a word: BGR888 is R, G, B in memory.
        main = {"size": (wanted.width, wanted.height), "format": "BGR888"}
        video = self._camera.create_video_configuration(main, controls={"FrameRate": wanted.fps})
        self._camera.configure(video)
        self._camera.start()
        self._request: Any = None

    def grab(self) -> float:
        """Wait for the next picture and return its time, seconds, CLOCK_MONOTONIC."""
        self._release()
        self._request = self._camera.capture_request()
        return _plausible(self._request.get_metadata().get("SensorTimestamp", 0) / 1e9)

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


class GStreamerGrabber:
    """A GStreamer pipeline run by gst-launch, because OpenCV from PyPI has no GStreamer."""

    def __init__(self, pipeline: str, wanted: Wanted) -> None:
        program = shutil.which("gst-launch-1.0")
        if program is None:
            raise SourceError("gst-launch-1.0 is missing; apt install gstreamer1.0-tools")
        # Pipelines copied from OpenCV examples end in an appsink; ours ends in a pipe.
        pipeline = re.sub(r"!\s*appsink\b[^!]*$", "", pipeline).strip().removesuffix("!")
        caps = f"video/x-raw,format=RGB,width={wanted.width},height={wanted.height}"
        tail = [
            "!",
            "videoconvert",
            "!",
            "videoscale",
            "!",
            caps,
            "!",
            "fdsink",
            "fd=1",
        ]
        self._process = subprocess.Popen(
            [program, "-q", *shlex.split(pipeline), *tail],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            preexec_fn=_die_with_parent,
        )
        self._width = wanted.width
        stride = (wanted.width * 3 + 3) // 4 * 4  # GStreamer pads rows of RGB to four bytes
        self._rows = np.zeros((wanted.height, stride), np.uint8)

    def grab(self) -> float:
        """Wait for the next picture and return its time, seconds, CLOCK_MONOTONIC."""
        stream = cast("io.BufferedReader", self._process.stdout)
        if stream.readinto(self._rows.data) < self._rows.size:
            raise SourceError("the GStreamer pipeline ended; try it with gst-launch-1.0")
        return time.monotonic()

    def image(self) -> NDArray[np.uint8] | None:
        """Copy the picture last grabbed, (H, W, 3) RGB."""
        pixels = self._rows[:, : self._width * 3]
        return np.ascontiguousarray(pixels).reshape(len(self._rows), self._width, 3)

    def close(self) -> None:
        """End the pipeline."""
        self._process.kill()
        self._process.communicate()


def to_rgb(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Turn what OpenCV decodes (blue first, or grey) into (H, W, 3) RGB."""
    code = cv2.COLOR_GRAY2RGB if image.ndim == 2 or image.shape[2] == 1 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, code), np.uint8)


def open_grabber(wanted: Wanted) -> Grabber:
    """Open a live source.

    Raises:
        SourceError: It cannot be opened; says why, without naming it.
    """
    source = wanted.source
    if source == "picamera":
        return PicameraGrabber(wanted)
    if source.startswith("gstreamer:"):
        return GStreamerGrabber(source.removeprefix("gstreamer:"), wanted)
    return _open_url(source) if "://" in source else _open_device(wanted)


def _open_url(source: str) -> Grabber:
    if source.lower().startswith("rtsp"):
        os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", _RTSP_OPTIONS)
    threads = getattr(cv2, "CAP_PROP_N_THREADS", None)  # Debian 12's OpenCV lacks it
    options = [] if threads is None else [threads, _DECODER_THREADS]
    capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, options)
    if not capture.isOpened():
        raise SourceError("no video there; is it switched on and is the address right?")
    return OpenCvGrabber(capture, is_stamped=False)


def _open_device(wanted: Wanted) -> Grabber:
    is_number = wanted.source.isdecimal()
    path = Path(f"/dev/video{int(wanted.source)}" if is_number else wanted.source)
    if not path.exists():
        raise SourceError(f"{path} does not exist; is the camera plugged in?")
    if not os.access(path, os.R_OK | os.W_OK):
        raise SourceError(f"no permission to use {path}; is the user in the group video?")
    # by-id names are links; OpenCV's V4L2 code knows /dev/videoN only in some releases
    capture = cv2.VideoCapture(str(path.resolve()), cv2.CAP_V4L2)
    if not capture.isOpened():
        raise SourceError(f"{path} cannot be opened; not a camera, or another program has it?")
    # The order matters: the format decides which sizes, the size which rates there are.
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted.height)
    capture.set(cv2.CAP_PROP_FPS, wanted.fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return OpenCvGrabber(capture, is_stamped=True)


def _plausible(stamp: float) -> float:
    """Keep a driver's time of exposure if it is on our clock, else take the time now."""
    now = time.monotonic()
    return stamp if 0 <= now - stamp < _STAMP_MAX_AGE else now


def serve(grabber: Grabber, requests: int, pictures: int) -> None:
    """Answer every byte from requests with the next picture, until requests ends.

    Args:
        grabber: The camera.
        requests: File descriptor that is read.
        pictures: File descriptor that is written.
    """
    is_wanted = False
    while True:
        stamp = grabber.grab()
        if not is_wanted and select.select([requests], [], [], 0)[0]:
            if not os.read(requests, 1):
                return
            is_wanted = True
        image = grabber.image() if is_wanted else None
        if image is not None:
            height, width = image.shape[:2]
            _write(pictures, HEADER.pack(MAGIC, width, height, stamp))
            _write(pictures, image.data)
            is_wanted = False


def _write(descriptor: int, data: bytes | memoryview) -> None:
    rest = memoryview(data).cast("B")
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> int:
    """Serve the source named on standard input."""
    _die_with_parent()
    pictures = os.dup(1)
    os.dup2(2, 1)  # a library that prints must not break the stream
    cv2.setNumThreads(1)  # the other cores find landmarks
    with open(0, "rb", buffering=0, closefd=False) as stream:
        wanted = Wanted(**json.loads(stream.readline()))
    try:
        with contextlib.closing(open_grabber(wanted)) as grabber:
            serve(grabber, 0, pictures)
    except BrokenPipeError:
        return 0
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent reports it
        text = (" ".join(str(error).split()) or type(error).__name__).encode()
        with contextlib.suppress(OSError):
            _write(pictures, HEADER.pack(MAGIC, 0, len(text), 0.0) + text)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
