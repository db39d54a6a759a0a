"""Live cameras: read through a child process, given up in time, reopened for ever."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import re
import select
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.camera.capture_process import HEADER, MAGIC, NOTE
from edge.camera.grabber import Wanted
from edge.camera.piped_program import enlarge
from edge.errors import SourceError
from edge.messages import Frame
from edge.system.backoff import Backoff
from edge.system.processes import Child, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from edge.config.settings import CameraSettings

logger = logging.getLogger(__name__)

_TICK: Final = 0.05
"""Seconds between two looks at the stop event while nothing arrives."""
_GRACE: Final = 0.2
"""Seconds a child has to let go of its camera before it is killed."""
_RETRY_FIRST: Final = 0.5
"""Seconds, at most, before the first reopening; doubles with each failure."""
_VARIABLES: Final = (
    "DISPLAY",  # elements of NVIDIA's draw with it
    "GST_*",
    "HOME",  # GStreamer's registry of plugins
    "LIBCAMERA_*",
    "OPENCV_*",
    "PIPEWIRE_*",
    "XAUTHORITY",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",  # PipeWire's socket
    "http_proxy",
    "no_proxy",
)
"""Variables of the environment that cameras and streams are found by."""
_SIDE_MAX: Final = 16384
"""Pixels; a wider header is noise."""


class LiveCamera:
    """A camera or stream whose pictures come while they happen; the newest wins.

    Neither a camera that is missing nor one that goes away is an exception: it is tried again
    until the stop event is set, and on_state hears of it.
    """

    def __init__(self, settings: CameraSettings, on_state: Callable[[bool, str], None]) -> None:
        self._settings = settings
        self._name = without_secrets(settings.source)
        self._on_state = on_state
        self._is_up: bool | None = None
        self._closed = threading.Event()
        # Held while the child is started, read or ended, so that close() may come from any
        # thread; never while the consumer has the frame.
        self._lock = threading.Lock()
        self._capture: _Capture | None = None

    def __enter__(self) -> LiveCamera:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child process; frames() ends too."""
        self._closed.set()
        self._end_child()

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yield the newest frame each time, until stop is set.

        The thread that takes the first frame must live as long as the camera is wanted: the
        kernel kills the child with the thread that started it.
        """
        index, newest = 0, float("-inf")
        backoff = Backoff(_RETRY_FIRST, self._settings.retry_max)
        while not self._is_over(stop):
            first = None
            try:
                for stamp, image in self._pictures(stop):
                    first = stamp if first is None else first
                    if stamp > newest:
                        newest = stamp
                        self._report_up(image)
                        yield Frame(index, stamp, image)
                        index += 1
            except SourceError as error:
                self._report_down(str(error))
                worked = 0.0 if first is None else newest - first
                self._pause(stop, backoff.next(worked))
            finally:
                self._end_child()

    def _pictures(self, stop: threading.Event) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Start a child and yield what it sends; ends when stop is set or the camera closed."""
        wanted = Wanted(
            self._settings.source,
            self._settings.width,
            self._settings.height,
            self._settings.fps,
            self._settings.exposure,
            self._settings.exposure_ms,
        )
        within = self._settings.open_deadline
        try:
            with self._lock:
                if self._closed.is_set():
                    return
                try:
                    self._capture = capture = _Capture(wanted)
                except OSError as error:
                    raise SourceError(f"no capture process can be started ({error})") from None
            while True:
                with self._lock:
                    if self._closed.is_set():
                        return
                    picture = capture.read(within, lambda: self._is_over(stop))
                if picture is None:
                    return
                within = self._settings.frame_deadline
                yield picture
        finally:
            self._end_child()

    def _end_child(self) -> None:
        with self._lock:
            if self._capture is not None:
                self._capture.end()
            self._capture = None

    def _is_over(self, stop: threading.Event) -> bool:
        return stop.is_set() or self._closed.is_set()

    def _pause(self, stop: threading.Event, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._is_over(stop) and (rest := until - time.monotonic()) > 0:
            stop.wait(min(rest, _TICK))

    def _report_up(self, image: NDArray[np.uint8]) -> None:
        if self._is_up:
            return
        self._is_up = True
        reason = f"{image.shape[1]}x{image.shape[0]} from {self._name}"
        capture = self._capture  # close() may take it meanwhile
        if capture is not None and capture.note:
            reason += f" ({capture.note})"
        logger.info("camera is up: %s", reason)
        self._on_state(True, reason)

    def _report_down(self, reason: str) -> None:
        if self._is_up is False:
            logger.debug("camera %s: %s", self._name, reason)
            return
        self._is_up = False
        logger.warning("camera %s: %s; trying again until it works", self._name, reason)
        self._on_state(False, reason)


class _Capture:
    """One run of edge.camera.capture_process. Not thread-safe."""

    def __init__(self, wanted: Wanted) -> None:
        self.note = ""  # how the camera was opened, once that is known
        quiet = {"OPENCV_FFMPEG_LOGLEVEL": "-8", "OPENCV_LOG_LEVEL": "OFF"}
        self._child = Child(
            "edge.camera.capture_process",
            variables={**quiet, **environment(*_VARIABLES)},
            stderr=None if logger.isEnabledFor(logging.DEBUG) else subprocess.DEVNULL,
        )
        self._pictures = self._child.output
        enlarge(self._pictures.fileno())
        self._send(json.dumps(dataclasses.asdict(wanted)).encode() + b"\n")

    def read(
        self, within: float, is_over: Callable[[], bool]
    ) -> tuple[float, NDArray[np.uint8]] | None:
        """Ask for a picture and wait for it.

        Args:
            within: Seconds to wait.
            is_over: Asked every _TICK; ends the wait.

        Returns:
            Time (seconds, monotonic) and (H, W, 3) RGB; None when is_over said so.

        Raises:
            SourceError: The time has passed or the child has ended.
        """
        until = time.monotonic() + within
        self._send(b"\n")
        while (header := self._receive(HEADER.size, until, is_over)) is not None:
            magic, width, height, stamp = HEADER.unpack(header.tobytes())
            if magic not in (MAGIC, NOTE) or max(width, height) > _SIDE_MAX:
                raise SourceError("the capture process sent noise")
            body = self._receive((width * 3 or 1) * height, until, is_over)
            if body is None:
                return None
            if magic == NOTE:
                self.note = body.tobytes().decode(errors="replace")
                continue
            if not width:
                raise SourceError(body.tobytes().decode(errors="replace"))
            return stamp, body.reshape(height, width, 3)
        return None

    def end(self) -> None:
        """Ask the child to end, kill it and its children where it does not, and reap it."""
        self._child.end(_GRACE)

    def _send(self, data: bytes) -> None:
        # A child that has gone left its reason in the other pipe.
        with contextlib.suppress(BrokenPipeError):
            self._child.write(data)

    def _receive(
        self, size: int, until: float, is_over: Callable[[], bool]
    ) -> NDArray[np.uint8] | None:
        data = np.empty(size, np.uint8)
        rest, poll = data.data, select.poll()
        poll.register(self._pictures, select.POLLIN)
        while rest:
            wait = min(_TICK, until - time.monotonic())
            if is_over():
                return None
            if wait <= 0:
                raise SourceError("no picture arrived in time")
            if poll.poll(wait * 1000):
                count = os.readv(self._pictures.fileno(), [rest])
                if not count:
                    raise SourceError("the capture process ended without saying why")
                rest = rest[count:]
        return data


def without_secrets(source: str) -> str:
    """Strip passwords and queries from a source, for logs and the broker."""
    return re.sub(r"\?\S*", "", re.sub(r"//[^/\s]*@", "//", source))
