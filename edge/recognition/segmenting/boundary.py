"""Landmarks -> Segment by a learned boundary network, frame by frame; pure.

The network (edge.training.tasks.boundary) says of each frame how probably the hands rest, have just
left their rest, or are in a sign. A sign starts when that is at least ``enter`` for ``hold``
seconds, ends when it is below ``exit`` for as long, and gives way to the next one where the
hands seem to leave a rest that was too short to be seen. No hand in sight for ``unseen_time`` ends
it, too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.errors import BundleError
from edge.landmarks.skeleton import LEFT_HAND, LEFT_SHOULDER, RIGHT_HAND
from edge.recognition.classifying.classifier import softmax
from edge.recognition.features.posture import LAG, Postures
from edge.recognition.segmenting.segmenter import CuttingSegmenter, State
from edge.tflite import Network

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.config.settings import SegmenterSettings
    from edge.messages import Cause, Declined, Landmarks, Segment
    from edge.recognition.bundle import Bundle

_CLASSES: Final = ("inside", "onset", "rest")
_LOOK_BACK: Final = 1.0
"""Seconds of frames that are kept at rest."""
_ROUNDING: Final = 1e-6
"""Seconds by which sums of frame times may err."""


class BoundarySegmenter(CuttingSegmenter):
    """Cuts a stream of landmarks into signs where a network sees the hands leave rest and rest."""

    def __init__(self, settings: SegmenterSettings, bundle: Bundle) -> None:
        """Load the network; start at rest.

        Raises:
            BundleError: The bundle is none of boundaries, or its network does not fit it.
            DependencyError: No TFLite runtime works here.
        """
        super().__init__(settings, settings.margin)
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
        self._postures = Postures()
        self.reset()

    def reset(self) -> None:
        """Forget everything, as at the start."""
        super().reset()
        self._postures.reset()
        self._last_hand = -math.inf
        self._since = -math.inf
        """When the network began to see what STARTING and ENDING wait for."""
        self._onset_since: float | None = None
        """When the network began to see the hands leave a rest during a sign."""

    def _take(self, landmarks: Landmarks) -> Iterable[Segment | Declined]:
        now = landmarks.time
        inside, onset = self._ask(landmarks)
        if np.isfinite(landmarks.points[[LEFT_HAND.start, RIGHT_HAND.start], 0]).any():
            self._last_hand = now
        # Where no hand is seen, wrists are guessed: neither they nor the network are to be trusted.
        is_seen = now - self._last_hand < self._settings.unseen_time
        moment = now - LAG
        if not self.is_signing:
            self._wait(inside + onset if is_seen else 0.0, onset, moment)
        elif is_seen:
            yield from self._go_on(inside, onset, moment)
        else:
            yield self._cut(max(self._last_hand, self._started), "pause")

    def _ask(self, landmarks: Landmarks) -> tuple[float, float]:
        """Put a frame into the buffer; how probably it is inside a sign, and at its onset."""
        is_present = bool(np.isfinite(landmarks.points[LEFT_SHOULDER, 0]))
        self._buffer.push(landmarks, is_present=is_present)
        if not is_present:  # it has learnt from people alone, and of one at a time
            self._postures.reset()
            return 0.0, 0.0
        logits = self._network.run(self._postures.push(landmarks))
        inside, onset, _ = softmax(logits / self._temperature).tolist()
        return inside, onset

    def _wait(self, signing: float, onset: float, now: float) -> None:
        """No sign is under way: start one where signing lasts."""
        settings = self._settings
        if signing < settings.enter or (self._state is State.MUST_REST and onset >= settings.split):
            self._state = State.RESTING
        if signing < settings.enter or self._state is State.MUST_REST:
            self._buffer.forget_before(now - _LOOK_BACK)
            return
        if self._state is State.RESTING:
            self._state, self._since = State.STARTING, now
        if self._lasts(self._since, now):
            self._start(self._since)

    def _go_on(self, inside: float, onset: float, now: float) -> Iterable[Segment | Declined]:
        """A sign is under way: end it where rest lasts, or where the next one sets out."""
        settings = self._settings
        if inside + onset < settings.exit:
            if self._state is State.SIGNING:
                self._state, self._since = State.ENDING, now
            if self._lasts(self._since, now):
                yield self._cut(self._since, "pause")
            return
        self._state = State.SIGNING
        if onset < settings.split or now - self._started < settings.min_length:
            self._onset_since = None
        elif self._onset_since is None:
            self._onset_since = now
        elif self._lasts(self._onset_since, now):
            next_start = self._onset_since
            yield self._cut(next_start, "pause")
            self._start(next_start)
            return
        if now - self._started >= settings.max_length:
            yield self._cut(now, "max_length")

    def _lasts(self, since: float, now: float) -> bool:
        """Whether the network has been of one opinion for long enough."""
        return now - since >= self._settings.hold - _ROUNDING

    def _last_end(self) -> float:
        if self._state is State.ENDING:
            return self._since
        return self._buffer.end()

    def _cut(self, end: float, cause: Cause) -> Segment | Declined:
        piece = super()._cut(end, cause)
        if cause == "max_length":
            self._state = State.MUST_REST
        self._onset_since = None
        self._buffer.forget_before(end - self._padding)
        return piece
