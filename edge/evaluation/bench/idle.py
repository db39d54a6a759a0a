"""Measures what a camera's frame costs while nothing moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.camera.gate import Gate
from edge.errors import ConfigError
from edge.evaluation.bench.stopwatch import Stopwatch
from edge.messages import Frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.config.settings import Settings

_SPAN: Final = 60.0
"""Seconds of the camera that are measured."""


def idle_cost(image: NDArray[np.uint8], settings: Settings) -> float:
    """Give the processor time of a frame, seconds: the gate examines some, lets none pass.

    Args:
        image: (H, W, 3) RGB, the picture that does not change.
        settings: Of camera and gate.

    Raises:
        ConfigError: The gate is switched off.
    """
    if not settings.gate.enabled:
        raise ConfigError("gate.enabled = false: without the gate no frame is idle")
    gate = Gate(settings.gate)
    fps = settings.camera.fps
    settle = round((settings.gate.hold + 1) * fps)
    for index in range(settle):
        gate.push(Frame(index, index / fps, image), is_busy=False)
    count = round(_SPAN * fps)
    with Stopwatch() as watch:
        for index in range(settle, settle + count):
            gate.push(Frame(index, index / fps, image), is_busy=False)
    return watch.elapsed.cpu / count
