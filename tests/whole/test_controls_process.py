"""The daemon as a process: settings over MQTT, and what becomes of them when it is killed."""

from __future__ import annotations

import json
import shutil
import signal
import time
import wave
from typing import TYPE_CHECKING

import pytest
from broker import MOSQUITTO
from daemons import Daemon, archive, wait_for_state, wait_for_words, words
from patience import AGES, eventually, settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from broker import Broker, Subscriber

pytestmark = [
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed"),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"),
]

ROOT = "sign-edge/test"
CONFIG = "homeassistant/device/sign-edge_test/config"


@pytest.fixture
def daemon(tmp_path: Path, broker: Broker) -> Iterator[Daemon]:
    """Prepare a daemon that signs yes and no in turn."""
    daemon = Daemon(tmp_path, broker.port, archive("yes", "no"))
    yield daemon
    log = daemon.log
    daemon.clean_up()
    assert "Traceback" not in log, log


def wait_for_setting(subscriber: Subscriber, name: str, text: str) -> bool:
    """Wait until the newest message of a setting says this."""
    return subscriber.wait_for_text(f"{ROOT}/{name}/state", text, AGES)


def loudness(path: Path) -> float:
    """Measure the loudest sample of a WAV, 16 bits."""
    with wave.open(str(path)) as sound:
        samples = memoryview(sound.readframes(sound.getnframes())).cast("h")
    return max(abs(sample) for sample in samples)


def test_settings_hold_at_once_and_after_the_daemon_was_killed(
    daemon: Daemon, subscriber: Subscriber
) -> None:
    daemon.start()
    assert wait_for_words(subscriber)
    assert eventually(lambda: bool(daemon.wavs))
    loud = loudness(daemon.wavs[-1])

    wanted = {"threshold": "0.3", "volume": "20", "speech": "OFF", "mode": "both"}
    for name, text in wanted.items():
        subscriber.publish(f"{ROOT}/{name}/set", text)
    for name, text in wanted.items():
        assert wait_for_setting(subscriber, name, text), daemon.log
    assert loud > 0
    spoken = settled(lambda: len(daemon.wavs))
    assert wait_for_words(subscriber, more=2)
    assert len(daemon.wavs) == spoken

    daemon.end(signal.SIGKILL)
    subscriber.messages.clear()
    daemon.start()
    for name, text in wanted.items():
        assert wait_for_setting(subscriber, name, text), daemon.log
    assert wait_for_words(subscriber)
    assert len(daemon.wavs) == spoken
    assert json.loads(subscriber.texts(f"{ROOT}/state")[-1])["speaking"] is False

    subscriber.publish(f"{ROOT}/speech/set", "ON")
    assert wait_for_setting(subscriber, "speech", "ON")
    assert eventually(lambda: len(daemon.wavs) > spoken)
    assert loudness(daemon.wavs[-1]) < loud / 2

    subscriber.publish(f"{ROOT}/threshold/set", "1")
    assert wait_for_setting(subscriber, "threshold", "1")
    heard = settled(lambda: len(words(subscriber)))
    time.sleep(4)
    assert len(words(subscriber)) == heard

    subscriber.publish(f"{ROOT}/command", "defaults")
    assert wait_for_setting(subscriber, "threshold", "0")
    assert wait_for_setting(subscriber, "mode", "words")
    assert wait_for_words(subscriber)


def test_device_that_was_switched_off_stays_off_when_it_is_restarted(
    daemon: Daemon, subscriber: Subscriber
) -> None:
    daemon.start()
    assert wait_for_words(subscriber)
    subscriber.publish(f"{ROOT}/recognition/set", "OFF")
    subscriber.publish(f"{ROOT}/command", "restart")  # at once: what was set before is kept
    assert subscriber.wait_for_text("/availability", "offline", AGES)
    assert subscriber.wait_for_text("/availability", "online", AGES)
    assert wait_for_state(subscriber, "paused")
    assert wait_for_setting(subscriber, "recognition", "OFF")
    heard = settled(lambda: len(words(subscriber)))
    time.sleep(3)
    assert len(words(subscriber)) == heard
    subscriber.publish(f"{ROOT}/recognition/set", "ON")
    assert wait_for_words(subscriber)


def test_sound_is_tested_and_broken_choices_are_put_aside(
    daemon: Daemon, subscriber: Subscriber, state: Path
) -> None:
    state.mkdir()
    (state / "choices-sign-edge_test.json").write_text('{"threshold": "high"}')
    daemon.settings["classifier.threshold"] = "1.0"
    daemon.start()
    assert daemon.logged("it is now choices-sign-edge_test.json.broken")
    assert wait_for_setting(subscriber, "threshold", "1")
    subscriber.publish(f"{ROOT}/command", "test_sound")
    assert eventually(lambda: any("test-of-the-sound" in path.name for path in daemon.wavs))


def test_device_is_announced_to_home_assistant_and_again_when_it_has_started(
    daemon: Daemon, subscriber: Subscriber
) -> None:
    daemon.settings["mqtt.birth_jitter"] = "0.2"
    daemon.start()
    assert subscriber.wait_for(lambda _: bool(subscriber.texts(CONFIG)), AGES)
    known = json.loads(subscriber.texts(CONFIG)[-1])["components"]["sign"]["event_types"]
    assert {"yes", "no"} <= set(known)
    assert wait_for_words(subscriber, more=2)
    assert set(words(subscriber)) <= set(known)
    before = len(subscriber.texts(CONFIG))
    subscriber.publish("homeassistant/status", "online")
    assert subscriber.wait_for(lambda _: len(subscriber.texts(CONFIG)) > before, AGES)
    assert subscriber.texts(CONFIG)[-1] == subscriber.texts(CONFIG)[0]
