"""From landmarks to words, all stages together."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.config.settings import CameraSettings, Settings
from edge.landmarks.archive import read_clips, write_clips
from edge.landmarks.archive_player import Playback
from edge.messages import Declined, Frame, Landmarks, Sign, StateChange, Utterance
from edge.recognition.recognizer import Recognizer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from conftest import Signing

    from edge.messages import Event
    from edge.recognition.bundle import Bundle

WORDS = (
    "accident", "africa", "black", "blue", "bowling", "computer", "drink", "finish", "fish", "many",
)  # fmt: skip
Timed = list[tuple[float, "Event"]]


@pytest.fixture(scope="module")
def stream(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> list[Landmarks]:
    """Play the mean clips of ten words with rests of a second and a half."""
    clips = [one for one in read_clips(bundle.path / "prototypes.npz") if one.label in WORDS]
    assert len(clips) == len(WORDS)
    path: Path = tmp_path_factory.mktemp("ten") / "ten.npz"
    write_clips(path, clips)
    settings = CameraSettings(source=f"archive:{path}", archive_rest=1.5)
    return list(Playback(settings, is_live=False).landmarks(threading.Event()))


@pytest.fixture
def recognizer(bundle: Bundle) -> Recognizer:
    """Make one that waits long for the next word: the rests here are long."""
    return Recognizer(Settings.model_validate({"composer": {"pause": 4.0}}), bundle)


def follow(recognizer: Recognizer, items: Iterable[Landmarks]) -> Timed:
    """Push everything; return (time at which it came, event)."""
    return [(item.time, event) for item in items for event in recognizer.push(item)]


def glosses_of(events: Timed) -> list[str]:
    """List the signs."""
    return [event.gloss for _, event in events if isinstance(event, Sign)]


def utterances_of(events: Timed) -> list[Utterance]:
    """List the utterances."""
    return [event for _, event in events if isinstance(event, Utterance)]


def states_of(events: Timed) -> list[str]:
    """List the changes of state."""
    return [event.state for _, event in events if isinstance(event, StateChange)]


def test_ten_signed_words_are_said(recognizer: Recognizer, stream: list[Landmarks]) -> None:
    events = follow(recognizer, stream)
    said = glosses_of(events)
    assert len(said) <= len(WORDS)
    assert len(set(said) & set(WORDS)) >= 8
    assert recognizer.counts["signs"] == len(said)
    assert recognizer.counts["landmarks"] == len(stream)


def test_word_is_decided_soon(recognizer: Recognizer, stream: list[Landmarks]) -> None:
    signs = [(at, event) for at, event in follow(recognizer, stream) if isinstance(event, Sign)]
    assert signs
    for at, sign in signs:
        assert sign.onset < sign.offset <= sign.decided == at
        assert sign.decided - sign.offset < 1.2


def test_state_changes_alternate_and_end_idle(
    recognizer: Recognizer, stream: list[Landmarks]
) -> None:
    states = states_of(follow(recognizer, stream))
    assert states == len(states) // 2 * ["signing", "idle"]
    assert len(states) >= 2 * len(WORDS)


def test_words_are_gathered_until_a_pause(recognizer: Recognizer, stream: list[Landmarks]) -> None:
    events = follow(recognizer, stream)
    assert utterances_of(events) == []
    said = glosses_of(events)
    last = max(event.offset for _, event in events if isinstance(event, Sign))
    assert recognizer.tick(last + 3.9) == []
    (utterance,) = recognizer.tick(last + 6.0)
    assert isinstance(utterance, Utterance)
    assert list(utterance.glosses) == said
    assert utterance.text.split() == " ".join(said).split()
    # A word that was said early lasts until its sign has ended.
    assert last <= utterance.offset < last + 1.5


def test_pause_between_words_closes_the_utterance(bundle: Bundle, stream: list[Landmarks]) -> None:
    hasty = Settings.model_validate({"composer": {"pause": 0.5}})
    events = follow(Recognizer(hasty, bundle), stream)
    assert [list(one.glosses) for one in utterances_of(events)] == [
        [gloss] for gloss in glosses_of(events)
    ]


def test_flush_finishes_the_sign_and_the_utterance(
    recognizer: Recognizer, stream: list[Landmarks]
) -> None:
    events: Timed = []
    for item in stream:
        events += follow(recognizer, [item])
        if recognizer.is_signing and len(glosses_of(events)) == 2:
            break
    before = glosses_of(events)
    assert utterances_of(events) == []
    end = [(item.time, event) for event in recognizer.flush(item.time)]
    assert not recognizer.is_signing
    assert states_of(end) == ["idle"]
    (utterance,) = utterances_of(end)
    assert list(utterance.glosses) == before + glosses_of(end)
    assert recognizer.flush(item.time) == []


def test_reset_forgets_the_past_and_loses_nothing_afterwards(
    bundle: Bundle, stream: list[Landmarks]
) -> None:
    patient = Settings.model_validate({"composer": {"pause": 4.0}})
    fresh = Recognizer(patient, bundle)
    expected = glosses_of(follow(fresh, stream))
    used = Recognizer(patient, bundle)
    states: list[str] = []
    for item in stream:
        states += states_of(follow(used, [item]))
        if used.is_signing and used.counts["signs"] == 2:
            break
    used.reset()
    assert not used.is_signing
    again = follow(used, stream)
    assert glosses_of(again) == expected
    assert utterances_of(again) == []
    states += states_of(again)
    assert states == len(states) // 2 * ["signing", "idle"]


def test_new_settings_hold_from_then_on(
    recognizer: Recognizer,
    bundle: Bundle,
    stream: list[Landmarks],
) -> None:
    recognizer.configure(Settings.model_validate({"classifier": {"threshold": 1.0}}), bundle)
    events = follow(recognizer, stream)
    assert glosses_of(events) == []
    declined = [event for _, event in events if isinstance(event, Declined)]
    assert len(declined) >= len(WORDS)
    assert {event.reason for event in declined} <= {"unsure", "other", "too_short"}
    assert sum(recognizer.counts[f"declined_{reason}"] for reason in ("unsure", "other")) >= 8


def test_threshold_and_hand_change_under_way_without_losing_the_sign(
    recognizer: Recognizer, stream: list[Landmarks]
) -> None:
    middle = next(i for i, item in enumerate(stream) if follow(recognizer, [item]) and i)
    assert recognizer.is_signing
    changed = {"threshold": 0.05, "dominant_hand": "right"}
    recognizer.adjust(Settings.model_validate({"classifier": changed}))
    assert recognizer.is_signing
    assert len(glosses_of(follow(recognizer, stream[middle + 1 :]))) >= len(WORDS) - 1
    recognizer.reset()
    recognizer.adjust(Settings.model_validate({"classifier": {"threshold": 1.0}}))
    assert glosses_of(follow(recognizer, stream)) == []


def test_vocabulary_is_what_can_be_said(recognizer: Recognizer, bundle: Bundle) -> None:
    assert "other" in bundle.glosses
    assert "other" not in recognizer.vocabulary
    assert set(recognizer.vocabulary) == set(bundle.glosses) - {"other", "nothing"}


def test_resting_signer_gives_no_event(recognizer: Recognizer, signing: Signing) -> None:
    clip = signing.but(signs=(), is_rest_seen=True, rest=1.3, length=20.0, trembling=0.003)
    assert follow(recognizer, clip.landmarks()) == []


def test_too_slow_a_camera_is_declined_and_counted(
    recognizer: Recognizer, signing: Signing
) -> None:
    clip = signing.but(signs=((1.0, 4.0),), length=7.0, fps=4.0, waves=0.6).landmarks()
    reasons = [e.reason for _, e in follow(recognizer, clip) if isinstance(e, Declined)]
    assert reasons == recognizer.counts["declined_low_fps"] * ["low_fps"]
    assert reasons


def test_still_pictures_are_gated_before_the_landmarker(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Blind:
        def push(self, frame: Frame) -> list[Landmarks]:
            return [Landmarks(frame.time, np.full((75, 3), np.nan, dtype=np.float32))]

    recognizer = Recognizer(Settings(), bundle)
    monkeypatch.setattr(recognizer, "_landmarker", Blind())
    image = np.full((120, 160, 3), 90, dtype=np.uint8)
    for index in range(300):
        assert recognizer.push(Frame(index, index / 30, image)) == []
    # Open for the first three seconds at 15 per second, then closed.
    assert 40 <= recognizer.counts["landmarks"] <= 50
    assert recognizer.counts["gated"] >= 90
    assert {"gate", "landmarker"} <= recognizer.stage_ms.keys()
