"""The recent frames, from which a segmenter cuts a sign."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from edge.messages import Declined, Segment

if TYPE_CHECKING:
    from edge.config.settings import SegmenterSettings
    from edge.messages import Cause, Landmarks


class FrameBuffer:
    """Frames in order of time, as far back as a sign may reach."""

    def __init__(self, settings: SegmenterSettings) -> None:
        """Start empty."""
        self._settings = settings
        self._frames: deque[tuple[Landmarks, bool]] = deque()

    def push(self, landmarks: Landmarks, *, is_present: bool) -> None:
        """Keep a frame; one in which nobody is present is never part of a segment."""
        self._frames.append((landmarks, is_present))

    def clear(self) -> None:
        """Forget all frames."""
        self._frames.clear()

    @property
    def newest(self) -> float | None:
        """Time of the newest frame, seconds."""
        return self._frames[-1][0].time if self._frames else None

    def step(self) -> float:
        """Median of the seconds between two frames."""
        times = [frame.time for frame, _ in self._frames]
        return float(np.median(np.diff(times))) if len(times) > 1 else 0.0

    def end(self) -> float:
        """Seconds at which the newest frame is over; there must be one."""
        return self._frames[-1][0].time + self.step()

    def forget_before(self, time: float) -> None:
        """Drop the frames before a time."""
        while self._frames and self._frames[0][0].time < time:
            self._frames.popleft()

    def cut(self, started: float, ended: float, cause: Cause, padding: float) -> Segment | Declined:
        """Take a sign with padding (seconds) on either side; declined if short or too sparse."""
        settings = self._settings
        ended = max(ended, started + self.step())
        onset = max(started - padding, self._frames[0][0].time)
        kept = [
            frame
            for frame, is_present in self._frames
            if onset <= frame.time < ended + padding and is_present
        ]
        if ended - started < settings.min_length or len(kept) < 2:
            return Declined(started, ended, "too_short")
        times = np.array([frame.time for frame in kept])
        if (len(times) - 1) / (times[-1] - times[0]) < settings.min_fps:
            return Declined(started, ended, "low_fps")
        points = np.stack([frame.points for frame in kept])
        return Segment(started, ended, times, points, cause)
