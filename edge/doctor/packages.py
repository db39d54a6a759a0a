"""Checks Python and its packages: what is missing, and what clashes."""

from __future__ import annotations

import re
import struct
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Final

from edge.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MEDIAPIPE: Final = "0.10.18"
"""The last release with the graphs and models inside, for 64-bit Arm."""
_OPENCV: Final = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
_RUNTIME: Final = "ai-edge-litert"
_OLD_RUNTIME: Final = "tflite-runtime"
"""Its older name, used only where it is installed alone."""
_REINSTALL: Final = "run scripts/setup again, or in the virtual environment: "
_CURE: Final = f"{_REINSTALL}pip install '{_RUNTIME}>=2.1,<3'"


def check_python(
    version: Sequence[int] = sys.version_info[:3], pointer_bytes: int = struct.calcsize("P")
) -> Finding:
    """Look at the interpreter: 3.10 to 3.12, 64 bits."""
    text = f"Python {'.'.join(map(str, version))}, {8 * pointer_bytes} bits"
    if pointer_bytes != struct.calcsize("q"):
        return Finding(
            "python", False, text, "install a 64-bit system; MediaPipe has no 32-bit packages"
        )
    if not (3, 10) <= tuple(version[:2]) <= (3, 12):
        advice = "run PYTHON=python3.11 scripts/setup; MediaPipe needs Python 3.10, 3.11 or 3.12"
        return Finding("python", False, text, advice)
    return Finding("python", True, text, "")


def check_packages(path: Sequence[str] | None = None) -> list[Finding]:
    """Look for packages that are missing or clash.

    Args:
        path: Folders to look in; sys.path by default.
    """
    installed = _installed(sys.path if path is None else path)
    faults = [
        *_opencv_faults(installed),
        *_runtime_faults(installed),
        *_mediapipe_faults(installed),
    ]
    if faults:
        return [Finding("packages", False, text, advice) for text, advice in faults]
    names = ("mediapipe", "numpy", "protobuf", _RUNTIME, _OLD_RUNTIME, *_OPENCV)
    found = [f"{name} {installed[name]}" for name in names if name in installed]
    advice = "" if _RUNTIME in installed else f"{_RUNTIME} is nearly twice as fast: {_CURE}"
    return [Finding("packages", True, ", ".join(found), advice)]


def _installed(path: Sequence[str]) -> dict[str, str]:
    """Name and version of each distribution; of two with one name, the one that is imported."""
    installed: dict[str, str] = {}
    for distribution in metadata.distributions(path=list(path)):
        name = distribution.metadata["Name"]
        if name:  # a broken installation leaves nameless ones
            installed.setdefault(re.sub(r"[-_.]+", "-", name).lower(), distribution.version)
    return installed


def _opencv_faults(installed: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    found = [name for name in _OPENCV if name in installed]
    if not found:
        yield "OpenCV is missing", f"{_REINSTALL}pip install 'opencv-python-headless<4.12'"
    remove = f"pip uninstall {' '.join(found)}, then pip install 'opencv-python-headless<4.12'"
    if len(found) > 1:
        yield f"{' and '.join(found)} overwrite each other's cv2", f"{_REINSTALL}{remove}"
    elif found == ["opencv-contrib-python"]:
        yield "opencv-contrib-python needs a desktop's libGL", f"{_REINSTALL}{remove}"


def _runtime_faults(installed: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    numpy = installed.get("numpy")
    if numpy is None:
        yield "numpy is missing", f"{_REINSTALL}pip install 'numpy<2'"
    elif _major(numpy) >= 2:
        bound = ("mediapipe",) if _RUNTIME in installed else (_OLD_RUNTIME, "mediapipe")
        if users := [name for name in bound if name in installed]:
            text = f"numpy {numpy} does not work with {' and '.join(users)}"
            yield text, f"{_REINSTALL}pip install 'numpy<2'"
    if _RUNTIME not in installed and _OLD_RUNTIME not in installed:
        yield f"neither {_RUNTIME} nor {_OLD_RUNTIME} is there", _CURE


def _mediapipe_faults(installed: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    version = installed.get("mediapipe")
    if version != MEDIAPIPE:
        text = f"mediapipe is {version}, not {MEDIAPIPE}" if version else "mediapipe is missing"
        yield text, f"{_REINSTALL}pip install --no-deps mediapipe=={MEDIAPIPE}"
    protobuf = installed.get("protobuf")
    if protobuf is None or _major(protobuf) >= 5:
        text = f"protobuf {protobuf} is too new" if protobuf else "protobuf is missing"
        yield f"{text} for mediapipe", f"{_REINSTALL}pip install 'protobuf>=4.25.3,<5'"


def _major(version: str) -> int:
    found = re.match(r"\d+", version)
    return int(found[0]) if found else 0
