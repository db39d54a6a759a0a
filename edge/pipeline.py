"""The daemon: wires source, recognizer and announcer, and starts every thread.

Threads: ``capture`` (source to the newest-frame slot), ``inference`` (slot to words),
``speech``; paho brings its own. The main thread watches over them.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import TYPE_CHECKING, Final

from edge.camera import open_camera, source_kind
from edge.controller import Controller
from edge.errors import EdgeError
from edge.health import Heartbeat, Usage, board
from edge.live import without_secrets
from edge.notify import Notifier
from edge.playback import Playback
from edge.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edge.bundle import Bundle
    from edge.config import Settings
    from edge.messages import Frame, Landmarks

logger = logging.getLogger(__name__)

_TICK: Final = 0.25
"""Seconds between looks of a waiting thread at what else there is to do."""
_HANG: Final = 20.0
"""Seconds in the models after which the watchdog is no longer fed."""
_JOIN: Final = 1.0
"""Seconds that a thread is given to end."""
_LAST_WORD: Final = 5.0
"""Seconds that the last word of a recording may take."""


class Pipeline:
    """Runs until it is told to stop, its recording ends, or a thread fails."""

    def __init__(self, settings: Settings, bundle: Bundle) -> None:
        """Load the models and open a recording; nothing runs before ``run``.

        Raises:
            SourceError: A recording cannot be read.
            SetupError: The bundle, a package or the broker's credentials are unusable.
        """
        self._stop = threading.Event()
        self._quiet = threading.Event()
        self._error: BaseException | None = None
        self._slot: Slot[Frame | Landmarks] = Slot()
        self.is_restart_wanted = False
        self._stats_interval = settings.health.stats_interval
        self._controller = Controller(settings, bundle, self._obey)
        self._recognizer, self._announcer = self._controller.recognizer, self._controller.announcer
        self._open_source()
        self._notifier = Notifier()
        self._heart = Heartbeat(_HANG)
        self._usage = Usage()
        self._counted = 0

    def stop(self) -> None:
        """Ask for an orderly end; safe in a signal handler."""
        self._stop.set()

    def reload(self, settings: Settings, bundle: Bundle) -> None:
        """Take new settings for recognition at the next frame; the rest needs a restart."""
        self._controller.reload(settings, bundle)

    def run(self) -> None:
        """Run to the end.

        Raises:
            EdgeError: A thread failed; everything was stopped in order first.
        """
        bodies: dict[str, Callable[[], None]] = {
            "capture": self._capture,
            "inference": self._infer,
            "speech": lambda: self._announcer.speech.run(self._quiet),
        }
        threads = [
            threading.Thread(target=self._guard, args=(body,), name=name, daemon=True)
            for name, body in bodies.items()
        ]
        self._controller.start()
        for thread in threads:
            thread.start()
        try:
            self._watch()
        finally:
            self._shut_down(*threads)
        if isinstance(self._error, EdgeError):
            raise self._error
        if self._error is not None:
            raise EdgeError(f"{type(self._error).__name__}: {self._error}") from self._error

    def _open_source(self) -> None:
        camera = self._controller.profile.settings.camera
        self._frames: Callable[[threading.Event], Iterator[Frame | Landmarks]]
        self._close_source: Callable[[], None]
        if source_kind(camera.source) == "archive":
            self._frames = Playback(camera, is_live=True).landmarks
            self._close_source = lambda: None
        else:
            opened = open_camera(camera, live_clock=True, on_state=self._announcer.tell_camera)
            self._frames, self._close_source = opened.frames, opened.close
            self._recognizer.prepare()

    def _guard(self, body: Callable[[], None]) -> None:
        """Run a thread's body; its failure stops everything."""
        try:
            body()
        except BaseException as error:
            if not isinstance(error, EdgeError):
                logger.exception("thread %s failed", threading.current_thread().name)
            self._error = self._error or error
            self._stop.set()

    def _capture(self) -> None:
        for item in self._frames(self._stop):
            self._slot.put(item)
        self._slot.end()

    def _infer(self) -> None:
        last = time.monotonic()
        while not self._stop.is_set():
            self._heart.beat()
            self._controller.apply()
            item = self._slot.get(_TICK)
            if item is None:
                if self._slot.is_over:
                    self._stop.set()
                else:
                    self._announcer.deliver(self._recognizer.tick(time.monotonic()))
            elif not self._controller.is_paused:
                last = item.time
                self._announcer.deliver(self._recognizer.push(item))
        self._controller.apply()  # what was chosen just before the end is kept
        self._announcer.deliver(self._recognizer.flush(last))
        self._announcer.deliver(self._recognizer.teacher.stop("the source has ended"))

    def _obey(self, command: str) -> None:
        """Carry out ``reload`` or ``restart``; on paho's thread."""
        if command == "reload":
            signal.raise_signal(signal.SIGHUP)
        else:
            self.is_restart_wanted = True
            self._stop.set()

    def _watch(self) -> None:
        self._notifier.send("READY=1")
        profile = self._controller.profile
        source = without_secrets(profile.settings.camera.source)
        logger.info("ready: %s, model %s", source, profile.bundle.manifest.name)
        started = time.monotonic()
        next_stats = started + self._stats_interval
        next_sign_of_life = started
        while not self._stop.wait(_TICK):
            now = time.monotonic()
            self._announcer.tell_problem("speech", self._announcer.speech.problem)
            self._announcer.tell_following(self._recognizer.following)
            interval = self._notifier.watchdog_interval
            if interval and now >= next_sign_of_life and self._heart.is_alive:
                self._notifier.send(f"WATCHDOG=1\nSTATUS={self._status()}")
                next_sign_of_life = now + interval
            if now >= next_stats:
                self._announcer.tell_stats(self._stats(now - started))
                next_stats = now + self._stats_interval

    def _status(self) -> str:
        if trouble := self._announcer.problem("camera"):
            return f"no camera: {trouble}"
        if self._controller.is_paused:
            return "paused"
        return "signing" if self._recognizer.is_signing else "watching"

    def _stats(self, uptime: float) -> dict[str, object]:
        counts = dict(self._recognizer.counts)
        since, self._counted = self._counted, counts.get("landmarks", 0)
        return {
            "uptime": round(uptime),
            "fps": round((self._counted - since) / self._stats_interval, 2),
            "stage_ms": {name: round(ms, 2) for name, ms in self._recognizer.stage_ms.items()},
            "latency_ms": round(self._announcer.latency_ms, 1),
            "cpu_percent": self._usage.cpu_percent(),
            **board(),
            "dropped_frames": self._slot.dropped,
            "dropped_messages": self._announcer.dropped_messages,
            "dropped_words": self._announcer.speech.dropped,
            "counts": counts,
        }

    def _finish_speaking(self, inference: threading.Thread) -> None:
        """A recording has ended by itself: let its last word be heard."""
        inference.join(_JOIN)
        deadline = time.monotonic() + _LAST_WORD
        while not self._announcer.speech.is_idle and time.monotonic() < deadline:
            time.sleep(0.05)

    def _shut_down(
        self, capture: threading.Thread, inference: threading.Thread, speech: threading.Thread
    ) -> None:
        """Stop source to sink, each with a deadline; under five seconds in all."""
        self._notifier.send("STOPPING=1")
        self._stop.set()
        if self._slot.is_over and self._error is None:
            self._finish_speaking(inference)
        self._close_source()
        capture.join(_JOIN)
        inference.join(_JOIN)
        self._quiet.set()
        self._announcer.speech.close()
        speech.join(_JOIN)
        self._announcer.close()
        threads = (capture, inference, speech)
        if hung := [thread.name for thread in threads if thread.is_alive()]:
            logger.error("still running at the end: %s", ", ".join(hung))
        else:
            self._recognizer.close()
