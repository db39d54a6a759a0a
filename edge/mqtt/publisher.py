"""Publishes what was recognised over MQTT, and hands on what is asked.

Signs, letters and utterances wait in ``edge.mqtt.outbox`` while the broker is away; state, problem,
settings and discovery are kept in ``edge.mqtt.retained_topics`` and published again at each
connection; figures are not kept.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from paho.mqtt.enums import MQTTErrorCode

from edge.mqtt.client import properties_of
from edge.mqtt.connection import Connection
from edge.mqtt.inbox import Inbox
from edge.mqtt.outbox import WINDOW, Outbox
from edge.mqtt.payloads import encode
from edge.mqtt.resilient_spool import ResilientSpool
from edge.mqtt.retained_topics import RetainedTopics
from edge.mqtt.spool import MEMORY
from edge.system.paths import state_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import paho.mqtt.client as mqtt
    from paho.mqtt.reasoncodes import ReasonCode
    from typing_extensions import Self

    from edge.config.settings import MqttSettings
    from edge.mqtt.spool import Message
    from edge.system.heartbeat import Heartbeat

logger = logging.getLogger(__name__)

_RETAINED_SPARE: Final = 100  # room in paho's queue for what is retained


class Publisher:
    """One device's side of the broker; safe to call from any thread.

    The callbacks come on paho's thread or on that of a caller, holding locks of ours that none
    of our methods needs: they may call us, but must return soon and wait for no other thread.
    """

    def __init__(
        self,
        settings: MqttSettings,
        *,
        version: str,
        on_command: Callable[[str, bytes], None] | None = None,
        on_problem: Callable[[str], None] | None = None,
        on_outbox_problem: Callable[[str], None] | None = None,
    ) -> None:
        """Prepare the client and open the outbox; nothing is sent before ``start``.

        Args:
            settings: The broker.
            version: Program version, published with the state.
            on_command: Called with the topic below the device's root, ``command`` or
                ``<setting>/set``, and the payload, as ``edge.mqtt.inbox`` lets it pass.
            on_problem: Called with what is wrong with the broker, or empty when that is over.
            on_outbox_problem: The same of the file in which messages wait.

        Raises:
            ConfigError: The login, a certificate or the host name is unusable.
        """
        self._settings = settings
        self._root = f"{settings.base}/{settings.device_id}"
        self._connection = Connection(
            settings,
            f"{settings.base}-{settings.device_id}",
            on_up=self._when_up,
            on_down=self._when_down,
            on_problem=on_problem,
        )
        self._client = self._connection.client
        self._prepare(self._client)
        self._waiting = ResilientSpool(outbox_file(settings), on_outbox_problem)
        self._outbox = Outbox(
            self._waiting, self._send, limit=settings.queue, age_max=settings.queue_age
        )
        self._retained = RetainedTopics(self._send_retained)
        self._inbox = Inbox(
            settings, self._root, on_command=on_command, on_birth=self._retained.send_again
        )
        self._state_lock = threading.Lock()
        self._state: dict[str, object] = {"version": version}
        self._is_started = self._is_closed = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted us and the connection stands."""
        return self._connection.is_up

    @property
    def heart(self) -> Heartbeat:
        """Tells whether paho's thread makes headway."""
        return self._connection.heart

    @property
    def dropped(self) -> int:
        """Messages dropped because too many waited, or because they waited too long."""
        return self._outbox.dropped

    def start(self) -> None:
        """Connect in the background and keep reconnecting; a broker that is absent is no error."""
        if self._is_started:
            return
        self._is_started = True
        self._waiting.tell()
        self._connection.start()

    def publish_event(self, topic: str, fields: Mapping[str, object]) -> None:
        """Publish a recognition at ``sign``, ``letter`` or ``utterance``; it waits for the broker.

        Args:
            topic: Below the device's root.
            fields: As ``sign_payload`` and ``utterance_payload`` make them.
        """
        self._outbox.put(f"{self._root}/{topic}", encode(fields))

    def publish_state(self, **fields: object) -> None:
        """Merge the fields into the retained state, and publish it where that changed it."""
        with self._state_lock:
            self._state.update(fields)
            self._retained.keep(f"{self._root}/state", encode(self._state))
        self._retained.flush()

    def publish_setting(self, name: str, value: str) -> None:
        """Publish what a setting is now, retained."""
        self._retain(f"{self._root}/{name}/state", value.encode())

    def publish_discovery(self, topic: str, payload: bytes) -> None:
        """Publish JSON at a full topic outside our root, retained; an empty payload removes it."""
        self._retain(topic, payload)

    def publish_problem(self, problem: Mapping[str, object] | None) -> None:
        """Publish what is wrong now, retained; ``{}`` when nothing is."""
        self._retain(f"{self._root}/problem", encode(problem or {}))

    def publish_stats(self, stats: Mapping[str, object]) -> None:
        """Publish figures of the moment; they are not kept while the broker is away."""
        if self._connection.is_up:
            properties = properties_of(self._settings, is_json=True)
            self._client.publish(f"{self._root}/stats", encode(stats), 0, properties=properties)

    def close(self, timeout: float = 2.0) -> None:
        """Deliver what waits and ``offline``, and disconnect, within ``timeout`` seconds.

        What is not delivered by then stays in the outbox's file, for the next start.
        """
        deadline = time.monotonic() + timeout
        if self._is_closed:
            return
        self._is_closed = True
        while self._connection.is_up and self._outbox and _left(deadline) > 0:
            time.sleep(0.01)
        self._inbox.close()
        if self._connection.is_up:
            info = self._client.publish(f"{self._root}/availability", "offline", 1, retain=True)
            while self._connection.is_up and not _is_delivered(info) and _left(deadline) > 0:
                time.sleep(0.01)
        if self._is_started:
            self._connection.close(max(0.1, _left(deadline)))
        if self._outbox and not self._waiting.is_on_file:
            logger.warning("%d messages were not delivered to the broker", len(self._outbox))
        elif self._outbox:
            logger.info("%d messages wait for the next start", len(self._outbox))
        self._outbox.close()

    def _prepare(self, client: mqtt.Client) -> None:
        client.will_set(f"{self._root}/availability", "offline", qos=1, retain=True)
        client.max_inflight_messages_set(WINDOW)
        client.max_queued_messages_set(WINDOW + _RETAINED_SPARE)
        client.on_subscribe = lambda _c, _u, _mid, reasons, _p: self._when_subscribed(reasons)
        client.on_publish = lambda _c, _u, mid, reason, _p: self._when_acknowledged(mid, reason)
        client.on_message = lambda _c, _u, message: self._inbox.take(message)

    def _send(self, message: Message, waited: float) -> int | None:
        expiry = self._settings.expiry
        # What has waited longer is for those who listen now; the broker need not keep it.
        left = max(1.0, expiry - waited) if expiry else 0.0
        properties = properties_of(self._settings, is_json=True, expiry=left)
        info = self._client.publish(message.topic, message.payload, 1, properties=properties)
        return None if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE else info.mid

    def _retain(self, topic: str, payload: bytes) -> None:
        self._retained.keep(topic, payload)
        self._retained.flush()

    def _send_retained(self, topic: str, payload: bytes) -> bool:
        properties = properties_of(self._settings, is_json=payload.startswith(b"{"))
        info = self._client.publish(topic, payload, 1, retain=True, properties=properties)
        return info.rc != MQTTErrorCode.MQTT_ERR_QUEUE_SIZE

    def _when_up(self) -> None:
        self._client.publish(f"{self._root}/availability", "online", qos=1, retain=True)
        self._client.subscribe(self._inbox.topics)
        self._retained.open()
        self._outbox.open()

    def _when_down(self) -> None:
        self._outbox.shut()
        self._retained.shut()

    def _when_subscribed(self, reasons: Sequence[ReasonCode]) -> None:
        topics = [topic for topic, _ in self._inbox.topics]
        refused = [
            topic for topic, reason in zip(topics, reasons, strict=False) if reason.is_failure
        ]
        if refused:
            logger.warning("the broker does not let us hear %s", " or ".join(refused))

    def _when_acknowledged(self, mid: int, reason: ReasonCode) -> None:
        if reason.is_failure:  # only MQTT 5 tells; sent again, it would be refused again
            self._connection.tell_problem(f"{self._connection.address} refuses messages: {reason}")
        self._outbox.acknowledge(mid)
        self._retained.flush()


def outbox_file(settings: MqttSettings) -> Path | None:
    """Name the file in which messages wait; None where they are kept in memory."""
    if settings.outbox == MEMORY:
        return None
    given = Path(settings.outbox).expanduser() if settings.outbox else state_folder() / "outbox"
    return given / f"{settings.device_id}.sqlite"


def _left(deadline: float) -> float:
    return deadline - time.monotonic()


def _is_delivered(info: mqtt.MQTTMessageInfo) -> bool:
    try:
        return info.is_published()
    except (RuntimeError, ValueError):  # it never will be
        return True
