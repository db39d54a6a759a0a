"""The doctor's look at the loudspeaker."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from programs import put_program

from edge.config.settings import SpeechSettings
from edge.doctor.sound import check_sound, play_test

ONE_CARD = "card 1: Device [USB Audio], device 0: USB Audio [USB Audio]"


@pytest.mark.usefixtures("programs")
def test_speech_that_is_off_needs_no_sound() -> None:
    assert check_sound(SpeechSettings(enabled=False)).ok
    assert check_sound(SpeechSettings(engine="none")).ok


def test_missing_engine_and_player_are_told_one_after_the_other(programs: Path) -> None:
    assert "apt install espeak-ng" in check_sound(SpeechSettings()).advice
    put_program(programs, "espeak-ng", "")
    assert "apt install alsa-utils" in check_sound(SpeechSettings()).advice
    put_program(programs, "aplay", "", 1)
    finding = check_sound(SpeechSettings())
    assert "no sound card" in finding.text
    put_program(programs, "aplay", ONE_CARD)
    finding = check_sound(SpeechSettings())
    assert finding.ok
    assert "Device" in finding.text


@pytest.mark.parametrize(
    ("device", "is_there"),
    [
        ("default", True),
        ("plughw:CARD=Device", True),
        ("plughw:CARD=Device,DEV=0", True),
        ("hw:1,0", True),
        ("plughw:CARD=Headphones", False),
        ("hw:0,0", False),
    ],
)
def test_device_must_be_one_of_the_cards(programs: Path, device: str, is_there: bool) -> None:
    put_program(programs, "espeak-ng", "")
    put_program(programs, "aplay", ONE_CARD)
    finding = check_sound(SpeechSettings(device=device))
    assert finding.ok is is_there
    assert is_there or "there are plughw:CARD=Device" in finding.text


def test_speech_into_files_needs_no_card(programs: Path, tmp_path: Path) -> None:
    put_program(programs, "espeak-ng", "")
    assert check_sound(SpeechSettings(device=f"file:{tmp_path}")).ok


def test_cards_are_listed_as_speech_device_takes_them(programs: Path) -> None:
    put_program(programs, "espeak-ng", "")
    second = "card 0: vc4hdmi [vc4-hdmi], device 0: MAI PCM [MAI PCM]"
    put_program(programs, "aplay", f"{second}\n{ONE_CARD}")
    finding = check_sound(SpeechSettings())
    assert finding.ok
    assert "plughw:CARD=vc4hdmi,DEV=0 (vc4-hdmi)" in finding.text
    assert "plughw:CARD=Device,DEV=0 (USB Audio)" in finding.text
    assert "name one as speech.device" in finding.advice
    assert check_sound(SpeechSettings(device="plughw:CARD=Device")).advice == ""


def test_card_that_only_the_kernel_sees_is_a_matter_of_the_group(
    programs: Path, tmp_path: Path
) -> None:
    put_program(programs, "espeak-ng", "")
    put_program(programs, "aplay", "", 1)
    cards = tmp_path / "proc/asound/cards"
    cards.parent.mkdir(parents=True)
    cards.write_text(" 0 [Headphones     ]: bcm2835 - bcm2835 Headphones\n")
    finding = check_sound(SpeechSettings(), tmp_path)
    assert not finding.ok
    assert "the kernel has Headphones" in finding.text
    assert "usermod -aG audio" in finding.advice
    cards.write_text("--- no soundcards ---\n")
    assert "plug in a loudspeaker" in check_sound(SpeechSettings(), tmp_path).advice


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_test_is_really_said(tmp_path: Path) -> None:
    finding = play_test(SpeechSettings(device=f"file:{tmp_path / 'said'}"))
    assert finding.ok, finding.text
    (wav,) = (tmp_path / "said").glob("*.wav")
    assert wav.stat().st_size > 10_000


def test_test_that_cannot_be_said_is_a_fault(programs: Path) -> None:
    put_program(programs, "espeak-ng", "")
    put_program(programs, "aplay", "", 1)
    finding = play_test(SpeechSettings(device="plughw:CARD=None"))
    assert not finding.ok
    assert "test: " in finding.text
    assert "speech.device" in finding.advice


def test_test_is_refused_while_speech_is_off() -> None:
    assert not play_test(SpeechSettings(enabled=False)).ok
