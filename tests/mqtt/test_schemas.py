"""Every message of the real daemon against docs/mqtt, by an independent client."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from broker import MOSQUITTO, Broker, Subscriber
from daemons import Daemon
from jsonschema import Draft202012Validator
from patience import AGES
from schemas import (
    HANDS,
    KINDS,
    VALIDATORS,
    Heard,
    Watcher,
    faults_of,
    kind_of,
    repeated_ids,
    retained_topics,
    write_source,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMES = {
    "onset": "2026-11-21T12:00:00.000Z",
    "offset": "2026-11-21T12:00:01.250Z",
    "duration_ms": 1250,
    "latency_ms": 40,
}
SIGN = {
    "event_type": "tv",
    "text": "TV",
    "probability": 0.98,
    "top": [["tv", 0.98], ["cat", 0.01]],
    **TIMES,
    "segment": 1,
    "model": "words",
    "id": "0" * 32,
}
LETTER = {**SIGN, "event_type": "a", "text": "A", "top": [["a", 0.9]]}
UTTERANCE = {
    "event_type": "utterance",
    "text": "yes TV",
    "glosses": ["yes", "tv"],
    **TIMES,
    "model": "words",
    "id": "f" * 32,
}
STATE = {
    "version": "0.1.0",
    "state": "idle",
    "source": "0",
    "model": "words",
    "mode": "words",
    "speaking": True,
}
STATS = {
    "uptime": 60,
    "fps": 14.9,
    "max_fps": 15.0,
    "stage_ms": {"landmarker": 40.5},
    "latency_ms": 0.0,
    "cpu_percent": 80.0,
    "temperature": None,
    "throttled": None,
    "rss_mb": 250.0,
    "rss_peak_mb": 260.0,
    "dropped_frames": 0,
    "dropped_messages": 0,
    "dropped_words": 0,
    "counts": {"landmarks": 900},
}
DISCOVERY: dict[str, Any] = {
    "device": {
        "identifiers": ["sign-edge_test"],
        "name": "test",
        "manufacturer": "sign-edge",
        "model": "x",
        "sw_version": "1",
    },
    "origin": {"name": "sign-edge", "sw_version": "1"},
    "availability": [{"topic": "sign-edge/test/availability"}],
    "qos": 1,
    "components": {"gone": {"platform": "sensor"}},
}
EXAMPLES: dict[str, tuple[list[object], list[object]]] = {
    "availability": (["online", "offline"], ["Online", "", None, {"state": "online"}]),
    "sign": (
        [SIGN],
        [
            {**SIGN, "probability": 1.5},
            {**SIGN, "onset": "2026-11-21 12:00:00"},
            {**SIGN, "more": 1},
            {**SIGN, "top": [["tv", 0.98, 1]]},
            {**SIGN, "top": []},
            {**SIGN, "duration_ms": -1},
            {**SIGN, "latency_ms": -500},
            {**SIGN, "segment": 0},
            {**SIGN, "id": ""},
            {key: value for key, value in SIGN.items() if key != "id"},
        ],
    ),
    "letter": (
        [LETTER, {**LETTER, "event_type": "del", "text": "del"}],
        [{**LETTER, "event_type": "A"}, {**LETTER, "top": SIGN["top"]}, SIGN],
    ),
    "utterance": (
        [UTTERANCE],
        [{**UTTERANCE, "event_type": "yes"}, {**UTTERANCE, "glosses": []}, SIGN],
    ),
    "state": (
        [
            STATE,
            {**STATE, "following": {"place": "left", "people": None}, "camera_since": None},
            {
                **STATE,
                "state": "asleep",
                "asleep_until": "2026-11-22T06:00:00.000+00:00",
                "power": "battery",
            },
            {
                **STATE,
                "state": "learning",
                "learning": {"word": "x", "have": 0, "want": 3, "note": "", "state": "learning"},
                "camera_since": "2026-11-21T12:00:00.000+00:00",
            },
        ],
        [
            {**STATE, "state": "busy"},
            {**STATE, "speaking": "ON"},
            {**STATE, "following": {"place": "up", "people": 1}},
            {**STATE, "learning": {}},
            {**STATE, "asleep_until": "07:00"},
            {**STATE, "power": "low"},
            {"version": "0.1.0"},
        ],
    ),
    "stats": (
        [STATS],
        [
            {**STATS, "fps": -1},
            {**STATS, "max_fps": 0},
            {**STATS, "stage_ms": {"magic": 1}},
            {**STATS, "counts": {"landmarks": 1.5}},
            {**STATS, "temperature": "warm"},
            {},
        ],
    ),
    "problem": (
        [{}, {"camera": "no frames for 5 s"}],
        [{"camera": ""}, {"weather": "rain"}, {"camera": None}, ""],
    ),
    "setting": (
        [{"threshold": 0.35}, {"speech": "OFF"}, {"volume": 100}, {"dominant_hand": "auto"}],
        [
            {"threshold": 1.1},
            {"threshold": "0.5"},
            {"speech": "on"},
            {"volume": 12.5},
            {"cooldown": 11},
            {"mode": "sentences"},
            {"voice": ""},
            {"speech": "ON", "mode": "words"},
            {"loudness": 3},
            {},
        ],
    ),
    "command": (
        ["pause", "say good morning", "learn ice cream", "defaults"],
        ["pause now", "say ", "say", "learn " + "x" * 41, "dance", "", "PAUSE"],
    ),
    "discovery": (
        [DISCOVERY],
        [
            {**DISCOVERY, "components": {}},
            {**DISCOVERY, "components": {"a": {"platform": "toaster"}}},
            {**DISCOVERY, "components": {"a": {"platform": "sensor", "name": "A"}}},
            {**DISCOVERY, "origin": {"name": "other", "sw_version": "1"}},
            {**DISCOVERY, "qos": 0},
        ],
    ),
}


def test_every_topic_has_a_schema_and_every_schema_examples() -> None:
    assert set(VALIDATORS) == {kind.schema for kind in KINDS.values()} == set(EXAMPLES)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_schema_is_one_itself_takes_what_is_right_and_rejects_what_is_wrong(name: str) -> None:
    validator = VALIDATORS[name]
    Draft202012Validator.check_schema(validator.schema)
    assert isinstance(validator.schema, dict)
    assert validator.schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    right, wrong = EXAMPLES[name]
    for example in right:
        validator.validate(example)
    for example in wrong:
        assert not validator.is_valid(example), example


def test_every_object_with_fixed_keys_is_closed() -> None:
    def closed(schema: object, where: str) -> None:
        if isinstance(schema, dict):
            if "properties" in schema:
                assert "additionalProperties" in schema or where.endswith("components"), where
            for key, part in schema.items():
                closed(part, where if key == "additionalProperties" else f"{where}/{key}")
        elif isinstance(schema, list):
            for number, part in enumerate(schema):
                closed(part, f"{where}/{number}")

    for name, validator in VALIDATORS.items():
        closed(validator.schema, name)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"qos": 0}, "QoS 0"),
        ({"is_retained": True}, "retained True"),
        ({"content_type": None}, "content type"),
        ({"expiry": None}, "expiry"),
        ({"expiry": 10_000}, "expiry 10000 s"),
        ({"payload": b"{"}, "unreadable"),
        ({"payload": b"{}"}, "'event_type' is a required property"),
        ({"topic": "sign-edge/test/picture"}, "no topic"),
        ({"topic": "sign-edge/other/sign"}, "no topic"),
        ({}, ""),
    ],
)
def test_the_watcher_finds_each_kind_of_fault(change: dict[str, Any], fault: str) -> None:
    good: dict[str, Any] = {
        "topic": "sign-edge/test/sign",
        "payload": json.dumps(SIGN).encode(),
        "qos": 1,
        "is_retained": False,
        "content_type": "application/json",
        "expiry": 3600,
    }
    faults = faults_of(Heard(**(good | change)), "test")
    assert bool(faults) == bool(fault)
    assert fault in "; ".join(faults)


# A run of the daemon


@pytest.fixture
def watcher(broker: Broker) -> Iterator[Watcher]:
    watcher = Watcher(broker.port)
    yield watcher
    watcher.close()


@pytest.fixture
def daemon(tmp_path: Path, broker: Broker) -> Iterator[Daemon]:
    """Make a daemon that sees two words and, where there are hands, a spelled one."""
    source = write_source(tmp_path / "source.npz", "yes", "no")
    daemon = Daemon(tmp_path, broker.port, source)
    daemon.settings |= {
        "spelling.mode": "both",
        "health.stats_interval": "2",
        "composer.pause": "0.5",
    }
    yield daemon
    daemon.clean_up()


def ask_for_everything(watcher: Watcher) -> dict[str, str]:
    """Set every setting and give harmless commands; return the settings."""
    root = "sign-edge/test"
    values = {
        "speech": "OFF",
        "threshold": "0.05",
        "cooldown": "0.25",
        "volume": "55",
        "voice": "default",
        "model": "words",
        "dominant_hand": "right",
        "mode": "both",
    }
    for name, value in values.items():
        watcher.publish(f"{root}/{name}/set", value)
    for command in ("repeat", "say hello", "test_sound", "pause"):
        watcher.publish(f"{root}/command", command)
    return values


@pytest.mark.slow
@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_every_message_of_a_run_is_as_its_schema_says(
    daemon: Daemon, broker: Broker, watcher: Watcher, protocol: str
) -> None:
    daemon.settings["mqtt.protocol"] = protocol
    daemon.start()

    def heard(kind: str) -> list[Heard]:
        known = list(watcher.messages)
        return [message for message in known if kind_of(message.topic, "test") == kind]

    recognised = ["sign", "utterance", *(["letter"] if HANDS.is_file() else [])]
    assert watcher.wait_for(lambda _: all(heard(kind) for kind in recognised), 3 * AGES)
    values = ask_for_everything(watcher)
    assert watcher.wait_for(lambda _: b'"state":"paused"' in heard("state")[-1].payload, AGES), (
        daemon.log
    )
    watcher.publish("sign-edge/test/recognition/set", "ON")
    expected = {**values, "recognition": "ON"}
    assert watcher.wait_for(lambda _: newest_settings(heard("setting")) == expected, AGES)
    signs = len(heard("sign"))
    assert watcher.wait_for(lambda _: len(heard("sign")) > signs and bool(heard("stats")), 2 * AGES)
    daemon.end(signal.SIGTERM)
    assert watcher.wait_for(lambda _: heard("availability")[-1].payload == b"offline", AGES)
    assert daemon.process.returncode == 0

    messages = list(watcher.messages)
    faults = [
        fault for one in messages for fault in faults_of(one, "test", is_five=protocol == "5")
    ]
    assert faults == []
    assert repeated_ids(messages) == []
    missing = set(KINDS) - {kind_of(message.topic, "test") for message in messages}
    assert missing <= (set() if HANDS.is_file() else {"letter"})

    late = Subscriber(broker.port)
    try:
        assert late.wait_for(lambda kept: len(kept) >= len(retained_topics("test")), AGES)
        kept = list(late.messages)
        assert {message.topic for message in kept} == retained_topics("test")
        assert all(message.is_retained and message.qos == 1 for message in kept)
        newest = {message.topic: message.payload for message in messages}
        assert {one.topic: one.text.encode() for one in kept} == {
            topic: newest[topic] for topic in retained_topics("test")
        }
    finally:
        late.close()


def newest_settings(messages: list[Heard]) -> dict[str, str]:
    """Return what each setting was last said to be."""
    return {message.topic.split("/")[-2]: message.payload.decode() for message in messages}
