"""Opens the source while it is wanted, reads it into a slot, and closes it when it is not."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from edge.camera.source import open_camera, source_kind
from edge.device.newest_slot import NewestSlot
from edge.landmarks.archive_player import Playback
from edge.system.heartbeat import Attended, Heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edge.camera.source import Camera
    from edge.config.settings import CameraSettings
    from edge.messages import Frame, Landmarks

_HANG: Final = 20.0
"""Seconds after which a source that does not even look whether to stop is stuck in a driver."""
_TICK: Final = 0.25
"""Seconds between two looks at whether the source is wanted again."""


class CaptureThread:
    """Owns the source and what comes from it; ``run`` is the body of the capture thread."""

    def __init__(self, settings: CameraSettings, on_state: Callable[[bool, str], None]) -> None:
        """Open the source.

        Args:
            settings: The camera section.
            on_state: Told (does it give frames, one line why not); without a reason it was let
                go of.

        Raises:
            SourceError: A recording cannot be read.
        """
        self.heart = Heartbeat(_HANG)
        """Beats with the capture thread, also while it waits for a camera."""
        self.slot: NewestSlot[Frame | Landmarks] = NewestSlot()
        self.is_wanted = True
        self._settings = settings
        self._on_state = on_state
        self._halt, self._end = Attended(self.heart), Attended(self.heart)
        self._lock = threading.Lock()
        self._camera: Camera | None = None
        self._frames = self._open()

    @property
    def has_pictures(self) -> bool:
        """Whether landmarks are still to be found in what comes."""
        return source_kind(self._settings.source) != "archive"

    def want(self, is_wanted: bool) -> None:
        """Have the source opened or let go of, soon."""
        if is_wanted != self.is_wanted:
            self.is_wanted = is_wanted
            if not is_wanted:
                self._halt.set()

    def run(self) -> None:
        """Read until ``close`` is called or a recording has ended by itself.

        Raises:
            SourceError: A recording cannot be read any more.
        """
        while self._read():
            self._let_go()
            self._on_state(False, "")
            while not (self.is_wanted or self._end.wait(_TICK)):
                pass
            self._halt.clear()
            if self._end.is_set():  # only now: close() sets this first
                break
            self._frames = self._open()
        self.slot.end()

    def close(self) -> None:
        """Let go of the source for good; from any thread."""
        self._end.set()
        self._halt.set()
        self._let_go()

    def _read(self) -> bool:
        """Read while the source is wanted; tell whether it only rests."""
        if self.is_wanted:
            for item in self._frames(self._halt):
                self.slot.put(item)
            if not self._halt.is_set():
                return False
        return not self._end.is_set()

    def _open(self) -> Callable[[threading.Event], Iterator[Frame | Landmarks]]:
        if not self.has_pictures:
            return Playback(self._settings, is_live=True).landmarks
        camera = open_camera(self._settings, live_clock=True, on_state=self._on_state)
        with self._lock:
            self._camera = camera
        return camera.frames

    def _let_go(self) -> None:
        with self._lock:
            camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()
