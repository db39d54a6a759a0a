"""Speech, with the real espeak-ng where it is there."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from patience import AGES, PROMPT, eventually

from edge.config.settings import SpeechSettings
from edge.speech.loudspeaker import Speech
from edge.system.text import MAX_TEXT, clean

if TYPE_CHECKING:
    from collections.abc import Iterator

needs_espeak = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"
)


def make_speech(folder: Path, **fields: object) -> Speech:
    """Build one that writes files, and waits for a busy machine."""
    patient = {"device": f"file:{folder}", "timeout": 60.0, "max_age": 60.0}
    return Speech(SpeechSettings.model_validate({**patient, **fields}))


@contextlib.contextmanager
def running(speech: Speech) -> Iterator[threading.Event]:
    """Run the speech thread; it must end at once."""
    stop = threading.Event()
    thread = threading.Thread(target=speech.run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        before = time.monotonic()
        stop.set()
        speech.close()
        thread.join(AGES)
        assert not thread.is_alive()
        assert time.monotonic() - before < PROMPT


def say(speech: Speech, text: str) -> None:
    """Say a text now."""
    speech.say(text, time.monotonic())


def names(folder: Path) -> list[str]:
    """List the finished files."""
    return sorted(path.name for path in folder.glob("[0-9]*.wav"))


def duration(path: Path) -> float:
    """Measure a WAV, in seconds."""
    with wave.open(str(path)) as file:
        frames, rate = file.getnframes(), file.getframerate()
    return float(frames / rate)


def put_program(folder: Path, name: str, script: str) -> None:
    """Write a fake program."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def is_running(pid: int) -> bool:
    """Tell whether a process lives; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def hung_pid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a hanging espeak-ng first in PATH; return the file of its process number."""
    pid_file = tmp_path / "pid"
    put_program(
        tmp_path / "bin",
        "espeak-ng",
        f"echo $$ >{pid_file}.new\nmv {pid_file}.new {pid_file}\nexec sleep 600",
    )
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return pid_file


@needs_espeak
def test_words_come_out_as_numbered_whole_files(tmp_path: Path) -> None:
    speech = make_speech(tmp_path / "out", queue=10)
    with running(speech):
        for text in ("thank you", "Grüße", "???"):
            say(speech, text)
        assert eventually(lambda: speech.said == 3)
    assert names(tmp_path / "out") == ["0001-thank-you.wav", "0002-grüße.wav", "0003-word.wav"]
    assert all(duration(tmp_path / "out" / name) > 0.3 for name in names(tmp_path / "out"))
    assert (speech.problem, speech.failed, speech.dropped, speech.timeouts) == ("", 0, 0, 0)


@needs_espeak
def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    for count in (1, 2):
        speech = make_speech(tmp_path)
        with running(speech):
            say(speech, "yes")
            assert eventually(lambda speech=speech: speech.said == 1)  # type: ignore[misc]
        assert len(names(tmp_path)) == count
    assert names(tmp_path) == ["0001-yes.wav", "0002-yes.wav"]


@needs_espeak
@pytest.mark.parametrize("text", ["--help", "-w /tmp/x.wav", "--version", "[[h", "'; ls", "<b>"])
def test_text_that_looks_like_an_option_is_spoken(tmp_path: Path, text: str) -> None:
    speech = make_speech(tmp_path)
    with running(speech):
        say(speech, text)
        assert eventually(lambda: speech.said + speech.failed == 1)
    assert speech.problem == ""
    assert duration(tmp_path / names(tmp_path)[0]) > 0.2


def test_text_is_cleaned() -> None:
    assert clean(" a\x00b\n\tc\u202e  d\x1b[31m ") == "a b c d [31m"
    assert clean("\ud800x") == "x"
    assert len(clean("x" * 1000)) == MAX_TEXT
    assert clean("\n\x07") == ""


@needs_espeak
def test_nothing_to_say_is_not_queued(tmp_path: Path) -> None:
    speech = make_speech(tmp_path)
    with running(speech):
        say(speech, "\n\x00 ")
        say(speech, "end")
        assert eventually(lambda: speech.said == 1)
    assert names(tmp_path) == ["0001-end.wav"]


@needs_espeak
def test_full_queue_drops_the_oldest(tmp_path: Path) -> None:
    speech = make_speech(tmp_path, queue=2)
    for text in ("one", "two", "three", "four"):
        say(speech, text)
    assert speech.dropped == 2
    with running(speech):
        assert eventually(lambda: speech.said == 2)
    assert names(tmp_path) == ["0001-three.wav", "0002-four.wav"]


@needs_espeak
def test_word_already_waiting_is_said_once(tmp_path: Path) -> None:
    speech = make_speech(tmp_path)
    for text in ("one", "two", "one", "two"):
        say(speech, text)
    with running(speech):
        assert eventually(lambda: speech.said == 2)
    assert names(tmp_path) == ["0001-one.wav", "0002-two.wav"]
    assert speech.dropped == 0


