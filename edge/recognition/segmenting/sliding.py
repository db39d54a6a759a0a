"""Landmarks -> Segment by the classifier itself, over overlapping windows; pure.

Signs that follow each other without rest have no boundary that posture could tell. So the
classifier is asked of the last second again and again while a hand is up; the probabilities of
the last few windows are averaged, and a sign is where the same word stays the likeliest.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.messages import Segment
from edge.recognition.bundle import OTHER
from edge.recognition.segmenting.motion import MotionMeter
from edge.recognition.segmenting.segmenter import CuttingSegmenter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from edge.config.settings import SegmenterSettings
    from edge.messages import Cause, Declined, Landmarks
    from edge.recognition.classifying.classifier import Classifier

_WINDOW: Final = 1.2
"""Seconds of a window."""
_STEP: Final = 0.13
"""Seconds from one window to the next: every other frame of fifteen per second."""
_AVERAGED: Final = 4
"""Windows whose probabilities are averaged."""
_LEAST: Final = 0.35
"""Averaged probability at which a word counts as seen."""


class SlidingSegmenter(CuttingSegmenter):
    """Cuts a stream of landmarks into signs where the likeliest word changes."""

    def __init__(self, settings: SegmenterSettings, classifier: Classifier) -> None:
        """Start at rest."""
        super().__init__(settings, settings.margin)
        self._classifier = classifier
        self._meter = MotionMeter()
        self.reset()

    def reset(self) -> None:
        """Forget everything, as at the start."""
        super().reset()
        self._meter.reset()
        self._looks: deque[NDArray[np.float32]] = deque(maxlen=_AVERAGED)
        self._word = -1
        """Place among the glosses of the word that is under way, or was last."""
        self._last_look = self._last_up = -math.inf

    def so_far(self) -> Segment | None:
        """Nothing: the word is what the windows say already."""
        return None

    def _take(self, landmarks: Landmarks) -> Iterable[Segment | Declined]:
        now, motion = landmarks.time, self._meter.push(landmarks)
        self._buffer.push(landmarks, is_present=motion.is_present)
        if motion.is_up(self._settings.raised):
            self._last_up = now
        if now - self._last_up >= self._settings.away_time:
            yield from self.flush()
            self._looks.clear()
            self._buffer.forget_before(now - _WINDOW)
        elif now - self._last_look >= _STEP:
            self._last_look = now
            yield from self._look(now)

    def _look(self, now: float) -> Iterable[Segment | Declined]:
        start = max(now - _WINDOW, self._ended - _WINDOW / 2)
        window = self._buffer.cut(start, now, "stop", 0.0)
        if not isinstance(window, Segment):
            return
        self._looks.append(self._classifier.probabilities(window))
        mean = np.mean(self._looks, axis=0)
        best = int(mean.argmax())
        is_word = mean[best] >= _LEAST and self._classifier.glosses[best] != OTHER
        # What is likeliest now was signed in the middle of the windows, not at their end.
        middle = now - _WINDOW / 2
        if self.is_signing and (not is_word or best != self._word):
            yield self._cut(middle, "pause")
        if is_word and not self.is_signing:
            self._start(middle - _WINDOW / 2)
            self._word = best
        if self.is_signing and now - self._started >= self._settings.max_length:
            yield self._cut(now, "max_length")

    def _last_end(self) -> float:
        return self._last_up

    def _cut(self, end: float, cause: Cause) -> Segment | Declined:
        piece = super()._cut(end, cause)
        self._buffer.forget_before(end - _WINDOW)
        return piece
