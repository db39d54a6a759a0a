"""Landmarks -> Segment by a learned boundary network, frame by frame; pure.

The network (edge.training.tasks.boundary) says of each frame how probably the hands rest, have just
left their rest, or are in a sign. A sign starts when that is at least ``enter`` for ``hold``
seconds, ends when it is below ``exit`` for as long, and gives way to the next one where the
hands seem to leave a rest that was too short to be seen. No hand in sight for ``unseen_time`` ends
it, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from edge.errors import BundleError
from edge.landmarks.skeleton import LEFT_HAND, LEFT_SHOULDER, RIGHT_HAND
from edge.messages import Segment
from edge.recognition.classifying.classifier import softmax
from edge.recognition.features.posture import LAG, Postures
from edge.recognition.segmenting.frame_buffer import Reel
from edge.recognition.segmenting.hysteresis import MAX_STEP
from edge.tflite import Network

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.config.settings import SegmenterSettings
    from edge.messages import Cause, Declined, Landmarks
    from edge.recognition.bundle import Bundle

_CLASSES: Final = ("inside", "onset", "rest")
_LOOK_BACK: Final = 1.0
"""Seconds of frames that are kept at rest."""


class BoundarySegmenter:
    """Cuts a stream of landmarks into signs."""

    def __init__(self, settings: SegmenterSettings, bundle: Bundle) -> None:
        """Load the network; start at rest.

        Raises:
            BundleError: The bundle is none of boundaries, or its network does not fit it.
            DependencyError: No TFLite runtime works here.
        """
        manifest = bundle.manifest
        if manifest.features.kind != "posture" or bundle.glosses != _CLASSES:
            raise BundleError(f"{bundle.path / 'model.json'}: features.kind is not posture")
        self._network = Network(bundle.model_path)
        expected = (1, manifest.features.frames, manifest.features.count)
        if self._network.input_shape != expected:
            raise BundleError(
                f"{bundle.model_path}: input is {self._network.input_shape}, "
                f"model.json says {expected}"
            )
        self._temperature = manifest.temperature
        self._settings = settings
        self._postures = Postures()
        self._reel = Reel(settings)
        self.reset()

    @property
    def is_signing(self) -> bool:
        """Whether a sign has begun and not ended."""
        return self._started is not None

    def reset(self) -> None:
        """Forget everything, as at the start."""
        self._postures.reset()
        self._reel.clear()
        self._started: float | None = None
        self._ended = self._last_hand = -1e9
        self._is_weary = False
        """Whether the hands only stay up: after a sign of the longest they must rest or set out."""
        self._since: float | None = None
        """When the network began to say otherwise than the state is."""
        self._leaving: float | None = None
        """When the network began to see the hands leave rest during a sign."""

    def push(self, landmarks: Landmarks) -> Iterable[Segment | Declined]:
        """Take the next frame; its time must not be before the last one's."""
        ended: list[Segment | Declined] = []
        newest, now = self._reel.newest, landmarks.time
        if newest is not None and now - newest > MAX_STEP:
            ended += self.flush()
            self.reset()
        is_present = bool(np.isfinite(landmarks.points[LEFT_SHOULDER, 0]))
        self._reel.push(landmarks, is_present=is_present)
        inside = onset = 0.0
        if is_present:
            logits = self._network.run(self._postures.push(landmarks))
            inside, onset, _ = softmax(logits / self._temperature).tolist()
        else:  # it has learnt from people alone, and of one at a time
            self._postures.reset()
        if np.isfinite(landmarks.points[[LEFT_HAND.start, RIGHT_HAND.start], 0]).any():
            self._last_hand = now
        # Where no hand is seen, wrists are guessed: neither they nor the network are to be trusted.
        is_seen = now - self._last_hand < self._settings.unseen_time
        moment = now - LAG
        if self._started is None:
            self._wait(inside + onset if is_seen else 0.0, onset, moment)
        elif is_seen:
            ended += self._go_on(inside, onset, moment)
        else:
            ended.append(self._cut(max(self._last_hand, self._started), "pause"))
        return ended

    def so_far(self) -> Segment | None:
        """What there is yet of the sign that is under way; None where that is too little."""
        now = self._reel.newest
        if self._started is None or now is None:
            return None
        piece = self._reel.cut(self._started, now, "stop", self._settings.margin)
        return piece if isinstance(piece, Segment) else None

    def flush(self) -> Iterable[Segment | Declined]:
        """End the sign that is under way, if any."""
        newest = self._reel.newest
        if self._started is None or newest is None:
            return []
        return [self._cut(self._since or newest + self._reel.step(), "stop")]

    def _wait(self, signing: float, onset: float, now: float) -> None:
        if signing < self._settings.enter or onset >= self._settings.split:
            self._is_weary = False
        if signing < self._settings.enter or self._is_weary:
            self._since = None
            self._reel.forget_before(now - _LOOK_BACK)
            return
        self._since = now if self._since is None else self._since
        if now - self._since >= self._settings.hold - 1e-6:
            self._started = max(self._since, self._ended)
            self._since = self._leaving = None

    def _go_on(self, inside: float, onset: float, now: float) -> Iterable[Segment | Declined]:
        started = self._started
        assert started is not None  # noqa: S101 - only asked while signing
        if inside + onset < self._settings.exit:
            self._since = now if self._since is None else self._since
            if now - self._since >= self._settings.hold - 1e-6:
                yield self._cut(self._since, "pause")
            return
        self._since = None
        if onset < self._settings.split or now - started < self._settings.min_length:
            self._leaving = None
        elif self._leaving is None:
            self._leaving = now
        elif now - self._leaving >= self._settings.hold - 1e-6:
            leaving = self._leaving
            yield self._cut(leaving, "pause")
            self._started = leaving
            return
        if now - started >= self._settings.max_length:
            yield self._cut(now, "max_length")

    def _cut(self, end: float, cause: Cause) -> Segment | Declined:
        started = self._started
        assert started is not None  # noqa: S101 - only called while signing
        piece = self._reel.cut(started, end, cause, self._settings.margin)
        self._started = self._since = self._leaving = None
        self._is_weary = cause == "max_length"
        self._ended = end
        self._reel.forget_before(end - self._settings.margin)
        return piece
