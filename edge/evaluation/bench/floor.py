"""Measures the floor: the processor time of the networks alone, with nothing round them.

Each network that a contender runs is loaded twice more, trimmed as the tracker has it and whole as
MediaPipe ships it, and timed between the frames that are measured, so that all see the same
machine.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, Final

from edge.evaluation.bench.stopwatch import Stopwatch
from edge.landmarks.tracking.network import find_model, load_interpreter
from edge.tflite import make_interpreter

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from edge.landmarks.tracking.network import Name

_GREY: Final = 0.5
"""Of all pixels; what a network sees does not change what it takes."""


class BareNetwork:
    """One network whose input is always the same."""

    def __init__(self, interpreter: Any) -> None:  # noqa: ANN401 - the packages ship no types
        """Take an interpreter, its tensors allocated."""
        self._interpreter = interpreter
        (detail,) = interpreter.get_input_details()
        self._input = int(detail["index"])
        self._times: list[float] = []

    def run(self) -> float:
        """Run once, the input filled before; seconds of processor time."""
        self._interpreter.tensor(self._input)()[:] = _GREY
        with Stopwatch() as watch:
            self._interpreter.invoke()
        return watch.elapsed.cpu

    def probe(self) -> None:
        """Time one run."""
        self._times.append(self.run())

    @property
    def count(self) -> int:
        """Runs timed."""
        return len(self._times)

    @property
    def seconds(self) -> float:
        """Processor time of a run, median."""
        return statistics.median(self._times)


class Floor:
    """Processor time of bare networks."""

    def __init__(self) -> None:
        """Load nothing yet."""
        self._trimmed: dict[Name, BareNetwork] = {}
        self._whole: dict[Name, BareNetwork] = {}

    def probe(self, names: Collection[Name]) -> None:
        """Time that of some networks which was timed least; loads it where it is new.

        Raises:
            DependencyError: It is missing, or no runtime works.
        """
        for name in names:
            if name not in self._trimmed:
                self._trimmed[name] = _warm(load_interpreter(name))
                self._whole[name] = _warm(make_interpreter(find_model(name).read_bytes()))
                self._trimmed[name].probe()
                self._whole[name].probe()
        name = min(names, key=lambda one: self._trimmed[one].count)
        self._trimmed[name].probe()
        self._whole[name].probe()

    def seconds(self, runs: Mapping[Name, int], *, is_whole: bool = False) -> float:
        """Add up so many runs of each network, all of them probed before."""
        bare = self._whole if is_whole else self._trimmed
        return sum(count * bare[name].seconds for name, count in runs.items())


def _warm(interpreter: Any) -> BareNetwork:  # noqa: ANN401 - the packages ship no types
    """Take an interpreter and run it once: the first run takes longer."""
    bare = BareNetwork(interpreter)
    bare.run()
    return bare
