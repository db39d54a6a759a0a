"""The publisher, against a real broker."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from broker import MOSQUITTO, Broker, Received, Subscriber
from paho.mqtt.enums import MQTTProtocolVersion
from patience import AGES, PROMPT, eventually, settled

from edge.config.settings import MqttSettings
from edge.errors import ConfigError
from edge.messages import Sign, Utterance
from edge.mqtt.connection import Backoff
from edge.mqtt.inbox import MAX_COMMAND_BYTES
from edge.mqtt.payloads import sign_payload, utterance_payload
from edge.mqtt.publisher import Publisher

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

ROOT = "sign-edge/bench"
EPOCH = datetime.now(timezone.utc) - timedelta(seconds=100)


def utc_of(seconds: float) -> datetime:
    """Put the source's zero a hundred seconds ago."""
    return EPOCH + timedelta(seconds=seconds)


def make_settings(port: int, **fields: object) -> MqttSettings:
    """Build settings for the broker on a port."""
    return MqttSettings.model_validate(
        {"host": "127.0.0.1", "port": port, "device": "bench", "retry_max": 1.0}
        | {"birth_jitter": 0.2, **fields}
    )


def publish(publisher: Publisher, number: int) -> None:
    """Publish a sign that bears a number."""
    top = (("tv", 0.91234567), ("cat", 0.05))
    sign = Sign("tv", "TV", "television", 0.91234567, top, 98.0, 99.0, 99.4)
    publisher.publish_event(
        "sign", sign_payload(sign, model="words", segment=number, utc_of=utc_of)
    )


def segments(messages: list[Received]) -> list[int]:
    """List the numbers of the signs received."""
    return [message.fields["segment"] for message in messages if message.topic == f"{ROOT}/sign"]


def test_sign_is_published_in_the_agreed_shape(broker: Broker, subscriber: Subscriber) -> None:
    with Publisher(make_settings(broker.port), version="1") as publisher:
        publish(publisher, 7)
        assert subscriber.wait_for(lambda messages: segments(messages) == [7])
    (message,) = [item for item in subscriber.messages if item.topic == f"{ROOT}/sign"]
    fields = message.fields
    assert (message.qos, message.is_retained) == (1, False)
    since_offset = (datetime.now(timezone.utc) - utc_of(99)).total_seconds() * 1000
    assert since_offset - 1000 * AGES < fields.pop("latency_ms") <= since_offset
    for key, seconds in (("onset", 98), ("offset", 99)):
        text = fields.pop(key)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        assert abs(moment - utc_of(seconds)) < timedelta(milliseconds=2)
    assert re.fullmatch(r"[0-9a-f]{32}", fields.pop("id"))
    assert fields == {
        "event_type": "tv",
        "text": "TV",
        "probability": 0.9123,
        "top": [["tv", 0.9123], ["cat", 0.05]],
        "duration_ms": 1000,
        "segment": 7,
        "model": "words",
    }


def test_utterance_letter_stats_and_problem_are_published(
    broker: Broker, subscriber: Subscriber
) -> None:
    with Publisher(make_settings(broker.port), version="1") as publisher:
        assert subscriber.wait_for_text("availability", "online")
        publisher.publish_event(
            "utterance",
            utterance_payload(
                Utterance("thank you TV", ("thankyou", "tv"), 97, 99), model="words", utc_of=utc_of
            ),
        )
        letter = Sign("a", "A", "a", 0.9, (("a", 0.9),), 98, 99, 99)
        publisher.publish_event(
            "letter", sign_payload(letter, model="letters", segment=1, utc_of=utc_of)
        )
        publisher.publish_problem({"camera": "gone"})
        publisher.publish_problem(None)
        assert subscriber.wait_for_text("problem", "{}")
        publisher.publish_stats({"fps": 14.5, "temperature": float("nan")})
        assert subscriber.wait_for_text("stats", '{"fps":14.5,"temperature":null}')
    topics = {message.topic: message for message in subscriber.messages}
    assert topics[f"{ROOT}/utterance"].fields["glosses"] == ["thankyou", "tv"]
    assert topics[f"{ROOT}/utterance"].fields["text"] == "thank you TV"
    assert topics[f"{ROOT}/letter"].fields["event_type"] == "a"
    assert topics[f"{ROOT}/stats"].qos == 0
    assert subscriber.texts("problem") == ['{"camera":"gone"}', "{}"]


