"""Cuts clips out of longer videos: decodes and encodes them anew, so that cuts are exact."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.dataset.viewing.video_writer import Film
from edge.errors import SourceError
from edge.system.optional_packages import need

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

_SLACK: Final = 0.0005
"""Seconds by which times may be rounded: data sets give milliseconds."""


def cut_clip(source: Path, target: Path, start: float, end: float | None) -> int:
    """Store a part of a video as a video of its own, H.264 in MP4, without sound.

    Args:
        source: Whatever FFmpeg reads.
        target: Where; half of it is left where this fails.
        start: Seconds from the first frame, inclusive.
        end: Seconds, exclusive; None to the end.

    Returns:
        How many frames there are.

    Raises:
        SourceError: It is no video, damaged, or has nothing from start to end.
        DependencyError: PyAV is missing.
    """
    need("av")
    import av

    try:
        with av.open(str(source)) as opened:
            stream = _video_of(source, opened)
            rate = stream.average_rate or stream.guessed_rate or Fraction(25)
            with Film(target, rate) as film:
                for time, frame in _frames(opened, stream, rate, start):
                    if end is not None and time >= end - _SLACK:
                        break
                    film.write(_upright(frame))
    except (av.FFmpegError, ValueError) as error:
        raise SourceError(f"{source}: not a video, or damaged ({error})") from error
    if not film.count:
        raise SourceError(f"{source}: nothing from {start:g} s on")
    return film.count


def check_video(path: Path) -> None:
    """Decode a video's first frame.

    Raises:
        SourceError: There is none.
        DependencyError: PyAV is missing.
    """
    need("av")
    import av

    try:
        with av.open(str(path)) as opened:
            if next(opened.decode(_video_of(path, opened)), None) is None:
                raise SourceError(f"{path}: no frame of it can be decoded")
    except (av.FFmpegError, ValueError) as error:
        raise SourceError(f"{path}: not a video, or damaged ({error})") from error


def _video_of(path: Path, opened: InputContainer) -> VideoStream:
    if not opened.streams.video:
        raise SourceError(f"{path}: no picture in it")
    return opened.streams.video[0]


def _frames(
    opened: InputContainer, stream: VideoStream, rate: Fraction, start: float
) -> Iterator[tuple[float, VideoFrame]]:
    """Yield frames from start on with their seconds from the video's first frame."""
    base = stream.time_base or 1 / rate
    first = stream.start_time or 0
    if start > 0:
        opened.seek(first + int(start / base), stream=stream)
    for index, frame in enumerate(opened.decode(stream)):
        if frame.pts is None:  # a container without times; such cannot be sought in either
            frame.pts, frame.time_base = first + int(index / rate / base), base
        time = float((frame.pts - first) * base)
        if time >= start - _SLACK:
            yield time, frame


def _upright(frame: VideoFrame) -> VideoFrame:
    """Turn a picture as its file says, as phones make their players do."""
    turns = round(frame.rotation / 90) % 4
    if not turns:
        return frame
    from av import VideoFrame

    picture = np.rot90(frame.to_ndarray(format="rgb24"), turns)
    turned = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    turned.pts, turned.time_base = frame.pts, frame.time_base
    return turned