@needs_espeak
def test_stale_word_is_dropped(tmp_path: Path) -> None:
    speech = make_speech(tmp_path, max_age=50.0)
    speech.say("old", time.monotonic() - 50.5)
    say(speech, "new")
    with running(speech):
        assert eventually(lambda: speech.said == 1)
    assert (names(tmp_path), speech.dropped) == (["0001-new.wav"], 1)


def test_hung_engine_is_killed_and_the_next_word_tried(tmp_path: Path, hung_pid: Path) -> None:
    speech = make_speech(tmp_path / "out", timeout=5.0)
    say(speech, "one")
    with running(speech):
        assert eventually(lambda: speech.timeouts == 1)
        pid = int(hung_pid.read_text())
        assert eventually(lambda: not is_running(pid))
        assert speech.problem == "espeak was not done within 5 s and was killed"
        put_program(hung_pid.parent / "bin", "espeak-ng", "echo no such voice >&2; exit 3")
        say(speech, "two")
        assert eventually(lambda: speech.failed == 2)
        assert speech.problem == "espeak-ng: no such voice"
    assert names(tmp_path / "out") == []


def test_stop_kills_a_hung_engine_at_once(tmp_path: Path, hung_pid: Path) -> None:
    speech = make_speech(tmp_path / "out")
    with running(speech):
        say(speech, "one")
        assert eventually(hung_pid.exists)
        assert speech.is_speaking
    assert eventually(lambda: not is_running(int(hung_pid.read_text())))
    assert (speech.failed, speech.problem) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_daemon_leaves_nothing_running(
    tmp_path: Path, hung_pid: Path, number: signal.Signals
) -> None:
    code = f"""
import threading, time
from edge.config.settings import SpeechSettings
from edge.speech.loudspeaker import Speech
speech = Speech(SpeechSettings(device="file:{tmp_path}"))
speech.say("one", time.monotonic())
speech.run(threading.Event())
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    try:
        assert eventually(hung_pid.exists)
        pid = int(hung_pid.read_text())
        assert is_running(pid)
        process.send_signal(number)
        process.wait(AGES)
        assert eventually(lambda: not is_running(pid))
    finally:
        process.kill()
        process.wait()


def test_dead_speaking_process_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_program(tmp_path / "bin", "espeak-ng", "kill -9 $PPID")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    speech = make_speech(tmp_path / "out")
    with running(speech):
        for count in (1, 2):
            say(speech, "one")
            assert eventually(lambda count=count: speech.failed == count)  # type: ignore[misc]
            assert speech.problem == "the speaking process died"


def test_missing_engine_is_a_problem_and_no_exception(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for device, program in ((f"file:{tmp_path}", "espeak-ng"), ("default", "aplay")):
        speech = Speech(SpeechSettings(device=device))
        with running(speech):
            say(speech, "one")
            assert eventually(lambda speech=speech: speech.failed == 1)  # type: ignore[misc]
        assert speech.problem.startswith(f"{program} is not installed: apt install ")


@needs_espeak
def test_failing_player_is_a_problem_and_success_clears_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    put_program(tmp_path / "bin", "aplay", "echo audio open error: Device busy >&2; exit 1")
    speech = Speech(SpeechSettings(device="plughw:CARD=none"))
    with running(speech):
        say(speech, "one")
        assert eventually(lambda: speech.failed == 1)
        assert speech.problem == "aplay: audio open error: Device busy"
        put_program(tmp_path / "bin", "aplay", f'echo "$@" >{tmp_path}/args; cat >{tmp_path}/x.wav')
        say(speech, "two")
        assert eventually(lambda: speech.said == 1)
        assert speech.problem == ""
    assert (tmp_path / "args").read_text() == "-D plughw:CARD=none -q\n"
    assert (tmp_path / "x.wav").stat().st_size > 5000


@needs_espeak
def test_pyttsx3_writes_every_word_with_its_own_length(tmp_path: Path) -> None:
    pytest.importorskip("pyttsx3", reason="pyttsx3 is not installed")
    speech = make_speech(tmp_path, engine="pyttsx3", queue=5)
    with running(speech):
        for text in ("hi", "a rather long sentence", "hi there"):
            say(speech, text)
        assert eventually(lambda: speech.said + speech.failed == 3)
    assert (speech.said, speech.problem) == (3, "")
    short, long, middle = (duration(tmp_path / name) for name in names(tmp_path))
    assert short < middle < long


def test_piper_without_its_package_or_voice_says_what_is_missing(tmp_path: Path) -> None:
    speech = make_speech(tmp_path, engine="piper")
    with running(speech):
        say(speech, "one")
        assert eventually(lambda: speech.failed == 1)
    assert "piper" in speech.problem.lower()
    assert "pip install piper-tts" in speech.problem or "speech.voice" in speech.problem


@pytest.mark.parametrize("fields", [{"engine": "none"}, {"enabled": False}])
def test_speech_switched_off_says_and_starts_nothing(
    tmp_path: Path, fields: dict[str, object]
) -> None:
    speech = make_speech(tmp_path, **fields)
    with running(speech):
        say(speech, "one")
        time.sleep(0.3)
    assert (names(tmp_path), speech.said, speech.failed, speech.dropped) == ([], 0, 0, 0)
