"""Signs of life: hearts, the event that beats, systemd's watchdog, paho's thread."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from typing import TYPE_CHECKING

import pytest
from broker import MOSQUITTO
from patience import AGES, PROMPT, eventually

from edge.config.settings import MqttSettings
from edge.device.watchdog import Watchdog
from edge.mqtt import connection as link
from edge.mqtt.publisher import Publisher
from edge.system.heartbeat import Attended, Heartbeat
from edge.system.memory_use import memory
from edge.system.systemd_notify import Notifier, _send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from broker import Broker, Subscriber


class Clock:
    """Time that goes on when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Systemd:
    """The socket on which systemd would listen."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        self._socket.settimeout(0.2)

    def heard(self) -> list[str]:
        """Take what has come, line by line."""
        lines: list[str] = []
        try:
            while True:
                lines += self._socket.recv(4096).decode().splitlines()
        except TimeoutError:
            return lines

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()


@pytest.fixture
def systemd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    with tempfile.TemporaryDirectory() as folder:  # a short path; sockets take 108 characters
        monkeypatch.setenv("NOTIFY_SOCKET", f"{folder}/notify")
        monkeypatch.setenv("WATCHDOG_USEC", "20000000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        systemd = Systemd(f"{folder}/notify")
        yield systemd
        systemd.close()


# Hearts


def test_heart_that_does_not_beat_in_time_is_not_alive() -> None:
    clock = Clock()
    heart = Heartbeat(20.0, clock=clock)
    clock.now = 19.9
    assert heart.is_alive
    clock.now = 20.0
    assert not heart.is_alive
    heart.beat()
    assert heart.is_alive
    heart.beat(ahead=100.0)
    clock.now = 139.0
    assert heart.is_alive
    heart.beat()  # what was allowed ahead is over
    clock.now = 159.5
    assert not heart.is_alive


def test_whoever_looks_at_an_attended_event_or_waits_for_it_is_alive() -> None:
    clock = Clock()
    heart = Heartbeat(20.0, clock=clock)
    event = Attended(heart)
    clock.now = 30.0
    assert not heart.is_alive
    assert not event.is_set()
    assert heart.is_alive
    clock.now = 60.0
    begun = time.monotonic()
    assert not event.wait(0.05)
    assert 0.05 <= time.monotonic() - begun < PROMPT
    assert heart.is_alive
    event.set()
    assert event.is_set()
    assert event.wait()


def test_long_wait_beats_all_the_time() -> None:
    clock = Clock()
    heart = Heartbeat(20.0, clock=clock)
    event = Attended(heart)
    waiter = threading.Thread(target=event.wait)
    waiter.start()
    for clock.now in (30.0, 60.0, 90.0):
        assert eventually(lambda: heart.is_alive)
    event.set()
    waiter.join(AGES)
    assert not waiter.is_alive()


def test_memory_is_that_of_this_process() -> None:
    figures = memory()
    assert figures["rss_mb"] is not None
    assert figures["rss_peak_mb"] is not None
    assert 10 < figures["rss_mb"] < figures["rss_peak_mb"] + 50


# Watchdog


def test_watchdog_is_fed_while_all_hearts_beat_and_told_who_hangs(
    systemd: Systemd, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    clock = Clock()
    hearts = {name: Heartbeat(20.0, clock=clock) for name in ("capture", "speech")}
    watchdog = Watchdog(Notifier(), hearts)
    watchdog.look("watching", clock.now)
    assert systemd.heard() == ["WATCHDOG=1", "STATUS=watching"]
    watchdog.look("watching", 5.0)
    assert systemd.heard() == []
    watchdog.look("signing", 9.0)
    assert systemd.heard() == ["STATUS=signing"]
    watchdog.look("signing", 10.0)
    assert systemd.heard() == ["WATCHDOG=1"]
    clock.now = 25.0
    hearts["capture"].beat()
    for now in (25.0, 40.0, 60.0):
        watchdog.look("signing", now)
    assert systemd.heard() == ["STATUS=no headway in speech"]
    hearts["speech"].beat()
    watchdog.look("no camera:\nnothing", 61.0)
    assert systemd.heard() == ["WATCHDOG=1", "STATUS=no camera: nothing"]
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


def test_nothing_is_sent_where_there_is_no_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    notifier = Notifier()
    assert notifier.watchdog_interval is None
    notifier.send("READY=1")


def test_watchdog_meant_for_another_process_is_not_ours(
    systemd: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Notifier().watchdog_interval == 10.0
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert Notifier().watchdog_interval is None
    assert systemd.heard() == []


def test_loading_and_reloading_are_told_as_systemd_wants_them(systemd: Systemd) -> None:
    notifier = Notifier()
    notifier.tell_loading("MediaPipe", 60.0)
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notifier.tell_reloading()
    loading, extend, reloading, stamp = systemd.heard()
    assert (loading, extend) == ("STATUS=loading MediaPipe", "EXTEND_TIMEOUT_USEC=60000000")
    assert reloading == "RELOADING=1"
    assert 0 <= int(stamp.removeprefix("MONOTONIC_USEC=")) - before < 5_000_000


def test_datagrams_of_our_own_reach_named_and_abstract_sockets(tmp_path: object) -> None:
    name = f"@sign-edge-test-{time.monotonic_ns()}"
    abstract = Systemd(f"\0{name[1:]}")
    _send(name, "READY=1\nSTATUS=ü")
    assert abstract.heard() == ["READY=1", "STATUS=ü"]
    abstract.close()
    _send(name, "WATCHDOG=1")  # nobody listens, and nothing happens
    _send(f"{tmp_path}/nothing", "WATCHDOG=1")


# Paho's thread


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_hanging_thread_of_the_broker_is_noticed_and_an_absent_broker_is_no_hang(
    broker: Broker, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "_HANG", 3.0)
    entered, release = threading.Event(), threading.Event()

    def hang(_topic: str, _payload: bytes) -> None:
        entered.set()
        release.wait(AGES)

    settings = MqttSettings(
        port=broker.port, device="test", outbox=":memory:", retry_max=1.0, keepalive=30
    )
    with Publisher(settings, version="0", on_command=hang) as publisher:
        assert subscriber.wait_for_text("/availability", "online")
        time.sleep(4)
        assert eventually(lambda: publisher.heart.is_alive)
        subscriber.publish("sign-edge/test/command", "pause")
        assert entered.wait(AGES)
        assert eventually(lambda: not publisher.heart.is_alive)
        release.set()
        assert eventually(lambda: publisher.heart.is_alive)
        broker.stop()
        assert eventually(lambda: not publisher.is_connected)
        time.sleep(4)
        assert publisher.heart.is_alive
