"""Recordings: video files and folders of images, read in process."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

import cv2

from edge.camera.grabber import threads_option, to_rgb
from edge.errors import SourceError
from edge.messages import Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

_IMAGE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png"})
_FPS_MAX: Final = 240.0
"""Frames per second; containers that do not know their rate claim 0, 1000 or 90000."""
_MISSING_MAX: Final = 1.0
"""Seconds; containers round their number of frames by less than this."""


class Player(Protocol):
    """Something that can be played again and again."""

    def play(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Yield each picture: seconds from the start, strictly increasing, and RGB."""


class Video:
    """A video file: whatever OpenCV reads, animated GIF too."""

    def __init__(self, path: Path, fps: float, *, threads: int = 0) -> None:
        """Take a file.

        Args:
            path: The file.
            fps: Frames per second that hold where it does not say.
            threads: That decode, ahead of what is asked for where there are several; 0 leaves
                it to the decoder.
        """
        self._path = path
        self._fps = fps
        self._threads = threads
        self._is_warned = False
        self.missing = 0.0
        """Seconds that the file promises and does not have; known once it has played to its end."""

    def play(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Yield each picture: seconds from the start, strictly increasing, and RGB.

        Raises:
            SourceError: It is missing, empty, not a video or has no frame that decodes.
        """
        _check_file(self._path)
        quiet_opencv()
        # Without FFmpeg OpenCV has a reader of its own for AVI, which prints what it dislikes.
        has_ffmpeg = cv2.videoio_registry.hasBackend(cv2.CAP_FFMPEG)
        backend = cv2.CAP_FFMPEG if has_ffmpeg else cv2.CAP_ANY
        options = threads_option(self._threads) if has_ffmpeg else []
        capture = cv2.VideoCapture(str(self._path), backend, options)
        try:
            if not capture.isOpened():
                raise SourceError(f"{self._path}: not a video, or cut off or damaged")
            capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)  # phones write pictures lying on a side
            told = capture.get(cv2.CAP_PROP_FPS)
            period = 1 / told if 0 < told <= _FPS_MAX else 1 / self._fps
            count, played = 0, -period
            while (picture := _next_picture(capture)) is not None:
                position, image = picture
                # Some containers have no times, or times that jump back; then the rate counts.
                played = position if position > played and count else played + period
                count += 1
                yield played, image
            promised = capture.get(cv2.CAP_PROP_FRAME_COUNT)
            self._check_end(count, promised, period)
            # Rates are guessed where they vary; what is missing must be so by time as well.
            missing = min((promised - count) * period, promised / told - played if told > 0 else 0)
            self.missing = missing if missing > _MISSING_MAX else 0.0
        finally:
            capture.release()

    def _check_end(self, count: int, promised: float, period: float) -> None:
        if not count:
            raise SourceError(f"{self._path}: no frame of it can be decoded")
        if (promised - count) * period > _MISSING_MAX and not self._is_warned:
            self._is_warned = True
            logger.warning(
                "%s: ends after %d of %d frames; cut off?",
                self._path,
                count,
                int(promised),
            )


class Folder:
    """The images of a folder, in the order of their names."""

    def __init__(self, path: Path, fps: float) -> None:
        """Take a folder and the frames per second at which to show it."""
        self._path = path
        self._fps = fps
        self._is_warned = False

    def play(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Yield each picture: seconds from the start, strictly increasing, and RGB.

        Raises:
            SourceError: It cannot be read, or no image in it can.
        """
        count = 0
        for path in self._images():
            image = _read_image(path)
            if image is None:
                self._warn(path)
                continue
            yield count / self._fps, image
            count += 1
        if not count:
            raise SourceError(f"{self._path}: no image in this folder can be decoded")

    def _images(self) -> list[Path]:
        try:
            images = sorted(p for p in self._path.iterdir() if p.suffix.lower() in _IMAGE_SUFFIXES)
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be read ({error.strerror})") from None
        if not images:
            raise SourceError(f"{self._path}: no *.jpg or *.png in this folder")
        return images

    def _warn(self, path: Path) -> None:
        level = logging.DEBUG if self._is_warned else logging.WARNING
        self._is_warned = True
        logger.log(level, "%s: not an image that can be decoded; left out", path)


class Recording:
    """A file or folder that plays once, or over and over.

    Under a live clock it keeps its own speed and stamps frames with the monotonic time at
    which they are due; otherwise it goes as fast as it is read and stamps them with seconds
    from its start.
    """

    def __init__(
        self,
        player: Player,
        *,
        is_live: bool,
        is_looped: bool,
        on_state: Callable[[bool, str], None],
    ) -> None:
        """Decode the first picture, so that a bad file is known before anything starts.

        Args:
            player: The file or folder.
            is_live: Keep its own speed.
            is_looped: Start again at its end.
            on_state: Told of the first frame.

        Raises:
            SourceError: It cannot be read.
        """
        for _ in player.play():
            break
        self._player = player
        self._is_live = is_live
        self._is_looped = is_looped
        self._on_state = on_state
        self._closed = threading.Event()

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End frames() at the next frame."""
        self._closed.set()

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yield every frame, in order, until the end or until stop is set.

        Raises:
            SourceError: The recording can no longer be read.
        """
        start = 0.0
        for index, (played, image) in enumerate(self._passes()):
            if index == 0:
                start = time.monotonic() if self._is_live else 0.0
                self._on_state(True, f"{image.shape[1]}x{image.shape[0]} recording")
            due = start + played
            if self._is_live:
                stop.wait(max(0.0, due - time.monotonic()))
            if stop.is_set() or self._closed.is_set():
                return
            yield Frame(index, due, image)

    def _passes(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        offset = 0.0
        while True:
            played, gap = 0.0, 0.0
            for position, image in self._player.play():
                played, gap = position, position - played
                yield offset + played, image
            if not self._is_looped:
                return
            # The last picture stays as long as the one before; a single picture for a second.
            offset += played + (gap or 1.0)


def quiet_opencv() -> None:
    """Silence what OpenCV and FFmpeg print by themselves; faults are ours to report."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.setLogLevel(0)


def _check_file(path: Path) -> None:
    if not path.exists():
        raise SourceError(f"{path}: no such file")
    if not path.is_file():
        raise SourceError(f"{path}: not a regular file")
    if not os.access(path, os.R_OK):
        raise SourceError(f"{path}: no permission to read it")
    if path.stat().st_size == 0:
        raise SourceError(f"{path}: the file is empty")


def _next_picture(capture: cv2.VideoCapture) -> tuple[float, NDArray[np.uint8]] | None:
    """Decode one picture and its time, seconds; None at the end."""
    is_good, image = capture.read()
    if not is_good or image is None:
        return None
    return capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, to_rgb(image)


def _read_image(path: Path) -> NDArray[np.uint8] | None:
    quiet_opencv()
    try:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    except cv2.error:  # larger than OpenCV's limit
        return None
    return None if image is None else to_rgb(image)
