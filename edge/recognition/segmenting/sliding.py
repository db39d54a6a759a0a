"""Landmarks -> Segment by the classifier itself, over overlapping windows; pure.

Signs that follow each other without rest have no boundary that posture could tell. So the
classifier is asked of the last second again and again while a hand is up; the probabilities of
the last few windows are averaged, and a sign is where the same word stays the likeliest.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.messages import Segment
from edge.recognition.bundle import OTHER
from edge.recognition.segmenting.frame_buffer import Reel
from edge.recognition.segmenting.hysteresis import MAX_STEP
from edge.recognition.segmenting.motion import MotionMeter

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


class SlidingSegmenter:
    """Cuts a stream of landmarks into signs where the likeliest word changes."""

    def __init__(self, settings: SegmenterSettings, classifier: Classifier) -> None:
        """Start at rest."""
        self._settings = settings
        self._classifier = classifier
        self._meter = MotionMeter()
        self._reel = Reel(settings)
        self.reset()

    @property
    def is_signing(self) -> bool:
        """Whether a word is likely just now."""
        return self._started is not None

    def reset(self) -> None:
        """Forget everything, as at the start."""
        self._meter.reset()
        self._reel.clear()
        self._looks: deque[NDArray[np.float32]] = deque(maxlen=_AVERAGED)
        self._started: float | None = None
        self._word = -1
        self._last_look = self._last_up = self._ended = -1e9

    def push(self, landmarks: Landmarks) -> Iterable[Segment | Declined]:
        """Take the next frame; its time must not be before the last one's."""
        ended: list[Segment | Declined] = []
        newest, now = self._reel.newest, landmarks.time
        if newest is not None and now - newest > MAX_STEP:
            ended += self.flush()
            self.reset()
        motion = self._meter.push(landmarks)
        self._reel.push(landmarks, is_present=motion.is_present)
        if motion.has_hand and motion.height > self._settings.raised:
            self._last_up = now
        if now - self._last_up >= self._settings.away_time:
            ended += self.flush()
            self._looks.clear()
            self._reel.forget_before(now - _WINDOW)
        elif now - self._last_look >= _STEP:
            self._last_look = now
            ended += self._look(now)
        return ended

    def so_far(self) -> Segment | None:
        """Nothing: the word is what the windows say already."""
        return None

    def flush(self) -> Iterable[Segment | Declined]:
        """End the sign that is under way, if any."""
        return [self._cut(self._last_up, "stop")] if self._started is not None else []

    def _look(self, now: float) -> Iterable[Segment | Declined]:
        start = max(now - _WINDOW, self._ended - _WINDOW / 2)
        window = self._reel.cut(start, now, "stop", 0.0)
        if not isinstance(window, Segment):
            return
        self._looks.append(self._classifier.probabilities(window))
        mean = np.mean(self._looks, axis=0)
        best = int(mean.argmax())
        is_word = mean[best] >= _LEAST and self._classifier.glosses[best] != OTHER
        # What is likeliest now was signed in the middle of the windows, not at their end.
        middle = now - _WINDOW / 2
        if self._started is not None and (not is_word or best != self._word):
            yield self._cut(middle, "pause")
        if is_word and self._started is None:
            self._started, self._word = max(middle - _WINDOW / 2, self._ended), best
        if self._started is not None and now - self._started >= self._settings.max_length:
            yield self._cut(now, "max_length")

    def _cut(self, end: float, cause: Cause) -> Segment | Declined:
        started = self._started
        assert started is not None  # noqa: S101 - only called while a word is likely
        piece = self._reel.cut(started, end, cause, self._settings.margin)
        self._started = None
        self._ended = piece.offset
        self._reel.forget_before(end - _WINDOW)
        return piece
