"""What may be published, by docs/mqtt, and an independent client that hears how it is."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import paho.mqtt.client as mqtt
from jsonschema import Draft202012Validator
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions
from patience import AGES

from edge.evaluation.spelling_streams import make_streams
from edge.landmarks.archive import Clip, read_clips, write_clips

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "mqtt"
PROTOTYPES = ROOT / "models" / "words" / "prototypes.npz"
HANDS = ROOT.parent / "shared" / "data" / "letters-val.npz"
SETTINGS = (
    "recognition", "speech", "mode", "threshold", "cooldown", "volume", "voice", "model",
    "dominant_hand",
)  # fmt: skip
NUMBERS = ("threshold", "cooldown", "volume")
EXPIRY = 3600
"""Seconds; the default of mqtt.expiry."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How the messages of a topic travel."""

    schema: str
    """Its file in docs/mqtt, without the ending."""

    qos: int
    is_retained: bool
    is_json: bool = True
    expires: bool = False
    """Whether the broker may drop it after a while, under MQTT 5."""


KINDS = {
    "availability": Kind("availability", 1, is_retained=True, is_json=False),
    "state": Kind("state", 1, is_retained=True),
    "problem": Kind("problem", 1, is_retained=True),
    "stats": Kind("stats", 0, is_retained=False),
    "sign": Kind("sign", 1, is_retained=False, expires=True),
    "letter": Kind("letter", 1, is_retained=False, expires=True),
    "utterance": Kind("utterance", 1, is_retained=False, expires=True),
    "command": Kind("command", 1, is_retained=False, is_json=False),
    "set": Kind("setting", 1, is_retained=False, is_json=False),
    "setting": Kind("setting", 1, is_retained=True, is_json=False),
    "discovery": Kind("discovery", 1, is_retained=True),
}
FROM_OTHERS = ("command", "set")
VALIDATORS = {
    path.name.removesuffix(".schema.json"): Draft202012Validator(json.loads(path.read_bytes()))
    for path in sorted(FOLDER.glob("*.schema.json"))
}


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it was published."""

    topic: str
    payload: bytes
    qos: int
    is_retained: bool
    """Whether it was published to be kept."""

    content_type: str | None
    expiry: int | None
    """Seconds."""


class Watcher:
    """Hears every message with the QoS and the retain flag that it was published with."""

    def __init__(self, port: int) -> None:
        """Connect by MQTT 5, which alone tells both, and wait until the subscription stands."""
        self.messages: list[Heard] = []
        self._changed = threading.Condition()
        is_subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_subscribe = lambda *_: is_subscribed.set()
        self._client.on_message = lambda _c, _u, message: self._collect(message)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe("#", options=SubscribeOptions(qos=2, retainAsPublished=True))
        assert is_subscribed.wait(AGES)

    def wait_for(self, predicate: Callable[[list[Heard]], bool], timeout: float) -> bool:
        """Wait until the messages satisfy the predicate; tell whether they do."""
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self.messages), timeout)

    def publish(self, topic: str, payload: str) -> None:
        """Publish as the owner's automations do."""
        self._client.publish(topic, payload, qos=1).wait_for_publish(5)

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _collect(self, message: mqtt.MQTTMessage) -> None:
        properties = message.properties
        heard = Heard(
            message.topic,
            bytes(message.payload),
            message.qos,
            bool(message.retain),
            getattr(properties, "ContentType", None),
            getattr(properties, "MessageExpiryInterval", None),
        )
        with self._changed:
            self.messages.append(heard)
            self._changed.notify_all()


def kind_of(topic: str, device: str) -> str:
    """Say which of KINDS a topic is; empty for one that is none of ours."""
    if topic == f"homeassistant/device/sign-edge_{device}/config":
        return "discovery"
    base, _, rest = topic.partition(f"sign-edge/{device}/")
    setting, _, leaf = rest.partition("/")
    if setting in SETTINGS:
        return {"set": "set", "state": "setting"}.get(leaf, "")
    return rest if rest in KINDS and not base and rest not in ("set", "setting") else ""


def instance_of(topic: str, kind: str, payload: bytes) -> object:
    """Read a payload as its schema takes it."""
    text = payload.decode("utf-8")
    if kind in ("set", "setting"):
        name = topic.split("/")[-2]
        return {name: json.loads(text) if name in NUMBERS else text}
    return json.loads(text) if KINDS[kind].is_json else text


def faults_of(message: Heard, device: str, *, is_five: bool = True) -> list[str]:
    """Say what is wrong with a message: payload, QoS, retain flag, properties of MQTT 5."""
    kind = kind_of(message.topic, device)
    if not kind:
        return [f"{message.topic}: no topic of docs/mqtt"]
    expected = KINDS[kind]
    faults = []
    try:
        instance = instance_of(message.topic, kind, message.payload)
    except ValueError as error:
        faults.append(f"unreadable: {error}")
    else:
        errors: Iterable[Any] = VALIDATORS[expected.schema].iter_errors(instance)
        faults += [f"{error.json_path}: {error.message}" for error in errors]
    if (message.qos, message.is_retained) != (expected.qos, expected.is_retained):
        faults.append(f"QoS {message.qos}, retained {message.is_retained}")
    if kind not in FROM_OTHERS:
        content_type = "application/json" if is_five and expected.is_json else None
        if message.content_type != content_type:
            faults.append(f"content type {message.content_type}")
        if (message.expiry is not None) != (is_five and expected.expires):
            faults.append(f"expiry {message.expiry}")
        elif message.expiry is not None and not 0 < message.expiry <= EXPIRY:
            faults.append(f"expiry {message.expiry} s")
    return [f"{message.topic}: {fault}" for fault in faults]


def repeated_ids(messages: Iterable[Heard]) -> list[str]:
    """List the ids that more than one message bears."""
    ids = Counter(
        json.loads(message.payload)["id"]
        for message in messages
        if message.topic.rpartition("/")[2] in ("sign", "letter", "utterance")
    )
    return [known for known, count in ids.items() if count > 1]


def retained_topics(device: str) -> set[str]:
    """Every topic at which the broker is to keep something."""
    root = f"sign-edge/{device}"
    return {
        *(f"{root}/{leaf}" for leaf in ("availability", "state", "problem")),
        *(f"{root}/{name}/state" for name in SETTINGS),
        f"homeassistant/device/sign-edge_{device}/config",
    }


def write_source(path: Path, *glosses: str) -> str:
    """Write an archive with some words' examples, and a spelled word where there are hands."""
    clips = [clip for gloss in glosses for clip in read_clips(PROTOTYPES) if clip.label == gloss]
    if HANDS.is_file():
        frames = make_streams(HANDS, seed=1, fps=15.0, words=1)[0].frames
        points = np.stack([frame.points for frame in frames])
        clips.append(Clip("spelled", "somebody", 15.0, points))
    write_clips(path, clips)
    return f"archive:{path}"
