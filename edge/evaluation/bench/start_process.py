"""Measures how soon a contender finds its first landmark in a new process, and its memory.

``measure_start`` runs this module in such a process. It reads what is wanted as JSON from standard
input and answers in JSON.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.errors import EdgeError, SourceError
from edge.system.processes import Child

if TYPE_CHECKING:
    from edge.config.settings import Settings
    from edge.evaluation.bench.contenders import ContenderName

_FRAMES: Final = 10
"""After the first landmarks, before memory is looked at."""
_HEAVY: Final = ("jax", "matplotlib", "mediapipe", "scipy", "tensorflow")
"""Packages that are worth a word where they were imported."""
_STATUS: Final = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class StartCost:
    """What one contender costs to start."""

    start_s: float
    """Seconds from the process's start to its first landmarks."""

    rss_mb: float
    """Memory after ten frames more, MiB."""

    rss_peak_mb: float
    """The most that it had, MiB."""

    imported: list[str]
    """Which heavy packages it has imported."""


def measure_start(name: ContenderName, path: Path, settings: Settings) -> StartCost:
    """Start a process and measure it.

    Args:
        name: Which contender.
        path: A video of a person.
        settings: Of camera and landmarks.

    Raises:
        EdgeError: It failed; says how.
    """
    wanted = {"contender": name, "path": str(path), "settings": settings.model_dump_json()}
    begun = time.monotonic()
    with Child("edge.evaluation.bench.start_process", stderr=subprocess.PIPE) as child:
        done = child.finish(wanted)
    if done.code:
        lines = done.said.splitlines() or [f"exit code {done.code}"]
        raise EdgeError(f"{name} in a process of its own: {lines[-1]}")
    answer: dict[str, Any] = json.loads(done.printed)
    return StartCost(start_s=answer.pop("found") - begun, **answer)


def _look(name: ContenderName, path: Path, settings: Settings) -> dict[str, Any]:
    """Look for landmarks until ten frames after the first.

    Raises:
        SourceError: Nobody is seen, or it is no video.
    """
    from edge.evaluation.bench.contenders import make_contender
    from edge.evaluation.bench.frames import searched_frames

    contender = make_contender(name, settings.landmarks)
    found, after = 0.0, 0
    for frame in searched_frames(path, settings):
        is_seen = np.isfinite(contender.look(frame)).any()
        if is_seen and not found:
            found = time.monotonic()
        after += bool(found)
        if after > _FRAMES:
            break
    if not found:
        raise SourceError(f"{path}: nobody is seen in it")
    return {
        "found": found,
        "rss_mb": _memory("VmRSS"),
        "rss_peak_mb": _memory("VmHWM"),
        "imported": [name for name in _HEAVY if name in sys.modules],
    }


def _memory(name: str) -> float:
    """Read /proc/self/status, MiB; getrusage's peak would include that of the parent."""
    (line,) = re.findall(rf"^{name}:\s*(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
    return int(line) / 1024


def main() -> int:
    """Answer one question."""
    from edge.config.settings import Settings

    answers = os.dup(1)
    os.dup2(2, 1)  # a library that prints must not spoil the answer
    wanted = json.load(sys.stdin)
    settings = Settings.model_validate_json(wanted["settings"])
    try:
        answer = _look(wanted["contender"], Path(wanted["path"]), settings)
    except EdgeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    os.write(answers, json.dumps(answer).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