def test_availability_state_and_problem_are_retained_and_signs_are_not(broker: Broker) -> None:
    with Publisher(make_settings(broker.port), version="1") as publisher:
        publisher.publish_state(state="idle", source="0")
        publisher.publish_state(state="signing")
        publisher.publish_problem({"speech": "no sound"})
        publish(publisher, 1)
        late = Subscriber(broker.port)
        assert late.wait_for_text("problem", '{"speech":"no sound"}')
        assert late.wait_for_text("availability", "online")
        assert late.wait_for_text("state", '{"version":"1","state":"signing","source":"0"}')
        late.close()
    later = Subscriber(broker.port)
    assert later.wait_for_text("availability", "offline")
    assert later.wait_for(lambda messages: len(messages) >= 3)
    assert all(message.is_retained for message in later.messages)
    assert segments(later.messages) == []
    later.close()


def test_unchanged_state_is_not_published_again(broker: Broker, subscriber: Subscriber) -> None:
    with Publisher(make_settings(broker.port), version="1") as publisher:
        assert subscriber.wait_for_text("availability", "online")
        for _ in range(5):
            publisher.publish_state(state="idle")
        publish(publisher, 1)
        assert subscriber.wait_for(lambda messages: segments(messages) == [1])
    assert len(subscriber.texts("state")) == 1


