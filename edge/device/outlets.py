"""Where news goes: to the broker, and to those who watch the page; where there are such."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from edge.messages import Sign
from edge.mqtt.payloads import sign_payload, utterance_payload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.device.audience import Audience
    from edge.messages import Letter, Utterance
    from edge.mqtt.publisher import Publisher


class Outlets:
    """Tells both the same; safe to call from any thread."""

    def __init__(self, publisher: Publisher | None, hub: Audience | None) -> None:
        """Tell nothing yet."""
        self._publisher, self._hub = publisher, hub

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
