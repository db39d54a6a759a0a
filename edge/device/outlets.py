"""Sends each piece of news to the broker and to the page, where there are such."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from edge import __version__
from edge.messages import Sign
from edge.mqtt.discovery import Discovery
from edge.mqtt.payloads import sign_payload, utterance_payload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edge.config.options import Options
    from edge.config.settings import MqttSettings
    from edge.device.audience import Audience
    from edge.messages import Event, Letter, Utterance
    from edge.mqtt.publisher import Publisher
    from edge.system.heartbeat import Heartbeat


class Outlets:
    """Tells both the same; safe to call from any thread."""

    def __init__(
        self, settings: MqttSettings, publisher: Publisher | None, hub: Audience | None
    ) -> None:
        """Tell nothing yet.

        Args:
            settings: The broker.
            publisher: Of the broker, where there is one.
            hub: Of the page, where there is one.
        """
        self._publisher, self._hub = publisher, hub
        self._discovery = (
            Discovery(settings, __version__, publisher.publish_discovery) if publisher else None
        )

    @property
    def dropped(self) -> int:
        """Messages that were lost because too many waited for the broker."""
        return self._publisher.dropped if self._publisher else 0

    @property
    def hearts(self) -> dict[str, Heartbeat]:
        """Tell whether the thread of the broker makes headway, where there is one."""
        return {"mqtt": self._publisher.heart} if self._publisher else {}

    def start(self) -> None:
        """Connect to the broker in the background."""
        if self._publisher:
            self._publisher.start()

    def close(self) -> None:
        """Publish ``offline`` and disconnect."""
        if self._publisher and self._discovery:
            if self._publisher.is_connected:  # else the next start removes leftovers again
                self._discovery.forget_leftovers()
            self._publisher.close()

    def tell_settings(self, texts: Mapping[str, str]) -> None:
        """Tell the broker what each setting is now; the page asks for it."""
        if self._publisher:
            for name, text in texts.items():
                self._publisher.publish_setting(name, text)

    def tell_vocabulary(self, vocabulary: Sequence[str], options: Options) -> None:
        """Tell which words are known, and Home Assistant what there is to choose from."""
        if self._hub:
            self._hub.vocabulary = tuple(vocabulary)
        if self._discovery:
            self._discovery.announce(vocabulary, options)

    def tell_spoken(self, text: str) -> None:
        """Tell the page what is about to be said aloud."""
        if self._hub:
            self._hub.tell("spoken", {"text": text})

    def show(self, events: Sequence[Event], forms: Mapping[str, tuple[str, str]]) -> None:
        """Give the page every event as it is; forms name (display, spoken) of a gloss."""
        if self._hub:
            self._hub.deliver(events, forms)

    def tell_state(self, **fields: object) -> None:
        """Tell of what has changed in the state."""
        if self._publisher:
            self._publisher.publish_state(**fields)
        if self._hub:
            self._hub.tell_state(fields)

    def tell_problems(self, problems: Mapping[str, str]) -> None:
        """Tell what is wrong now, by area."""
        if self._publisher:
            self._publisher.publish_problem(problems)
        if self._hub:
            self._hub.tell_problems(problems)

    def tell_stats(self, stats: Mapping[str, object]) -> None:
        """Tell figures of the moment."""
        if self._publisher:
            self._publisher.publish_stats(stats)
        if self._hub:
            self._hub.tell_stats(stats)

    def tell_sign(self, sign: Sign, *, model: str, segment: int) -> None:
        """Tell of a word."""
        self._tell("sign", sign_payload(sign, model, segment, _utc_of))

    def tell_letter(self, letter: Letter, *, model: str, segment: int) -> None:
        """Tell of a letter, in the shape of a sign."""
        self._tell("letter", sign_payload(_as_sign(letter), model, segment, _utc_of))

    def tell_utterance(self, utterance: Utterance, *, model: str) -> None:
        """Tell of the words that a pause has closed."""
        self._tell("utterance", utterance_payload(utterance, model, _utc_of))

    def _tell(self, kind: str, fields: Mapping[str, object]) -> None:
        """Tell of a recognition: the same to both, with one id."""
        if self._publisher:
            self._publisher.publish_event(kind, fields)
        if self._hub:
            self._hub.tell(kind, fields)


def _as_sign(letter: Letter) -> Sign:
    name = letter.letter
    return Sign(
        gloss=name.lower(),
        display=name,
        spoken=name,
        probability=letter.probability,
        top=((name.lower(), letter.probability),),
        onset=letter.onset,
        offset=letter.offset,
        decided=letter.decided,
    )


def _utc_of(moment: float) -> datetime:
    """Turn the monotonic clock's seconds into UTC."""
    ago = time.monotonic() - moment
    return datetime.now(timezone.utc) - timedelta(seconds=ago)
