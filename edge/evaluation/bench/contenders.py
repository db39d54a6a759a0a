"""The contenders of the benchmark: each finds landmarks, by our backends or by bare Holistic."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, Protocol

import numpy as np

from edge.messages import Frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.config.settings import LandmarkSettings
    from edge.landmarks.tracking.network import Name

ContenderName = Literal["tracker", "mediapipe", "holistic"]

CONTENDERS: Final[tuple[ContenderName, ...]] = ("tracker", "mediapipe", "holistic")
"""Both backends of landmarks.backend, and bare Holistic."""


class Contender(Protocol):
    """One way of finding landmarks."""

    @property
    def runs(self) -> Counter[Name]:
        """How often each network has run; none of those that MediaPipe's graphs run."""

    def begin(self, first: Frame) -> None:
        """Forget the person, and be ready for the frames of which this is the first."""

    def look(self, frame: Frame) -> NDArray[np.float32]:
        """Find the landmarks of one frame, (75, 3); NaN where unseen."""

    def close(self) -> None:
        """Free the models."""


class BackendContender:
    """A backend of landmarks.backend, as the daemon runs it."""

    def __init__(self, settings: LandmarkSettings) -> None:
        """Load the models.

        Raises:
            DependencyError: MediaPipe or a runtime is missing or does not fit.
        """
        from edge.landmarks.landmarker import Landmarker

        self._landmarker = Landmarker(settings)

    @property
    def runs(self) -> Counter[Name]:
        """How often each network has run; none of those that MediaPipe's graphs run."""
        from edge.landmarks.tracking.tracker import Tracker

        backend = self._landmarker.backend
        return Counter(backend.runs) if isinstance(backend, Tracker) else Counter()

    def begin(self, first: Frame) -> None:
        """Forget the person; MediaPipe's graph, which then loads anew, is shown a black picture."""
        self._landmarker.reset()
        self.look(Frame(first.index, first.time, np.zeros_like(first.image)))

    def look(self, frame: Frame) -> NDArray[np.float32]:
        """Find the landmarks of one frame, (75, 3) in image widths; NaN where unseen."""
        (landmarks,) = self._landmarker.push(frame)
        return landmarks.points

    def close(self) -> None:
        """Free the models."""
        self._landmarker.close()


def make_contender(name: ContenderName, settings: LandmarkSettings) -> Contender:
    """Load one.

    Raises:
        DependencyError: MediaPipe or a runtime is missing or does not fit.
    """
    if name == "holistic":
        from edge.evaluation.bench.bare_holistic import BareHolistic

        return BareHolistic()
    return BackendContender(settings.model_copy(update={"backend": name}))
