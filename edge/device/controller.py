"""Controls recognizer and announcer: by the configuration, the owner's choices and commands.

Choices come over MQTT or from the page, beat the configuration and outlive the program, until they
are made anew or the command ``defaults`` forgets them. The commands ``pause`` and ``resume`` say
the same as the choice ``recognition``, but only until the program ends.
"""

from __future__ import annotations

import logging
import queue
import time
from collections import deque
from concurrent.futures import Future
from datetime import timezone
from typing import TYPE_CHECKING, Final, TypeVar

from edge.config.schedule import Schedule
from edge.config.state_file import StateFile
from edge.device.announcer import Announcer
from edge.device.choices import Choices
from edge.device.profile import make_profile
from edge.errors import EdgeError, SetupError
from edge.mqtt.home_assistant import object_id
from edge.recognition.recognizer import Recognizer
from edge.system.paths import state_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.config.settings import Settings
    from edge.device.audience import Audience
    from edge.device.orders import Order
    from edge.device.profile import Profile
    from edge.recognition.bundle import Bundle

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_ORDERS_MAX: Final = 32
"""Choices and commands that may wait; the oldest are dropped."""
_SETTLED_AT_START: Final = ("camera", "landmarks", "mqtt", "page", "health")
"""Sections that a reload cannot change."""


