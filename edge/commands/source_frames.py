"""Reads the frames of a source for a command; does not wait for a camera that is missing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from edge.camera.source import open_camera, source_kind
from edge.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.config.settings import CameraSettings
    from edge.messages import Frame


def read_frames(camera: CameraSettings, advice: str) -> Iterator[Frame]:
    """Read the frames of a source; a camera that is not there is no reason to wait.

    Args:
        camera: The source.
        advice: What to do where the service holds the camera.

    Raises:
        SourceError: The source does not open, or goes away.
    """
    stop = threading.Event()
    is_live = source_kind(camera.source) == "live"
    troubles: list[str] = []

    def note(is_up: bool, reason: str) -> None:
        if not is_up:
            troubles.append(reason)
            stop.set()

    with open_camera(camera, live_clock=is_live, on_state=note) as source:
        yield from source.frames(stop)
    if troubles and is_live:
        raise SourceError(
            f"{troubles[0]}. If the sign-edge service runs, it holds the camera: {advice}"
        )
