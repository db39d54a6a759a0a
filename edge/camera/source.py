"""Where frames come from: one interface for cameras, streams, files and folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

from edge.camera.live import LiveCamera
from edge.camera.recordings import Folder, Recording, Video
from edge.errors import SourceError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from edge.config.settings import CameraSettings
    from edge.messages import Frame

SourceKind = Literal["archive", "file", "folder", "live"]

_URL_STARTS: Final = ("rtsp://", "rtsps://", "http://", "https://")


class Camera(Protocol):
    """A source of frames; a context manager that leaves nothing running."""

    def __enter__(self) -> Camera: ...

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None:
        """Let go of the source; may be called from any thread, and twice."""

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yield frames until stop is set or a recording ends. One consumer, one thread.

        Raises:
            SourceError: A recording cannot be read; live sources are tried again instead.
        """


def source_kind(source: str) -> SourceKind:
    """Tell what sort of thing camera.source names; what looks like nothing else is a file."""
    if source.startswith("archive:"):
        return "archive"
    if source == "picamera" or source.startswith(("gstreamer:", "/dev/")):
        return "live"
    if source.isdecimal() or source.lower().startswith(_URL_STARTS):
        return "live"
    return "folder" if Path(source).expanduser().is_dir() else "file"


def open_camera(
    settings: CameraSettings,
    *,
    live_clock: bool,
    on_state: Callable[[bool, str], None] = lambda _is_up, _reason: None,
) -> Camera:
    """Open what settings.source names.

    Args:
        settings: The camera section.
        live_clock: True for run: recordings keep their own speed and time is the monotonic
            clock's. False for replay: as fast as possible, seconds from the recording's start.
        on_state: Told (is it up, one line why) whenever that changes, by the thread that
            consumes the frames.

    Raises:
        SourceError: A recording cannot be read, or replay was asked of a live source. A live
            source that does not open is no error: frames() tries until it does.
    """
    kind = source_kind(settings.source)
    if kind == "archive":
        raise SourceError(f"{settings.source}: an archive holds landmarks, not pictures")
    if kind == "live":
        if not live_clock:
            raise SourceError("a live source cannot be replayed; give a file or a folder")
        return LiveCamera(settings, on_state)
    path = Path(settings.source).expanduser()
    player = Folder(path, settings.fps) if kind == "folder" else Video(path, settings.fps)
    is_looped = settings.loop and live_clock
    return Recording(player, is_live=live_clock, is_looped=is_looped, on_state=on_state)
