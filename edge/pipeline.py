"""The daemon: wires source, recognizer, publisher and speech, and starts every thread.

Threads: ``capture`` (source to the newest-frame slot), ``inference`` (slot to words),
``speech``; paho brings its own. The main thread watches over them.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from edge import __version__
from edge.camera import open_camera, source_kind
from edge.errors import EdgeError
from edge.health import Heartbeat, Usage, board
from edge.live import without_secrets
from edge.messages import Declined, Sign, Utterance
from edge.notify import Notifier
from edge.playback import Playback
from edge.publisher import Publisher
from edge.recognizer import Recognizer, StateChange
from edge.slot import Slot
from edge.speech import Speech

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edge.bundle import Bundle
    from edge.config import Settings
    from edge.messages import Frame, Landmarks
    from edge.recognizer import Event

logger = logging.getLogger(__name__)

_TICK: Final = 0.25
"""Seconds between looks of a waiting thread at what else there is to do."""
_HANG: Final = 20.0
"""Seconds in the models after which the watchdog is no longer fed."""
_JOIN: Final = 1.5
"""Seconds that a thread is given to end."""


class Pipeline:
    """Runs until it is told to stop, its recording ends, or a thread fails."""

    def __init__(self, settings: Settings, bundle: Bundle) -> None:
        """Load what can be loaded; nothing runs before ``run``.

        Raises:
            SourceError: A recording cannot be read.
            SetupError: The bundle, a package or the broker's credentials are unusable.
        """
        self._settings = settings
        self._bundle = bundle
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._slot: Slot[Frame | Landmarks] = Slot()
        self._problems: dict[str, str] = {}
        self._is_paused = threading.Event()
        self.is_restart_wanted = False
        self._pending: tuple[Settings, Bundle] | None = None
        self._last_sign: Sign | None = None
        self._segments = 0
        self._frames_before = 0
        self._latency_ms = 0.0
        self._recognizer = Recognizer(settings, bundle)
        self._speech = Speech(settings.speech)
        self._publisher = (
            Publisher(settings.mqtt, version=__version__, on_command=self._obey)
            if settings.mqtt.enabled
            else None
        )
        self._open_source()
        self._notifier = Notifier()
        self._heart = Heartbeat(_HANG)
        self._usage = Usage()

    def stop(self) -> None:
        """Ask for an orderly end; safe in a signal handler."""
        self._stop.set()

    def reload(self, settings: Settings, bundle: Bundle) -> None:
        """Take new settings for recognition at the next frame; the rest needs a restart."""
        for section in ("camera", "landmarks", "mqtt", "speech"):
            if getattr(settings, section) != getattr(self._settings, section):
                logger.warning("[%s] has changed; it takes effect after a restart", section)
        self._pending = (settings, bundle)

    def run(self) -> None:
        """Run to the end.

        Raises:
            EdgeError: A thread failed; everything was stopped in order first.
        """
        threads = [
            threading.Thread(target=self._guard, args=(body,), name=name, daemon=True)
            for name, body in (
                ("capture", self._capture),
                ("inference", self._infer),
                ("speech", lambda: self._speech.run(self._quiet)),
            )
        ]
        self._quiet = threading.Event()
        if self._publisher:
            self._publisher.start()
            self._publish_state("idle")
            self._publisher.publish_problem({})
        for thread in threads:
            thread.start()
        try:
            self._watch(threads)
        finally:
            self._shut_down(threads)
        if self._error is not None:
            if isinstance(self._error, EdgeError):
                raise self._error
            raise EdgeError(f"{type(self._error).__name__}: {self._error}") from self._error

    def _open_source(self) -> None:
        camera = self._settings.camera
        self._source_name = without_secrets(camera.source)
        self._frames: Callable[[threading.Event], Iterator[Frame | Landmarks]]
        if source_kind(camera.source) == "archive":
            self._frames = Playback(camera, is_live=True).landmarks
            self._close_source: Callable[[], None] = lambda: None
        else:
            self._recognizer.prepare()
            opened = open_camera(camera, live_clock=True, on_state=self._note_camera)
            self._frames = opened.frames
            self._close_source = opened.close

    def _guard(self, body: Callable[[], None]) -> None:
        """Run a thread's body; its failure stops everything."""
        try:
            body()
        except BaseException as error:  # noqa: BLE001 - a thread's top; run() raises it again
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
            self._take_pending()
            item = self._slot.get(_TICK)
            if item is not None and not self._is_paused.is_set():
                last = item.time
                self._deliver(self._recognizer.push(item))
            elif self._slot.is_over:
                self._stop.set()
            elif item is None:
                self._deliver(self._recognizer.tick(time.monotonic()))
        self._deliver(self._recognizer.flush(last))

    def _take_pending(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            self._settings, self._bundle = pending
            self._recognizer.configure(*pending)
            logger.info("settings reloaded")

    def _deliver(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Sign):
                self._segments += 1
                self._last_sign = event
                self._latency_ms = 1000 * (time.monotonic() - event.decided)
                self._speech.say(event.spoken, time.monotonic())
                logger.debug("sign %s %.2f", event.gloss, event.probability)
                if self._publisher:
                    self._publisher.publish_sign(
                        event,
                        model=self._bundle.manifest.name,
                        segment=self._segments,
                        utc_of=_utc_of,
                    )
            elif isinstance(event, Utterance):
                if self._publisher:
                    self._publisher.publish_utterance(
                        event, model=self._bundle.manifest.name, utc_of=_utc_of
                    )
            elif isinstance(event, Declined):
                self._note_declined(event)
            elif isinstance(event, StateChange):
                self._publish_state(event.state)

    def _note_declined(self, declined: Declined) -> None:
        if declined.reason == "low_fps":
            self._note_problem("fps", "too few frames per second to recognise signs")
        else:
            logger.debug("declined %s %s", declined.reason, declined.top[:2])

    def _publish_state(self, state: str) -> None:
        if self._publisher:
            self._publisher.publish_state(
                state="paused" if self._is_paused.is_set() else state,
                source=self._source_name,
                model=self._bundle.manifest.name,
                mode="words",
                speaking=self._settings.speech.enabled,
            )

    def _note_camera(self, is_up: bool, reason: str) -> None:  # noqa: FBT001 - the camera's callback
        self._note_problem("camera", "" if is_up else reason)

    def _note_problem(self, area: str, what: str) -> None:
        """Publish what is wrong, on changes only."""
        if self._problems.get(area, "") == what:
            return
        self._problems[area] = what
        if self._publisher:
            wrong = {key: text for key, text in self._problems.items() if text}
            self._publisher.publish_problem(wrong or None)

    def _obey(self, topic: str, payload: bytes) -> None:
        """Carry out a command from the broker; on paho's thread."""
        name, _, argument = payload.decode().strip().partition(" ")
        if topic != "command":
            return
        if name in ("pause", "resume"):
            (self._is_paused.set if name == "pause" else self._is_paused.clear)()
            self._publish_state("idle")
        elif name == "say" and argument:
            self._speech.say(argument, time.monotonic())
        elif name == "reload":
            signal.raise_signal(signal.SIGHUP)
        elif name == "restart":
            self.is_restart_wanted = True
            self._stop.set()
        elif name == "repeat" and self._last_sign is not None:
            self._speech.say(self._last_sign.spoken, time.monotonic())
        else:
            logger.warning("unknown command %r", payload[:40])

    def _watch(self, threads: list[threading.Thread]) -> None:
        self._notifier.send("READY=1")
        logger.info("ready: %s, model %s", self._source_name, self._bundle.manifest.name)
        started = next_stats = time.monotonic()
        next_stats += self._settings.health.stats_interval
        next_sign_of_life = 0.0
        while not self._stop.wait(_TICK):
            now = time.monotonic()
            self._note_problem("speech", self._speech.problem)
            interval = self._notifier.watchdog_interval
            if interval and now >= next_sign_of_life and self._heart.is_alive:
                self._notifier.send(f"WATCHDOG=1\nSTATUS={self._status()}")
                next_sign_of_life = now + interval
            if now >= next_stats:
                self._publish_stats(now - started)
                next_stats = now + self._settings.health.stats_interval
            if not all(thread.is_alive() for thread in threads[1:]):
                self._stop.set()

    def _status(self) -> str:
        camera = self._problems.get("camera")
        if camera:
            return f"no camera: {camera}"
        return "signing" if self._recognizer.is_signing else "watching"

    def _publish_stats(self, uptime: float) -> None:
        counts = dict(self._recognizer.counts)
        frames = counts.get("landmarks", 0)
        interval = self._settings.health.stats_interval
        stats = {
            "uptime": round(uptime),
            "fps": round((frames - self._frames_before) / interval, 2),
            "stage_ms": {k: round(v, 2) for k, v in self._recognizer.stage_ms.items()},
            "latency_ms": round(self._latency_ms, 1),
            "cpu_percent": self._usage.cpu_percent(),
            **board(),
            "dropped_frames": self._slot.dropped,
            "dropped_messages": self._publisher.dropped if self._publisher else 0,
            "dropped_words": self._speech.dropped,
            "counts": counts,
        }
        self._frames_before = frames
        if self._publisher:
            self._publisher.publish_stats(stats)

    def _shut_down(self, threads: list[threading.Thread]) -> None:
        """Stop source to sink, each with a deadline; under five seconds in all."""
        self._notifier.send("STOPPING=1")
        self._stop.set()
        self._close_source()
        capture, inference, speech = threads
        for thread in (capture, inference):
            thread.join(_JOIN)
        self._quiet.set()
        self._speech.close()
        speech.join(_JOIN)
        if self._publisher:
            self._publisher.close()
        hung = [thread.name for thread in threads if thread.is_alive()]
        if hung:
            logger.error("still running at the end: %s", ", ".join(hung))
        else:
            self._recognizer.close()


def _utc_of(moment: float) -> datetime:
    """Turn the monotonic clock's seconds into UTC."""
    ago = time.monotonic() - moment
    return datetime.now(timezone.utc) - timedelta(seconds=ago)
