"""Landmarks -> Segment: when a sign starts and when it ends; pure.

A sliding window over how high the hands are and how fast they move, with hysteresis. A sign
starts when a visible hand is up and moves faster than ``enter_speed``, and reaches back to
where it left its rest. It ends when no hand has been up for ``away_time``, when raised hands
have been slower than ``exit_speed`` for ``rest_time``, or at ``max_length``. Everything is
in seconds, so the frame rate does not matter above ``min_fps``.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.messages import Segment
from edge.recognition.segmenting.frame_buffer import Reel
from edge.recognition.segmenting.motion import MotionMeter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.config.settings import SegmenterSettings
    from edge.messages import Cause, Declined, Landmarks
    from edge.recognition.segmenting.motion import Motion

_LOOK_BACK: Final = 0.5
"""Seconds before the threshold was crossed within which a sign can have begun."""
MAX_STEP: Final = 1.0
"""Seconds without a frame after which what comes is not the same sign."""


class Segmenter:
    """Cuts a stream of landmarks into signs."""

    def __init__(self, settings: SegmenterSettings) -> None:
        """Start at rest."""
        self._settings = settings
        self._meter = MotionMeter()
        self._reel = Reel(settings)
        self.reset()

    @property
    def is_signing(self) -> bool:
        """Whether a sign has begun and not ended."""
        return self._started is not None

    def reset(self) -> None:
        """Forget everything, as at the start."""
        self._meter.reset()
        self._reel.clear()
        self._motions: deque[Motion] = deque()
        self._started: float | None = None
        self._last_up = -np.inf
        self._last_fast = -np.inf
        self._ended = -np.inf

    def push(self, landmarks: Landmarks) -> Iterable[Segment | Declined]:
        """Take the next frame; its time must not be before the last one's."""
        ended: list[Segment | Declined] = []
        newest = self._reel.newest
        if newest is not None and landmarks.time - newest > MAX_STEP:
            ended += self.flush()
            self.reset()
        motion = self._meter.push(landmarks)
        self._reel.push(landmarks, is_present=motion.is_present)
        self._motions.append(motion)
        self._notice(motion)
        if self._started is None:
            if self._is_up(motion) and motion.speed >= self._settings.enter_speed:
                self._started = max(self._find_onset(), self._ended)
                self._last_fast = motion.time
            else:
                self._forget_before(motion.time - _LOOK_BACK - self._settings.padding)
        elif (cause := self._find_end(motion.time)) is not None:
            ended.append(self._cut(cause))
        return ended

    def so_far(self) -> Segment | None:
        """What there is yet of the sign that is under way; None where that is too little."""
        now = self._reel.newest
        if self._started is None or now is None:
            return None
        piece = self._cut_at(self._started, now, "stop")
        return piece if isinstance(piece, Segment) else None

    def flush(self) -> Iterable[Segment | Declined]:
        """End the sign that is under way, if any."""
        return [self._cut("stop")] if self._started is not None else []

    def _is_up(self, motion: Motion) -> bool:
        return motion.has_hand and motion.height > self._settings.raised

    def _notice(self, motion: Motion) -> None:
        if self._is_up(motion):
            self._last_up = motion.time
        if motion.speed >= self._settings.exit_speed:
            self._last_fast = motion.time

    def _find_onset(self) -> float:
        """Walk back from the newest frame to where the hands left their rest."""
        newest = self._motions[-1].time
        onset = newest
        for motion in reversed(self._motions):
            if motion.time < newest - _LOOK_BACK or motion.speed < self._settings.exit_speed:
                break
            onset = motion.time
        return onset

    def _find_end(self, now: float) -> Cause | None:
        started = self._started
        assert started is not None  # noqa: S101 - only asked while signing
        if now - self._last_up >= self._settings.away_time:
            return "pause"
        if now - self._last_fast >= self._settings.rest_time:
            return "pause"
        if now - started >= self._settings.max_length:
            return "max_length"
        return None

    def _cut(self, cause: Cause) -> Segment | Declined:
        started, now = self._started, self._reel.newest
        assert started is not None  # noqa: S101 - only called while signing
        assert now is not None  # noqa: S101 - a sign has frames
        step = self._reel.step()
        end = {
            "pause": min(self._last_up, self._last_fast) + step,
            "max_length": now + step,
            "stop": self._last_up + step,
        }[cause]
        self._started = None
        self._ended = max(end, started + step)
        piece = self._cut_at(started, self._ended, cause)
        self._forget_before(now)
        return piece

    def _cut_at(self, started: float, ended: float, cause: Cause) -> Segment | Declined:
        return self._reel.cut(started, ended, cause, self._settings.padding)

    def _forget_before(self, time: float) -> None:
        self._reel.forget_before(time)
        while self._motions and self._motions[0].time < time:
            self._motions.popleft()
