"""Encryption, certificates, logins and rights, against a real broker."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from broker import MOSQUITTO, Broker, Subscriber, add_user
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from patience import eventually

from edge.config.load import load
from edge.config.settings import MqttSettings
from edge.errors import ConfigError
from edge.messages import Sign
from edge.mqtt.credentials import tls_context
from edge.mqtt.payloads import sign_payload
from edge.mqtt.publisher import Publisher

pytestmark = [
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "mosquitto"


@dataclass(frozen=True)
class Keys:
    """An authority, a broker of the name localhost, and a device, each with key and certificate."""

    folder: Path

    def __getitem__(self, name: str) -> str:
        return str(self.folder / name)

    def make(self) -> None:
        """Have openssl make them."""
        new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        for name, signer in (("ca", ""), ("broker", "ca"), ("device", "ca"), ("stranger", "")):
            files = ["-keyout", self[f"{name}.key"], "-out", self[f"{name}.crt"]]
            subject = ["-subj", f"/CN={'localhost' if name == 'broker' else name}", "-days", "2"]
            by = ["-CA", self[f"{signer}.crt"], "-CAkey", self[f"{signer}.key"]] if signer else []
            if name == "broker":
                by += ["-addext", "subjectAltName=DNS:localhost"]
            command = ["openssl", *new, *files, *subject, *by]
            subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    keys = Keys(tmp_path_factory.mktemp("keys"))
    try:
        keys.make()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this openssl signs no certificates: {error.stderr.decode()[-200:]}")
    return keys


def lines(keys: Keys, *more: str) -> list[str]:
    """Have mosquitto encrypt."""
    named = (("cafile", "ca.crt"), ("certfile", "broker.crt"), ("keyfile", "broker.key"))
    return [*(f"{key} {keys[name]}" for key, name in named), *more]


@pytest.fixture
def encrypted(tmp_path: Path, keys: Keys) -> Iterator[Broker]:
    broker = Broker(tmp_path, lines=lines(keys))
    broker.start()
    yield broker
    broker.stop()


def make_settings(port: int, **fields: object) -> MqttSettings:
    """Build settings for an encrypted broker."""
    given = {"host": "localhost", "port": port, "device": "kitchen", "retry_max": 1.0, "tls": True}
    return MqttSettings.model_validate({**given, **fields})


def connects(settings: MqttSettings) -> bool:
    """Tell whether a publisher gets through with a message."""
    with Publisher(settings, version="1") as publisher:
        publisher.publish_setting("mode", "words")
        return eventually(lambda: publisher.is_connected)


def refusal(settings: MqttSettings) -> str:
    """Return the first problem of a publisher that must not get through."""
    problems: list[str] = []
    with Publisher(settings, version="1", on_problem=problems.append) as publisher:
        assert eventually(lambda: bool(problems))
        assert not publisher.is_connected
    return problems[0]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("has_login", [False, True])
def test_broker_is_believed_by_our_own_authority(
    tmp_path: Path, keys: Keys, protocol: str, has_login: bool
) -> None:
    login = {"user": "edge", "password": "right"} if has_login else {}
    broker = Broker(tmp_path, lines=lines(keys), **login)
    broker.start()
    (tmp_path / "secret").write_text("right\n")
    fields = {"ca_file": keys["ca.crt"], "protocol": protocol}
    if has_login:
        assert "refuses us" in refusal(make_settings(broker.port, **fields))
        fields |= {"username": "edge", "password_file": str(tmp_path / "secret")}
    assert connects(make_settings(broker.port, **fields))

    def prepare(client: mqtt.Client) -> None:
        client.tls_set(keys["ca.crt"])
        client.tls_insecure_set(True)  # it connects to 127.0.0.1, which the certificate lacks
        if has_login:
            client.username_pw_set("edge", "right")

    subscriber = Subscriber(broker.port, prepare=prepare)
    assert subscriber.wait_for_text("mode/state", "words")
    assert subscriber.wait_for_text("availability", "offline")
    subscriber.close()
    broker.stop()


def test_system_authorities_are_asked_where_none_is_given(
    encrypted: Broker, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "certificate verify failed" in refusal(make_settings(encrypted.port))
    monkeypatch.setenv("SSL_CERT_FILE", keys["ca.crt"])  # where OpenSSL finds the system's
    assert connects(make_settings(encrypted.port))


def test_stranger_and_wrong_name_are_not_believed_unless_asked_to(
    encrypted: Broker, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = make_settings(encrypted.port, ca_file=keys["stranger.crt"])
    assert "certificate verify failed" in refusal(stranger)
    misnamed = make_settings(encrypted.port, ca_file=keys["ca.crt"], host="127.0.0.1")
    assert "IP address mismatch" in refusal(misnamed)
    caplog.clear()
    assert connects(make_settings(encrypted.port, insecure_tls=True, host="127.0.0.1"))
    assert "mqtt.insecure_tls" in caplog.text


def test_broker_may_ask_for_our_certificate(tmp_path: Path, keys: Keys) -> None:
    broker = Broker(tmp_path, lines=lines(keys, "require_certificate true"))
    broker.start()
    fields = {"ca_file": keys["ca.crt"]}
    with Publisher(make_settings(broker.port, **fields), version="1") as publisher:
        assert not eventually(lambda: publisher.is_connected, 1)
    ours = {"cert_file": keys["device.crt"], "key_file": keys["device.key"]}
    assert connects(make_settings(broker.port, **fields, **ours))
    broker.stop()


def test_unencrypted_port_is_told_from_an_encrypted_one(broker: Broker) -> None:
    assert re.search(r"cannot be reached: .+", refusal(make_settings(broker.port)))


# --- settings ---


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        ({"ca_file": "{}/none"}, ["mqtt.ca_file = {}/none: No such file"]),
        ({"ca_file": "{}/ca.key"}, ["mqtt.ca_file = {}/ca.key: no PEM that fits"]),
        (
            {"cert_file": "{}/none", "key_file": "{}/device.key"},
            ["mqtt.cert_file = {}/none: No such file"],
        ),
        (
            {"cert_file": "{}/device.crt", "key_file": "{}/none"},
            ["mqtt.key_file = {}/none: No such file"],
        ),
        (
            {"cert_file": "{}/device.crt", "key_file": "{}/broker.key"},
            ["mqtt.cert_file = {}/device.crt", "mqtt.key_file = {}/broker.key: no PEM that fits"],
        ),
    ],
)
def test_file_that_cannot_be_used_is_named_with_its_key(
    keys: Keys, fields: dict[str, str], parts: list[str]
) -> None:
    given = {key: value.format(keys.folder) for key, value in fields.items()}
    with pytest.raises(ConfigError) as caught:
        Publisher(make_settings(1, **given), version="1")
    for part in parts:
        assert part.format(keys.folder) in str(caught.value)


def test_key_with_a_passphrase_asks_nobody(keys: Keys, tmp_path: Path) -> None:
    locked = tmp_path / "locked.key"
    command = ["openssl", "ec", "-in", keys["device.key"], "-out", str(locked), "-aes128"]
    subprocess.run([*command, "-passout", "pass:secret"], check=True, capture_output=True)
    settings = make_settings(1, cert_file=keys["device.crt"], key_file=str(locked))
    with pytest.raises(ConfigError, match=re.escape(f"mqtt.key_file = {locked}: ")):
        tls_context(settings)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("tls = true\ncert_file = '/a'\n", "3: mqtt.cert_file = '/a' needs mqtt.key_file"),
        ("tls = true\nkey_file = '/a'\n", "3: mqtt.key_file = '/a' needs mqtt.cert_file"),
        ("ca_file = '/a'\n", "2: mqtt.ca_file = '/a' needs mqtt.tls = true"),
        ("insecure_tls = true\n", "2: mqtt.insecure_tls = True needs mqtt.tls = true"),
    ],
)
def test_setting_without_what_it_needs_is_told_with_file_and_line(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "edge.toml"
    path.write_text(f"[mqtt]\n{text}")
    with pytest.raises(ConfigError) as caught:
        load(path, environment={})
    assert str(caught.value) == f"{path}:{complaint}"


def test_tls_is_at_least_of_version_1_2(keys: Keys) -> None:
    context = tls_context(make_settings(1, ca_file=keys["ca.crt"]))
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


# --- the example that is shipped ---


@dataclass(frozen=True)
class House:
    """Mosquitto as deploy/mosquitto has it."""

    broker: Broker
    folder: Path
    keys: Keys

    def settings(self, device: str, **fields: object) -> MqttSettings:
        """Build a device's settings."""
        login = {"username": "kitchen", "password_file": str(self.folder / "kitchen.secret")}
        given = {"device": device, "ca_file": self.keys["ca.crt"], **login, **fields}
        return make_settings(self.broker.port, **given)

    def subscribe(self, user: str) -> Subscriber:
        """Listen as a user of the house."""

        def prepare(client: mqtt.Client) -> None:
            client.tls_set(self.keys["ca.crt"])
            client.tls_insecure_set(True)
            client.username_pw_set(user, f"{user}'s")

        return Subscriber(self.broker.port, prepare=prepare)

    def publish(self, user: str, topic: str) -> str:
        """Publish as a user, and return what the broker says to it."""
        said: list[str] = []
        client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        client.tls_set(self.keys["ca.crt"])
        client.username_pw_set(user, f"{user}'s")
        client.on_publish = lambda _c, _u, _mid, reason, _p: said.append(str(reason))
        client.connect("localhost", self.broker.port)
        client.loop_start()
        client.publish(topic, "x", qos=1).wait_for_publish(5)
        client.disconnect()
        client.loop_stop()
        client.reinitialise()
        return said[0]


