"""Checks that XNNPACK is used, which makes the landmark models two to five times faster.

TensorFlow Lite goes on without it where /proc/cpuinfo is hidden (ProcSubset=pid in a unit, some
containers) and only says so on standard error. So one picture is sent through the landmark models
in a process of its own, whose words are read; that process runs this module.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from typing import Final

from edge.doctor.finding import Finding
from edge.system.processes import Child, environment

_TIME: Final = 60.0
"""Seconds; a slow board takes ten to load the models from its card."""
_APPLIED: Final = "Created TensorFlow Lite XNNPACK delegate"
_BLIND: Final = "failed to parse processor information"
_PICTURES: Final = 5
_TOOK: Final = "landmarks take"


def check_acceleration(backend: str) -> Finding:
    """Run a backend's models on a grey picture and read what TensorFlow Lite says of itself."""
    try:
        with Child(
            "edge.doctor.acceleration",
            backend,
            variables={**environment(), "SIGN_EDGE_NATIVE_LOG": "1"},
            stderr=subprocess.PIPE,
        ) as child:
            done = child.finish(within=_TIME)
    except TimeoutError:
        text = f"landmarks are not found within {_TIME:g} s"
        return Finding("model", False, text, "this machine is too slow, or too busy: see top")
    return judge_acceleration(done.printed, done.said, done.code)


def judge_acceleration(printed: str, said: str, code: int) -> Finding:
    """Tell from what the process printed, said on standard error and returned."""
    if code != 0:
        lines = said.strip().splitlines()
        text = f"landmarks cannot be found: {lines[-1] if lines else f'exit {code}'}"
        return Finding("model", False, text, "see packages above; run scripts/setup again")
    found = re.search(rf"{_TOOK} ([\d.]+) ms", printed)
    took = f"a picture without people takes {found[1]} ms" if found else "landmarks are found"
    if _APPLIED in said:
        return Finding("model", True, f"landmarks: XNNPACK is used, {took}")
    text = f"landmarks: XNNPACK is not used, which makes them slow; {took}"
    if _BLIND in said:
        advice = "let TensorFlow Lite read /proc/cpuinfo: no ProcSubset=pid, no /proc mounted so"
        return Finding("model", False, text, advice)
    advice = "let it read /proc/cpuinfo and /sys; then run scripts/setup again, for our mediapipe"
    return Finding("model", False, text, advice)


def main() -> int:
    """Find landmarks in a picture without people and print how long that takes."""
    import numpy as np

    from edge.config.settings import LandmarkSettings
    from edge.errors import EdgeError
    from edge.landmarks.landmarker import Landmarker
    from edge.messages import Frame

    try:
        landmarker = Landmarker(LandmarkSettings.model_validate({"backend": sys.argv[1]}))
    except EdgeError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the parent reads it
        return 1
    image = np.full((480, 640, 3), 128, np.uint8)
    list(landmarker.push(Frame(0, 0.0, image)))
    began = time.perf_counter()
    for k in range(1, _PICTURES + 1):
        list(landmarker.push(Frame(k, k / 10, image)))
    took = 1000 * (time.perf_counter() - began) / _PICTURES
    landmarker.close()
    print(f"{_TOOK} {took:.0f} ms")  # noqa: T201 - the parent reads it
    return 0


if __name__ == "__main__":
    sys.exit(main())