def test_killed_process_leaves_offline(broker: Broker, subscriber: Subscriber) -> None:
    code = f"""
import time
from edge.config.settings import MqttSettings
from edge.mqtt.publisher import Publisher
Publisher(MqttSettings(host="127.0.0.1", port={broker.port}, device="bench"), version="1").start()
time.sleep(600)
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    try:
        assert subscriber.wait_for_text("availability", "online")
        os.kill(process.pid, signal.SIGKILL)
        assert subscriber.wait_for_text("availability", "offline")
    finally:
        process.kill()
        process.wait()


def test_broker_that_comes_late_gets_everything_in_order(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    with Publisher(make_settings(broker.port), version="1") as publisher:
        publisher.publish_state(state="idle")
        for number in range(60):
            publish(publisher, number)
        assert not publisher.is_connected
        broker.start()
        subscriber = Subscriber(broker.port)
        # The publisher may have been faster than the subscriber; what comes last settles it.
        assert eventually(lambda: publisher.is_connected)
        for number in range(60, 100):
            publish(publisher, number)
        assert subscriber.wait_for(lambda messages: segments(messages)[-1:] == [99])
        got = segments(subscriber.messages)
        assert got == list(range(got[0], 100))
        assert publisher.dropped == 0
        subscriber.close()
    broker.stop()


def test_signs_made_while_the_broker_is_away_arrive_in_order(
    broker: Broker, subscriber: Subscriber
) -> None:
    with Publisher(make_settings(broker.port), version="1") as publisher:
        publisher.publish_state(state="idle")
        publish(publisher, 0)
        assert subscriber.wait_for(lambda messages: segments(messages) == [0])
        broker.stop()
        assert eventually(lambda: not publisher.is_connected)
        publisher.publish_state(state="signing")
        for number in range(1, 200):
            publish(publisher, number)
        subscriber.close()
        broker.start()
        back = Subscriber(broker.port)
        assert back.wait_for(lambda messages: segments(messages)[-1:] == [199])
        got = segments(back.messages)
        assert got == list(range(got[0], 200))
        assert back.wait_for_text("availability", "online")
        assert back.wait_for_text("state", '{"version":"1","state":"signing"}')
        back.close()


def test_full_queue_drops_the_oldest_and_counts_them(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    publisher = Publisher(make_settings(broker.port, queue=10), version="1")
    for number in range(25):
        publish(publisher, number)
    assert publisher.dropped == 15
    broker.start()
    subscriber = Subscriber(broker.port)
    with publisher:
        assert subscriber.wait_for(lambda messages: segments(messages) == list(range(15, 25)))
    subscriber.close()
    broker.stop()


def test_many_threads_lose_nothing(broker: Broker, subscriber: Subscriber) -> None:
    with Publisher(make_settings(broker.port), version="1") as publisher:

        def body(first: int) -> None:
            for number in range(first, first + 150):
                publish(publisher, number)
                publisher.publish_state(count=number)

        threads = [threading.Thread(target=body, args=(first,)) for first in (0, 1000, 2000)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(AGES)
        assert subscriber.wait_for(lambda messages: len(segments(messages)) == 450)
    got = segments(subscriber.messages)
    for first in (0, 1000, 2000):
        ours = [number for number in got if first <= number < first + 1000]
        assert ours == list(range(first, first + 150))


def test_close_delivers_what_waits_then_offline(broker: Broker, subscriber: Subscriber) -> None:
    publisher = Publisher(make_settings(broker.port), version="1")
    with publisher:
        assert eventually(lambda: publisher.is_connected)
        for number in range(100):
            publish(publisher, number)
    assert subscriber.wait_for_text("availability", "offline")
    assert segments(subscriber.messages) == list(range(100))
    assert not publisher.is_connected
    assert not [thread for thread in threading.enumerate() if "mqtt-stop" in thread.name]


def test_close_is_quick_when_the_broker_is_gone(broker: Broker) -> None:
    publisher = Publisher(make_settings(broker.port), version="1")
    publisher.start()
    assert eventually(lambda: publisher.is_connected)
    broker.stop()
    publish(publisher, 1)
    before = time.monotonic()
    publisher.close()
    assert time.monotonic() - before < PROMPT


def test_close_is_quick_when_the_broker_does_not_answer(broker: Broker) -> None:
    publisher = Publisher(make_settings(broker.port), version="1")
    publisher.start()
    assert eventually(lambda: publisher.is_connected)
    with broker.frozen():
        publish(publisher, 1)
        before = time.monotonic()
        publisher.close(1.0)
        assert time.monotonic() - before < PROMPT


def test_absent_broker_is_warned_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "edge.mqtt.connection")
    with Publisher(make_settings(Broker(tmp_path).port), version="1"):
        assert eventually(lambda: len(caplog.records) >= 2)
    levels = [record.levelno for record in caplog.records]
    assert levels[0] == logging.WARNING
    assert set(levels[1:]) == {logging.DEBUG}


def test_wrong_password_warns_once_and_backs_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker(tmp_path, user="bench", password="right")  # noqa: S106
    broker.start()
    secret = tmp_path / "secret"
    secret.write_text("wrong-secret\n")
    caplog.set_level(logging.DEBUG)

    def refusals() -> list[logging.LogRecord]:
        return [record for record in caplog.records if "refuses" in record.getMessage()]

    fields = {"username": "bench", "password_file": str(secret)}
    with Publisher(make_settings(broker.port, **fields), version="1") as publisher:
        begun = time.monotonic()
        assert eventually(lambda: len(refusals()) >= 2)
        assert time.monotonic() - begun > 0.4  # no busy loop
        assert not publisher.is_connected
    levels = [record.levelno for record in refusals()]
    assert levels.count(logging.WARNING) == 1
    assert "wrong-secret" not in caplog.text
    broker.stop()


def test_password_comes_from_the_credentials_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker(tmp_path, user="bench", password="right")  # noqa: S106
    broker.start()
    (tmp_path / "mqtt-password").write_text("right\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with Publisher(make_settings(broker.port, username="bench"), version="1") as publisher:
        assert eventually(lambda: publisher.is_connected)
    broker.stop()


def test_missing_password_file_names_file_and_key(tmp_path: Path) -> None:
    path = tmp_path / "nowhere"
    settings = make_settings(1, username="bench", password_file=str(path))
    with pytest.raises(ConfigError, match=rf"mqtt\.password_file = {re.escape(str(path))}: No"):
        Publisher(settings, version="1")


def test_host_that_cannot_be_a_name_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"mqtt\.host"):
        Publisher(MqttSettings(host="a..b"), version="1")


def test_hostile_commands_are_dropped_and_good_ones_arrive(
    broker: Broker, subscriber: Subscriber, caplog: pytest.LogCaptureFixture
) -> None:
    got: list[tuple[str, bytes]] = []

    def obey(topic: str, payload: bytes) -> None:
        got.append((topic, payload))
        if payload == b"crash":
            raise ZeroDivisionError

    subscriber.publish(f"{ROOT}/command", "say retained", retain=True)
    with Publisher(make_settings(broker.port), version="1", on_command=obey) as publisher:
        assert subscriber.wait_for_text("availability", "online")
        for payload in (b"\xff\xfe", b"x" * (MAX_COMMAND_BYTES + 1), b"", b"\x00", b"crash"):
            subscriber.publish(f"{ROOT}/command", payload)
        for _ in range(50):
            subscriber.publish(f"{ROOT}/command", b"\x80" * 100_000)
        subscriber.publish(f"{ROOT}/command", "say grüße")
        assert eventually(lambda: ("command", "say grüße".encode()) in got)
        assert publisher.is_connected
    assert [payload for _, payload in got] == [b"", b"\x00", b"crash", "say grüße".encode()]
    warnings = [record for record in caplog.records if "was ignored" in record.getMessage()]
    kinds = ["it is retained", "not UTF-8", f"{MAX_COMMAND_BYTES + 1} bytes, more than"]
    assert len(warnings) == len(kinds)  # one of each kind
    assert all(kind in record.getMessage() for kind, record in zip(kinds, warnings, strict=True))


def test_setting_goes_to_the_device_and_birth_publishes_everything_again(
    broker: Broker, subscriber: Subscriber
) -> None:
    got: list[tuple[str, bytes]] = []
    topic = "homeassistant/device/bench/config"
    with Publisher(
        make_settings(broker.port), version="1", on_command=lambda *what: got.append(what)
    ) as publisher:
        publisher.publish_state(state="idle")
        publisher.publish_setting("volume", "80")
        publisher.publish_discovery(topic, b'{"o":{}}')
        assert subscriber.wait_for_text("volume/state", "80")
        assert subscriber.wait_for_text("/config", '{"o":{}}')
        subscriber.publish(f"{ROOT}/volume/set", "70")
        subscriber.publish(f"{ROOT}/volume/set", "60", retain=True)
        assert eventually(lambda: bool(got))
        for payload, times in (("offline", 1), ("online", 2), ("online", 3)):
            subscriber.publish("homeassistant/status", payload)
            assert subscriber.wait_for(lambda _, n=times: len(subscriber.texts("/config")) == n)  # type: ignore[misc]
        assert subscriber.texts("volume/state") == ["80"] * 3
        assert len(subscriber.texts(f"{ROOT}/state")) == 3
        publisher.publish_discovery(topic, b"")
        assert subscriber.wait_for_text("/config", "")
    assert got[0] == ("volume/set", b"70")
    late = Subscriber(broker.port)
    assert late.wait_for_text("volume/state", "80")
    assert late.texts("/config") == []
    late.close()


def test_burst_of_births_is_answered_once(broker: Broker, subscriber: Subscriber) -> None:
    with Publisher(make_settings(broker.port, birth_jitter=0.5), version="1") as publisher:
        publisher.publish_setting("volume", "80")
        assert subscriber.wait_for_text("volume/state", "80")
        for _ in range(5):
            subscriber.publish("homeassistant/status", "online")
        assert subscriber.wait_for(lambda _: len(subscriber.texts("volume/state")) > 1)
        assert settled(lambda: len(subscriber.texts("volume/state"))) <= 3


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_message_says_what_it_is_and_when_it_expires_where_mqtt_has_words_for_it(
    broker: Broker, protocol: str
) -> None:
    publisher = Publisher(make_settings(broker.port, protocol=protocol, expiry=60), version="1")
    subscriber = Subscriber(broker.port, f"{ROOT}/#", protocol=MQTTProtocolVersion.MQTTv5)
    publish(publisher, 1)
    time.sleep(2.1)  # as if the broker had been away
    with publisher:
        publisher.publish_setting("mode", "words")
        publisher.publish_state(state="idle")
        assert subscriber.wait_for(lambda messages: segments(messages) == [1])
        assert subscriber.wait_for_text(f"{ROOT}/state", '{"version":"1","state":"idle"}')
        assert subscriber.wait_for_text("mode/state", "words")
    subscriber.close()
    last = {item.topic.removeprefix(f"{ROOT}/"): item for item in subscriber.messages}
    json_type = "application/json" if protocol == "5" else ""
    assert last["sign"].content_type == last["state"].content_type == json_type
    assert last["mode/state"].content_type == last["availability"].content_type == ""
    expiry = last["sign"].expiry
    assert (expiry is not None and 0 < expiry <= 58) if protocol == "5" else expiry is None
    assert last["state"].expiry is None


def test_what_was_not_delivered_is_delivered_by_the_next_process(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    settings = make_settings(broker.port)
    with Publisher(settings, version="1") as publisher:
        for number in range(30):
            publish(publisher, number)
    broker.start()
    subscriber = Subscriber(broker.port)
    with Publisher(settings, version="1") as publisher:
        publish(publisher, 30)
        assert subscriber.wait_for(lambda messages: segments(messages) == list(range(31)))
        assert eventually(lambda: not publisher._outbox)
    names = [json.loads(text)["id"] for text in subscriber.texts("/sign")]
    assert len(set(names)) == 31
    subscriber.close()
    broker.stop()


def test_message_on_its_way_when_the_process_dies_comes_again_with_its_id(
    broker: Broker, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(broker.port)
    first = Publisher(settings, version="1")
    first.start()
    assert eventually(lambda: first.is_connected)
    monkeypatch.setattr(first._outbox, "acknowledge", lambda _mid: None)  # it dies before
    publish(first, 1)
    publish(first, 2)
    assert subscriber.wait_for(lambda messages: segments(messages) == [1, 2])
    first._waiting.close()
    first.close(0.1)
    with Publisher(settings, version="1"):
        assert subscriber.wait_for(lambda messages: segments(messages) == [1, 2, 1, 2])
    names = [json.loads(text)["id"] for text in subscriber.texts("/sign")]
    assert names[:2] == names[2:]


def test_refusal_is_a_problem_until_the_login_is_right(tmp_path: Path) -> None:
    broker = Broker(tmp_path, user="bench", password="right")  # noqa: S106
    broker.start()
    secret = tmp_path / "secret"
    secret.write_text("right")
    problems: list[str] = []
    settings = make_settings(broker.port)
    with Publisher(settings, version="1", on_problem=problems.append):
        assert eventually(lambda: bool(problems))
    assert len(problems) == 1
    assert re.fullmatch(rf"127\.0\.0\.1:{broker.port} refuses us: Not authorized", problems[0])
    login = {"username": "bench", "password_file": str(secret)}
    settings = make_settings(broker.port, **login)
    with Publisher(settings, version="1", on_problem=problems.append) as publisher:
        assert eventually(lambda: publisher.is_connected)
        broker.stop()
        assert eventually(lambda: len(problems) >= 2)
        broker.start()
        assert eventually(lambda: publisher.is_connected)
        assert problems[-1] == ""
    broker.stop()


def test_name_and_password_come_from_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker(tmp_path, user="bench", password="right")  # noqa: S106
    broker.start()
    (tmp_path / "mqtt-username").write_text("bench\n")
    (tmp_path / "mqtt-password").write_text("right\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with Publisher(make_settings(broker.port, protocol="3.1.1"), version="1") as publisher:
        assert eventually(lambda: publisher.is_connected)
    broker.stop()


def test_waits_between_tries_grow_by_chance_up_to_the_limit_and_start_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    backoff = Backoff(30.0)
    waits = [backoff.next() for _ in range(40)]
    for number, wait in enumerate(waits):
        whole = min(30.0, 2.0**number)
        assert whole / 2 <= wait <= whole
    assert len(set(waits[10:])) > 20
    backoff.note_connected()
    now[0] = 1.0  # parted at once: no busy loop
    assert backoff.next() >= 15
    backoff.note_connected()
    now[0] = 60.0
    assert backoff.next() <= 1


def test_publishing_takes_under_five_milliseconds_to_acknowledgement(broker: Broker) -> None:
    def median() -> float:
        """Return the milliseconds that one of a hundred takes, in the middle."""
        took = []
        for number in range(100):
            begun = time.perf_counter()
            publish(publisher, number)
            while publisher._outbox:  # until the broker has it and the file no longer
                time.sleep(0.0002)
            took.append(1000 * (time.perf_counter() - begun))
            time.sleep(0.005)
        return statistics.median(took)

    with Publisher(make_settings(broker.port), version="1") as publisher:
        assert eventually(lambda: publisher.is_connected)
        assert publisher._waiting.is_on_file
        assert eventually(lambda: median() < 5)  # the machine may have other work at first
