"""MQTT: what was recognised goes out, commands come in.

Signs, letters and utterances wait in ``edge.outbox`` while the broker is away; the last state
and problem are kept and published again at each connection; figures are not kept.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from edge.errors import ConfigError
from edge.outbox import WINDOW, Message, Outbox
from edge.payloads import encode, sign_payload, utterance_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from types import TracebackType

    from paho.mqtt.reasoncodes import ReasonCode
    from typing_extensions import Self

    from edge.config import MqttSettings
    from edge.messages import Sign, Utterance

logger = logging.getLogger(__name__)

MAX_COMMAND_BYTES: Final = 1024
_RETAINED_SPARE: Final = 50  # room in paho's queue for availability, state and problem
_WARN_INTERVAL: Final = 60.0


class Publisher:
    """One device's side of the broker; safe to call from any thread."""

    def __init__(
        self,
        settings: MqttSettings,
        *,
        version: str,
        on_command: Callable[[str, bytes], None] | None = None,
    ) -> None:
        """Prepare the client; nothing is sent before ``start``.

        Args:
            settings: The broker.
            version: Program version, published with the state.
            on_command: Called on paho's thread with the topic below the device's root and the
                payload, which is valid UTF-8 of at most MAX_COMMAND_BYTES. It must return soon.

        Raises:
            ConfigError: The password file or the host name is unusable.
        """
        self._settings = settings
        self._root = f"{settings.base}/{settings.device_id}"
        self._on_command = on_command
        self._outbox = Outbox(settings.queue, self._send)
        self._state_lock = threading.Lock()
        self._state: dict[str, object] = {"version": version}
        self._retained: dict[str, bytes] = {}
        self._is_started = self._is_closing = False
        self._is_connected = self._is_ready = self._is_failing = False
        self._last_command_warning = -math.inf
        self._client = self._make_client()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted us and the connection stands."""
        return self._is_connected

    @property
    def dropped(self) -> int:
        """Messages dropped because too many waited; the oldest go."""
        return self._outbox.dropped

    def start(self) -> None:
        """Connect in the background and keep reconnecting; a broker that is absent is no error."""
        if self._is_started:
            return
        self._is_started = True
        self._client.connect_async(
            self._settings.host, self._settings.port, keepalive=self._settings.keepalive
        )
        self._client.loop_start()

    def publish_sign(
        self,
        sign: Sign,
        *,
        model: str,
        segment: int,
        utc_of: Callable[[float], datetime],
    ) -> None:
        """Publish a recognised word; ``utc_of`` turns the source's seconds into UTC."""
        self._queue("sign", sign_payload(sign, model, segment, utc_of))

    def publish_letter(
        self,
        sign: Sign,
        *,
        model: str,
        segment: int,
        utc_of: Callable[[float], datetime],
    ) -> None:
        """Publish a recognised letter, in the shape of a sign."""
        self._queue("letter", sign_payload(sign, model, segment, utc_of))

    def publish_utterance(
        self, utterance: Utterance, *, model: str, utc_of: Callable[[float], datetime]
    ) -> None:
        """Publish the words that a pause has closed."""
        self._queue("utterance", utterance_payload(utterance, model, utc_of))

    def publish_state(self, **fields: object) -> None:
        """Merge the fields into the retained state, and publish it where that changed it."""
        with self._state_lock:
            self._state.update(fields)
            self._retain("state", encode(self._state))

    def publish_stats(self, stats: Mapping[str, object]) -> None:
        """Publish figures of the moment; they are not kept while the broker is away."""
        if self._is_ready:
            self._client.publish(f"{self._root}/stats", encode(stats), qos=0)

    def publish_problem(self, problem: Mapping[str, object] | None) -> None:
        """Publish what is wrong now, retained; ``{}`` when nothing is."""
        with self._state_lock:
            self._retain("problem", encode(problem or {}))

    def close(self, timeout: float = 2.0) -> None:
        """Deliver what waits and ``offline``, and disconnect, within ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        if not self._is_started or self._is_closing:
            return
        while self._is_ready and self._outbox and _left(deadline) > 0:
            time.sleep(0.01)
        self._is_closing = True
        if self._is_connected:
            info = self._client.publish(f"{self._root}/availability", "offline", 1, retain=True)
            while self._is_connected and not _is_delivered(info) and _left(deadline) > 0:
                time.sleep(0.01)
        if self._outbox:
            logger.warning("%d messages were not delivered to the broker", len(self._outbox))
        self._client.disconnect()
        # loop_stop waits without limit, and a connection attempt may hang for seconds.
        stopper = threading.Thread(target=self._client.loop_stop, name="mqtt-stop", daemon=True)
        stopper.start()
        stopper.join(max(0.1, _left(deadline)))
        self._is_connected = self._is_ready = False

    def _make_client(self) -> mqtt.Client:
        settings = self._settings
        try:
            settings.host.encode("idna")
        except UnicodeError:  # paho's thread would die of it, silently
            raise ConfigError(f"mqtt.host = {settings.host!r}: not a host name") from None
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{settings.base}-{settings.device_id}",
        )
        password = _read_password(settings)
        if settings.username:
            client.username_pw_set(settings.username, password)
        client.will_set(f"{self._root}/availability", "offline", qos=1, retain=True)
        client.reconnect_delay_set(min_delay=1, max_delay=int(settings.retry_max))
        client.max_inflight_messages_set(WINDOW)
        client.max_queued_messages_set(WINDOW + _RETAINED_SPARE)
        client.on_connect = lambda _c, _u, _flags, reason, _p: self._when_connected(reason)
        client.on_connect_fail = lambda _c, _u: self._report_failure("cannot be reached")
        client.on_disconnect = lambda _c, _u, _flags, reason, _p: self._when_disconnected(reason)
        client.on_publish = lambda _c, _u, mid, _reason, _p: self._when_acknowledged(mid)
        client.on_message = lambda _c, _u, message: self._when_message(message)
        return client

    def _queue(self, topic: str, fields: Mapping[str, object]) -> None:
        self._outbox.put(Message(f"{self._root}/{topic}", encode(fields)))

    def _send(self, message: Message) -> int | None:
        info = self._client.publish(message.topic, message.payload, qos=1)
        return None if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE else info.mid

    def _retain(self, topic: str, payload: bytes) -> None:
        name = f"{self._root}/{topic}"
        if self._retained.get(name) == payload:
            return
        self._retained[name] = payload
        if self._is_ready:
            self._client.publish(name, payload, qos=1, retain=True)

    def _republish(self) -> None:
        for topic in list(self._retained):
            payload = None
            # Another thread may set a newer one meanwhile; the newest must be sent last.
            while payload is not self._retained[topic]:
                payload = self._retained[topic]
                self._client.publish(topic, payload, qos=1, retain=True)

    def _when_connected(self, reason: ReasonCode) -> None:
        if self._is_closing:
            self._client.disconnect()
        elif reason.is_failure:
            self._report_failure(f"refuses us: {reason}")
        else:
            logger.info("connected to the broker %s", self._address)
            self._is_connected, self._is_failing = True, False
            self._client.publish(f"{self._root}/availability", "online", qos=1, retain=True)
            self._client.subscribe(f"{self._root}/command", qos=1)

    def _when_acknowledged(self, mid: int) -> None:
        self._outbox.acknowledge(mid)
        if self._is_connected and not self._is_ready and not self._is_closing:
            # Only now has paho resent what an earlier connection left: nothing can overtake it,
            # and an old state sent again cannot replace the newest.
            self._is_ready = True
            self._republish()
            self._outbox.open()

    def _when_disconnected(self, reason: ReasonCode) -> None:
        was_connected, self._is_connected, self._is_ready = (
            self._is_connected,
            False,
            False,
        )
        self._outbox.shut()
        if was_connected and not self._is_closing:
            self._report_failure(f"has gone: {reason}")

    def _report_failure(self, what: str) -> None:
        level = logging.DEBUG if self._is_failing else logging.WARNING
        self._is_failing = True
        logger.log(level, "the broker %s %s; trying again", self._address, what)

    @property
    def _address(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"

    def _when_message(self, message: mqtt.MQTTMessage) -> None:
        fault = _fault_of(message)
        if fault:
            self._warn_of_command(fault)
        elif self._on_command is not None:
            try:
                self._on_command(message.topic[len(self._root) + 1 :], bytes(message.payload))
            except Exception:  # whatever it is, paho's thread must live
                logger.exception("a command failed")

    def _warn_of_command(self, fault: str) -> None:
        now = time.monotonic()
        if now - self._last_command_warning >= _WARN_INTERVAL:
            self._last_command_warning = now
            logger.warning("a command was ignored: %s", fault)


def _left(deadline: float) -> float:
    return deadline - time.monotonic()


def _is_delivered(info: mqtt.MQTTMessageInfo) -> bool:
    try:
        return info.is_published()
    except (RuntimeError, ValueError):  # it never will be
        return True


def _fault_of(message: mqtt.MQTTMessage) -> str:
    if message.retain:  # it would be carried out again at every connection
        return "it is retained"
    if len(message.payload) > MAX_COMMAND_BYTES:
        return f"{len(message.payload)} bytes, more than {MAX_COMMAND_BYTES}"
    try:
        message.payload.decode("utf-8")
    except UnicodeDecodeError:
        return "not UTF-8"
    return ""


def _read_password(settings: MqttSettings) -> str | None:
    """Read the password from the file or the unit's credentials, if either is there."""
    path = Path(settings.password_file)
    if not settings.password_file:
        path = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent")) / "mqtt-password"
        if not (settings.username and path.is_file()):
            return None
    if not settings.username:
        raise ConfigError("mqtt.password_file is set but mqtt.username is empty")
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ConfigError(f"mqtt.password_file = {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"mqtt.password_file = {path}: not UTF-8") from None
