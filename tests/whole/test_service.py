"""The daemon as a process that is looked after: hours, reloading, its log, its last words."""

from __future__ import annotations

import json
import re
import shutil
import signal
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from broker import MOSQUITTO
from daemons import (
    Daemon,
    Notified,
    archive,
    assert_ended_well,
    time_of,
    wait_for_state,
    wait_for_words,
    words,
)
from patience import AGES, eventually, settled
from schemas import Watcher, faults_of, write_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from broker import Broker, Subscriber

pytestmark = [
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed"),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"),
]


@pytest.fixture
def daemon(tmp_path: Path, broker: Broker) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path, broker.port, archive("yes", "no"))
    yield daemon
    daemon.clean_up()


@pytest.fixture
def notified(daemon: Daemon) -> Iterator[Notified]:
    with tempfile.TemporaryDirectory() as folder:  # a short path; sockets take 108 characters
        notified = Notified(Path(folder))
        daemon.environment["NOTIFY_SOCKET"] = notified.path
        yield notified
        notified.close()


def hours(first: timedelta, last: timedelta) -> str:
    """Write hours from and to so much later than now, by the clock of this machine."""
    now = datetime.now(timezone.utc).astimezone()
    return f"{now + first:%H:%M}-{now + last:%H:%M}"


def test_device_sleeps_outside_its_hours_and_wakes_when_they_are_others(
    daemon: Daemon, broker: Broker, subscriber: Subscriber, notified: Notified
) -> None:
    watcher = Watcher(broker.port)
    closed = hours(timedelta(hours=2), timedelta(hours=4))
    daemon.config.write_text(f'[schedule]\nhours = "{closed}"\n')
    daemon.start()
    assert wait_for_state(subscriber, "asleep")
    state = json.loads(subscriber.texts("test/state")[-1])
    wakes = time_of(state["asleep_until"]).astimezone()
    assert f"{wakes:%H:%M}" == closed[:5]
    assert 1.9 * 3600 < (wakes - datetime.now(timezone.utc)).total_seconds() <= 2 * 3600
    assert notified.collect(AGES, "READY=1")
    assert notified.collect(AGES, f"STATUS=asleep until {wakes:%a %H:%M}")
    time.sleep(4)  # two words' time
    assert words(subscriber) == []
    assert daemon.wavs == []
    assert [text for text in subscriber.texts("test/state") if '"signing"' in text] == []

    daemon.config.write_text("")
    daemon.process.send_signal(signal.SIGHUP)
    assert notified.collect(AGES, "RELOADING=1")
    reloading = notified.times("RELOADING=1")[-1]
    assert wait_for_words(subscriber)
    assert notified.hears("READY=1", 2)
    assert notified.times("READY=1")[-1] >= reloading
    assert len(notified.times("READY=1")) == 2
    assert json.loads(subscriber.texts("test/state")[-1])["asleep_until"] is None

    daemon.config.write_text("[schedule]\nhours = 'noon'\n")
    daemon.process.send_signal(signal.SIGHUP)
    assert daemon.logged("not reloaded")
    assert notified.hears("READY=1", 3)
    assert len(notified.times("READY=1")) == 3
    assert "schedule.hours = 'noon': must be times like" in daemon.log
    assert wait_for_words(subscriber)

    daemon.config.write_text(f'[schedule]\nhours = "{closed}"\n')
    daemon.process.send_signal(signal.SIGHUP)
    assert wait_for_state(subscriber, "asleep")
    heard = settled(lambda: len(words(subscriber)))
    time.sleep(3)
    assert len(words(subscriber)) == heard
    assert_ended_well(daemon, broker, daemon.end(signal.SIGTERM))
    assert [fault for message in watcher.messages for fault in faults_of(message, "test")] == []
    watcher.close()


def test_nothing_recognised_stands_in_the_log_by_default(
    daemon: Daemon, broker: Broker, subscriber: Subscriber, tmp_path: Path
) -> None:
    source = write_source(tmp_path / "recording.npz", "eat", "computer")
    daemon.settings |= {"camera.source": source, "spelling.mode": "both", "camera.loop": "false"}
    daemon.settings["speech.device"] = "file:/proc/nowhere"  # a fault for each word
    daemon.start()
    assert wait_for_words(subscriber, more=2, within=2 * AGES)
    for command in ("learn umbrella", "say good morning", "say good evening", "dance wildly"):
        subscriber.publish("sign-edge/test/command", command)
    daemon.process.wait(timeout=2 * AGES)  # the recording is over
    assert_ended_well(daemon, broker, 0)
    log = daemon.log.replace(str(tmp_path), "")
    for expected in ("ready: ", "speech failed: ", "learning: failed", "was refused"):
        assert expected in log
    utterances = [json.loads(text)["text"] for text in subscriber.texts("/utterance")]
    heard = {*words(subscriber), *utterances, "umbrella", "morning", "evening", "wildly"}
    assert heard >= {"eat", "computer", "eat computer"}
    for text in heard:
        assert not re.search(rf"\b{re.escape(text)}\b", log, re.IGNORECASE), (text, log)
    assert max(map(len, log.splitlines())) < 300  # and nothing like a picture


def test_abort_by_the_watchdog_leaves_every_thread_s_stack(
    daemon: Daemon, subscriber: Subscriber
) -> None:
    daemon.start()
    assert wait_for_words(subscriber)
    daemon.end(signal.SIGABRT)
    # Python reads the stacks of threads that run on; now and then one moves away under its eyes.
    assert daemon.process.returncode in (-signal.SIGABRT, -signal.SIGSEGV)
    assert "Fatal Python error: Aborted" in daemon.log
    for function in ("in _watch", "in _infer", "in run", "in loop_forever"):
        assert function in daemon.log, function
    assert eventually(lambda: not daemon.relatives()), daemon.relatives()
