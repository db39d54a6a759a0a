"""A word to the broker and back."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from broker import MOSQUITTO, Broker
from patience import PROMPT

from edge.config.settings import MqttSettings
from edge.errors import SourceError
from edge.evaluation import broker_delay
from edge.evaluation.broker_delay import BrokerDelay
from edge.messages import Sign

if TYPE_CHECKING:
    from pathlib import Path

    from broker import Subscriber

needs_broker = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


def settings_of(port: int) -> MqttSettings:
    """Name a broker of this machine."""
    return MqttSettings(host="127.0.0.1", port=port, base="delay-test")


def sign(gloss: str) -> Sign:
    """Make a word."""
    return Sign(gloss, gloss, gloss, 0.9, ((gloss, 0.9),), 0.0, 1.0, 1.2)


@needs_broker
def test_word_comes_back_and_its_way_is_timed(broker: Broker, subscriber: Subscriber) -> None:
    with BrokerDelay(settings_of(broker.port)) as delay:
        began = time.perf_counter()
        took = [delay.measure(sign(gloss)) for gloss in ("book", "tree", "book")]
        whole = time.perf_counter() - began
    assert all(0 < one < 5 for one in took)
    assert sum(took) <= whole
    assert subscriber.wait_for(
        lambda messages: sum(one.topic.endswith("/sign") for one in messages) == 3
    )
    received = [one for one in subscriber.messages if one.topic.endswith("/sign")]
    assert [one.fields["event_type"] for one in received] == ["book", "tree", "book"]
    assert {one.topic for one in received} == {f"delay-test/{broker_delay.DEVICE}/sign"}
    assert not any(one.is_retained for one in received)


@needs_broker
def test_it_leaves_when_it_is_done(broker: Broker, subscriber: Subscriber) -> None:
    before = threading.active_count()
    with BrokerDelay(settings_of(broker.port)) as delay:
        delay.measure(sign("book"))
    assert subscriber.wait_for_text(
        f"{broker_delay.DEVICE}/availability", ""
    )  # nothing is retained
    assert subscriber.texts(f"{broker_delay.DEVICE}/availability")[-2:] == ["offline", ""]
    until = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() == before


@needs_broker
def test_word_of_another_device_is_not_taken_for_ours(
    broker: Broker, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_delay, "_PATIENCE", 0.5)
    with BrokerDelay(settings_of(broker.port)) as delay:
        subscriber.publish("delay-test/other/sign", "{}")
        with broker.frozen(), pytest.raises(SourceError, match="did not come back"):
            delay.measure(sign("book"))


def test_broker_that_is_not_there_is_named_at_once() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.monotonic()
    with (
        pytest.raises(SourceError, match=rf"127\.0\.0\.1:{port}.*refused") as caught,
        BrokerDelay(settings_of(port)),
    ):
        pytest.fail("there is no broker")
    assert "\n" not in str(caught.value)
    assert time.monotonic() - began < PROMPT


@needs_broker
def test_broker_that_asks_for_a_login_is_given_that_of_the_settings(tmp_path: Path) -> None:
    strict = Broker(tmp_path, user="anna", password="secret")  # noqa: S106 - of this broker
    strict.start()
    secret = tmp_path / "secret"
    secret.write_text("secret")
    login = {"username": "anna", "password_file": str(secret), "protocol": "5"}
    try:
        with BrokerDelay(settings_of(strict.port).model_copy(update=login)) as delay:
            assert delay.measure(sign("book")) > 0
    finally:
        strict.stop()


@needs_broker
def test_broker_that_lets_nobody_in_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_delay, "_PATIENCE", 0.5)
    strict = Broker(tmp_path, user="anna", password="secret")  # noqa: S106 - of this broker
    strict.start()
    before = threading.active_count()
    try:
        with (
            pytest.raises(SourceError, match="does not let us subscribe"),
            BrokerDelay(settings_of(strict.port)),
        ):
            pytest.fail("nobody is let in")
        assert threading.active_count() == before
    finally:
        strict.stop()
