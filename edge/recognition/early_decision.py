"""When to say a sign before it has ended: when it is plain twice in a row what it will be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edge.config.settings import ClassifierSettings
    from edge.messages import Prediction

_INTERVAL: Final = 0.13
"""Seconds between looks at an unfinished sign: every other frame of fifteen per second."""


class EarlyDecision:
    """Watches the looks at one unfinished sign; pure."""

    def __init__(self, settings: ClassifierSettings) -> None:
        """Wait for a sign."""
        self._settings = settings
        self.reset()

    @property
    def has_decided(self) -> bool:
        """Whether the sign that is under way has been said."""
        return self._has_decided

    def reset(self) -> None:
        """Wait for the next sign."""
        self._has_decided = False
        self._last_look = -1e9
        self._gloss = ""

    def is_due(self, now: float) -> bool:
        """Whether it is time for the next look."""
        if not self._settings.early or self._has_decided:
            return False
        return now - self._last_look >= _INTERVAL

    def is_sure(self, prediction: Prediction, now: float) -> bool:
        """Take what the classifier says of the sign so far; whether that may be said already.

        Args:
            prediction: Of the sign from its onset to now.
            now: Seconds.
        """
        self._last_look = now
        gloss, probability = prediction.top[0]
        is_plain = prediction.is_accepted and probability >= self._settings.early
        self._has_decided = is_plain and gloss == self._gloss
        self._gloss = gloss if is_plain else ""
        return self._has_decided
