"""A real MQTT broker and a subscriber, for tests."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from patience import AGES, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Broker:
    """Mosquitto on a free port of this machine, which it keeps when started again."""

    running: ClassVar[set[Broker]] = set()
    """Those that are to be stopped."""

    def __init__(
        self, folder: Path, *, user: str = "", password: str = "", lines: Sequence[str] = ()
    ) -> None:
        """Write the configuration; with a user, only that user may connect; lines are added."""
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._config = folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", *lines, "persistence false"]
        if os.getuid() == 0:
            lines.append("user root")
        if user:
            passwords = folder / "passwords"
            add_user(passwords, user, password)
            lines += ["allow_anonymous false", f"password_file {passwords}"]
        elif not any(line.startswith("allow_anonymous") for line in lines):
            lines.append("allow_anonymous true")
        self._config.write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen(
            [MOSQUITTO or "mosquitto", "-c", str(self._config)], stderr=subprocess.DEVNULL
        )
        Broker.running.add(self)
        assert eventually(self._listens), "mosquitto does not start"

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=AGES)
            self._process = None
            Broker.running.discard(self)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Have it neither read nor answer for a while."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def add_user(passwords: Path, user: str, password: str) -> None:
    """Add a user to mosquitto's password file, which need not be there yet."""
    new = [] if passwords.exists() else ["-c"]
    command = ["mosquitto_passwd", "-b", *new, str(passwords), user, password]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


@dataclass(frozen=True, slots=True)
class Received:
    """One message."""

    topic: str
    """Full topic."""

    text: str
    """Payload."""

    qos: int
    """As delivered."""

    is_retained: bool
    """Whether the broker had kept it."""

    content_type: str = ""
    """As the publisher calls it; MQTT 5 only."""

    expiry: int | None = None
    """Seconds for which the broker may still keep it; MQTT 5 only."""

    @property
    def fields(self) -> dict[str, Any]:
        """The payload as a JSON object."""
        fields = json.loads(self.text)
        assert isinstance(fields, dict)
        return fields


class Subscriber:
    """Collects what is published; connects again by itself."""

    def __init__(
        self,
        port: int,
        topics: str = "#",
        *,
        protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311,
        prepare: Callable[[mqtt.Client], object] = lambda _: None,
    ) -> None:
        """Connect and wait until the subscription stands; prepare may give login and TLS."""
        self.messages: list[Received] = []
        self._changed = threading.Condition()
        self._is_subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=protocol)
        prepare(self._client)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(topics, qos=1)
        self._client.on_subscribe = lambda *_: self._is_subscribed.set()
        self._client.on_message = lambda _c, _u, message: self._collect(message)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._is_subscribed.wait(AGES)

    def publish(self, topic: str, payload: bytes | str, *, retain: bool = False) -> None:
        """Publish at QoS 1 and wait until it is delivered."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(AGES)

    def texts(self, topic: str) -> list[str]:
        """Return the payloads of the topics that end so, in order."""
        return [message.text for message in list(self.messages) if message.topic.endswith(topic)]

    def wait_for(self, predicate: Callable[[list[Received]], bool], timeout: float = AGES) -> bool:
        """Wait until the messages satisfy the predicate; tell whether they do."""
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self.messages), timeout)

    def wait_for_text(self, topic: str, text: str, timeout: float = AGES) -> bool:
        """Wait until the newest message of a topic that ends so has this payload."""
        return self.wait_for(lambda _: self.texts(topic)[-1:] == [text], timeout)

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _collect(self, message: mqtt.MQTTMessage) -> None:
        received = Received(
            message.topic,
            message.payload.decode("utf-8", errors="replace"),
            message.qos,
            bool(message.retain),
            getattr(message.properties, "ContentType", ""),
            getattr(message.properties, "MessageExpiryInterval", None),
        )
        with self._changed:
            self.messages.append(received)
            self._changed.notify_all()
