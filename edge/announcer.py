"""What the device tells the world: words, state and problems to the broker, words to the ear."""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from edge import __version__
from edge.errors import ConfigError
from edge.live import without_secrets
from edge.messages import Declined, Sign, Utterance
from edge.publisher import Publisher
from edge.recognizer import StateChange
from edge.speech import Speech
from edge.spelling_word import Letter, Spelled
from edge.taught import check_word
from edge.teaching import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edge.config import Settings
    from edge.recognizer import Event

logger = logging.getLogger(__name__)

_REFUSAL_INTERVAL: Final = 60.0
"""Seconds between two warnings of words that cannot be learnt."""


class Announcer:
    """Publishes and says events; safe to call from any thread."""

    def __init__(
        self, settings: Settings, model: str, on_command: Callable[[str, str], None]
    ) -> None:
        """Prepare broker and speech; nothing is sent before ``start``.

        Args:
            settings: Of the broker, speech and source.
            model: Name of the bundle.
            on_command: Called on paho's thread with the name and argument of commands that
                are not about announcing: pause, resume, learn, forget, reload, restart.

        Raises:
            ConfigError: The broker's credentials are unusable.
        """
        self.speech = Speech(settings.speech)
        self._settings = settings
        self.model = model
        self.mode = settings.spelling.mode
        self._on_command = on_command
        self._lock = threading.Lock()
        self._problems: dict[str, str] = {}
        self._last_sign: Sign | None = None
        self._segments = 0
        self.latency_ms = 0.0
        self._is_learning = False
        self._last_refusal = -math.inf
        self._publisher = (
            Publisher(settings.mqtt, version=__version__, on_command=self._obey)
            if settings.mqtt.enabled
            else None
        )

    @property
    def dropped_messages(self) -> int:
        """Messages that were lost because too many waited for the broker."""
        return self._publisher.dropped if self._publisher else 0

    def start(self) -> None:
        """Connect to the broker in the background."""
        if self._publisher:
            self._publisher.start()
            self._publisher.publish_problem(None)
        self.tell_state("idle")

    def close(self) -> None:
        """Publish ``offline`` and disconnect."""
        if self._publisher:
            self._publisher.close()

    def deliver(self, events: Sequence[Event]) -> None:
        """Publish and say what was recognised."""
        for event in events:
            if isinstance(event, Sign):
                self._deliver_sign(event)
            elif isinstance(event, Utterance):
                if self._publisher:
                    self._publisher.publish_utterance(event, model=self.model, utc_of=_utc_of)
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

    def tell_state(self, state: str) -> None:
        """Publish what the device does: idle, signing or paused."""
        if self._publisher:
            self._publisher.publish_state(
                state=state,
                source=without_secrets(self._settings.camera.source),
                model=self.model,
                mode=self.mode,
                speaking=self._settings.speech.enabled,
            )

    def tell_following(self, who: Mapping[str, object]) -> None:
        """Publish who is followed (Recognizer.following); on changes only."""
        if self._publisher:
            self._publisher.publish_state(following=dict(who))

    def tell_camera(self, is_up: bool, reason: str) -> None:
        """Publish that the camera came or went."""
        self.tell_problem("camera", "" if is_up else reason)
        if self._publisher:
            now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            self._publisher.publish_state(camera_since=now if is_up else None)

    def tell_problem(self, area: str, what: str) -> None:
        """Publish what is wrong in an area, or that nothing is any more; on changes only."""
        with self._lock:
            if self._problems.get(area, "") == what:
                return
            self._problems[area] = what
            wrong = {key: text for key, text in self._problems.items() if text}
        if self._publisher:
            self._publisher.publish_problem(wrong)

    def problem(self, area: str) -> str:
        """What is wrong in an area just now, or empty."""
        return self._problems.get(area, "")

    def tell_stats(self, stats: Mapping[str, object]) -> None:
        """Publish figures of the moment."""
        if self._publisher:
            self._publisher.publish_stats(stats)

    def _deliver_sign(self, sign: Sign) -> None:
        self._segments += 1
        self._last_sign = sign
        self.latency_ms = 1000 * (time.monotonic() - sign.offset)
        self.speech.say(sign.spoken, time.monotonic())
        logger.debug("sign %s %.2f", sign.gloss, sign.probability)
        self.tell_problem("fps", "")
        if self._publisher:
            self._publisher.publish_sign(
                sign, model=self.model, segment=self._segments, utc_of=_utc_of
            )

    def _deliver_letter(self, letter: Letter) -> None:
        self._segments += 1
        self.latency_ms = 1000 * (time.monotonic() - letter.decided)
        if self._publisher:
            name = letter.letter
            sign = Sign(
                gloss=name.lower(),
                display=name,
                spoken=name,
                probability=letter.probability,
                top=((name.lower(), letter.probability),),
                onset=letter.onset,
                offset=letter.offset,
                decided=letter.decided,
            )
            self._publisher.publish_letter(
                sign,
                model=self._settings.spelling.bundle,
                segment=self._segments,
                utc_of=_utc_of,
            )

    def _deliver_spelled(self, word: Spelled) -> None:
        self.speech.say(word.text, time.monotonic())
        if self._publisher:
            said = Utterance(word.text, word.letters, word.onset, word.offset)
            self._publisher.publish_utterance(
                said, model=self._settings.spelling.bundle, utc_of=_utc_of
            )

    def _deliver_declined(self, declined: Declined) -> None:
        if declined.reason == "low_fps":
            self.tell_problem("fps", "too few frames per second to recognise signs")
        logger.debug("declined: %s", declined.reason)

    def _deliver_progress(self, progress: Progress) -> None:
        self._is_learning = not progress.is_over
        self.speech.say(progress.spoken, time.monotonic())
        level = logging.DEBUG if self._is_learning else logging.INFO
        logger.log(level, "learning: %s, %d examples", progress.state, progress.have)
        if self._publisher:
            self._publisher.publish_state(
                state="learning" if self._is_learning else "idle", learning=asdict(progress)
            )

    def _ask_teacher(self, name: str, argument: str) -> None:
        try:
            self._on_command(name, check_word(argument))
        except ConfigError as error:
            now = time.monotonic()
            if now - self._last_refusal >= _REFUSAL_INTERVAL:
                self._last_refusal = now
                logger.warning("%s was refused: %s", name, error)

    def _obey(self, topic: str, payload: bytes) -> None:
        """Carry out a command from the broker; on paho's thread."""
        name, _, argument = payload.decode().strip().partition(" ")
        if topic != "command":
            return
        if name == "say" and argument:
            self.speech.say(argument, time.monotonic())
        elif name == "repeat":
            if self._last_sign is not None:
                self.speech.say(self._last_sign.spoken, time.monotonic())
        elif name in ("learn", "forget"):
            self._ask_teacher(name, argument)
        elif name in ("pause", "resume", "reload", "restart"):
            self._on_command(name, argument)
        else:
            logger.debug("unknown command of %d bytes", len(payload))


def _utc_of(moment: float) -> datetime:
    """Turn the monotonic clock's seconds into UTC."""
    ago = time.monotonic() - moment
    return datetime.now(timezone.utc) - timedelta(seconds=ago)
