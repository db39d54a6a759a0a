"""What docs/mqtt/README.md promises of shared subscriptions and bridged brokers, on mosquitto."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import paho.mqtt.client as mqtt
import pytest
from broker import MOSQUITTO, Broker, Subscriber
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from patience import AGES, eventually

from edge.config.settings import MqttSettings
from edge.messages import Sign
from edge.mqtt.payloads import sign_payload
from edge.mqtt.publisher import Publisher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

SIGNS = 30
SHARED = "$share/captions/sign-edge/+/sign"


class Worker:
    """One of several that share a subscription."""

    def __init__(self, port: int, name: str) -> None:
        self.payloads: list[bytes] = []
        self._is_subscribed = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.on_subscribe = lambda *_: self._is_subscribed.set()
        self._client.on_message = lambda _c, _u, message: self._take(message)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe(SHARED, qos=1)
        assert self._is_subscribed.wait(AGES)

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, message: mqtt.MQTTMessage) -> None:
        self.payloads.append(bytes(message.payload))


@pytest.fixture
def workers(broker: Broker) -> Iterator[list[Worker]]:
    workers = [Worker(broker.port, name) for name in ("one", "two")]
    yield workers
    for worker in workers:
        worker.close()


def settings_of(port: int, device: str) -> MqttSettings:
    """Build settings for a device on a broker."""
    return MqttSettings.model_validate(
        {"host": "127.0.0.1", "port": port, "device": device, "retry_max": 1.0}
    )


def publish_signs(publisher: Publisher, first: int, count: int) -> None:
    """Publish signs with their numbers."""
    for number in range(first, first + count):
        sign = Sign("tv", "TV", "TV", 0.9, (("tv", 0.9),), 1.0, 2.0, 2.0)
        publisher.publish_event(
            "sign",
            sign_payload(
                sign, model="words", segment=number, utc_of=lambda _: datetime.now(timezone.utc)
            ),
        )


def test_each_message_goes_to_one_of_those_who_share_and_to_everybody_else(
    broker: Broker, subscriber: Subscriber, workers: list[Worker]
) -> None:
    settings = settings_of(broker.port, "hall")
    with (
        Publisher(settings, version="1") as hall,
        Publisher(settings_of(broker.port, "attic"), version="1") as attic,
    ):
        publish_signs(hall, 1, SIGNS)
        publish_signs(attic, 1, SIGNS)
        assert subscriber.wait_for(lambda _: len(subscriber.texts("/sign")) == 2 * SIGNS)
    one, two = workers
    assert eventually(lambda: len(one.payloads) + len(two.payloads) == 2 * SIGNS)
    assert sorted(one.payloads + two.payloads) == sorted(
        text.encode() for text in subscriber.texts("/sign")
    )
    assert len(one.payloads) >= SIGNS / 2
    assert len(two.payloads) >= SIGNS / 2


def test_one_who_shares_and_leaves_is_stood_in_for(
    broker: Broker, subscriber: Subscriber, workers: list[Worker]
) -> None:
    with Publisher(settings_of(broker.port, "hall"), version="1") as hall:
        publish_signs(hall, 1, SIGNS)
        assert subscriber.wait_for(lambda _: len(subscriber.texts("/sign")) == SIGNS)
        one, two = workers
        assert eventually(lambda: len(one.payloads) + len(two.payloads) == SIGNS)
        one.close()
        publish_signs(hall, SIGNS + 1, SIGNS)
        assert subscriber.wait_for(lambda _: len(subscriber.texts("/sign")) == 2 * SIGNS)
        later = {text.encode() for text in subscriber.texts("/sign")[SIGNS:]}
        assert len(later) == SIGNS
        assert eventually(lambda: later <= set(two.payloads))


def bridge(folder: Path, port: int) -> Broker:
    """Set up a broker that passes on, as docs/mqtt/README.md says, to the one on a port."""
    folder.mkdir()
    site = Broker(folder)
    config = folder / "mosquitto.conf"
    lines = [
        "connection hall",
        f"address 127.0.0.1:{port}",
        "cleansession false",
        "topic sign-edge/# out 1",
        "topic sign-edge/+/command in 1",
        "topic sign-edge/+/+/set in 1",
        "topic homeassistant/device/+/config out 1",
        "topic homeassistant/status in 1",
    ]
    config.write_text(config.read_text() + "\n".join(lines) + "\n")
    return site


def test_bridge_passes_words_up_and_commands_down(
    broker: Broker, subscriber: Subscriber, tmp_path: Path
) -> None:
    site = bridge(tmp_path / "site", broker.port)
    site.start()
    link = Subscriber(broker.port, "$SYS/broker/connection/+/state")
    heard: list[tuple[str, bytes]] = []
    try:
        with Publisher(
            settings_of(site.port, "hall"),
            version="1",
            on_command=lambda topic, payload: heard.append((topic, payload)),
        ) as hall:
            hall.publish_setting("speech", "ON")
            hall.publish_discovery("homeassistant/device/sign-edge_hall/config", b"{}")
            assert subscriber.wait_for_text("/availability", "online")
            assert link.wait_for_text(".hall/state", "1")
            assert subscriber.wait_for_text("speech/state", "ON")
            assert subscriber.wait_for_text("hall/config", "{}")
            publish_signs(hall, 1, SIGNS)
            assert subscriber.wait_for(lambda _: len(subscriber.texts("/sign")) == SIGNS)
            subscriber.publish("sign-edge/hall/command", "repeat")
            subscriber.publish("sign-edge/hall/speech/set", "OFF")
            assert subscriber.wait_for(lambda _: len(heard) == 2)
        assert heard == [("command", b"repeat"), ("speech/set", b"OFF")]
        assert subscriber.wait_for_text("/availability", "offline")
    finally:
        site.stop()
    assert link.wait_for_text(".hall/state", "0")
    link.close()
    late = Subscriber(broker.port, "sign-edge/hall/#")
    assert late.wait_for_text("/availability", "offline")
    assert all(message.is_retained for message in late.messages)
    late.close()