class Controller:
    """Asked from any thread; what it does, it does on the one that calls ``apply``."""

    def __init__(
        self,
        settings: Settings,
        bundle: Bundle,
        on_command: Callable[[str], None],
        hub: Audience | None = None,
    ) -> None:
        """Load the models and lay the owner's choices over the configuration.

        Args:
            settings: As configured.
            bundle: The model that they name.
            on_command: Called on paho's thread, or the page's, with ``reload`` and ``restart``.
            hub: Of the page, where there is one.

        Raises:
            SetupError: A bundle, a package or the broker's credentials are unusable.
        """
        self._on_command = on_command
        self._orders: deque[Order] = deque(maxlen=_ORDERS_MAX)
        self._asked: queue.Queue[Callable[[], None]] = queue.Queue(_ORDERS_MAX)
        self._pending: tuple[Settings, Bundle] | None = None
        self._advertised: object = None
        name = f"choices-{object_id(settings.mqtt)}.json"
        self._choices = StateFile(state_folder() / name, Choices)
        # Without broker and page there is nobody who could change them.
        can_choose = settings.mqtt.enabled or settings.page.enabled
        chosen = (self._choices.read() if can_choose else None) or Choices()
        self._begin(settings, bundle, chosen)
        self.is_paused = self.profile.choices.recognition == "OFF"
        self.is_reloading = False
        """Whether a new configuration is still to be taken."""
        self._schedule = Schedule(self.profile.settings.schedule)
        self.opening = self._schedule.look(time.time())
        """Whether the hours are such that the device listens, and until when."""
        self.announcer = Announcer(self.profile, self._take, hub)

    def start(self) -> None:
        """Connect to the broker, and tell of everything."""
        self._tell_state()
        self._tell_settings()
        self._advertise()
        self.announcer.start()

    @property
    def is_off(self) -> bool:
        """Whether nothing is to be recognised: paused by the owner, or asleep by the schedule."""
        return self.is_paused or not self.opening.is_open

    def reload(self, settings: Settings, bundle: Bundle) -> None:
        """Take a new configuration when ``apply`` is called; some of it needs a restart."""
        for section in _SETTLED_AT_START:
            if getattr(settings, section) != getattr(self.profile.configured, section):
                logger.warning("[%s] has changed; it takes effect after a restart", section)
        self.is_reloading = True
        self._pending = (settings, bundle)

    def submit(self, do: Callable[[], Result]) -> Future[Result]:
        """Have something done when ``apply`` is called, and get what comes of it.

        Raises:
            EdgeError: Too much waits already.
        """
        future: Future[Result] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(do())
            except Exception as error:  # noqa: BLE001 - raised again where it was asked for
                future.set_exception(error)

        try:
            self._asked.put_nowait(run)
        except queue.Full:
            raise EdgeError("the device is too busy") from None
        return future

    def choose(self, newer: Choices | None) -> None:
        """Take choices of the owner, None to forget all, on the thread that calls ``apply``.

        Raises:
            SetupError: They do not work; all stays as it was.
        """
        self._choose(newer)
        if newer is None or newer.recognition:
            self._pause(is_wanted=newer is not None and newer.recognition == "OFF")

    def apply(self) -> None:
        """Do what others have asked for meanwhile, in order."""
        pending, self._pending = self._pending, None
        if pending is not None:
            self._reconfigure(*pending)
            self.is_reloading = self._pending is not None
        while self._orders:
            self._obey(self._orders.popleft())
        while not self._asked.empty():
            self._asked.get()()
        self._keep_hours()
        self._advertise()

    def _begin(self, settings: Settings, bundle: Bundle, chosen: Choices) -> None:
        plain = make_profile(settings, bundle)
        try:
            self.profile = plain.choosing(chosen)
            self.recognizer = Recognizer(self.profile.settings, self.profile.bundle, is_live=True)
        except SetupError as error:
            harmless = chosen.without_models()
            if harmless == chosen:
                raise
            logger.warning("model and mode that the owner chose are left out: %s", error)
            self.profile = plain.choosing(harmless)
            self.recognizer = Recognizer(self.profile.settings, self.profile.bundle, is_live=True)

    def _take(self, order: Order) -> None:
        """Hear what the owner asks over MQTT or on the page; on the thread of either."""
        if not isinstance(order, Choices) and order.name in ("reload", "restart"):
            self._on_command(order.name)
        else:
            self._orders.append(order)

    def _reconfigure(self, settings: Settings, bundle: Bundle) -> None:
        """Take a new configuration; the owner's choices stay."""
        try:
            self._load(make_profile(settings, bundle).choosing(self.profile.choices))
        except SetupError as error:  # a network that does not load; go on with the old one
            logger.error("not reloaded: %s", error)  # noqa: TRY400 - one line
        else:
            logger.info("settings reloaded")
            self._tell_settings()

    def _obey(self, order: Order) -> None:
        if isinstance(order, Choices) or order.name == "defaults":
            try:
                self.choose(order if isinstance(order, Choices) else None)
            except SetupError as error:
                logger.error("not changed: %s", error)  # noqa: TRY400 - one line
        elif order.name in ("pause", "resume"):
            self._pause(is_wanted=order.name == "pause")
        elif self.is_off and order.name == "learn":
            logger.warning("learn: the device is %s", self._state)
        else:
            teacher = self.recognizer.teacher
            self.announcer.deliver(teacher.obey(order.name, order.argument, time.monotonic()))

    def _choose(self, newer: Choices | None) -> None:
        """Take choices, keep them for the next start, then tell of them; None forgets all.

        Raises:
            SetupError: They do not work; all stays as it was.
        """
        profile = self.profile.choosing(newer)
        if profile.is_adjustment_of(self.profile):
            self.recognizer.adjust(profile.settings)
            self._follow(profile)
        else:
            self._load(profile)
        self._choices.write(self.profile.choices)
        self.announcer.tell_problem("settings", self._choices.problem)
        self._tell_settings()

    def _load(self, profile: Profile) -> None:
        """Work by other settings from now on, with networks and taught words read again.

        Raises:
            SetupError: They do not work; all stays as it was.
        """
        self.announcer.deliver(self.recognizer.teacher.stop("the settings were changed"))
        self.recognizer.configure(profile.settings, profile.bundle)
        self._follow(profile)

    def _follow(self, profile: Profile) -> None:
        self.profile = profile
        self._schedule = Schedule(profile.settings.schedule)
        self.announcer.take(profile)

    def _pause(self, *, is_wanted: bool) -> None:
        """Pause or go on; the lesson, the sign and the words under way are lost."""
        if is_wanted == self.is_paused:
            return
        self.is_paused = is_wanted
        self._begin_anew("paused")
        self._tell_state()
        self._tell_settings()

    def _keep_hours(self) -> None:
        """Fall asleep or wake up when the schedule says so, whatever the clock was set to."""
        opening = self._schedule.look(time.time())
        if opening == self.opening:
            return
        if opening.is_open != self.opening.is_open:
            logger.info("%s", opening)
            self._begin_anew("the hours are over")
        self.opening = opening
        self._tell_state()

    def _begin_anew(self, why: str) -> None:
        self.announcer.deliver(self.recognizer.teacher.stop(why))
        self.recognizer.reset()

    @property
    def _state(self) -> str:
        if not self.opening.is_open:
            return "asleep"
        return "paused" if self.is_paused else "idle"

    def _tell_state(self) -> None:
        until = None if self.opening.is_open else self.opening.until
        wakes = until and until.astimezone(timezone.utc).isoformat(timespec="milliseconds")
        self.announcer.tell_state(self._state, asleep_until=wakes)

    def _tell_settings(self) -> None:
        self.announcer.tell_settings(is_recognising=not self.is_paused)

    def _advertise(self) -> None:
        """Tell Home Assistant of words and options, where they are others than before."""
        vocabulary = self.recognizer.vocabulary
        if self._advertised != (vocabulary, self.profile.options):
            self._advertised = (vocabulary, self.profile.options)
            self.announcer.tell_vocabulary(vocabulary)
