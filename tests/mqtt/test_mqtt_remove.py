"""``sign-edge mqtt remove``, against a real broker."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from broker import MOSQUITTO, Broker, Subscriber

from edge.__main__ import main
from edge.config.settings import MqttSettings
from edge.messages import Sign
from edge.mqtt.home_assistant import discovery_topic
from edge.mqtt.payloads import sign_payload
from edge.mqtt.publisher import Publisher

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed"),
    pytest.mark.usefixtures("bare_environment"),
]


def settings_of(broker: Broker, device: str) -> MqttSettings:
    """Build settings for a device on a broker."""
    return MqttSettings.model_validate(
        {"host": "127.0.0.1", "port": broker.port, "device": device, "retry_max": 1.0}
    )


def discovery(device: str, *, origin: str = "sign-edge") -> bytes:
    """Make a discovery message that refers to a device's topics."""
    topic = f"sign-edge/{device}/sign"
    config = {
        "device": {"identifiers": [device]},
        "origin": {"name": origin},
        "components": {"sign": {"platform": "event", "state_topic": topic}},
    }
    return json.dumps(config).encode()


def publish_everything(publisher: Publisher, settings: MqttSettings) -> None:
    """Publish what a device has the broker keep, and a word, which it does not keep."""
    publisher.publish_state(state="idle")
    publisher.publish_problem({"camera": "gone"})
    for name in ("threshold", "speech", "recognition"):
        publisher.publish_setting(name, "ON")
    publisher.publish_discovery(discovery_topic(settings), discovery(settings.device_id))
    sign = Sign("tv", "TV", "TV", 0.9, (("tv", 0.9),), 1.0, 2.0, 2.0)
    publisher.publish_event(
        "sign",
        sign_payload(sign, model="words", segment=1, utc_of=lambda _: datetime.now(timezone.utc)),
    )


def live_through(broker: Broker, device: str) -> None:
    """Have a device come, publish everything, and go."""
    settings = settings_of(broker, device)
    listener = Subscriber(broker.port, f"sign-edge/{device}/#")
    with Publisher(settings, version="1") as publisher:
        publish_everything(publisher, settings)
        assert listener.wait_for(lambda _: bool(listener.texts("/sign")))
    assert listener.wait_for_text("/availability", "offline")
    listener.close()


def kept_by(broker: Broker) -> dict[str, str]:
    """Ask, as somebody new, what the broker keeps."""
    asker = Subscriber(broker.port)
    asker.publish("end", "of what is kept")
    assert asker.wait_for(lambda _: bool(asker.texts("end")))
    asker.close()
    return {message.topic: message.text for message in asker.messages if message.is_retained}


def remove(broker: Broker, *options: str) -> int:
    """Run the command."""
    place = ["--host", "127.0.0.1", "--port", str(broker.port)]
    return main(["mqtt", "remove", *place, *options])


def test_everything_of_the_device_is_removed_and_nothing_of_another(
    broker: Broker, capfd: pytest.CaptureFixture[str]
) -> None:
    live_through(broker, "attic")
    live_through(broker, "attic2")  # a name that begins alike
    before = kept_by(broker)
    theirs = {topic: text for topic, text in before.items() if "attic2" in topic}
    ours = before.keys() - theirs.keys()
    assert len(ours) == len(theirs) == 7
    assert remove(broker, "--device", "attic") == 0
    assert kept_by(broker) == theirs
    lines = capfd.readouterr().out.splitlines()
    assert lines == [f"cleared: {topic}" for topic in sorted(ours)]

    assert remove(broker, "--device", "attic") == 0
    assert capfd.readouterr().out == "nothing is kept of sign-edge/attic\n"


def test_home_assistant_and_other_subscribers_hear_of_the_removal(
    broker: Broker, subscriber: Subscriber
) -> None:
    live_through(broker, "attic")
    assert remove(broker, "--device", "attic") == 0
    topic = discovery_topic(settings_of(broker, "attic"))
    assert subscriber.wait_for_text(topic, "")
    assert subscriber.wait_for_text("sign-edge/attic/availability", "")


