"""The daemon: wires source, recognizer and announcer, and starts every thread.

Threads: ``capture`` (source to the newest-frame slot), ``inference`` (slot to words),
``speech``; paho brings its own. The main thread watches over them.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from edge.announcer import Announcer
from edge.camera import open_camera, source_kind
from edge.errors import EdgeError, SetupError
from edge.health import Heartbeat, Usage, board
from edge.live import without_secrets
from edge.notify import Notifier
from edge.playback import Playback
from edge.recognizer import Recognizer
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
_LESSONS_MAX: Final = 8
"""Commands to learn or forget that may wait; the oldest are dropped."""
_SETTLED_AT_START: Final = ("camera", "landmarks", "mqtt", "speech", "health")
"""Sections that a reload cannot change."""


class Pipeline:
    """Runs until it is told to stop, its recording ends, or a thread fails."""

    def __init__(self, settings: Settings, bundle: Bundle) -> None:
        """Load the models and open a recording; nothing runs before ``run``.

        Raises:
            SourceError: A recording cannot be read.
            SetupError: The bundle, a package or the broker's credentials are unusable.
        """
        self._settings = settings
        self._bundle = bundle
        self._stop = threading.Event()
        self._quiet = threading.Event()
        self._error: BaseException | None = None
        self._slot: Slot[Frame | Landmarks] = Slot()
        self._pending: tuple[Settings, Bundle] | None = None
        self._lessons: deque[tuple[str, str]] = deque(maxlen=_LESSONS_MAX)
        self._wants_pause = self._is_paused = False
        self.is_restart_wanted = False
        self._recognizer = Recognizer(settings, bundle)
        self._announcer = Announcer(settings, bundle.manifest.name, self._obey)
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
        for section in _SETTLED_AT_START:
            if getattr(settings, section) != getattr(self._settings, section):
                logger.warning("[%s] has changed; it takes effect after a restart", section)
        self._pending = (settings, bundle)

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
        self._announcer.start()
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
        camera = self._settings.camera
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
            self._change_course()
            self._teach()
            item = self._slot.get(_TICK)
            if item is None:
                if self._slot.is_over:
                    self._stop.set()
                else:
                    self._announcer.deliver(self._recognizer.tick(time.monotonic()))
            elif not self._is_paused:
                last = item.time
                self._announcer.deliver(self._recognizer.push(item))
        self._announcer.deliver(self._recognizer.flush(last))
        self._announcer.deliver(self._recognizer.teacher.stop("the source has ended"))

    def _change_course(self) -> None:
        """Take new settings, pause or go on, as others have asked."""
        pending, self._pending = self._pending, None
        if pending is not None:
            self._announcer.deliver(self._recognizer.teacher.stop("the settings were reloaded"))
            try:
                self._recognizer.configure(*pending)
            except SetupError as error:  # a network that does not load; go on with the old one
                logger.error("not reloaded: %s", error)  # noqa: TRY400 - one line
            else:
                self._settings, self._bundle = pending
                self._announcer.model = self._bundle.manifest.name
                self._announcer.mode = self._settings.spelling.mode
                logger.info("settings reloaded")
        if self._wants_pause != self._is_paused:
            self._is_paused = self._wants_pause
            self._announcer.deliver(self._recognizer.teacher.stop("paused"))
            self._recognizer.reset()
            self._announcer.tell_state("paused" if self._is_paused else "idle")

    def _teach(self) -> None:
        """Begin lessons and forget words, as others have asked."""
        while self._lessons:
            name, word = self._lessons.popleft()
            if name == "learn" and self._is_paused:
                logger.warning("learn: the device is paused; resume it first")
                continue
            teacher = self._recognizer.teacher
            self._announcer.deliver(teacher.obey(name, word, time.monotonic()))

    def _obey(self, name: str, argument: str) -> None:
        """Carry out a command from the broker; on paho's thread."""
        if name in ("pause", "resume"):
            self._wants_pause = name == "pause"
        elif name in ("learn", "forget"):
            self._lessons.append((name, argument))
        elif name == "reload":
            signal.raise_signal(signal.SIGHUP)
        elif name == "restart":
            self.is_restart_wanted = True
            self._stop.set()

    def _watch(self) -> None:
        self._notifier.send("READY=1")
        source = without_secrets(self._settings.camera.source)
        logger.info("ready: %s, model %s", source, self._bundle.manifest.name)
        started = time.monotonic()
        next_stats = started + self._settings.health.stats_interval
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
                next_stats = now + self._settings.health.stats_interval

    def _status(self) -> str:
        if trouble := self._announcer.problem("camera"):
            return f"no camera: {trouble}"
        if self._is_paused:
            return "paused"
        return "signing" if self._recognizer.is_signing else "watching"

    def _stats(self, uptime: float) -> dict[str, object]:
        counts = dict(self._recognizer.counts)
        since, self._counted = self._counted, counts.get("landmarks", 0)
        return {
            "uptime": round(uptime),
            "fps": round((self._counted - since) / self._settings.health.stats_interval, 2),
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
