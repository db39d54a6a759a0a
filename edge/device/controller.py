"""Carries out what owner, configuration and schedule ask of the device.

Choices come over MQTT or from the page, beat the configuration and outlive the program, until they
are made anew or the command ``defaults`` forgets them. The commands ``pause`` and ``resume`` say
the same as the choice ``recognition``, but only until the program ends.
"""

from __future__ import annotations

import logging
import time
from datetime import timezone
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from edge import __version__
from edge.config.schedule import Schedule
from edge.config.state_file import StateFile
from edge.device.choices import Choices
from edge.device.device_state import DeviceState
from edge.device.inference_queue import InferenceQueue
from edge.device.lesson_control import LessonControl
from edge.device.news import News
from edge.device.orders import OrderReader
from edge.device.outlets import Outlets
from edge.device.profile import make_profile
from edge.errors import SetupError
from edge.mqtt.home_assistant import object_id
from edge.mqtt.publisher import Publisher
from edge.recognition.recognizer import Recognizer
from edge.system.paths import state_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from edge.config.settings import MqttSettings, Settings
    from edge.device.audience import Audience
    from edge.device.orders import Command, Order
    from edge.device.profile import Profile
    from edge.recognition.bundle import Bundle

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_TEST_SENTENCE: Final = "This is a test of the sound"


