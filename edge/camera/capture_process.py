"""The child process that holds a live camera, so that a camera that blocks can be killed.

``edge.camera.live`` starts it. It reads one line of JSON from standard input (``Wanted``; not from
the command line, which every user can read and a URL may hold a password), then one byte for each
picture wanted; the end of input ends it. It answers on standard output with ``HEADER`` and the RGB
bytes. Width 0 announces text instead: after ``NOTE`` how the camera was opened, after ``MAGIC`` why
there are no more.

Pictures nobody asked for are grabbed and dropped without being decoded, so a slow reader finds
the newest picture, never an old one.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import struct
import sys
from typing import TYPE_CHECKING, Final

import cv2

from edge.camera.grabber import OpenCvGrabber, Wanted, threads_option
from edge.camera.gstreamer import open_gstreamer
from edge.camera.picamera import open_picamera
from edge.camera.webcam import open_webcam
from edge.errors import SourceError

if TYPE_CHECKING:
    from edge.camera.grabber import Grabber

HEADER: Final = struct.Struct("<4sIId")
"""Magic, width, height (or 0 and the text's bytes), time in seconds of CLOCK_MONOTONIC."""
MAGIC: Final = b"sedg"
NOTE: Final = b"note"

_RTSP_OPTIONS: Final = "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay"
_DECODER_THREADS: Final = 2
"""FFmpeg holds back one picture per decoder thread."""


def open_grabber(wanted: Wanted) -> Grabber:
    """Open a live source.

    Raises:
        SourceError: It cannot be opened; says why, without naming it.
    """
    source = wanted.source
    if source == "picamera":
        return open_picamera(wanted)
    if source.startswith("gstreamer:"):
        return open_gstreamer(source.removeprefix("gstreamer:"), wanted)
    return _open_url(source) if "://" in source else open_webcam(wanted)


def _open_url(source: str) -> Grabber:
    if source.lower().startswith("rtsp"):
        os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", _RTSP_OPTIONS)
    capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, threads_option(_DECODER_THREADS))
    if not capture.isOpened():
        raise SourceError("no video there; is it switched on and is the address right?")
    return OpenCvGrabber(capture, is_stamped=False)


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


def _write_text(descriptor: int, magic: bytes, text: str) -> None:
    data = text.encode()
    _write(descriptor, HEADER.pack(magic, 0, len(data), 0.0) + data)


def main() -> int:
    """Serve the source named on standard input."""
    pictures = os.dup(1)
    os.dup2(2, 1)  # a library that prints must not break the stream
    cv2.setNumThreads(1)  # the other cores find landmarks
    with open(0, "rb", buffering=0, closefd=False) as stream:
        wanted = Wanted(**json.loads(stream.readline()))
    try:
        with contextlib.closing(open_grabber(wanted)) as grabber:
            _write_text(pictures, NOTE, grabber.note)
            serve(grabber, 0, pictures)
    except BrokenPipeError:
        return 0
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent reports it
        with contextlib.suppress(OSError):
            _write_text(pictures, MAGIC, " ".join(str(error).split()) or type(error).__name__)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
