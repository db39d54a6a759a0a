"""The speaking process, started by ``edge.speech.loudspeaker`` and killed by it when it hangs.

Protocol, one JSON value a line: the first line read holds the fields of Manner, every further
line a text to say; every text is answered by ``""`` when it was said or by the reason, one
line, why not. Only the standard library is imported until an engine needs more.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from edge.errors import SpeechError
from edge.system.processes import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable

FILE_PREFIX: Final = "file:"
MIN_DURATION: Final = 0.1  # seconds; a shorter WAV holds no word
_PACKAGES: Final = {"espeak-ng": "espeak-ng", "aplay": "alsa-utils"}


@dataclass(frozen=True, slots=True)
class Manner:
    """How to speak."""

    engine: str
    """espeak, pyttsx3 or piper."""

    device: str
    """ALSA name, or ``file:`` and a folder."""

    voice: str
    """The engine's name of a voice, or Piper's .onnx file; empty for the engine's own choice."""

    rate: int
    """Words per minute."""

    volume: int
    """0..100."""


class Synthesiser(Protocol):
    """An engine: writes a text to a WAV file."""

    def __call__(self, text: str, path: Path) -> None:
        """Write the file, or raise SpeechError."""


Process: TypeAlias = "subprocess.Popen[bytes]"
Stream: TypeAlias = "int | IO[bytes] | None"


def make_say(manner: Manner) -> Callable[[str], None]:
    """Prepare the engine and return what says a text; raises SpeechError."""
    if manner.engine == "espeak" and not manner.device.startswith(FILE_PREFIX):
        return lambda text: _pipe_espeak(manner, text)
    makers = {"espeak": _make_espeak, "pyttsx3": _make_pyttsx3, "piper": _make_piper}
    synthesise = makers[manner.engine](manner)
    if manner.device.startswith(FILE_PREFIX):
        folder = Path(manner.device[len(FILE_PREFIX) :])
        return lambda text: _write(synthesise, text, folder)
    return lambda text: _play(synthesise, text, manner.device)


def check_wav(path: Path) -> None:
    """Raise SpeechError where a file is not a whole WAV with sound of some length in it."""
    try:
        with wave.open(str(path), "rb") as file:
            duration = file.getnframes() / file.getframerate()
    except (OSError, EOFError, wave.Error, ZeroDivisionError) as error:
        raise SpeechError(f"the engine wrote no sound ({error})") from None
    if duration < MIN_DURATION:
        raise SpeechError(f"the engine wrote {duration:.2f} s of sound")


def _write(synthesise: Synthesiser, text: str, folder: Path) -> None:
    """Write the next numbered file; it bears its name only once it is whole."""
    part = folder / ".speaking.wav"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        synthesise(text, part)
        check_wav(part)
        numbers = (re.match(r"(\d{4,})-", path.name) for path in folder.iterdir())
        number = 1 + max((int(match[1]) for match in numbers if match), default=0)
        word = re.sub(r"\W+", "-", text.lower()).strip("-")[:40] or "word"
        part.rename(folder / f"{number:04d}-{word}.wav")
    except OSError as error:
        raise SpeechError(f"{folder}: {error.strerror}") from None


def _play(synthesise: Synthesiser, text: str, device: str) -> None:
    with tempfile.TemporaryDirectory(prefix="sign-edge-") as folder:
        path = Path(folder) / "speaking.wav"
        synthesise(text, path)
        check_wav(path)
        player = _start(["aplay", "-D", device, "-q", str(path)], stdin=subprocess.DEVNULL)
        _finish(player, "aplay")


def _pipe_espeak(manner: Manner, text: str) -> None:
    player = _start(["aplay", "-D", manner.device, "-q"], stdin=subprocess.PIPE)
    try:
        engine = _start(
            [*_espeak_command(manner), "--stdout"],
            stdin=subprocess.PIPE,
            stdout=player.stdin,
        )
        if player.stdin:
            player.stdin.close()  # else aplay would never see the end
            player.stdin = None
        _feed(engine, text)
    except BaseException:
        player.kill()
        player.wait()
        raise
    engine_errors = _stderr_of(engine)
    _finish(player, "aplay")  # first: where it fails, espeak-ng only dies of the broken pipe
    if engine.wait() != 0:
        raise SpeechError(f"espeak-ng: {engine_errors or f'exit {engine.returncode}'}")


