"""Checks what the broker sends: commands, settings, and that Home Assistant has started."""

from __future__ import annotations

import logging
import random
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    import paho.mqtt.client as mqtt

    from edge.config.settings import MqttSettings

logger = logging.getLogger(__name__)

MAX_COMMAND_BYTES: Final = 1024


class Inbox:
    """Checks the form of what comes and hands it on; ``take`` is for paho's thread."""

    def __init__(
        self,
        settings: MqttSettings,
        root: str,
        *,
        on_command: Callable[[str, bytes], None] | None,
        on_birth: Callable[[], None],
    ) -> None:
        """Take nothing yet.

        Args:
            settings: The broker.
            root: First part of the device's topics.
            on_command: Called with the topic below the root and the payload, which is valid
                UTF-8 of at most MAX_COMMAND_BYTES.
            on_birth: Called to have everything published again, on a thread of its own.
        """
        self._settings = settings
        self._root = root
        self._on_command = on_command
        self._on_birth = on_birth
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._is_closed = False

    @property
    def topics(self) -> list[tuple[str, int]]:
        """What to subscribe to, and at which QoS."""
        topics = [f"{self._root}/command", f"{self._root}/+/set", self._settings.birth_topic]
        return [(topic, 1) for topic in topics if topic]

    def take(self, message: mqtt.MQTTMessage) -> None:
        """Hand a message on, or warn of it."""
        try:
            if message.topic == self._settings.birth_topic:
                if message.payload == b"online" and not message.retain:  # or we have just connected
                    self._plan_birth()
            elif fault := _fault_of(message):
                kind, what = fault
                logger.warning("a command was ignored: %s", what, extra={"once": kind})
            elif self._on_command is not None:
                self._on_command(message.topic[len(self._root) + 1 :], bytes(message.payload))
        except Exception:  # whatever it is, paho's thread must live
            logger.exception("a command failed")

    def close(self) -> None:
        """Call nobody any more."""
        with self._lock:
            self._is_closed = True
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            timer.join(1.0)

    def _plan_birth(self) -> None:
        """Wait a little first, by chance: every device in the house has heard it."""
        with self._lock:
            if self._is_closed or (self._timer is not None and self._timer.is_alive()):
                return
            wait = random.uniform(0, self._settings.birth_jitter)  # noqa: S311 - guards nothing
            self._timer = threading.Timer(wait, self._on_birth)
            self._timer.name, self._timer.daemon = "mqtt-birth", True
            self._timer.start()


def _fault_of(message: mqtt.MQTTMessage) -> tuple[str, str] | None:
    """Kind of what is wrong with a message, and what it is."""
    if message.retain:  # it would be carried out again at every connection
        return "retained", "it is retained"
    if len(message.payload) > MAX_COMMAND_BYTES:
        return "size", f"{len(message.payload)} bytes, more than {MAX_COMMAND_BYTES}"
    try:
        message.payload.decode("utf-8")
    except UnicodeDecodeError:
        return "encoding", "not UTF-8"
    return None
