"""Checks the broker: logs in as configured, publishes a word and listens to a topic."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from typing import TYPE_CHECKING, Final

from edge.doctor.finding import Finding
from edge.errors import EdgeError

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt
    from paho.mqtt.reasoncodes import ReasonCode

    from edge.config.settings import MqttSettings

_PATIENCE: Final = 5.0
"""Seconds that the connection, and then each answer, may take."""
_ECHO: Final = 2.0
"""Seconds in which our own message comes back."""
_HERE: Final = ("localhost", "127.0.0.1", "::1")
_START: Final = "start the broker (systemctl start mosquitto), or correct mqtt.host and mqtt.port"
_LOGIN: Final = (
    "correct mqtt.username and the password (mqtt.password_file, or the unit's credential "
    "mqtt-password: then run this with sudo); mosquitto_passwd makes a login"
)
_ACL: Final = "allow it in the broker's ACL; deploy/mosquitto/sign-edge.acl shows how"


def check_broker(settings: MqttSettings) -> Finding:
    """Connect as the daemon would, but under another client's name, and part again."""
    if not settings.enabled:
        return Finding("broker", True, "MQTT is off")
    place = f"{settings.host}:{settings.port}"
    began = time.monotonic()
    try:
        from edge.mqtt.client import make_client

        client = make_client(settings)  # the daemon keeps its own name and is not put out
    except (EdgeError, ImportError) as error:
        return Finding("broker", False, f"{place}: {error}", "correct the setting it names")
    client.enable_logger(logging.getLogger(__name__))
    client.connect_timeout = _PATIENCE
    talk = _Talk(client)
    try:
        client.connect(settings.host, settings.port, keepalive=settings.keepalive)
        client.loop_start()
        fault = talk.fault(settings)
    except (OSError, ValueError) as error:
        fault = _unreachable(error, is_encrypted=settings.tls)
    finally:
        client.disconnect()
        client.loop_stop()
    if fault:
        return Finding("broker", False, f"{place}: {fault[0]}", fault[1])
    took = round(1000 * (time.monotonic() - began))
    login = f" as {talk.user}" if talk.user else " without a login"
    text = f"{place} takes us{login}{', encrypted' * settings.tls} in {took} ms"
    if not talk.is_heard:
        text = f"{text}, but what we publish below {settings.base} does not come back to us"
        return Finding("broker", True, text, f"commands may not reach us: {_ACL}")
    if talk.user and not settings.tls and settings.host not in _HERE:
        advice = "the password crosses the network in clear: set mqtt.tls"
        return Finding("broker", True, text, advice)
    return Finding("broker", True, text)


class _Talk:
    """What the broker answers; its callbacks run on paho's thread."""

    def __init__(self, client: mqtt.Client) -> None:
        self._client = client
        self.user = client.username or ""
        self._answered = threading.Event()
        self._reason: ReasonCode | None = None
        self._echoed = threading.Event()
        self.is_heard = False
        client.on_connect = lambda _c, _u, _flags, reason, _p: self._note(reason)
        client.on_publish = lambda _c, _u, _mid, reason, _p: self._note(reason)
        client.on_subscribe = lambda _c, _u, _mid, reasons, _p: self._note(reasons[0])
        client.on_message = lambda _c, _u, _message: self._echoed.set()
        client.on_disconnect = lambda _c, _u, _flags, _reason, _p: self._answered.set()

    def fault(self, settings: MqttSettings) -> tuple[str, str] | None:
        """Wait to be let in, say something, listen; tell what is refused and what to do."""
        reason = self._answer()
        if reason is None:
            text = "something answers, but not as an MQTT broker would"
            return text, "is mqtt.port right, and mqtt.tls as the broker has it?"
        if reason.is_failure:
            return self._refusal(str(reason))
        topic = f"{settings.base}/{settings.device_id}"
        self._client.subscribe(f"{topic}/check", qos=1)
        if (reason := self._answer()) is None or reason.is_failure:
            return f"we may not subscribe to {topic}/#: {reason or 'no answer'}", _ACL
        self._client.publish(f"{topic}/check", b"", qos=1)
        if (reason := self._answer()) is None or reason.is_failure:
            return f"we may not publish {topic}/#: {reason or 'no answer'}", _ACL
        # Brokers that forbid reading, and under MQTT 3.1.1 writing, only leave messages out.
        self.is_heard = self._echoed.wait(_ECHO)
        return None

    def _refusal(self, reason: str) -> tuple[str, str]:
        text = f"refuses {self.user or 'us without a login'}: {reason}"
        if "protocol" in reason.lower():
            return text, 'set mqtt.protocol = "3.1.1"'
        return text, _LOGIN

    def _answer(self) -> ReasonCode | None:
        """Wait for the next answer; None where there is none, or the broker hung up."""
        self._answered.wait(_PATIENCE)
        self._answered.clear()
        reason, self._reason = self._reason, None
        return reason

    def _note(self, reason: ReasonCode) -> None:
        self._reason = reason
        self._answered.set()


def _unreachable(error: Exception, *, is_encrypted: bool) -> tuple[str, str]:
    """Say why no connection came about, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        text = f"its certificate is not believed: {error.verify_message}"
        return text, "mqtt.ca_file must be who signed it, and mqtt.host a name that it bears"
    is_cut = is_encrypted and isinstance(error, ConnectionResetError)
    if is_cut or isinstance(error, ssl.SSLError):
        text = f"no encryption comes about ({getattr(error, 'reason', None) or error})"
        return text, "is mqtt.port the encrypted one (often 8883), does it ask for a certificate?"
    reason = error.strerror if isinstance(error, OSError) else None
    return reason or str(error), _START
