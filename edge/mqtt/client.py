"""Makes an MQTT client as the settings want it: version, login, encryption."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.errors import ConfigError
from edge.mqtt.credentials import read_login, tls_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.config.settings import MqttSettings

logger = logging.getLogger(__name__)

JSON: Final = "application/json"


class Client(mqtt.Client):
    """Paho's client, which also tells that its thread makes headway."""

    on_round: Callable[[], None] | None = None
    """Called at least once a second while the connection stands; on paho's thread."""

    def loop_misc(self) -> MQTTErrorCode:
        """End a round of paho's loop."""
        if self.on_round is not None:
            self.on_round()
        return super().loop_misc()


def make_client(settings: MqttSettings, client_id: str = "") -> Client:
    """Make a client that has not connected yet.

    Args:
        settings: The broker.
        client_id: Unique on the broker; empty lets the broker choose.

    Raises:
        ConfigError: The host name, the login or a certificate is unusable.
    """
    try:
        settings.host.encode("idna")
    except UnicodeError:  # paho's thread would die of it, silently
        raise ConfigError(f"mqtt.host = {settings.host!r}: not a host name") from None
    is_five = settings.protocol == "5"
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=MQTTProtocolVersion.MQTTv5 if is_five else MQTTProtocolVersion.MQTTv311,
    )
    username, password = read_login(settings)
    if username:
        client.username_pw_set(username, password)
    if settings.tls:
        client.tls_set_context(tls_context(settings))
        client.tls_insecure_set(settings.insecure_tls)
        if settings.insecure_tls:
            logger.warning("mqtt.insecure_tls: whoever answers is taken for the broker")
    return client


def connect(client: mqtt.Client, settings: MqttSettings) -> None:
    """Connect in the background, anew each time: the broker keeps no session of ours.

    What a session would keep is kept better here: the outbox survives the broker, and commands
    of an hour ago are not to be carried out.
    """
    properties = None
    if settings.protocol == "5":
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0
        # No MaximumPacketSize: mosquitto 2.0.11 takes what it withholds for being on its way,
        # and after twenty such messages sends nothing at all.
    client.connect_async(
        settings.host,
        settings.port,
        keepalive=settings.keepalive,
        clean_start=True,  # 3.1.1 has its own word for it, and paho says it by itself
        properties=properties,
    )


def properties_of(
    settings: MqttSettings, *, is_json: bool, expiry: float = 0.0
) -> Properties | None:
    """Describe a message to the broker; MQTT 3.1.1 has no words for it.

    Args:
        settings: The broker.
        is_json: Whether it is JSON; otherwise nothing is said of its form.
        expiry: Seconds for which the broker may keep it; 0 is no limit.
    """
    if settings.protocol != "5" or not (is_json or expiry):
        return None
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if is_json:
        properties.ContentType = JSON
    if expiry:
        properties.MessageExpiryInterval = max(1, math.ceil(expiry))
    return properties
