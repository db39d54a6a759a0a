"""Runs bare `mp.solutions.holistic.Holistic`, which most programs use, as the yardstick."""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.errors import DependencyError
from edge.landmarks.holistic.graph import (
    add_bare_package,
    import_solution_base,
    to_array,
)
from edge.landmarks.skeleton import LEFT_HAND, POINTS, POSE, RIGHT_HAND

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from edge.landmarks.tracking.network import Name
    from edge.messages import Frame

_SOLUTIONS: Final = "mediapipe.python.solutions"


class BareHolistic:
    """Finds body, hands and face as MediaPipe's documentation shows."""

    def __init__(self) -> None:
        """Load the models.

        Raises:
            DependencyError: MediaPipe is missing or of a release without it.
        """
        self._graph: Any = _import_holistic().Holistic(model_complexity=1)

    @property
    def runs(self) -> Counter[Name]:
        """None: the graph does not tell."""
        return Counter()

    def begin(self, first: Frame) -> None:
        """Forget the person; the graph, which then loads anew, is shown a black picture."""
        self._graph.reset()
        self._graph.process(np.zeros_like(first.image))

    def look(self, frame: Frame) -> NDArray[np.float32]:
        """Find the landmarks of one frame, (75, 3) as MediaPipe gives them; NaN where unseen."""
        found = self._graph.process(frame.image)
        points = np.full((POINTS, 3), np.nan, dtype=np.float32)
        points[POSE] = to_array(found.pose_landmarks, 33)
        points[LEFT_HAND] = to_array(found.left_hand_landmarks, 21)
        points[RIGHT_HAND] = to_array(found.right_hand_landmarks, 21)
        return points

    def close(self) -> None:
        """Free the models."""
        self._graph.close()


def _import_holistic() -> ModuleType:
    """Import it without its package, whose other members want matplotlib."""
    base = import_solution_base()
    if _SOLUTIONS not in sys.modules:
        add_bare_package(_SOLUTIONS, Path(str(base.__file__)).parent / "solutions")
    try:
        return importlib.import_module(f"{_SOLUTIONS}.holistic")
    except ImportError as error:
        raise DependencyError(f"mediapipe: {error}; install mediapipe 0.10.18") from error
