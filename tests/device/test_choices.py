"""What the owner chose, and what comes of it over the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.options import Options
from edge.config.settings import Settings, SpeechSettings
from edge.device.choices import Choices, describe, find_options, read_choice
from edge.errors import ConfigError
from edge.recognition.bundle import list_bundles
from edge.speech import voices

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = Options(("words", "own"), {"default": "", "en-gb": "en-gb", "anna": "/v/anna.onnx"})
GOOD = {
    "recognition": ["ON", "OFF"],
    "speech": ["ON", "OFF"],
    "mode": ["words", "letters", "both"],
    "threshold": ["0", "1", "0.35", "1.0", " 0.5 "],
    "cooldown": ["0", "10", "0.3"],
    "volume": ["0", "100", "55", "55.0"],
    "voice": ["default", "en-gb", "anna"],
    "model": ["words", "own"],
    "dominant_hand": ["auto", "left", "right"],
}
BAD = {
    "recognition": ["", "on", "1", "ON\x00", "ONON"],
    "speech": ["true", "yes"],
    "mode": ["Words", "none", "../letters"],
    "threshold": ["", "-0.1", "1.01", "nan", "inf", "-inf", "0,5", "0x1", "1e999", "[0.5]", "None"],
    "cooldown": ["-1", "10.1", "ten"],
    "volume": ["-1", "101", "5.5", "1e2", "١٢٣٤"],
    "voice": ["", "klingon", "/v/anna.onnx", "--help", "$(reboot)"],
    "model": ["", "letters", "../../etc", "/v/own", "words/../own", "WORDS"],
    "dominant_hand": ["both", "LEFT"],
}


def test_every_choice_is_tried_here() -> None:
    assert GOOD.keys() == BAD.keys() == set(Choices.model_fields)


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, texts in GOOD.items() for t in texts])
def test_good_value_is_taken_and_told_as_it_is(name: str, text: str) -> None:
    choices = read_choice(name, text, OPTIONS)
    assert set(choices.model_dump(exclude_none=True)) == {name}
    settings = choices.over(Settings(), OPTIONS)
    is_recognising = choices.recognition != "OFF"
    told = describe(settings, OPTIONS, is_recognising=is_recognising)[name]
    try:
        assert float(told) == float(text)
    except ValueError:
        assert told == text


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, texts in BAD.items() for t in texts])
def test_bad_value_is_refused_in_one_printable_line(name: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_choice(name, text, OPTIONS)
    assert str(caught.value).startswith(f"{name} = ")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@given(st.sampled_from(sorted(GOOD)), st.text(max_size=1100))
def test_any_text_is_taken_or_refused_and_never_crashes(name: str, text: str) -> None:
    try:
        choices = read_choice(name, text, OPTIONS)
    except ConfigError as error:
        assert str(error).isprintable()  # noqa: PT017 - either is fine
    else:
        settings = choices.over(Settings(), OPTIONS)
        assert Settings.model_validate(settings.model_dump()) == settings


def test_choices_go_where_they_belong_and_touch_nothing_else() -> None:
    given_ = {"speech": "OFF", "mode": "both", "threshold": "0.5", "cooldown": "2", "volume": "7"}
    given_ |= {"voice": "anna", "model": "own", "dominant_hand": "left", "recognition": "OFF"}
    choices = Choices()
    for name, text in given_.items():
        choices = choices.merged(read_choice(name, text, OPTIONS))
    settings = choices.over(Settings(), OPTIONS)
    assert (settings.speech.enabled, settings.speech.volume) == (False, 7)
    assert settings.speech.voice == "/v/anna.onnx"
    assert settings.spelling.mode == "both"
    assert settings.composer.cooldown == 2
    classifier = settings.classifier
    assert (classifier.threshold, classifier.bundle, classifier.dominant_hand) == (
        0.5,
        "own",
        "left",
    )
    told = describe(settings, OPTIONS, is_recognising=False)
    assert told == given_
    changed = {
        name
        for name in Settings.model_fields
        if getattr(settings, name) != getattr(Settings(), name)
    }
    assert changed == {"speech", "spelling", "composer", "classifier"}


def test_newer_choice_beats_and_others_stay() -> None:
    older = Choices(threshold=0.2, volume=5)
    assert older.merged(Choices(volume=6)) == Choices(threshold=0.2, volume=6)


def test_choice_that_is_not_to_be_had_any_more_is_left_out_by_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = Choices(model="gone", voice="gone too", volume=5).over(Settings(), OPTIONS)
    assert settings.classifier.bundle == "words"
    assert settings.speech == SpeechSettings(volume=5)
    assert "'gone'" in caplog.text
    assert "'gone too'" in caplog.text


# What there is to choose from


def test_only_bundles_of_signs_may_be_chosen() -> None:
    assert "words" in list_bundles("segment")
    assert set(list_bundles("hand")) == {"letters"}
    options = find_options(Settings())
    assert "words" in options.models
    assert not {"letters", "boundary"} & set(options.models)


def test_configured_model_may_be_chosen_wherever_it_lies() -> None:
    classifier = Settings().classifier.model_copy(update={"bundle": "/elsewhere/own"})
    settings = Settings().model_copy(update={"classifier": classifier})
    assert find_options(settings).models[-1] == "/elsewhere/own"


def test_voices_of_espeak_are_its_languages_and_the_default() -> None:
    found = voices.list_voices(SpeechSettings(voice="en+f3"))
    assert found["default"] == ""
    assert found["en+f3"] == "en+f3"
    if len(found) > 2:  # espeak-ng is installed
        assert found["en-gb"] == "en-gb"
    assert voices.name_of("en+f3", found) == "en+f3"
    assert voices.name_of("", found) == "default"


def test_voices_of_piper_are_the_files_beside_the_configured_one(tmp_path: Path) -> None:
    for name in ("anna.onnx", "bert.onnx", "anna.onnx.json"):
        (tmp_path / name).touch()
    found = voices.list_voices(SpeechSettings(engine="piper", voice=str(tmp_path / "anna.onnx")))
    assert found == {name: str(tmp_path / f"{name}.onnx") for name in ("anna", "bert")}


def test_engine_that_lists_nothing_leaves_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert voices.list_voices(SpeechSettings()) == {"default": ""}
