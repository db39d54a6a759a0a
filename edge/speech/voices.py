"""Which voices the speech engine has: their names for people, and what ``speech.voice`` takes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.system.processes import environment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.config.settings import SpeechSettings

DEFAULT: Final = "default"
"""The engine's own choice; a select of Home Assistant has no empty option."""
_TIMEOUT: Final = 5.0
"""Seconds that an engine may take to list its voices."""


def list_voices(settings: SpeechSettings) -> dict[str, str]:
    """List the voices by name; the default and the configured one are always there."""
    if settings.engine == "piper":
        configured = Path(settings.voice)
        found = sorted(configured.parent.glob("*.onnx")) if settings.voice else []
        voices = {path.stem: str(path) for path in found}
        voices.setdefault(configured.stem or DEFAULT, settings.voice)
        return voices
    names = _espeak_voices() if settings.engine == "espeak" else []
    voices = {DEFAULT: "", **{name: name for name in names}}
    if settings.voice:
        voices.setdefault(settings.voice, settings.voice)
    return voices


def name_of(voice: str, voices: dict[str, str]) -> str:
    """Name the voice that ``speech.voice`` is."""
    return next((name for name, value in voices.items() if value == voice), DEFAULT)


def _espeak_voices() -> Iterable[str]:
    """Ask espeak-ng; the second column is the language, which it takes for a voice."""
    if shutil.which("espeak-ng") is None:
        return []
    try:
        listing = subprocess.run(
            ["espeak-ng", "--voices"],
            capture_output=True,
            check=True,
            env=environment("ESPEAK_DATA_PATH", "HOME"),
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_TIMEOUT,
        ).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return []
    rows = (line.split() for line in listing.splitlines()[1:])
    return sorted({row[1] for row in rows if len(row) > 1})
