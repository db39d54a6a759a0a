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

from edge.messages import Declined, Segment
from edge.motion import MotionMeter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.config import SegmenterSettings
    from edge.messages import Cause, Landmarks
    from edge.motion import Motion

_LOOK_BACK: Final = 0.5
"""Seconds before the threshold was crossed within which a sign can have begun."""
_MAX_STEP: Final = 1.0
"""Seconds without a frame after which what comes is not the same sign."""


class Segmenter:
    """Cuts a stream of landmarks into signs."""

    def __init__(self, settings: SegmenterSettings) -> None:
        """Start at rest."""
        self._settings = settings
        self._meter = MotionMeter()
        self.reset()

    @property
    def is_signing(self) -> bool:
        """Whether a sign has begun and not ended."""
        return self._started is not None

    def reset(self) -> None:
        """Forget everything, as at the start."""
        self._meter.reset()
        self._window: deque[tuple[Landmarks, Motion]] = deque()
        self._started: float | None = None
        self._last_up = -np.inf
        self._last_fast = -np.inf
        self._ended = -np.inf

    def push(self, landmarks: Landmarks) -> Iterable[Segment | Declined]:
        """Take the next frame; its time must not be before the last one's."""
        ended: list[Segment | Declined] = []
        if self._window and landmarks.time - self._window[-1][0].time > _MAX_STEP:
            ended += self.flush()
            self.reset()
        motion = self._meter.push(landmarks)
        self._window.append((landmarks, motion))
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
        newest = self._window[-1][1].time
        onset = newest
        for _, motion in reversed(self._window):
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
        started, now = self._started, self._window[-1][1].time
        assert started is not None  # noqa: S101 - only called while signing
        step = self._step()
        end = {
            "pause": min(self._last_up, self._last_fast) + step,
            "max_length": now + step,
            "stop": self._last_up + step,
        }[cause]
        self._started = None
        onset, offset = (
            max(started - self._settings.padding, self._window[0][1].time),
            max(end, started + step),
        )
        kept = [
            frame
            for frame, motion in self._window
            if onset <= frame.time < offset + self._settings.padding and motion.is_present
        ]
        self._forget_before(now)
        self._ended = offset
        if offset - started < self._settings.min_length or len(kept) < 2:
            return Declined(started, offset, "too_short")
        times = np.array([frame.time for frame in kept])
        if (len(times) - 1) / (times[-1] - times[0]) < self._settings.min_fps:
            return Declined(started, offset, "low_fps")
        points = np.stack([frame.points for frame in kept])
        return Segment(started, offset, times, points, cause)

    def _step(self) -> float:
        """Seconds between frames, as of late."""
        times = [motion.time for _, motion in self._window]
        return float(np.median(np.diff(times))) if len(times) > 1 else 0.0

    def _forget_before(self, time: float) -> None:
        while self._window and self._window[0][0].time < time:
            self._window.popleft()
