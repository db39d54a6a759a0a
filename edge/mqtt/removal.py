"""Removes what a broker keeps of one device, its Home Assistant discovery included."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Final

from edge.errors import BrokerError
from edge.mqtt.home_assistant import NAME, discovery_topic
from edge.mqtt.listener import PATIENCE, Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.config.settings import MqttSettings

_QUIET: Final = 0.5
"""Seconds without a kept message after which there is none more."""
_PROBE: Final = "removal"
"""Topic below the device's root at which nothing is kept."""


def remove(settings: MqttSettings, *, is_forced: bool = False) -> list[str]:
    """Have the broker forget the device that the settings name.

    Args:
        settings: The broker and the device.
        is_forced: Go on though the device is online; it will publish again.

    Returns:
        The topics that were cleared, sorted; none where the broker keeps nothing of the device.

    Raises:
        BrokerError: The device is online, or the broker does not answer, refuses us, does not
            let us look, or keeps the messages all the same.
    """
    root = f"{settings.base}/{settings.device_id}"
    announced_at = discovery_topic(settings)
    kept = _Kept(root, announced_at)
    topics = [f"{root}/#", *_discovery_filters(settings.discovery_prefix)]
    with Listener(settings, topics, kept.push) as listener:
        listener.wait()
        found = kept.gather()
        if not found:
            _check_hearing(listener, kept, root)
            return []
        if found.get(f"{root}/availability") == b"online" and not is_forced:
            raise BrokerError(
                f"{settings.device_id} is online at {listener.address}; stop it first, or --force"
            )
        # Who may hear the device need not be let into Home Assistant's topics.
        cleared = sorted({*found, announced_at})
        listener.clear(cleared)
        listener.ask_again()
        if left := sorted(kept.gather()):
            raise BrokerError(
                f"the broker {listener.address} still keeps {', '.join(left)}; either the "
                "device published again, or this user may not write there"
            )
    return cleared


def _check_hearing(listener: Listener, kept: _Kept, root: str) -> None:
    """Tell nothing to hear from being kept from hearing, which brokers do not say.

    Raises:
        BrokerError: What we publish does not come back.
    """
    listener.clear([f"{root}/{_PROBE}"])
    if not kept.has_heard_probe.wait(_QUIET):
        raise BrokerError(
            f"the broker {listener.address} lets this user not read below {root}; give a user who "
            "may, with --set mqtt.username= and mqtt.password_file="
        )


class _Kept:
    """What the broker keeps of a device."""

    def __init__(self, root: str, announced_at: str) -> None:
        self._root = root
        self._announced_at = announced_at
        self._found: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._last = time.monotonic()
        self.has_heard_probe = threading.Event()

    def push(self, topic: str, payload: bytes, is_retained: bool) -> None:
        """Take what the broker sends; on paho's thread."""
        if topic == f"{self._root}/{_PROBE}":
            self.has_heard_probe.set()
        if not is_retained or not payload:
            return
        is_ours = (
            topic == self._announced_at
            or topic.startswith(f"{self._root}/")
            or _announces(payload, self._root)
        )
        with self._lock:
            self._last = time.monotonic()
            if is_ours:
                self._found[topic] = payload

    def gather(self) -> dict[str, bytes]:
        """Wait until nothing more comes; return payloads by topic, and begin anew."""
        started = self._last = time.monotonic()
        pause = threading.Event()
        while time.monotonic() < min(self._last + _QUIET, started + PATIENCE):
            pause.wait(_QUIET / 5)
        with self._lock:
            found, self._found = self._found, {}
        return found


def _discovery_filters(prefix: str) -> list[str]:
    """Where Home Assistant looks: one message for a device, or (older) one for each entity."""
    return [f"{prefix}/device/+/config", f"{prefix}/+/+/config", f"{prefix}/+/+/+/config"]


def _announces(payload: bytes, root: str) -> bool:
    """Tell whether a discovery message is ours and about the device with this root.

    Others may refer to our topics too: a sensor that an owner has made by hand is not touched.
    """
    try:
        config = json.loads(payload)
        texts = list(_texts_of(config))
    except (ValueError, RecursionError):  # no JSON, or nested without end
        return False
    origin = config.get("origin", config.get("o")) if isinstance(config, dict) else None
    if not (isinstance(origin, dict) and origin.get("name") == NAME):
        return False
    return any(text == root or text.startswith(f"{root}/") for text in texts)


def _texts_of(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts_of(item)
