"""Teaching the running daemon over MQTT: learn, known at once and after a restart, forget."""

from __future__ import annotations

import json
import shutil
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from broker import MOSQUITTO, Broker, Subscriber
from daemons import Daemon, words
from patience import AGES, settled

from edge.landmarks.archive import Clip, read_clips, write_clips
from edge.recognition.learning.taught_words import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Signing

pytestmark = [
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed"),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"),
]

COMMAND = "sign-edge/test/command"


@pytest.fixture
def daemon(tmp_path: Path, broker: Broker, signing: Signing) -> Iterator[Daemon]:
    """A daemon that sees the same movement, which is no shipped word, every few seconds."""
    _, points = signing.arrays()
    write_clips(tmp_path / "wave.npz", [Clip("wave", "a", 15, points[10:42])])
    daemon = Daemon(tmp_path, broker.port, f"archive:{tmp_path / 'wave.npz'}")
    daemon.settings |= {
        "learning.folder": str(tmp_path / "taught"),
        "learning.examples": "3",
        "segmenter.kind": "hysteresis",
    }
    yield daemon
    log = daemon.log
    daemon.clean_up()
    assert "Traceback" not in log, log


def lessons(subscriber: Subscriber) -> list[dict[str, Any]]:
    """Return the states that tell of a lesson, in order."""
    states = [json.loads(text) for text in subscriber.texts("test/state")]
    return [state for state in states if state.get("learning")]


def wait_for_lesson(subscriber: Subscriber, ending: str) -> bool:
    """Wait until the newest lesson has ended so."""

    def is_there() -> bool:
        return [one["learning"]["state"] for one in lessons(subscriber)][-1:] == [ending]

    return subscriber.wait_for(lambda _: is_there(), 3 * AGES)  # several signs and rests


def wait_for_word(subscriber: Subscriber, word: str) -> bool:
    """Wait until a word is heard that was not asked for before now."""
    known = words(subscriber).count(word)
    return subscriber.wait_for(lambda _: words(subscriber).count(word) > known, AGES)


def test_word_is_learnt_over_mqtt_known_at_once_and_forgotten(
    daemon: Daemon, subscriber: Subscriber, tmp_path: Path
) -> None:
    daemon.start()
    assert subscriber.wait_for_text("/availability", "online", AGES)

    subscriber.publish(COMMAND, "learn  Blub")
    assert wait_for_lesson(subscriber, "known"), (daemon.log, subscriber.texts("test/state"))
    told = lessons(subscriber)
    assert told[0]["state"] == "learning"
    assert told[0]["learning"] == {
        "word": "blub", "have": 0, "want": 3, "note": "", "state": "learning",
    }  # fmt: skip
    have = [one["learning"]["have"] for one in told if one["state"] == "learning"]
    assert list(dict.fromkeys(have)) == [0, 1, 2, 3]  # the state tells of other things too
    assert told[-1]["state"] == "idle"
    assert "blub" not in words(subscriber)
    assert wait_for_word(subscriber, "blub"), daemon.log
    (sign,) = [json.loads(t) for t in subscriber.texts("/sign") if '"blub"' in t][:1]
    assert sign["text"] == "blub"
    assert sign["top"][0][0] == "blub"

    (path,) = (tmp_path / "taught").iterdir()
    assert len(read_clips(path)) == 3
    daemon.end(signal.SIGTERM)
    assert daemon.process.returncode == 0
    daemon.start()
    assert wait_for_word(subscriber, "blub"), daemon.log

    subscriber.publish(COMMAND, "forget blub")
    assert wait_for_lesson(subscriber, "forgotten"), daemon.log
    assert Store(tmp_path / "taught").read() == {}
    heard = settled(lambda: words(subscriber).count("blub"))
    time.sleep(8)  # two more of the same movement
    assert words(subscriber).count("blub") == heard


def test_hostile_words_are_refused_with_one_warning(
    daemon: Daemon, subscriber: Subscriber, tmp_path: Path
) -> None:
    daemon.start()
    assert subscriber.wait_for_text("/availability", "online", AGES)
    for word in ("", "../../etc/passwd\x00", "x" * 300, "other", "\x1b[2J", "\u202egnp"):
        subscriber.publish(COMMAND, f"learn {word}")
        subscriber.publish(COMMAND, f"forget {word}")
    assert daemon.logged("was refused")
    subscriber.publish(COMMAND, "learn ../up")  # a word like any other, and no path
    assert wait_for_lesson(subscriber, "known"), (daemon.log, subscriber.texts("test/state"))
    assert daemon.log.count("was refused") == 1
    assert "\x1b" not in daemon.log
    (path,) = (tmp_path / "taught").iterdir()
    assert path.name.startswith("-up-")
    assert not list(tmp_path.parent.glob("up*"))


def test_pause_ends_a_lesson(daemon: Daemon, subscriber: Subscriber, tmp_path: Path) -> None:
    daemon.settings["learning.examples"] = "10"
    daemon.start()
    assert subscriber.wait_for_text("/availability", "online", AGES)
    subscriber.publish(COMMAND, "learn blub")
    assert wait_for_lesson(subscriber, "learning")
    subscriber.publish(COMMAND, "pause")
    assert wait_for_lesson(subscriber, "failed")

    def is_paused() -> bool:
        return bool(json.loads(subscriber.texts("test/state")[-1])["state"] == "paused")

    assert subscriber.wait_for(lambda _: is_paused(), AGES)
    assert lessons(subscriber)[-1]["learning"]["note"] == "paused"
    assert not (tmp_path / "taught").exists()
