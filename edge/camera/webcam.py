"""USB cameras, and whatever else V4L2 serves."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2

from edge.camera.grabber import JpegGrabber, OpenCvGrabber, shrink_of
from edge.camera.v4l2 import set_exposure
from edge.errors import SourceError

if TYPE_CHECKING:
    from edge.camera.grabber import Grabber, Wanted

_FORMAT: Final = "MJPG"
"""Raw pictures fill a USB 2 line at 640x480 and 30 frames per second already."""


def device_path(source: str) -> Path:
    """Name the device that camera.source means: a number or a path."""
    return Path(f"/dev/video{int(source)}" if source.isdecimal() else source)


def open_webcam(wanted: Wanted) -> Grabber:
    """Open a V4L2 device.

    Raises:
        SourceError: It is not there, not ours, in use or no camera.
    """
    path = device_path(wanted.source)
    if not path.exists():
        raise SourceError(f"{path} does not exist; is the camera plugged in?")
    if not os.access(path, os.R_OK | os.W_OK):
        raise SourceError(f"no permission to use {path}; is the user in the group video?")
    # by-id names are links; OpenCV's V4L2 code knows /dev/videoN only in some releases
    path = path.resolve()
    capture = cv2.VideoCapture(str(path), cv2.CAP_V4L2)
    if not capture.isOpened():
        capture.release()
        raise SourceError(f"{path} cannot be opened; not a camera, or another program has it?")
    # The order matters: the format decides which sizes, the size which rates there are.
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*_FORMAT))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted.height)
    capture.set(cv2.CAP_PROP_FPS, wanted.fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    # After the format, for some cameras begin anew with it.
    is_exposed = set_exposure(path, wanted.exposure, wanted.exposure_ms)
    note = _note(capture, wanted, is_exposed)
    size = _size(capture)
    shrink = shrink_of(size, (wanted.width, wanted.height)) if _format(capture) == _FORMAT else 1
    # Where it does not let us have the JPEGs themselves, it decodes them whole.
    if shrink > 1 and capture.set(cv2.CAP_PROP_CONVERT_RGB, 0):
        note = f"{note}, {size[0]}x{size[1]} decoded {shrink} times smaller"
        return JpegGrabber(capture, shrink, is_stamped=True, note=note)
    return OpenCvGrabber(capture, is_stamped=True, note=note)


def _note(capture: cv2.VideoCapture, wanted: Wanted, is_exposed: bool) -> str:
    """Read back what the camera really gives."""
    name = _format(capture) or "unknown format"
    note = f"{name} at {capture.get(cv2.CAP_PROP_FPS):g} frames per second"
    is_told = is_exposed or wanted.exposure == "auto"
    return note if is_told else f"{note}, exposure cannot be set"


def _format(capture: cv2.VideoCapture) -> str:
    """Tell what pictures come, four letters as a rule; empty where the camera does not say."""
    given = struct.pack("<I", int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF)
    return given.decode("ascii", errors="replace").strip("\0 ")


def _size(capture: cv2.VideoCapture) -> tuple[int, int]:
    """Tell the width and height of the pictures that come, pixels."""
    width, height = cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT
    return int(capture.get(width)), int(capture.get(height))