def test_discovery_of_an_older_version_goes_and_what_the_owner_made_stays(
    broker: Broker, subscriber: Subscriber
) -> None:
    old = "homeassistant/sensor/attic/last_word/config"
    older = "homeassistant/event/attic_sign/config"
    abbreviated = {"~": "sign-edge/attic", "o": {"name": "sign-edge"}, "stat_t": "~/sign"}
    subscriber.publish(old, json.dumps(abbreviated), retain=True)
    subscriber.publish(older, discovery("attic"), retain=True)
    stay = {
        "homeassistant/sensor/by_hand/config": discovery("attic", origin="somebody"),
        "homeassistant/device/bad/config": b"{",
        "homeassistant/device/deep/config": b'{"a":' * 3000,
        "homeassistant/device/list/config": b"[]",
        "homeassistant/device/other/config": discovery("attic2"),
        "homeassistant/status": b"online",
        "sign-edge/attic": b"no topic of a device",
    }
    for topic, payload in stay.items():
        subscriber.publish(topic, payload, retain=True)
    subscriber.publish("sign-edge/attic/some/old/topic", "left", retain=True)
    assert remove(broker, "--device", "attic") == 0
    assert kept_by(broker) == {topic: payload.decode() for topic, payload in stay.items()}


def test_device_that_is_online_is_left_alone_unless_forced(
    broker: Broker, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = settings_of(broker, "attic")
    listener = Subscriber(broker.port, "sign-edge/attic/#")
    with Publisher(settings, version="1") as publisher:
        publish_everything(publisher, settings)
        assert listener.wait_for(lambda _: bool(listener.texts("/sign")))
        before = kept_by(broker)
        assert remove(broker, "--device", "attic") == 1
        assert "attic is online" in capfd.readouterr().err
        assert kept_by(broker) == before
        assert remove(broker, "--device", "attic", "--force") == 0
        assert kept_by(broker) == {}
        assert publisher.is_connected  # it was not thrown out
    listener.close()


def test_device_of_the_configuration_is_the_one_that_is_removed(
    broker: Broker, subscriber: Subscriber, tmp_path: Path
) -> None:
    for device in ("attic", "cellar"):
        subscriber.publish(f"signs/{device}/availability", "offline", retain=True)
    (tmp_path / "config.toml").write_text("[mqtt]\nbase = 'signs'\ndevice = 'cellar'\n")
    assert remove(broker) == 0
    assert list(kept_by(broker)) == ["signs/attic/availability"]


@pytest.mark.parametrize("name", ["#", "+", "a/b", "x" * 65, "a b"])
def test_name_that_no_device_can_have_is_refused(
    broker: Broker, subscriber: Subscriber, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    subscriber.publish("sign-edge/attic/availability", "offline", retain=True)
    assert remove(broker, "--device", name) == 2
    assert "mqtt.device" in capfd.readouterr().err
    assert len(kept_by(broker)) == 1


def restricted(folder: Path, rules: str) -> Broker:
    """Start a broker that keeps its memory, have a device live through, and restrict everybody."""
    allowed = folder / "acl"
    allowed.write_text("topic readwrite #\n")
    broker = Broker(folder)
    config = folder / "mosquitto.conf"
    text = config.read_text().replace("persistence false\n", "persistence true\n")
    config.write_text(f"{text}persistence_location {folder}/\nacl_file {allowed}\n")
    broker.start()
    live_through(broker, "attic")
    broker.stop()
    allowed.write_text(rules)
    broker.start()
    return broker


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ("topic read #\n", "still keeps homeassistant/device/sign-edge_attic/config, sign-edge/"),
        ("topic write #\n", "not read below sign-edge/attic"),
        ("", "not read below sign-edge/attic"),
    ],
)
def test_user_who_may_not_look_or_not_write_is_told_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], protocol: str, rules: str, complaint: str
) -> None:
    broker = restricted(tmp_path, rules)
    try:
        assert remove(broker, "--device", "attic", "--set", f"mqtt.protocol={protocol}") == 1
        assert complaint in capfd.readouterr().err
    finally:
        broker.stop()


def test_discovery_is_removed_even_where_it_may_not_be_read(tmp_path: Path) -> None:
    rules = "topic readwrite sign-edge/#\ntopic write homeassistant/device/+/config\n"
    broker = restricted(tmp_path, rules)
    try:
        assert remove(broker, "--device", "attic") == 0
        broker.stop()
        (tmp_path / "acl").write_text("topic readwrite #\n")
        broker.start()
        assert kept_by(broker) == {}
    finally:
        broker.stop()


def test_broker_that_is_away_is_named(
    broker: Broker, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.mqtt.listener.PATIENCE", 0.5)
    broker.stop()
    assert remove(broker, "--device", "attic") == 1
    assert "cannot be reached" in capfd.readouterr().err
