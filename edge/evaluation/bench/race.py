"""All contenders on the same frames, one after the other, frame by frame."""

from __future__ import annotations

from collections import Counter, deque
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.evaluation.bench.agreement import compare, has_hand
from edge.evaluation.bench.contenders import WHO, Who, make_contender
from edge.evaluation.bench.floor import Floor
from edge.evaluation.bench.frames import frames_of
from edge.evaluation.bench.stopwatch import Stopwatch, Took
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
class Heat:
    """One frame."""

    took: dict[Who, Took]
    """What it took each of them."""

    runs: Counter[Name]
    """Networks that the tracker ran for it."""

    is_signing: bool
    """Whether MediaPipe's graph sees a hand."""


@dataclass(frozen=True, slots=True)
class Round:
    """One clip."""

    path: Path
    """The file."""

    heats: list[Heat]
    """Its frames, in order."""

    agreement: Agreement
    """The tracker's landmarks with those of MediaPipe's graph."""

    @property
    def signing(self) -> list[Heat]:
        """The frames in which somebody signs."""
        return [heat for heat in self.heats if heat.is_signing]


class Race:
    """Runs them; a context manager that frees the models."""

    def __init__(self, settings: Settings) -> None:
        """Load all models.

        Raises:
            DependencyError: MediaPipe or a runtime is missing or does not fit.
        """
        self._settings = settings
        self._stack = ExitStack()
        with native_log_silenced():
            contenders = {who: make_contender(who, settings.landmarks) for who in WHO}
        for contender in contenders.values():
            self._stack.enter_context(closing(contender))
        self._contenders = contenders
        self.floor = Floor()
        """What the tracker's networks take by themselves, timed after each frame."""
        self._clock = 0.0

    def __enter__(self) -> Race:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, paths: Sequence[Path], tell: Callable[[Path], None]) -> list[Round]:
        """Run over videos.

        Args:
            paths: The videos; everybody forgets the person between two. The first is shown once
                more before, uncounted: some networks are loaded when they are first needed.
            tell: Told of each before it is begun.

        Raises:
            SourceError: A file is no video that can be read.
        """
        rounds = []
        tell(paths[0])
        self._run(paths[0])
        for path in paths:
            tell(path)
            rounds.append(self._run(path))
        return rounds

    def _run(self, path: Path) -> Round:
        heats: list[Heat] = []
        points: dict[Who, list[NDArray[np.float32]]] = {who: [] for who in WHO}
        order = deque(WHO)
        with native_log_silenced():
            for frame in frames_of(path, self._settings, self._clock + _REST):
                if not heats:
                    for contender in self._contenders.values():
                        contender.begin(frame)
                self._clock = frame.time
                heats.append(self._look(frame, order, points))
                order.rotate()  # nobody always follows the same one, whose data fill the cache
        found, truth = np.stack(points["tracker"]), np.stack(points["mediapipe"])
        return Round(path, heats, compare(found, truth))

    def _look(
        self, frame: Frame, order: deque[Who], points: dict[Who, list[NDArray[np.float32]]]
    ) -> Heat:
        took: dict[Who, Took] = {}
        before = self._contenders["tracker"].runs
        for who in order:
            with Stopwatch() as watch:
                found = self._contenders[who].look(frame)
            took[who] = watch.took
            points[who].append(found)
        runs = self._contenders["tracker"].runs
        self.floor.probe(list(runs))
        is_signing = bool(has_hand(points["mediapipe"][-1]).any())
        return Heat(took, runs - before, is_signing)
