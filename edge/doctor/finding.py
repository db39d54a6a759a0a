"""Defines what a check finds, and how checks look at the machine."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edge.system.processes import environment

if TYPE_CHECKING:
    from pathlib import Path

_PROGRAM_TIME: Final = 10.0
"""Seconds that a program may take to answer."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    area: str
    """Such as python, packages, config, model, camera, sound, broker, page, clock or board."""

    ok: bool
    """Whether it will do."""

    text: str
    """What is."""

    advice: str = ""
    """What to do; of what will do, how it could be better. Empty where nothing need be done."""


def text_of(path: Path) -> str:
    """Read a file of the kernel; empty where there is none or its sensor is off."""
    try:
        return path.read_text(encoding="utf-8").strip("\0\n ")
    except (OSError, UnicodeDecodeError):
        return ""


def output_of(*command: str) -> str:
    """Run a program and return what it printed; empty where it cannot be run."""
    try:
        return subprocess.run(
            command,
            capture_output=True,
            check=False,
            env=environment("ALSA_*", "HOME", "LIBCAMERA_*"),
            errors="replace",
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_PROGRAM_TIME,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
