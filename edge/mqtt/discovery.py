"""Tells Home Assistant of this device over the broker, and takes back what it was told earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.mqtt.discovery_footprint import DiscoveryFootprint
from edge.mqtt.home_assistant import describe_components, device_payload, discovery_topic, object_id
from edge.mqtt.payloads import encode
from edge.system.paths import state_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edge.config.options import Options
    from edge.config.settings import MqttSettings


class Discovery:
    """The device as Home Assistant knows it; for one thread at a time."""

    def __init__(
        self, settings: MqttSettings, version: str, publish: Callable[[str, bytes], None]
    ) -> None:
        """Read what was left with Home Assistant before; nothing is published yet.

        Args:
            settings: Device, prefix, and whether Home Assistant shall find the device at all.
            version: Of the program.
            publish: Publishes a payload at a topic, retained; an empty one removes what is there.
        """
        self._settings = settings
        self._version = version
        self._publish = publish
        self._topic = discovery_topic(settings) if settings.discovery else ""
        path = state_folder() / f"discovery-{object_id(settings)}.json"
        self._footprint = DiscoveryFootprint(path)

    def announce(self, vocabulary: Sequence[str], options: Options) -> None:
        """Describe the device with its words, models and voices.

        What an earlier version, name or prefix has left with Home Assistant is removed.
        """
        for leftover in self._footprint.others(self._topic):
            self._publish(leftover, b"")
        if not self._topic:
            return
        components = describe_components(self._settings, vocabulary, options)
        platforms = {key: fields["platform"] for key, fields in components.items()}
        self._footprint.leave(self._topic, platforms)
        known = self._footprint.components(self._topic)
        payload = device_payload(self._settings, components, version=self._version, known=known)
        self._publish(self._topic, encode(payload))

    def forget_leftovers(self) -> None:
        """Forget what was removed, once the broker has surely heard of it."""
        self._footprint.keep_only(self._topic)
