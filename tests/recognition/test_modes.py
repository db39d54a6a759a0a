"""Words, letters, or both: what the recognizer makes of signing and of spelling."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.config.settings import CameraSettings, Settings
from edge.errors import BundleError
from edge.evaluation.spelling_streams import make_streams
from edge.landmarks.archive_player import Playback
from edge.messages import Landmarks, Letter, Sign, Spelled
from edge.recognition.recognizer import Recognizer

if TYPE_CHECKING:
    from pathlib import Path

    from edge.evaluation.spelling_streams import SpellingStream
    from edge.messages import Event
    from edge.recognition.bundle import Bundle

SIGNED = ("yes", "help", "drink")


def recognise(bundle: Bundle, mode: str, items: list[Landmarks]) -> list[Event]:
    """Run everything over a stream."""
    recognizer = Recognizer(Settings.model_validate({"spelling": {"mode": mode}}), bundle)
    events = [event for item in items for event in recognizer.push(item)]
    events += recognizer.flush(items[-1].time)
    assert recognizer.counts["letters"] == sum(isinstance(one, Letter) for one in events)
    recognizer.close()
    return events


@pytest.fixture(scope="module")
def signing_words(bundle: Bundle) -> list[Landmarks]:
    """Play three signs."""
    source = f"archive:{bundle.path / 'prototypes.npz'}#{','.join(SIGNED)}"
    return list(Playback(CameraSettings(source=source), is_live=False).landmarks(threading.Event()))


@pytest.fixture(scope="module")
def spelled(archives: Path) -> SpellingStream:
    """Spell some words with hands of somebody whom the network reads well."""
    streams = make_streams(archives / "letters-val.npz", seed=1, fps=15.0, words=4)
    return next(one for one in streams if one.source == "mariia00")


@pytest.mark.parametrize("mode", ["words", "both"])
def test_signs_are_words(bundle: Bundle, signing_words: list[Landmarks], mode: str) -> None:
    events = recognise(bundle, mode, signing_words)
    assert [one.gloss for one in events if isinstance(one, Sign)] == list(SIGNED)
    assert not any(isinstance(one, Letter | Spelled) for one in events)


@pytest.mark.parametrize("mode", ["letters", "both"])
def test_spelling_is_read(bundle: Bundle, spelled: SpellingStream, mode: str) -> None:
    events = recognise(bundle, mode, list(spelled.frames))
    read = [one.text for one in events if isinstance(one, Spelled)]
    wanted = [word.text for word in spelled.words]
    assert sum(one in read for one in wanted) >= len(wanted) - 1
    assert not any(isinstance(one, Sign) for one in events)
    assert sum(isinstance(one, Letter) for one in events) >= sum(map(len, wanted)) - 3


def test_words_alone_reads_no_letters(bundle: Bundle, spelled: SpellingStream) -> None:
    events = recognise(bundle, "words", list(spelled.frames))
    assert not any(isinstance(one, Letter | Spelled) for one in events)


def test_letters_alone_says_no_words(bundle: Bundle, signing_words: list[Landmarks]) -> None:
    events = recognise(bundle, "letters", signing_words)
    assert not any(isinstance(one, Sign) for one in events)


def test_a_bundle_of_words_cannot_read_letters(bundle: Bundle) -> None:
    settings = Settings.model_validate({"spelling": {"mode": "both", "bundle": "words"}})
    with pytest.raises(BundleError, match=r"spelling\.bundle = 'words': not a bundle of letters"):
        Recognizer(settings, bundle)


def test_reset_forgets_a_word_half_spelled(bundle: Bundle, spelled: SpellingStream) -> None:
    recognizer = Recognizer(Settings.model_validate({"spelling": {"mode": "letters"}}), bundle)
    items = list(spelled.frames)
    for item in items:
        if any(isinstance(event, Letter) for event in recognizer.push(item)):
            break
    recognizer.reset()
    assert not any(isinstance(one, Spelled) for one in recognizer.flush(items[-1].time))


def test_early_words_are_said_once_and_before_their_sign_ends(
    bundle: Bundle, signing_words: list[Landmarks]
) -> None:
    decided = {}
    for early in (0.0, 0.9):
        settings = Settings.model_validate({"classifier": {"early": early}})
        recognizer = Recognizer(settings, bundle)
        events = [event for item in signing_words for event in recognizer.push(item)]
        decided[early] = [one.decided for one in events if isinstance(one, Sign)]
        assert [one.gloss for one in events if isinstance(one, Sign)] == list(SIGNED)
        assert (recognizer.counts["early"] > 0) == (early > 0)
    assert np.mean(decided[0.9]) < np.mean(decided[0.0]) - 0.2
