"""The doctor's look at the broker: real connections to a real one."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from broker import MOSQUITTO, Broker, Subscriber, free_port
from patience import PROMPT

from edge.config.settings import MqttSettings
from edge.doctor.broker import check_broker
from edge.doctor.finding import Finding

PASSWORD = "a-right-one"  # noqa: S105 - of a broker that lives for one test
pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


def settings_for(broker: Broker, **changes: object) -> MqttSettings:
    """Point at a broker."""
    fields = {"host": "127.0.0.1", "port": broker.port, "device": "kitchen", **changes}
    return MqttSettings.model_validate(fields)


@pytest.fixture
def guarded(tmp_path: Path) -> Broker:
    """Make a broker that lets in only kitchen; not started."""
    return Broker(tmp_path, user="kitchen", password=PASSWORD)


@pytest.fixture
def password(tmp_path: Path) -> Path:
    """Write the right password."""
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    return path


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_broker_that_takes_us_is_sound(broker: Broker, protocol: str) -> None:
    finding = check_broker(settings_for(broker, protocol=protocol))
    assert finding.ok, finding.text
    assert f"127.0.0.1:{broker.port} takes us without a login" in finding.text


def test_nothing_is_left_on_the_broker(broker: Broker, subscriber: Subscriber) -> None:
    assert check_broker(settings_for(broker)).ok
    assert subscriber.wait_for_text("kitchen/check", "")
    assert not any(message.is_retained for message in subscriber.messages)


def test_daemon_of_the_same_device_is_not_put_out(broker: Broker) -> None:
    daemon = Subscriber(broker.port, "sign-edge/kitchen/#")
    assert check_broker(settings_for(broker)).ok
    daemon.publish("sign-edge/kitchen/still", "here")
    assert daemon.wait_for_text("still", "here")
    daemon.close()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("user", ["kitchen", "stranger"])
def test_login_that_is_refused_is_said_to_be(
    guarded: Broker, password: Path, user: str, protocol: str
) -> None:
    guarded.start()
    try:
        settings = settings_for(
            guarded, username=user, password_file=str(password), protocol=protocol
        )
        finding = check_broker(settings)
    finally:
        guarded.stop()
    assert finding.ok is (user == "kitchen")
    if finding.ok:
        assert "takes us as kitchen" in finding.text
    else:
        assert f"refuses {user}: " in finding.text
        assert "authori" in finding.text.lower()
        assert "mqtt.username and the password" in finding.advice
    assert PASSWORD not in finding.text + finding.advice


def test_login_that_is_missing_is_said_to_be(guarded: Broker) -> None:
    guarded.start()
    try:
        finding = check_broker(settings_for(guarded))
    finally:
        guarded.stop()
    assert not finding.ok
    assert "refuses us without a login" in finding.text


def limited(tmp_path: Path, rights: str, protocol: str) -> Finding:
    """Check a broker that grants some rights only."""
    acl = tmp_path / "acl"
    acl.write_text(f"{rights}\n")
    acl.chmod(0o600)
    broker = Broker(tmp_path, lines=[f"acl_file {acl}"])
    broker.start()
    try:
        return check_broker(settings_for(broker, protocol=protocol))
    finally:
        broker.stop()


def test_right_to_publish_that_is_missing_is_a_fault(tmp_path: Path) -> None:
    finding = limited(tmp_path, "topic read sign-edge/#", "5")
    assert not finding.ok
    assert "may not publish sign-edge/kitchen/#: Not authorized" in finding.text
    assert "ACL" in finding.advice


@pytest.mark.parametrize(
    ("rights", "protocol"), [("topic write sign-edge/#", "5"), ("topic read sign-edge/#", "3.1.1")]
)
def test_rights_of_which_the_broker_says_nothing_are_noted(
    tmp_path: Path, rights: str, protocol: str
) -> None:
    finding = limited(tmp_path, rights, protocol)
    assert finding.ok
    assert "does not come back to us" in finding.text
    assert "ACL" in finding.advice


def test_broker_that_is_not_there_is_a_fault() -> None:
    port = free_port()
    finding = check_broker(MqttSettings(host="127.0.0.1", port=port))
    assert not finding.ok
    assert finding.text == f"127.0.0.1:{port}: Connection refused"
    assert "start the broker" in finding.advice


def test_something_else_than_a_broker_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.doctor.broker._PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        began = time.monotonic()
        finding = check_broker(MqttSettings(host="127.0.0.1", port=port))
        assert time.monotonic() - began < PROMPT
    assert not finding.ok
    assert "not as an MQTT broker" in finding.text


def test_name_that_no_host_can_have_is_a_fault() -> None:
    assert not check_broker(MqttSettings(host="x" * 100 + ".invalid")).ok


def test_broker_is_left_alone_when_mqtt_is_off() -> None:
    assert check_broker(MqttSettings(enabled=False, host="x.invalid")).ok


def test_no_thread_is_left(broker: Broker) -> None:
    before = threading.active_count()
    check_broker(settings_for(broker))
    assert threading.active_count() == before


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Have openssl make a key and a certificate that vouches for itself as localhost."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("keys")
    key, signed = str(folder / "key"), str(folder / "crt")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", *curve, *names, "-keyout", key, "-out", signed]
    subprocess.run(command, check=True, capture_output=True)
    return key, signed


@pytest.mark.parametrize(
    ("changes", "said", "advice"),
    [
        ({"tls": True, "ca_file": "OURS"}, "encrypted", ""),
        ({"tls": True}, "is not believed: self", "mqtt.ca_file"),
        ({"tls": True, "ca_file": "OURS", "host": "127.0.0.1"}, "not believed: IP", "mqtt.host"),
        ({}, "not as an MQTT broker", "mqtt.tls"),
    ],
)
def test_encryption_is_really_tried(
    tmp_path: Path,
    certificate: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, object],
    said: str,
    advice: str,
) -> None:
    monkeypatch.setattr("edge.doctor.broker._PATIENCE", 2.0)
    key, signed = certificate
    broker = Broker(tmp_path, lines=[f"keyfile {key}", f"certfile {signed}"])
    broker.start()
    fields = {"host": "localhost", **changes}
    if "ca_file" in fields:
        fields["ca_file"] = signed
    try:
        finding = check_broker(settings_for(broker, **fields))
    finally:
        broker.stop()
    assert said in finding.text
    assert finding.ok is (not advice)
    assert advice in finding.advice


def test_encryption_where_there_is_none_is_told(broker: Broker) -> None:
    finding = check_broker(settings_for(broker, tls=True))
    assert not finding.ok
    assert "no encryption comes about" in finding.text
    assert "8883" in finding.advice