@pytest.fixture
def house(tmp_path: Path, keys: Keys) -> Iterator[House]:
    passwords = tmp_path / "sign-edge.passwords"
    for user in ("kitchen", "homeassistant", "monitor"):
        add_user(passwords, user, f"{user}'s")
    (tmp_path / "kitchen.secret").write_text("kitchen's")
    shutil.copy(DEPLOY / "sign-edge.acl", tmp_path)
    text = (DEPLOY / "sign-edge.conf").read_text()
    text = text.replace("/etc/mosquitto/certs", str(keys.folder))
    text = text.replace("/etc/mosquitto", str(tmp_path)).replace("listener 8883\n", "")
    for path in tmp_path.glob("sign-edge.*"):
        path.chmod(0o600)
    broker = Broker(tmp_path, lines=text.splitlines())
    broker.start()
    yield House(broker, tmp_path, keys)
    broker.stop()


def test_shipped_rights_let_a_device_speak_for_itself_only(house: House) -> None:
    listener = house.subscribe("homeassistant")
    got: list[tuple[str, bytes]] = []
    topic = "homeassistant/device/sign-edge_kitchen/config"
    problems: list[str] = []
    with Publisher(
        house.settings("kitchen"),
        version="1",
        on_command=lambda *what: got.append(what),
        on_problem=problems.append,
    ) as publisher:
        publisher.publish_discovery(topic, b"{}")
        publisher.publish_setting("mode", "words")
        assert listener.wait_for_text(topic, "{}")
        assert listener.wait_for_text("sign-edge/kitchen/mode/state", "words")
        assert listener.wait_for_text("sign-edge/kitchen/availability", "online")
        listener.publish("sign-edge/kitchen/mode/set", "both")
        listener.publish("sign-edge/kitchen/command", "pause")
        listener.publish("homeassistant/status", "online")
        assert eventually(lambda: len(got) == 2)
        assert problems == []
    assert got == [("mode/set", b"both"), ("command", b"pause")]
    listener.close()