class Controller:
    """Asked from any thread; what concerns recognition it does on the one that calls ``apply``."""

    def __init__(
        self,
        settings: Settings,
        bundle: Bundle,
        on_program: Callable[[str], None],
        hub: Audience | None = None,
    ) -> None:
        """Load the models and lay the owner's choices over the configuration.

        Args:
            settings: As configured.
            bundle: The model that they name.
            on_program: Called on paho's thread, or the page's, with ``reload`` and ``restart``,
                which concern the program as a whole.
            hub: Of the page, where there is one.

        Raises:
            SetupError: A bundle, a package or the broker's credentials are unusable.
        """
        self._on_program = on_program
        self._queue = InferenceQueue()
        self._advertised: object = None
        name = f"choices-{object_id(settings.mqtt)}.json"
        self._choices = StateFile(state_folder() / name, Choices)
        # Without broker and page there is nobody who could change them.
        can_choose = settings.mqtt.enabled or settings.page.enabled
        chosen = (self._choices.read() if can_choose else None) or Choices()
        self._begin(settings, bundle, chosen)
        self._is_paused = self.profile.choices.recognition == "OFF"
        self._schedule = Schedule(self.profile.settings.schedule)
        self.opening = self._schedule.look(time.time())
        """Whether the hours are such that the device listens, and until when."""
        self._order_reader = OrderReader(settings.mqtt.command_rate, self.profile.options)
        publisher = self._make_publisher(settings.mqtt)
        self.news = News(self.profile, Outlets(settings.mqtt, publisher, hub))
        self.lesson = LessonControl(self.recognizer, self.news)

    def start(self) -> None:
        """Connect to the broker, and tell of everything."""
        self._tell_state()
        self._tell_settings()
        self._advertise()
        self.news.start()

    @property
    def state(self) -> DeviceState:
        """Whether anything is recognised; asleep, it does not matter whether it is paused."""
        if not self.opening.is_open:
            return DeviceState.ASLEEP
        return DeviceState.PAUSED if self._is_paused else DeviceState.LISTENING

    @property
    def is_recognising(self) -> bool:
        """Whether the owner has recognition switched on; the hours may forbid it all the same."""
        return not self._is_paused

    def hear(self, topic: str, payload: bytes) -> None:
        """Carry out what is asked over MQTT, where it is allowed; for paho's thread alone.

        Args:
            topic: Below the device's root.
            payload: As edge.mqtt.inbox lets it pass.
        """
        order = self._order_reader.read(topic, payload)
        if order is not None:
            self.carry_out(order)

    def carry_out(self, order: Order) -> None:
        """Carry out an order: what is about sound or the program now, the rest in ``apply``."""
        if isinstance(order, Choices):
            self._queue.put(partial(self._try_to_choose, order))
        elif order.name in ("reload", "restart"):
            self._on_program(order.name)
        elif order.name == "say":
            self.news.say(order.argument)
        elif order.name == "test_sound":
            self.news.say(_TEST_SENTENCE)
        elif order.name == "repeat":
            self.news.repeat()
        else:
            self._queue.put(partial(self._obey, order))

    def reload(self, settings: Settings, bundle: Bundle) -> Future[None]:
        """Take a new configuration when ``apply`` is called; some of it needs a restart.

        Returns:
            What is done when that has happened; it raises EdgeError where the configuration does
            not work, and all stays as it was.

        Raises:
            EdgeError: Too much waits already.
        """
        for section in self.profile.needing_restart(settings):
            logger.warning("[%s] has changed; it takes effect after a restart", section)
        return self.submit(partial(self._reconfigure, settings, bundle))

    def submit(self, do: Callable[[], Result]) -> Future[Result]:
        """Have something done when ``apply`` is called, and get what comes of it.

        Raises:
            EdgeError: Too much waits already.
        """
        return self._queue.submit(do)

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
        self._queue.run()
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

    def _make_publisher(self, settings: MqttSettings) -> Publisher | None:
        if not settings.enabled:
            return None
        return Publisher(
            settings,
            version=__version__,
            on_command=self.hear,
            on_problem=lambda what: self.news.tell_problem("broker", what),
            on_outbox_problem=lambda what: self.news.tell_problem("outbox", what),
        )

    def _reconfigure(self, settings: Settings, bundle: Bundle) -> None:
        """Take a new configuration; the owner's choices stay.

        Raises:
            SetupError: It does not work; all stays as it was.
        """
        self._load(self.profile.reconfigured(settings, bundle))
        logger.info("settings reloaded")
        self._tell_settings()

    def _obey(self, command: Command) -> None:
        if command.name == "defaults":
            self._try_to_choose(None)
        elif command.name in ("pause", "resume"):
            self._pause(is_wanted=command.name == "pause")
        elif command.name == "learn" and self.state is not DeviceState.LISTENING:
            logger.warning("learn: the device is %s", self.state.value)
        else:
            self.lesson.obey(command.name, command.argument)

    def _try_to_choose(self, newer: Choices | None) -> None:
        """Take choices of the owner, who reads in the log what does not work."""
        try:
            self.choose(newer)
        except SetupError as error:
            logger.error("not changed: %s", error)  # noqa: TRY400 - one line

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
        self.news.tell_problem("settings", self._choices.problem)
        self._tell_settings()

    def _load(self, profile: Profile) -> None:
        """Work by other settings from now on, with networks and taught words read again.

        Raises:
            SetupError: They do not work; all stays as it was.
        """
        self.lesson.give_up("the settings were changed")
        self.recognizer.configure(profile.settings, profile.bundle)
        self._follow(profile)

    def _follow(self, profile: Profile) -> None:
        self.profile = profile
        self._schedule = Schedule(profile.settings.schedule)
        self._order_reader.options = profile.options
        self.news.take(profile)

    def _pause(self, *, is_wanted: bool) -> None:
        """Pause or go on; the lesson, the sign and the words under way are lost."""
        if is_wanted == self._is_paused:
            return
        self._is_paused = is_wanted
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
        self.lesson.give_up(why)
        self.recognizer.reset()

    def _tell_state(self) -> None:
        until = None if self.opening.is_open else self.opening.until
        wakes = until and until.astimezone(timezone.utc).isoformat(timespec="milliseconds")
        self.news.tell_state(self.state.value, asleep_until=wakes)

    def _tell_settings(self) -> None:
        self.news.tell_settings(is_recognising=self.is_recognising)

    def _advertise(self) -> None:
        """Tell Home Assistant of words and options, where they are others than before."""
        vocabulary = self.recognizer.vocabulary
        if self._advertised != (vocabulary, self.profile.options):
            self._advertised = (vocabulary, self.profile.options)
            self.news.tell_vocabulary(vocabulary)
