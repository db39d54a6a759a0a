"""Even steps between frames, whatever the camera's rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edge.messages import Frame

import math
from typing import Final

_SLACK: Final = 0.3
"""Share of the frame interval by which a frame may come early and still be taken."""


def least_step(max_fps: float) -> float:
    """Seconds after a frame before which no other is taken; even steps come of it."""
    return (1 - _SLACK) / max_fps


def spaced(frames: Iterable[Frame], step: float) -> Iterator[Frame]:
    """Leave out what comes less than a step (seconds) after the last frame kept."""
    last = -math.inf
    for frame in frames:
        if frame.time - last >= step:
            last = frame.time
            yield frame
