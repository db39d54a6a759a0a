"""Runs all contenders on the same frames, one after the other, frame by frame."""

from __future__ import annotations

from collections import Counter, deque
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.evaluation.bench.agreement import has_hand, measure_agreement
from edge.evaluation.bench.contenders import CONTENDERS, ContenderName, make_contender
from edge.evaluation.bench.floor import Floor
from edge.evaluation.bench.frames import searched_frames
from edge.evaluation.bench.stopwatch import Elapsed, Stopwatch
from edge.system.native_log import native_log_silenced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.config.settings import Settings
    from edge.evaluation.bench.agreement import Agreement
    from edge.landmarks.tracking.network import Name
    from edge.messages import Frame

_REST: Final = 10.0
"""Seconds between two clips, on the contenders' clock."""


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """What one frame took each contender."""

    elapsed: dict[ContenderName, Elapsed]
    """By contender."""

    runs: Counter[Name]
    """Networks that the tracker ran for it."""

    is_signing: bool
    """Whether MediaPipe's graph sees a hand."""


@dataclass(frozen=True, slots=True)
class ClipResult:
    """What was measured on one clip."""

    path: Path
    """The file."""

    frames: list[FrameTimes]
    """Its frames, in order."""

    agreement: Agreement
    """The tracker's landmarks with those of MediaPipe's graph."""

    @property
    def signing(self) -> list[FrameTimes]:
        """The frames in which a person signs."""
        return [frame for frame in self.frames if frame.is_signing]


class Comparison:
    """Runs the contenders; a context manager that frees the models."""

    def __init__(self, settings: Settings) -> None:
        """Load all models.

        Raises:
            DependencyError: MediaPipe or a runtime is missing or does not fit.
        """
        self._settings = settings
        self._stack = ExitStack()
        with native_log_silenced():
            contenders = {name: make_contender(name, settings.landmarks) for name in CONTENDERS}
        for contender in contenders.values():
            self._stack.enter_context(closing(contender))
        self._contenders = contenders
        self.floor = Floor()
        """What the tracker's networks take by themselves, timed after each frame."""
        self._clock = 0.0

    def __enter__(self) -> Comparison:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, paths: Sequence[Path], tell: Callable[[Path], None]) -> list[ClipResult]:
        """Run over videos.

        Args:
            paths: The videos; the contenders forget the person between two. The first is shown
                once more before, uncounted: some networks are loaded when first needed.
            tell: Told of each before it is begun.

        Raises:
            SourceError: A file is no video that can be read.
        """
        clips = []
        tell(paths[0])
        self._run(paths[0])
        for path in paths:
            tell(path)
            clips.append(self._run(path))
        return clips

    def _run(self, path: Path) -> ClipResult:
        frames: list[FrameTimes] = []
        points: dict[ContenderName, list[NDArray[np.float32]]] = {name: [] for name in CONTENDERS}
        order = deque(CONTENDERS)
        with native_log_silenced():
            for frame in searched_frames(path, self._settings, self._clock + _REST):
                if not frames:
                    for contender in self._contenders.values():
                        contender.begin(frame)
                self._clock = frame.time
                frames.append(self._look(frame, order, points))
                order.rotate()  # or each would always find the cache filled by the same other one
        found, truth = np.stack(points["tracker"]), np.stack(points["mediapipe"])
        return ClipResult(path, frames, measure_agreement(found, truth))

    def _look(
        self,
        frame: Frame,
        order: deque[ContenderName],
        points: dict[ContenderName, list[NDArray[np.float32]]],
    ) -> FrameTimes:
        elapsed: dict[ContenderName, Elapsed] = {}
        before = self._contenders["tracker"].runs
        for name in order:
            with Stopwatch() as watch:
                found = self._contenders[name].look(frame)
            elapsed[name] = watch.elapsed
            points[name].append(found)
        runs = self._contenders["tracker"].runs
        self.floor.probe(list(runs))
        is_signing = bool(has_hand(points["mediapipe"][-1]).any())
        return FrameTimes(elapsed, runs - before, is_signing)
