"""What a segmenter is, and what the three of them share; pure."""

from __future__ import annotations

import math
from abc import abstractmethod
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, Protocol

from edge.messages import Declined, Landmarks, Segment, Stage
from edge.recognition.segmenting.frame_buffer import FrameBuffer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.config.settings import SegmenterSettings
    from edge.messages import Cause

_GAP: Final = 1.0
"""Seconds without a frame after which what comes is not the same sign."""


class Segmenter(Stage[Landmarks, Segment | Declined], Protocol):
    """Cuts a stream of landmarks into signs."""

    @property
    def is_signing(self) -> bool:
        """Whether a sign has begun and not ended."""

    def so_far(self) -> Segment | None:
        """Give the frames of the sign that is under way; None where they are too few."""


class State(Enum):
    """What a segmenter waits for."""

    RESTING = auto()
    """No sign is under way; the next one may start."""

    MUST_REST = auto()
    """The longest sign has been cut; the hands must rest or set out anew before the next one."""

    STARTING = auto()
    """Signing is seen, too briefly yet to be a sign."""

    SIGNING = auto()
    """A sign is under way."""

    ENDING = auto()
    """A sign is under way; rest is seen, too briefly yet to end it."""


class CuttingSegmenter(Segmenter):
    """Keeps the recent frames and cuts a sign from them where a subclass sees it start and end."""

    def __init__(self, settings: SegmenterSettings, padding: float) -> None:
        """Start at rest.

        Args:
            settings: Of all segmenters.
            padding: Seconds that a segment reaches beyond its sign on either side.
        """
        self._settings = settings
        self._padding = padding
        self._buffer = FrameBuffer(settings)

    @property
    def is_signing(self) -> bool:
        """Whether a sign has begun and not ended."""
        return self._state in {State.SIGNING, State.ENDING}

    def reset(self) -> None:
        """Forget everything, as at the start."""
        self._buffer.clear()
        self._state = State.RESTING
        self._started = -math.inf
        """Seconds at which the sign that is under way, or the last one, began."""
        self._ended = -math.inf
        """Seconds at which the last sign ended."""
        self._first = math.inf
        """Time of the first frame."""

    def push(self, landmarks: Landmarks) -> Iterable[Segment | Declined]:
        """Take the next frame; its time must not be before the last one's."""
        pieces: list[Segment | Declined] = []
        newest = self._buffer.newest
        if newest is not None and landmarks.time - newest > _GAP:
            pieces += self.flush()
            self.reset()
        self._first = min(self._first, landmarks.time)
        pieces += self._take(landmarks)
        return pieces

    def so_far(self) -> Segment | None:
        """Give the frames of the sign that is under way; None where they are too few."""
        newest = self._buffer.newest
        if not self.is_signing or newest is None:
            return None
        piece = self._buffer.cut(self._started, newest, "stop", self._padding)
        return piece if isinstance(piece, Segment) else None

    def flush(self) -> Iterable[Segment | Declined]:
        """End the sign that is under way, if any."""
        return [self._cut(self._last_end(), "stop")] if self.is_signing else []

    @abstractmethod
    def _take(self, landmarks: Landmarks) -> Iterable[Segment | Declined]:
        """Put a frame into the buffer, and say what it ends."""

    @abstractmethod
    def _last_end(self) -> float:
        """Seconds at which the sign that is under way has ended, if no frame follows."""

    def _start(self, time: float) -> None:
        """Begin a sign, not before the end of the last one, nor before the first frame."""
        self._started = max(time, self._ended, self._first)
        self._state = State.SIGNING

    def _cut(self, end: float, cause: Cause) -> Segment | Declined:
        """End the sign that is under way."""
        piece = self._buffer.cut(self._started, end, cause, self._padding)
        self._ended = piece.offset
        self._state = State.RESTING
        return piece
