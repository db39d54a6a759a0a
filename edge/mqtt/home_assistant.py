"""Describes the device to Home Assistant: one message of device-based discovery.

Source: home-assistant.io, ``mqtt.markdown`` (device discovery payload) and the page of each
platform; keys are written out, as abbreviations save a few hundred bytes once and cost every
reader a table.
"""

from __future__ import annotations

import re
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from edge.config.owner_settings import PLACES
from edge.config.ranges import bounds_of, choices_of
from edge.messages import LETTERS
from edge.system.text import MAX_TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edge.config.options import Options
    from edge.config.settings import MqttSettings

Components = dict[str, dict[str, Any]]

NAME: Final = "sign-edge"
_TEXT: Final = "{{ value_json.text[:255] }}"
"""A state of Home Assistant has at most 255 characters."""
_STAGES: Final = {
    "gate": "Movement check",
    "landmarker": "Landmarks",
    "speller": "Fingerspelling",
    "classifier": "Classifier",
}


def object_id(mqtt: MqttSettings) -> str:
    """Name the device as Home Assistant may know it: letters, digits, _ and -."""
    return re.sub(r"[^a-zA-Z0-9_-]", "-", f"{mqtt.base}_{mqtt.device_id}")


def discovery_topic(mqtt: MqttSettings) -> str:
    """Name the topic of the device's discovery message."""
    return f"{mqtt.discovery_prefix}/device/{object_id(mqtt)}/config"


def device_payload(
    mqtt: MqttSettings, components: Components, *, version: str, known: Mapping[str, str]
) -> dict[str, Any]:
    """Describe the device and everything that it has.

    Args:
        mqtt: Device, base topic, discovery prefix.
        components: As describe_components gives them.
        version: Of the program.
        known: Component -> platform of those that were ever described. Those that are no more
            are named with nothing but their platform, which removes them, and does nothing
            where they are not known.
    """
    origin = {"name": NAME, "sw_version": version}
    if address := _home_page():
        origin["support_url"] = address
    gone = {key: {"platform": known[key]} for key in known if key not in components}
    return {
        "device": {
            "identifiers": [object_id(mqtt)],
            "name": mqtt.device_id,
            "manufacturer": NAME,
            "model": "Sign language recogniser",
            "sw_version": version,
        },
        "origin": origin,
        "availability": [{"topic": f"{mqtt.base}/{mqtt.device_id}/availability"}],
        "qos": 1,
        "components": components | gone,
    }


def describe_components(
    mqtt: MqttSettings, vocabulary: Sequence[str], options: Options
) -> Components:
    """Describe every entity by its key.

    Args:
        mqtt: Device and base topic.
        vocabulary: Words that can be recognised just now; Home Assistant takes no others.
        options: Models and voices there are.
    """
    root = f"{mqtt.base}/{mqtt.device_id}"
    components: Components = {
        **_words(root, vocabulary),
        **_settings(root, options),
        **_buttons(root),
        **_diagnostics(root),
    }
    for key, fields in components.items():
        fields["unique_id"] = f"{object_id(mqtt)}_{key}"
        entity = re.sub(r"[^a-z0-9]+", "_", f"{mqtt.device_id}_{key}".lower()).strip("_")
        fields["default_entity_id"] = f"{fields['platform']}.{entity}"
    return components


def _words(root: str, vocabulary: Sequence[str]) -> Components:
    """What was recognised: events for automations, sensors for the eye."""
    is_signing = "{{ 'ON' if value_json.state == 'signing' else 'OFF' }}"
    return {
        "sign": {
            "platform": "event",
            "name": "Sign",
            "state_topic": f"{root}/sign",
            "event_types": list(vocabulary),
            "icon": "mdi:hand-wave",
        },
        "letter": {
            "platform": "event",
            "name": "Letter",
            "state_topic": f"{root}/letter",
            "event_types": [*(letter.lower() for letter in LETTERS), "del"],
            "icon": "mdi:alphabetical",
        },
        "utterance": {
            "platform": "event",
            "name": "Utterance",
            "state_topic": f"{root}/utterance",
            "event_types": ["utterance"],
            "icon": "mdi:text-short",
        },
        "last_word": {
            "platform": "sensor",
            "name": "Last word",
            "state_topic": f"{root}/sign",
            "value_template": _TEXT,
            "icon": "mdi:hand-wave",
        },
        "sentence": {
            "platform": "sensor",
            "name": "Sentence",
            "state_topic": f"{root}/utterance",
            "value_template": _TEXT,
            "icon": "mdi:text-short",
        },
        "signing": {
            "platform": "binary_sensor",
            "name": "Signing",
            "state_topic": f"{root}/state",
            "value_template": is_signing,
            "device_class": "running",
        },
    }


def describe_settings(options: Options) -> Components:
    """What the owner may set: kind, range and choices of each by its name."""
    hands = choices_of(*PLACES["dominant_hand"])
    return {
        "recognition": {"platform": "switch", "name": "Recognition", "icon": "mdi:eye"},
        "speech": {"platform": "switch", "name": "Speech", "icon": "mdi:account-voice"},
        "threshold": _number("Threshold", "threshold", 0.01, "mdi:filter-check"),
        "cooldown": _number("Cool-down", "cooldown", 0.1, "mdi:timer-sand", "s"),
        "volume": _number("Volume", "volume", 1, "mdi:volume-high", "%"),
        "model": _select("Model", options.models, "mdi:brain"),
        "voice": _select("Voice", list(options.voices), "mdi:account-voice"),
        "mode": _select("Mode", choices_of(*PLACES["mode"]), "mdi:alphabetical-variant"),
        "dominant_hand": _select("Dominant hand", hands, "mdi:hand-back-right"),
    }