def test_shipped_rights_forbid_what_is_somebody_elses(house: House) -> None:
    allowed = {"Success", "No matching subscribers"}
    assert house.publish("kitchen", "sign-edge/kitchen/sign") in allowed
    assert house.publish("homeassistant", "sign-edge/kitchen/command") in allowed
    for user, topic in (
        ("kitchen", "sign-edge/hall/sign"),
        ("kitchen", "sign-edge/hall/command"),
        ("kitchen", "homeassistant/status"),
        ("monitor", "sign-edge/kitchen/command"),
        ("homeassistant", "sign-edge/kitchen/sign"),
    ):
        assert house.publish(user, topic) == "Not authorized", (user, topic)


def test_refused_message_is_a_problem_and_does_not_come_again(house: House) -> None:
    problems: list[str] = []
    settings = house.settings("hall")  # whose name the user kitchen does not have
    with Publisher(settings, version="1", on_problem=problems.append) as publisher:
        sign = Sign("tv", "TV", "television", 0.9, (("tv", 0.9),), 0, 1, 1)
        publisher.publish_event(
            "sign",
            sign_payload(
                sign, model="words", segment=1, utc_of=lambda _: datetime.now(timezone.utc)
            ),
        )
        assert eventually(lambda: not publisher._outbox and bool(problems))
    assert problems == [f"localhost:{house.broker.port} refuses messages: Not authorized"]
