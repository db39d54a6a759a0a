"""Landmarks -> Segment by how high the hands are and how fast they move, with hysteresis; pure.

A sign starts when a visible hand is up and moves faster than ``enter_speed``, and reaches back to
where it left its rest. It ends when no hand has been up for ``away_time``, when raised hands
have been slower than ``exit_speed`` for ``rest_time``, or at ``max_length``. Everything is
in seconds, so the frame rate does not matter above ``min_fps``.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Final

from edge.recognition.segmenting.motion import MotionMeter
from edge.recognition.segmenting.segmenter import CuttingSegmenter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.config.settings import SegmenterSettings
    from edge.messages import Cause, Declined, Landmarks, Segment
    from edge.recognition.segmenting.motion import Motion

_LOOK_BACK: Final = 0.5
"""Seconds before the threshold was crossed within which a sign can have begun."""


class HysteresisSegmenter(CuttingSegmenter):
    """Cuts a stream of landmarks into signs where the hands rise, move and rest."""

    def __init__(self, settings: SegmenterSettings) -> None:
        """Start at rest."""
        super().__init__(settings, settings.padding)
        self._meter = MotionMeter()
        self.reset()

    def reset(self) -> None:
        """Forget everything, as at the start."""
        super().reset()
        self._meter.reset()
        self._motions: deque[Motion] = deque()
        self._last_up = self._last_fast = -math.inf

    def _take(self, landmarks: Landmarks) -> Iterable[Segment | Declined]:
        motion = self._meter.push(landmarks)
        self._buffer.push(landmarks, is_present=motion.is_present)
        self._motions.append(motion)
        is_up = motion.is_up(self._settings.raised)
        if is_up:
            self._last_up = motion.time
        if motion.speed >= self._settings.exit_speed:
            self._last_fast = motion.time
        if self.is_signing:
            yield from self._end(motion.time)
        elif is_up and motion.speed >= self._settings.enter_speed:
            self._start(self._find_onset())
            self._last_fast = motion.time
        else:
            self._forget_before(motion.time - _LOOK_BACK - self._padding)

    def _find_onset(self) -> float:
        """Walk back from the newest frame to where the hands left their rest."""
        newest = self._motions[-1].time
        onset = newest
        for motion in reversed(self._motions):
            if motion.time < newest - _LOOK_BACK or motion.speed < self._settings.exit_speed:
                break
            onset = motion.time
        return onset

    def _end(self, now: float) -> Iterable[Segment | Declined]:
        """End the sign where it is time."""
        settings = self._settings
        is_away = now - self._last_up >= settings.away_time
        if is_away or now - self._last_fast >= settings.rest_time:
            end = min(self._last_up, self._last_fast) + self._buffer.step()
            yield self._cut(end, "pause")
        elif now - self._started >= settings.max_length:
            yield self._cut(self._buffer.end(), "max_length")

    def _last_end(self) -> float:
        return self._last_up + self._buffer.step()

    def _cut(self, end: float, cause: Cause) -> Segment | Declined:
        piece = super()._cut(end, cause)
        self._forget_before(self._motions[-1].time)
        return piece

    def _forget_before(self, time: float) -> None:
        self._buffer.forget_before(time)
        while self._motions and self._motions[0].time < time:
            self._motions.popleft()