def _settings(root: str, options: Options) -> Components:
    """Give each setting its own pair of topics."""
    components = describe_settings(options)
    for key, fields in components.items():
        fields |= {"command_topic": f"{root}/{key}/set", "state_topic": f"{root}/{key}/state"}
        if key not in ("recognition", "speech"):  # what is used daily stands among the controls
            fields["entity_category"] = "config"
    return components


def _number(name: str, setting: str, step: float, icon: str, unit: str = "") -> dict[str, Any]:
    bounds = bounds_of(*PLACES[setting])
    fields = {
        "platform": "number",
        "name": name,
        "min": bounds["ge"],
        "max": bounds["le"],
        "step": step,
        "mode": "slider",
        "icon": icon,
    }
    return fields | ({"unit_of_measurement": unit} if unit else {})


def _select(name: str, options: Sequence[str], icon: str) -> dict[str, Any]:
    return {"platform": "select", "name": name, "options": list(options), "icon": icon}


def _buttons(root: str) -> Components:
    """What the owner may have it do."""
    command = f"{root}/command"
    return {
        "repeat": _button(command, "Repeat", "repeat", icon="mdi:repeat"),
        "restart": _button(
            command, "Restart", "restart", device_class="restart", entity_category="config"
        ),
        "test_sound": _button(
            command,
            "Test sound",
            "test_sound",
            icon="mdi:speaker",
            entity_category="diagnostic",
        ),
        "say": {
            "platform": "text",
            "name": "Say",
            "command_topic": command,
            "command_template": "say {{ value }}",
            "min": 1,
            "max": MAX_TEXT,
            "icon": "mdi:bullhorn",
        },
    }


def _button(topic: str, name: str, payload: str, **fields: str) -> dict[str, Any]:
    return {
        "platform": "button",
        "name": name,
        "command_topic": topic,
        "payload_press": payload,
        **fields,
    }


def _diagnostics(root: str) -> Components:
    """How the device does, and what is wrong with it."""
    components = {
        "fps": _figure(root, "Frame rate", "fps", "fps"),
        "latency": _figure(root, "Latency", "latency_ms", "ms", device_class="duration"),
        "temperature": _figure(
            root, "Temperature", "temperature", "°C", device_class="temperature"
        ),
        "memory": _figure(root, "Memory", "rss_mb", "MiB", device_class="data_size"),
        "uptime": _figure(root, "Uptime", "uptime", "s", device_class="duration"),
        "dropped_frames": _count(root, "Dropped frames", "dropped_frames"),
        "dropped_messages": _count(root, "Dropped messages", "dropped_messages"),
        "dropped_words": _count(root, "Dropped words", "dropped_words"),
        "throttling": {
            "platform": "binary_sensor",
            "name": "Throttling",
            "state_topic": f"{root}/stats",
            # The lowest four bits hold now; the higher ones tell what held since the start.
            "value_template": "{% if value_json.throttled is not none %}"
            "{{ 'ON' if value_json.throttled | int % 16 else 'OFF' }}{% endif %}",
            "device_class": "problem",
        },
    }
    for stage, name in _STAGES.items():
        components[f"{stage}_time"] = _figure(
            root, f"{name} time", f"stage_ms.{stage}", "ms", device_class="duration"
        )
    for area, name in (("camera", "Camera problem"), ("broker", "Broker problem")):
        components[f"{area}_problem"] = {
            "platform": "binary_sensor",
            "name": name,
            "state_topic": f"{root}/problem",
            "value_template": f"{{{{ 'ON' if value_json.{area} is defined else 'OFF' }}}}",
            "device_class": "problem",
        }
    return {key: {**fields, "entity_category": "diagnostic"} for key, fields in components.items()}


def _figure(
    root: str, name: str, value: str, unit: str, *, device_class: str = ""
) -> dict[str, Any]:
    """Describe a figure of ``stats``; unknown where there is none, as on a board without it."""
    fields = {
        "platform": "sensor",
        "name": name,
        "state_topic": f"{root}/stats",
        "value_template": f"{{{{ value_json.{value} | default(none) }}}}",
        "unit_of_measurement": unit,
        "state_class": "measurement",
    }
    return fields | ({"device_class": device_class} if device_class else {})


def _count(root: str, name: str, value: str) -> dict[str, Any]:
    return {
        "platform": "sensor",
        "name": name,
        "state_topic": f"{root}/stats",
        "value_template": f"{{{{ value_json.{value} }}}}",
        "state_class": "total_increasing",
    }


def _home_page() -> str:
    """Address of the project, where the installed package states one."""
    try:
        given = metadata.metadata(NAME).get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        return ""
    pages = (entry.partition(",")[2].strip() for entry in given)
    return next((page for page in pages if page.startswith(("https://", "http://"))), "")
