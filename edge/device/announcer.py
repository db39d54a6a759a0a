"""What the device tells: words, state and problems to broker and page, words to the ear."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from edge import __version__
from edge.camera.live import without_secrets
from edge.device.choices import describe
from edge.device.orders import Command, Controls
from edge.device.outlets import Outlets
from edge.messages import Declined, Letter, Progress, Sign, Spelled, StateChange, Utterance
from edge.mqtt.discovery_footprint import Footprint
from edge.mqtt.home_assistant import describe_components, device_payload, discovery_topic, object_id
from edge.mqtt.payloads import encode
from edge.mqtt.publisher import Publisher
from edge.speech.loudspeaker import Speech
from edge.system.paths import state_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edge.device.audience import Audience
    from edge.device.orders import Order
    from edge.device.profile import Profile
    from edge.messages import Event
    from edge.system.heartbeat import Heartbeat

logger = logging.getLogger(__name__)

_TEST_SENTENCE: Final = "This is a test of the sound"


class Announcer:
    """Publishes and says events; safe to call from any thread."""

    def __init__(
        self, profile: Profile, on_order: Callable[[Order], None], hub: Audience | None = None
    ) -> None:
        """Prepare broker and speech; nothing is sent before ``start``.

        Args:
            profile: Settings of the broker, speech and source, and the model.
            on_order: Called on paho's thread with what the owner chooses, and there or on the
                caller's of ``carry_out`` with commands that are not about announcing: pause,
                resume, learn, forget, reload, restart, defaults.
            hub: Of the page, where there is one.

        Raises:
            ConfigError: The broker's credentials are unusable.
        """
        settings = profile.settings
        self._hub = hub
        on_text = None if hub is None else lambda text: hub.tell("spoken", {"text": text})
        self.speech = Speech(settings.speech, on_text=on_text)
        self._profile = profile
        # Of these a reload changes nothing.
        self._mqtt = settings.mqtt
        self._source = without_secrets(settings.camera.source)
        self._on_order = on_order
        self._controls = Controls(settings.mqtt.command_rate, profile.options)
        self._lock = threading.Lock()
        self._problems: dict[str, str] = {}
        self._last_sign: Sign | None = None
        self._segments = 0
        self.latency_ms = 0.0
        self._is_learning = False
        self._publisher: Publisher | None = None
        if settings.mqtt.enabled:
            self._footprint = Footprint(
                state_folder() / f"discovery-{object_id(settings.mqtt)}.json"
            )
            self._publisher = Publisher(
                settings.mqtt,
                version=__version__,
                on_command=self._obey,
                on_problem=lambda what: self.tell_problem("broker", what),
                on_outbox_problem=lambda what: self.tell_problem("outbox", what),
            )
        self._outlets = Outlets(self._publisher, hub)

    @property
    def dropped_messages(self) -> int:
        """Messages that were lost because too many waited for the broker."""
        return self._publisher.dropped if self._publisher else 0

    @property
    def hearts(self) -> dict[str, Heartbeat]:
        """Tell whether the thread of the broker makes headway, where there is one."""
        return {"mqtt": self._publisher.heart} if self._publisher else {}

    def start(self) -> None:
        """Connect to the broker in the background."""
        self._outlets.tell_problems(self._wrong())
        if self._publisher:
            self._publisher.start()

    def close(self) -> None:
        """Publish ``offline`` and disconnect."""
        if self._publisher:
            self._forget_leftovers(self._publisher)
            self._publisher.close()

    def take(self, profile: Profile) -> None:
        """Take new settings and another model, from the next word on."""
        self._profile = profile
        self._controls.options = profile.options
        self.speech.configure(profile.settings.speech)
        self._outlets.tell_state(**self._manner())

    def tell_settings(self, *, is_recognising: bool) -> None:
        """Publish what may be set, as it is now."""
        if self._publisher:
            profile = self._profile
            texts = describe(profile.settings, profile.options, is_recognising=is_recognising)
            for name, text in texts.items():
                self._publisher.publish_setting(name, text)

    def tell_vocabulary(self, vocabulary: Sequence[str]) -> None:
        """Tell Home Assistant of the device, and it and the page of the words that it knows.

        What an earlier version, name or prefix has left with Home Assistant is removed.
        """
        if self._hub:
            self._hub.vocabulary = tuple(vocabulary)
        if not self._publisher:
            return
        topic = self._discovery_topic
        for leftover in self._footprint.others(topic):
            self._publisher.publish_discovery(leftover, b"")
        if topic:
            components = describe_components(self._mqtt, vocabulary, self._profile.options)
            self._footprint.leave(
                topic, {key: fields["platform"] for key, fields in components.items()}
            )
            payload = device_payload(
                self._mqtt,
                components,
                version=__version__,
                known=self._footprint.components(topic),
            )
            self._publisher.publish_discovery(topic, encode(payload))

    def deliver(self, events: Sequence[Event]) -> None:
        """Publish and say what was recognised."""
        if self._hub:
            self._hub.deliver(events, self._profile.bundle.forms)
        for event in events:
            if isinstance(event, Sign):
                self._deliver_sign(event)
            elif isinstance(event, Utterance):
                self._outlets.tell_utterance(event, model=self._model)
            elif isinstance(event, Letter):
                self._deliver_letter(event)
            elif isinstance(event, Spelled):
                self._deliver_spelled(event)
            elif isinstance(event, Declined):
                self._deliver_declined(event)
            elif isinstance(event, Progress):
                self._deliver_progress(event)
            elif isinstance(event, StateChange) and not self._is_learning:
                self.tell_state(event.state)

    def tell_state(self, state: str, **more: object) -> None:
        """Publish what the device does: idle, signing, paused or asleep."""
        self._outlets.tell_state(state=state, source=self._source, **self._manner(), **more)

    def tell(self, **more: object) -> None:
        """Publish more of the state, such as who is followed; on changes only."""
        self._outlets.tell_state(**more)

    def tell_camera(self, is_up: bool, reason: str) -> None:
        """Publish that the camera came or went; without a reason it was let go of."""
        self.tell_problem("camera", "" if is_up else reason)
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        self._outlets.tell_state(camera_since=now if is_up else None)

    def tell_problem(self, area: str, what: str) -> None:
        """Publish what is wrong in an area, or that nothing is any more; on changes only."""
        with self._lock:
            if self._problems.get(area, "") == what:
                return
            self._problems[area] = what
        self._outlets.tell_problems(self._wrong())

    def problem(self, area: str) -> str:
        """What is wrong in an area just now, or empty."""
        return self._problems.get(area, "")

    def tell_stats(self, stats: Mapping[str, object]) -> None:
        """Publish figures of the moment."""
        self._outlets.tell_stats(stats)

    def carry_out(self, command: Command) -> None:
        """Do what is about saying something, and hand on the rest."""
        if command.name == "say":
            self.speech.say(command.argument, time.monotonic())
        elif command.name == "test_sound":
            self.speech.say(_TEST_SENTENCE, time.monotonic())
        elif command.name == "repeat":
            if self._last_sign is not None:
                self.speech.say(self._last_sign.spoken, time.monotonic())
        else:
            self._on_order(command)

    @property
    def _model(self) -> str:
        return self._profile.bundle.manifest.name

    @property
    def _discovery_topic(self) -> str:
        """Where Home Assistant looks; empty where it shall not find us."""
        return discovery_topic(self._mqtt) if self._mqtt.discovery else ""

    def _manner(self) -> dict[str, object]:
        """What the state says of the settings."""
        settings = self._profile.settings
        return {
            "model": self._model,
            "mode": settings.spelling.mode,
            "speaking": settings.speech.enabled,
        }

    def _wrong(self) -> dict[str, str]:
        with self._lock:
            return {area: what for area, what in self._problems.items() if what}

    def _forget_leftovers(self, publisher: Publisher) -> None:
        """Connected, we have said that they are gone; else the next start says it again."""
        if publisher.is_connected:
            self._footprint.keep_only(self._discovery_topic)

    def _deliver_sign(self, sign: Sign) -> None:
        self._segments += 1
        self._last_sign = sign
        self.latency_ms = 1000 * (time.monotonic() - sign.offset)
        self.speech.say(sign.spoken, time.monotonic())
        gloss = sign.gloss
        logger.debug("sign %s %.2f", gloss, sign.probability, extra={"gloss": gloss})
        self.tell_problem("fps", "")
        self._outlets.tell_sign(sign, model=self._model, segment=self._segments)

    def _deliver_letter(self, letter: Letter) -> None:
        self._segments += 1
        self.latency_ms = 1000 * (time.monotonic() - letter.decided)
        model = self._profile.settings.spelling.bundle
        self._outlets.tell_letter(letter, model=model, segment=self._segments)

    def _deliver_spelled(self, word: Spelled) -> None:
        self.speech.say(word.text, time.monotonic())
        said = Utterance(word.text, word.letters, word.onset, word.offset)
        self._outlets.tell_utterance(said, model=self._profile.settings.spelling.bundle)

    def _deliver_declined(self, declined: Declined) -> None:
        if declined.reason == "low_fps":
            self.tell_problem("fps", "too few frames per second to recognise signs")
        logger.debug("declined: %s", declined.reason)

    def _deliver_progress(self, progress: Progress) -> None:
        self._is_learning = not progress.is_over
        self.speech.say(progress.spoken, time.monotonic())
        level = logging.DEBUG if self._is_learning else logging.INFO
        logger.log(level, "learning: %s, %d examples", progress.state, progress.have)
        state = "learning" if self._is_learning else "idle"
        self._outlets.tell_state(state=state, learning=asdict(progress))

    def _obey(self, topic: str, payload: bytes) -> None:
        """Carry out what is asked over MQTT, or hand it on; on paho's thread."""
        order = self._controls.read(topic, payload)
        if isinstance(order, Command):
            self.carry_out(order)
        elif order is not None:
            self._on_order(order)
