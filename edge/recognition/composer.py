"""Predictions become signs, and signs that a pause closes become an utterance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edge.messages import Sign, Utterance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.config.settings import ComposerSettings
    from edge.messages import Prediction


class Composer:
    """Debounces accepted predictions and groups them; a pure stage.

    The gap between two signs is measured from offset to onset, so a long sign does not count
    as a pause. While a sign is in progress, call ``tick`` with its onset, or not at all.
    """

    def __init__(self, settings: ComposerSettings, forms: Mapping[str, tuple[str, str]]) -> None:
        """Start with no words.

        Args:
            settings: Cooldown and pause, seconds.
            forms: Gloss to (display, spoken); a gloss without an entry stands for itself.
        """
        self._cooldown = settings.cooldown
        self._pause = settings.pause
        self._forms = forms
        self._words: list[Sign] = []
        self._last_gloss = ""
        self._last_offset = -math.inf

    def push(self, prediction: Prediction, decided: float) -> list[Sign | Utterance]:
        """Take one prediction; return the utterance it closes, if any, then its sign, if any.

        Args:
            prediction: In order of time; those not accepted make no sign.
            decided: Seconds on the source's clock at which it was decided.
        """
        events: list[Sign | Utterance] = [*self.tick(prediction.onset)]
        if not prediction.is_accepted:
            return events
        gloss, probability = prediction.top[0]
        is_repeat = (
            gloss == self._last_gloss and prediction.onset - self._last_offset < self._cooldown
        )
        # A dropped piece still belongs to its sign: a third piece is measured from its end.
        self._last_gloss = gloss
        self._last_offset = max(self._last_offset, prediction.offset)
        if is_repeat:
            return events
        display, spoken = self._forms.get(gloss, (gloss, gloss))
        sign = Sign(
            gloss=gloss,
            display=display,
            spoken=spoken,
            probability=probability,
            top=prediction.top,
            onset=prediction.onset,
            offset=prediction.offset,
            decided=decided,
        )
        self._words.append(sign)
        return [*events, sign]

    def set_cooldown(self, cooldown: float) -> None:
        """Set the time in which a word is not said again, seconds."""
        self._cooldown = cooldown

    def extend(self, offset: float) -> None:
        """Hear that the last sign, said before it ended, has lasted until offset (seconds)."""
        self._last_offset = max(self._last_offset, offset)

    def tick(self, now: float) -> list[Utterance]:
        """Close the utterance when nothing was signed for the pause up to ``now`` (seconds)."""
        if now - self._last_offset < self._pause:
            return []
        return self.flush()

    def flush(self) -> list[Utterance]:
        """Close the utterance now."""
        words, self._words = self._words, []
        if not words:
            return []
        return [
            Utterance(
                text=" ".join(word.display for word in words),
                glosses=tuple(word.gloss for word in words),
                onset=words[0].onset,
                offset=self._last_offset,
            )
        ]

    def reset(self) -> None:
        """Forget the words and the last sign."""
        self._words = []
        self._last_gloss = ""
        self._last_offset = -math.inf
