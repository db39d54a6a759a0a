"""Listens to a broker as somebody who is no device: to watch devices, or to remove one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from edge.errors import BrokerError
from edge.mqtt.client import connect, make_client

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import paho.mqtt.client as mqtt
    from paho.mqtt.reasoncodes import ReasonCode
    from typing_extensions import Self

    from edge.config.settings import MqttSettings

PATIENCE: Final = 5.0
"""Seconds that a connection, a subscription or an acknowledgement may take."""
_RETRY_MAX: Final = 10
"""Seconds between two tries to connect, at most: somebody is looking."""


class Listener:
    """A subscription that comes back by itself; a context manager.

    Its client has a name of the broker's choice: with the device's it would throw it out.
    """

    def __init__(
        self,
        settings: MqttSettings,
        topics: Sequence[str],
        on_message: Callable[[str, bytes, bool], None],
    ) -> None:
        """Prepare the client; nothing is sent before it is entered.

        Args:
            settings: The broker.
            topics: Filters to subscribe to, at QoS 1.
            on_message: Called on paho's thread with topic, payload and whether the broker had
                kept it. It must return soon and not fail.

        Raises:
            ConfigError: The credentials or the host name are unusable.
        """
        self._settings = settings
        self._filters = [(topic, 1) for topic in topics]
        self._on_message = on_message
        self._is_listening = threading.Event()
        self.trouble = "has not answered yet"
        """Why nothing is heard just now; empty when all is well."""
        self._client = self._make_client()

    def __enter__(self) -> Self:
        """Connect in the background and keep reconnecting; a broker that is absent is no error."""
        connect(self._client, self._settings)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def address(self) -> str:
        """The broker, for people."""
        return f"{self._settings.host}:{self._settings.port}"

    def wait(self) -> None:
        """Wait until the subscription stands.

        Raises:
            BrokerError: It does not.
        """
        if not self._is_listening.wait(PATIENCE):
            raise BrokerError(f"the broker {self.address} {self.trouble}")

    def ask_again(self) -> None:
        """Have the broker send once more what it keeps.

        Raises:
            BrokerError: It does not answer.
        """
        self._is_listening.clear()
        self._client.subscribe(self._filters)
        self.wait()

    def clear(self, topics: Sequence[str]) -> None:
        """Have the broker keep nothing at these topics.

        Raises:
            BrokerError: It does not acknowledge.
        """
        sent = [self._client.publish(topic, b"", qos=1, retain=True) for topic in topics]
        for info in sent:
            try:
                info.wait_for_publish(PATIENCE)
            except (RuntimeError, ValueError):  # the connection has gone
                raise BrokerError(f"the broker {self.address} has gone") from None
            if not info.is_published():
                raise BrokerError(f"the broker {self.address} does not acknowledge")

    def _make_client(self) -> mqtt.Client:
        client = make_client(self._settings)
        client.reconnect_delay_set(min_delay=1, max_delay=_RETRY_MAX)
        client.on_connect = lambda _c, _u, _flags, reason, _p: self._when_connected(reason)
        client.on_connect_fail = lambda _c, _u: self._note("cannot be reached")
        client.on_disconnect = lambda _c, _u, _flags, reason, _p: self._when_gone(reason)
        client.on_subscribe = lambda _c, _u, _mid, reasons, _p: self._when_subscribed(reasons)
        client.on_message = lambda _c, _u, message: self._when_message(message)
        return client

    def _note(self, trouble: str) -> None:
        self.trouble = trouble

    def _when_connected(self, reason: ReasonCode) -> None:
        if reason.is_failure:
            self._note(f"refuses us: {reason}")
        else:
            self._client.subscribe(self._filters)

    def _when_subscribed(self, reasons: Sequence[ReasonCode]) -> None:
        if all(reason.is_failure for reason in reasons):
            self._note("does not let us listen")
        else:
            self._note("")
            self._is_listening.set()

    def _when_gone(self, reason: ReasonCode) -> None:
        self._is_listening.clear()
        if not self.trouble:  # a refusal says more than the disconnection that follows it
            self._note(f"has gone: {reason}")

    def _when_message(self, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:  # no topic of ours
            return
        self._on_message(topic, bytes(message.payload), bool(message.retain))
