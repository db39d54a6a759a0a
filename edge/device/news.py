"""Tells what the device recognises and how it is: to broker and page, and aloud."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from edge.camera.live import without_secrets
from edge.device.choices import describe
from edge.messages import Declined, Letter, Progress, Sign, Spelled, StateChange, Utterance
from edge.speech.loudspeaker import Speech

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edge.device.outlets import Outlets
    from edge.device.profile import Profile
    from edge.messages import Event
    from edge.system.heartbeat import Heartbeat

logger = logging.getLogger(__name__)


class News:
    """Publishes and says events; safe to call from any thread."""

    def __init__(self, profile: Profile, outlets: Outlets) -> None:
        """Prepare speech; nothing is told before ``start``.

        Args:
            profile: Settings of speech and source, and the model.
            outlets: Broker and page.
        """
        settings = profile.settings
        self.speech = Speech(settings.speech, on_text=outlets.tell_spoken)
        self._outlets = outlets
        self._profile = profile
        self._source = without_secrets(settings.camera.source)
        self._lock = threading.Lock()
        self._problems: dict[str, str] = {}
        self._last_sign: Sign | None = None
        self._segments = 0
        self.latency_ms = 0.0
        self._is_learning = False

    @property
    def dropped_messages(self) -> int:
        """Messages that were lost because too many waited for the broker."""
        return self._outlets.dropped

    @property
    def hearts(self) -> dict[str, Heartbeat]:
        """Tell whether the thread of the broker makes headway, where there is one."""
        return self._outlets.hearts

    def start(self) -> None:
        """Connect to the broker in the background."""
        self._outlets.tell_problems(self._wrong())
        self._outlets.start()

    def close(self) -> None:
        """Publish ``offline`` and disconnect."""
        self._outlets.close()

    def take(self, profile: Profile) -> None:
        """Take new settings and another model, from the next word on."""
        self._profile = profile
        self.speech.configure(profile.settings.speech)
        self._outlets.tell_state(**self._manner())

    def tell_settings(self, *, is_recognising: bool) -> None:
        """Publish what may be set, as it is now."""
        settings, options = self._profile.settings, self._profile.options
        self._outlets.tell_settings(describe(settings, options, is_recognising=is_recognising))

    def tell_vocabulary(self, vocabulary: Sequence[str]) -> None:
        """Tell the page, and Home Assistant with the options, which words the device knows."""
        self._outlets.tell_vocabulary(vocabulary, self._profile.options)

    def deliver(self, events: Sequence[Event]) -> None:
        """Publish and say what was recognised."""
        self._outlets.show(events, self._profile.bundle.forms)
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

    def say(self, text: str) -> None:
        """Say a text aloud."""
        self.speech.say(text, time.monotonic())

    def repeat(self) -> None:
        """Say the last word once more, where there is one."""
        if self._last_sign is not None:
            self.say(self._last_sign.spoken)

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

    @property
    def _model(self) -> str:
        return self._profile.bundle.manifest.name

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

    def _deliver_sign(self, sign: Sign) -> None:
        self._segments += 1
        self._last_sign = sign
        self.latency_ms = 1000 * (time.monotonic() - sign.offset)
        self.say(sign.spoken)
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
        self.say(word.text)
        said = Utterance(word.text, word.letters, word.onset, word.offset)
        self._outlets.tell_utterance(said, model=self._profile.settings.spelling.bundle)

    def _deliver_declined(self, declined: Declined) -> None:
        if declined.reason == "low_fps":
            self.tell_problem("fps", "too few frames per second to recognise signs")
        logger.debug("declined: %s", declined.reason)

    def _deliver_progress(self, progress: Progress) -> None:
        self._is_learning = not progress.is_over
        self.say(progress.spoken)
        level = logging.DEBUG if self._is_learning else logging.INFO
        logger.log(level, "learning: %s, %d examples", progress.state, progress.have)
        state = "learning" if self._is_learning else "idle"
        self._outlets.tell_state(state=state, learning=asdict(progress))
