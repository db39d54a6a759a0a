"""Writes a video: H.264 in MP4, without sound, with nearly no loss."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.errors import SourceError
from edge.system.optional_packages import need

if TYPE_CHECKING:
    from pathlib import Path

    from av import VideoFrame
    from numpy.typing import NDArray
    from typing_extensions import Self

_QUALITY: Final = {"crf": "15", "preset": "veryfast"}
_CLOCK: Final = Fraction(1, 90_000)
"""Seconds of one tick of a picture's time."""


class Film:
    """A context manager that takes frames in order; the first one gives the size."""

    def __init__(self, path: Path, rate: Fraction) -> None:
        """Begin.

        Args:
            path: Where; half of it is left where the block fails.
            rate: Frames per second, about; each frame has its own time.

        Raises:
            SourceError: It cannot be written.
            DependencyError: PyAV is missing.
        """
        need("av")
        import av

        try:
            self._file = av.open(str(path), "w", format="mp4")
        except OSError as error:
            raise SourceError(f"{path}: cannot be written ({error.strerror})") from None
        self._stream: Any = self._file.add_stream("libx264", rate=rate, options=_QUALITY)
        self._stream.pix_fmt = "yuv420p"
        self._stream.thread_count = 1  # the same bytes on every machine
        self._origin: int | None = None
        self.count = 0
        """Frames so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self.count:
            self._file.mux(self._stream.encode())
        self._file.close()

    def write(self, frame: VideoFrame) -> None:
        """Add a frame; its time counts from the first one's. Odd sizes lose a row or column."""
        if self._origin is None:
            self._origin = frame.pts or 0
            self._stream.width, self._stream.height = frame.width & ~1, frame.height & ~1
            self._stream.codec_context.time_base = frame.time_base
        even = frame.reformat(
            width=self._stream.width, height=self._stream.height, format="yuv420p"
        )
        even.pts, even.time_base = (frame.pts or 0) - self._origin, frame.time_base
        even.pict_type = 0  # the source's key frames are not ours
        self._file.mux(self._stream.encode(even))
        self.count += 1

    def write_picture(self, time: float, picture: NDArray[np.uint8]) -> None:
        """Add an RGB picture (H, W, 3) at a time in seconds."""
        from av import VideoFrame

        frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.pts, frame.time_base = round(time / _CLOCK), _CLOCK
        self.write(frame)
