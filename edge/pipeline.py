"""Wires source, recognizer, controller and page into the daemon, and starts every thread.

Threads: ``capture`` (source to the newest-frame slot), ``inference`` (slot to words),
``speech``, and ``page`` where there is one; paho brings its own. The main thread watches over them.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from edge.camera.live import without_secrets
from edge.device.capture_thread import CaptureThread
from edge.device.controller import Controller
from edge.device.device_state import DeviceState
from edge.device.power import Governor
from edge.device.statistics import Statistics
from edge.device.watchdog import Watchdog
from edge.errors import EdgeError
from edge.page.start import make_hub, make_server
from edge.system.heartbeat import Attended, Heartbeat
from edge.system.sensors import Sensors
from edge.system.systemd_notify import Notifier

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from edge.config.settings import Settings
    from edge.recognition.bundle import Bundle

logger = logging.getLogger(__name__)

_TICK: Final = 0.25
"""Seconds between looks of a waiting thread at what else there is to do."""
_HANG: Final = 20.0
"""Seconds in the models, or with a speaking process, after which the watchdog is not fed."""
_LOADING: Final = 60.0
"""Seconds that a slow board may take to load the models."""
_GOVERN: Final = 5.0
"""Seconds between two looks at temperature and battery."""
_JOIN: Final = 1.0
"""Seconds that a thread is given to end."""
_SPEECH_END: Final = 5.0
"""Seconds that the last word of a recording may take."""


class Pipeline:
    """Runs until it is told to stop, its recording ends, or a thread fails."""

    def __init__(
        self,
        settings: Settings,
        bundle: Bundle,
        read: Callable[[], tuple[Settings, Bundle]],
    ) -> None:
        """Load the models and open a recording; nothing runs before ``run``.

        Args:
            settings: As configured.
            bundle: The model that they name.
            read: Reads both again, or raises SetupError; called by ``run``.

        Raises:
            SourceError: A recording cannot be read.
            SetupError: The bundle, a package, the page's password or the broker's credentials
                are unusable.
        """
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self.is_restart_wanted = False
        self._read = read
        self._is_reload_wanted = False
        self._reloading: Future[None] | None = None
        self._notifier = Notifier()
        self._notifier.tell_loading("the words", _LOADING)
        self._stats_interval = settings.health.stats_interval
        self._hub = make_hub(settings)
        self._controller = Controller(settings, bundle, self._control, self._hub)
        self._recognizer, self._news = self._controller.recognizer, self._controller.news
        camera = self._controller.profile.settings.camera
        self._capture = CaptureThread(camera, self._news.tell_camera)
        self._capture.want(self._controller.state is not DeviceState.ASLEEP)
        if self._capture.has_pictures:
            self._notifier.tell_loading("MediaPipe", _LOADING)
            self._recognizer.prepare()
        speech = Heartbeat(_HANG)
        self._quiet = Attended(speech)
        self._heart = Heartbeat(_HANG)
        hearts = {"capture": self._capture.heart, "inference": self._heart, "speech": speech}
        self._watchdog = Watchdog(self._notifier, hearts | self._news.hearts)
        self._sensors = Sensors()
        self._governor = Governor(self._sensors)
        self._statistics = Statistics(
            self._recognizer, self._news, self._capture.slot, self._sensors, lambda: self._max_fps
        )
        self._page = None
        if self._hub is not None:
            figures = partial(self._statistics.look, "page")
            hung = self._watchdog.hung
            self._page = make_server(settings, self._hub, self._controller, figures, hung)

    def stop(self) -> None:
        """Ask for an orderly end; safe in a signal handler."""
        self._stop.set()

    def reload(self) -> None:
        """Have the settings read again, as far as they need no restart; safe in a handler."""
        self._is_reload_wanted = True

    def run(self) -> None:
        """Run to the end.

        Raises:
            EdgeError: A thread failed; everything was stopped in order first.
        """
        bodies: dict[str, Callable[[], None]] = {
            "capture": self._capture.run,
            "inference": self._infer,
            "speech": lambda: self._news.speech.run(self._quiet),
        }
        if self._page is not None:
            bodies["page"] = self._page.run
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

    def _guard(self, body: Callable[[], None]) -> None:
        """Run a thread's body; its failure stops everything."""
        try:
            body()
        except BaseException as error:
            if not isinstance(error, EdgeError):
                logger.exception("thread %s failed", threading.current_thread().name)
            self._error = self._error or error
            self._stop.set()

    def _infer(self) -> None:
        last, slot = time.monotonic(), self._capture.slot
        while not self._stop.is_set():
            self._heart.beat()
            self._controller.apply()
            self._capture.want(self._controller.state is not DeviceState.ASLEEP)
            item = slot.get(_TICK)
            if item is None:
                if slot.is_over:
                    self._stop.set()
                else:
                    self._news.deliver(self._recognizer.tick(time.monotonic()))
            elif self._controller.state is DeviceState.LISTENING:
                last = item.time
                self._news.deliver(self._recognizer.push(item))
                if self._hub is not None:
                    self._hub.show(item, self._recognizer.newest_landmarks)
        self._controller.apply()  # what was chosen just before the end is kept
        self._news.deliver(self._recognizer.flush(last))
        self._controller.lesson.give_up("the source has ended")

    def _control(self, command: str) -> None:
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
        govern_at = time.monotonic()
        stats_at = govern_at + self._stats_interval
        while True:
            now = time.monotonic()
            self._news.tell_problem("speech", self._news.speech.problem)
            self._news.tell(following=self._recognizer.following)
            if now >= govern_at:
                self._govern(now)
                govern_at = now + _GOVERN
            if self._page is not None:
                self._news.tell_problem("page", self._page.problem)
            self._reload()
            self._watchdog.look(self._status(), now)
            if now >= stats_at:
                self._news.tell_stats(self._statistics.look("broker"))
                stats_at = now + self._stats_interval
            if self._stop.wait(_TICK):
                break

    def _reload(self) -> None:
        """Reload where that is wanted, one time after the other; say when it is done."""
        try:
            if self._is_reload_wanted and self._reloading is None:
                self._is_reload_wanted = False
                self._notifier.tell_reloading()
                self._reloading = self._controller.reload(*self._read())
            if self._reloading is None or not self._reloading.done():
                return
            self._reloading.result()
        except EdgeError as error:
            logger.error("not reloaded: %s", error)  # noqa: TRY400 - one line
        self._reloading = None
        self._notifier.send("READY=1")

    def _govern(self, now: float) -> None:
        """Work as fast as the board can afford."""
        before = self._governor.pace
        pace = self._governor.look(self._controller.profile.settings.power, now)
        self._recognizer.fps_limit = pace.fps
        self._news.tell(power=pace.power)
        if pace != before:
            logger.info("power: %s, at most %g frames per second", pace.power, self._max_fps)

    @property
    def _max_fps(self) -> float:
        fps: float = self._controller.profile.settings.landmarks.max_fps
        return min(fps, self._governor.pace.fps)

    def _status(self) -> str:
        """Say in words what the service does just now."""
        state, pace = self._controller.state, self._governor.pace
        if state is DeviceState.ASLEEP:
            return str(self._controller.opening)
        if state is DeviceState.PAUSED:
            what = "paused"
        elif trouble := self._news.problem("camera"):
            what = f"no camera: {trouble}"
        else:
            what = "signing" if self._recognizer.is_signing else "watching"
        if pace.power != "full":
            what += f"; {pace.power}: at most {self._max_fps:g} frames per second"
        if trouble := self._news.problem("broker"):
            what += f"; no broker: {trouble}"
        return what

    def _finish_speaking(self, inference: threading.Thread) -> None:
        """A recording has ended by itself: let its last word be heard."""
        inference.join(_JOIN)
        deadline = time.monotonic() + _SPEECH_END
        while not self._news.speech.is_idle and time.monotonic() < deadline:
            time.sleep(0.05)

    def _shut_down(
        self,
        capture: threading.Thread,
        inference: threading.Thread,
        speech: threading.Thread,
        *others: threading.Thread,
    ) -> None:
        """Stop source to sink, each with a deadline; under five seconds in all."""
        self._notifier.send("STOPPING=1", "STATUS=stopping")
        self._stop.set()
        if self._capture.slot.is_over and self._error is None:
            self._finish_speaking(inference)
        if self._page is not None:
            self._page.close()
        self._capture.close()
        capture.join(_JOIN)
        inference.join(_JOIN)
        self._quiet.set()
        self._news.speech.close()
        speech.join(_JOIN)
        for thread in others:
            thread.join(_JOIN)
        self._news.close()
        threads = (capture, inference, speech, *others)
        if hung := [thread.name for thread in threads if thread.is_alive()]:
            logger.error("still running at the end: %s", ", ".join(hung))
        else:
            self._recognizer.close()