def _make_espeak(manner: Manner) -> Synthesiser:
    def synthesise(text: str, path: Path) -> None:
        engine = _start([*_espeak_command(manner), "-w", str(path)], stdin=subprocess.PIPE)
        _feed(engine, text)
        _finish(engine, "espeak-ng")

    return synthesise


def _espeak_command(manner: Manner) -> list[str]:
    """Leave the text out: it goes in by stdin, where it cannot be taken for an option."""
    voice = ["-v", manner.voice] if manner.voice else []
    amplitude = str(manner.volume * 2)
    return [
        "espeak-ng",
        "--stdin",
        "-b",
        "1",
        "-a",
        amplitude,
        "-s",
        str(manner.rate),
        *voice,
    ]


def _make_pyttsx3(manner: Manner) -> Synthesiser:
    """Use pyttsx3 to write files only: its own playback knows no device and hides failures."""
    try:
        engine: Any = importlib.import_module("pyttsx3").init("espeak")
        engine.setProperty("rate", manner.rate)
        engine.setProperty("volume", manner.volume / 50)  # times 100 is espeak's 0..200
        if manner.voice:
            engine.setProperty("voice", manner.voice)
    except ImportError:
        raise SpeechError("pyttsx3 is not installed: pip install pyttsx3") from None
    except Exception as error:  # its drivers raise anything
        raise SpeechError(f"pyttsx3: {error}") from error

    def synthesise(text: str, path: Path) -> None:
        try:
            engine.save_to_file(text, str(path))
            engine.runAndWait()
        except Exception as error:  # see above
            raise SpeechError(f"pyttsx3: {error}") from error

    def insist(text: str, path: Path) -> None:
        synthesise(text, path)
        try:
            check_wav(path)
        except SpeechError:  # it loses one now and then
            synthesise(text, path)

    return insist


def _make_piper(manner: Manner) -> Synthesiser:
    try:
        piper: Any = importlib.import_module("piper")
    except ImportError:
        raise SpeechError("piper-tts is not installed: pip install piper-tts") from None
    if not Path(manner.voice).is_file():
        raise SpeechError(f"speech.voice = {manner.voice!r} is not Piper's .onnx voice file")
    try:
        voice = piper.PiperVoice.load(manner.voice)
        config = piper.SynthesisConfig(length_scale=160 / manner.rate, volume=manner.volume / 100)
    except Exception as error:  # onnxruntime raises anything
        raise SpeechError(f"piper: {error}") from error

    def synthesise(text: str, path: Path) -> None:
        try:
            with wave.open(str(path), "wb") as file:
                voice.synthesize_wav(text, file, syn_config=config)
        except Exception as error:  # see above
            raise SpeechError(f"piper: {error}") from error

    return synthesise


def _start(command: list[str], *, stdin: Stream, stdout: Stream = subprocess.DEVNULL) -> Process:
    if shutil.which(command[0]) is None:
        package = _PACKAGES[command[0]]
        raise SpeechError(f"{command[0]} is not installed: apt install {package}")
    try:
        # This process has one thread, so that preexec_fn is safe.
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
    except OSError as error:
        raise SpeechError(f"{command[0]}: {error.strerror}") from None


def _feed(engine: Process, text: str) -> None:
    if engine.stdin:
        with contextlib.suppress(BrokenPipeError):  # its exit status tells more
            engine.stdin.write(text.encode("utf-8"))
            engine.stdin.close()


def _stderr_of(process: Process) -> str:
    """Read to the end and return the last line, which names the fault."""
    if process.stderr is None:
        return ""
    with process.stderr:
        lines = process.stderr.read().decode("utf-8", errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else ""


def _finish(process: Process, name: str) -> None:
    reason = _stderr_of(process)
    if process.wait() != 0:
        raise SpeechError(f"{name}: {reason or f'exit {process.returncode}'}")


def main() -> int:
    """Speak until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What libraries print must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    lines = iter(sys.stdin.buffer.readline, b"")
    manner = Manner(**json.loads(next(lines)))
    say: Callable[[str], None] | None = None
    for line in lines:
        try:
            say = say or make_say(manner)
            say(json.loads(line))
            reason = ""
        except SpeechError as error:
            reason = " ".join(str(error).split()) or "unknown reason"
        print(json.dumps(reason), file=answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
