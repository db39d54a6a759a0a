"""Checks speech: the engine, the sound cards, and a test that one can hear."""

from __future__ import annotations

import re
import shutil
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.doctor.finding import Finding, output_of, text_of
from edge.speech.speaking_process import FILE_PREFIX

if TYPE_CHECKING:
    from edge.config.settings import SpeechSettings

_CARD: Final = re.compile(r"^card (\d+): (\S+) \[(.*?)\], device (\d+): ", re.MULTILINE)
_TEST: Final = "sign-edge: one, two, three"
_LOOK: Final = 0.05
"""Seconds between looks whether the test has been said."""


def check_sound(settings: SpeechSettings, root: Path = Path("/")) -> Finding:
    """Look for the speech engine and a sound card.

    Args:
        settings: The speech section.
        root: Where proc is.
    """
    if not settings.enabled or settings.engine == "none":
        return Finding("sound", True, "speech is off")
    if fault := _engine_fault(settings):
        return Finding("sound", False, *fault)
    if settings.device.startswith(FILE_PREFIX):
        return Finding("sound", True, f"{settings.engine}, into {settings.device}")
    if shutil.which("aplay") is None:
        return Finding("sound", False, "aplay is missing", "sudo apt install alsa-utils")
    cards = _CARD.findall(output_of("aplay", "-l"))
    if not cards:
        return _no_card(root)
    names = ", ".join(f"plughw:CARD={card},DEV={dev} ({title})" for _, card, title, dev in cards)
    wanted = re.match(r"\w+:(?:CARD=)?(\w+)", settings.device)
    if wanted and wanted[1] not in {part for card in cards for part in card[:2]}:
        text = f"speech.device = {settings.device!r}: no such card; there are {names}"
        return Finding("sound", False, text, "choose one of these, or one that aplay -L lists")
    text = f"{settings.engine} to {settings.device}; there are {names}"
    if settings.device == "default" and len({card for _, card, _, _ in cards}) > 1:
        advice = "of several cards, default may be the silent one: name one as speech.device"
        return Finding("sound", True, text, f"{advice}; check --sound plays a test")
    return Finding("sound", True, text)


def play_test(settings: SpeechSettings) -> Finding:
    """Say a few words the way the daemon does."""
    from edge.speech.loudspeaker import Speech

    if not settings.enabled or settings.engine == "none":
        advice = "set speech.enabled = true and speech.engine"
        return Finding("sound", False, "speech is off, so no test was played", advice)
    speech, stop = Speech(settings), threading.Event()
    thread = threading.Thread(target=speech.run, args=(stop,), name="speech", daemon=True)
    began = time.monotonic()
    speech.say(_TEST, began)
    thread.start()
    while not speech.said + speech.failed and thread.is_alive():
        time.sleep(_LOOK)
    took = time.monotonic() - began
    stop.set()
    thread.join(settings.timeout)
    if speech.problem:
        advice = (
            "correct speech.device (aplay -L lists them) or speech.engine; join the group audio"
        )
        return Finding("sound", False, f"test: {speech.problem}", advice)
    text = f"test: said {_TEST!r} to {settings.device} in {took:.1f} s"
    advice = "not heard? raise speech.volume, or choose another speech.device"
    return Finding("sound", True, text, advice)


def _no_card(root: Path) -> Finding:
    """Tell a card that is hidden from one that is missing."""
    known = re.findall(r"^ *\d+ \[(\w+) *\]", text_of(root / "proc/asound/cards"), re.MULTILINE)
    if known:
        text = f"aplay lists no sound card, though the kernel has {', '.join(known)}"
        advice = "let the user join the group audio: sudo usermod -aG audio USER"
        return Finding("sound", False, text, advice)
    advice = "plug in a loudspeaker, join the group audio, or set speech.enabled = false"
    return Finding("sound", False, "aplay lists no sound card", advice)


def _engine_fault(settings: SpeechSettings) -> tuple[str, str] | None:
    """Return what is wrong with the engine and what to do; None where nothing is."""
    if settings.engine == "piper":
        if not _is_importable("piper"):
            return "piper-tts is missing", "pip install piper-tts, or speech.engine = espeak"
        if not Path(settings.voice).is_file():
            return f"speech.voice = {settings.voice!r} is no file", "name Piper's .onnx voice file"
        return None
    if settings.engine == "pyttsx3" and not _is_importable("pyttsx3"):
        return "pyttsx3 is missing", "pip install pyttsx3, or speech.engine = espeak"
    if shutil.which("espeak-ng") is None:
        return "espeak-ng is missing", "sudo apt install espeak-ng"
    return None


def _is_importable(name: str) -> bool:
    try:
        import_module(name)
    except ImportError:
        return False
    return True
