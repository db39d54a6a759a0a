"""What Home Assistant is told, field by field against its documented schemas."""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from edge.config.options import Options
from edge.config.settings import MqttSettings, Settings
from edge.device.choices import Choices
from edge.mqtt import home_assistant as discovery
from edge.mqtt.discovery_footprint import DiscoveryFootprint
from edge.mqtt.payloads import encode

MQTT = MqttSettings(device="Kitchen-1")
OPTIONS = Options(("words", "own"), {"default": "", "en-gb": "en-gb"})
WORDS = ("yes", "no", "thank you")
ROOT = "sign-edge/Kitchen-1"

# From home-assistant.io, source/_integrations: mqtt.markdown and <platform>.mqtt.markdown.
EVERYWHERE = {
    "availability",
    "availability_mode",
    "availability_template",
    "availability_topic",
    "default_entity_id",
    "device",
    "enabled_by_default",
    "encoding",
    "entity_category",
    "entity_picture",
    "icon",
    "json_attributes_template",
    "json_attributes_topic",
    "name",
    "payload_available",
    "payload_not_available",
    "platform",
    "qos",
    "unique_id",
}
REQUIRED: dict[str, set[str]] = {
    "event": {"state_topic", "event_types"},
    "sensor": {"state_topic"},
    "binary_sensor": {"state_topic"},
    "switch": {"command_topic"},
    "number": {"command_topic"},
    "select": {"command_topic", "options"},
    "button": {"command_topic"},
    "text": {"command_topic"},
}
_SENDS = {"command_template", "command_topic", "retain"}
_SHOWS = {"optimistic", "state_topic", "value_template"}
OPTIONAL: dict[str, set[str]] = {
    "event": {"device_class", "value_template"},
    "sensor": {
        "device_class",
        "expire_after",
        "force_update",
        "last_reset_value_template",
        "options",
        "state_class",
        "suggested_display_precision",
        "unit_of_measurement",
        "value_template",
    },
    "binary_sensor": {
        "device_class",
        "expire_after",
        "force_update",
        "off_delay",
        "payload_off",
        "payload_on",
        "value_template",
    },
    "switch": {
        "device_class",
        "payload_off",
        "payload_on",
        "state_off",
        "state_on",
        *_SENDS,
        *_SHOWS,
    },
    "number": {
        "device_class",
        "max",
        "min",
        "mode",
        "payload_reset",
        "step",
        "unit_of_measurement",
        *_SENDS,
        *_SHOWS,
    },
    "select": {*_SENDS, *_SHOWS},
    "button": {"device_class", "payload_press", *_SENDS},
    "text": {"max", "min", "mode", "pattern", *_SENDS, *_SHOWS},
}
ROOT_REQUIRED = {"device", "origin", "components"}
ROOT_ALLOWED = {
    *ROOT_REQUIRED,
    "availability",
    "availability_mode",
    "availability_template",
    "availability_topic",
    "command_topic",
    "encoding",
    "payload_available",
    "payload_not_available",
    "qos",
    "state_topic",
}
DEVICE_ALLOWED = {
    "configuration_url",
    "connections",
    "hw_version",
    "identifiers",
    "manufacturer",
    "model",
    "model_id",
    "name",
    "serial_number",
    "suggested_area",
    "sw_version",
    "via_device",
}
ORIGIN_ALLOWED = {"name", "sw_version", "support_url"}
# From the developers' pages of each entity; a unit must be one of its class's.
SENSOR_UNITS: dict[str | None, set[str | None]] = {
    "duration": {"d", "h", "min", "s", "ms", "µs"},
    "temperature": {"°C", "°F", "K"},
    "data_size": {"bit", "B", "kB", "KiB", "MB", "MiB", "GB", "GiB"},
    None: {"fps", None},
}
CLASSES = {
    "binary_sensor": {"running", "problem", "occupancy", "connectivity"},
    "button": {"identify", "restart", "update"},
    "event": {"button", "doorbell", "motion"},
}
WANTED = {
    *("sign", "letter", "utterance", "last_word", "sentence", "signing"),
    *("recognition", "speech", "threshold", "cooldown", "volume"),
    *("model", "voice", "mode", "dominant_hand"),
    *("repeat", "restart", "test_sound", "say"),
    *("fps", "latency", "temperature", "throttling", "memory", "uptime"),
    *("gate_time", "landmarker_time", "speller_time", "classifier_time"),
    *("dropped_frames", "dropped_messages", "dropped_words"),
    *("camera_problem", "broker_problem"),
}


def components(*words: str) -> dict[str, dict[str, Any]]:
    """Describe the entities of a device that knows some words."""
    return discovery.describe_components(MQTT, words or WORDS, OPTIONS)


def payload(**known: str) -> dict[str, Any]:
    """Return the whole message, as it is after a trip over the wire."""
    message = discovery.device_payload(MQTT, components(), version="1.2", known=known)
    fields = json.loads(encode(message))
    assert isinstance(fields, dict)
    return fields


# The message


def test_topic_is_that_of_a_device_whatever_the_base_holds() -> None:
    assert discovery.discovery_topic(MQTT) == "homeassistant/device/sign-edge_Kitchen-1/config"
    strange = MqttSettings(base="Zeichen ü", device="a", discovery_prefix="ha/x")
    topic = discovery.discovery_topic(strange)
    assert topic == "ha/x/device/Zeichen--_a/config"
    assert re.fullmatch(r"ha/x/device/[a-zA-Z0-9_-]+/config", topic)


def test_root_device_and_origin_hold_what_is_documented_and_no_more() -> None:
    message = payload()
    assert message.keys() >= ROOT_REQUIRED
    assert message.keys() <= ROOT_ALLOWED
    assert message["device"].keys() <= DEVICE_ALLOWED
    assert message["device"]["identifiers"] == ["sign-edge_Kitchen-1"]
    assert message["device"]["name"] == "Kitchen-1"
    assert message["origin"].keys() <= ORIGIN_ALLOWED
    assert message["origin"]["name"] == "sign-edge"
    assert message["origin"]["sw_version"] == message["device"]["sw_version"] == "1.2"
    assert message["availability"] == [{"topic": f"{ROOT}/availability"}]
    assert message["qos"] == 1


def test_home_page_is_named_where_the_package_states_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stated:
        def get_all(self, _: str) -> list[str]:
            return ["Issues, mailto:me", "Homepage, https://example.org/edge"]

    monkeypatch.setattr(metadata, "metadata", lambda _: Stated())
    assert payload()["origin"]["support_url"] == "https://example.org/edge"


def test_every_entity_that_was_promised_is_there() -> None:
    assert components().keys() == WANTED


@pytest.mark.parametrize("key", sorted(WANTED))
def test_entity_fits_the_schema_of_its_platform(key: str) -> None:
    fields = payload()["components"][key]
    platform = fields["platform"]
    assert fields.keys() >= REQUIRED[platform] | {"unique_id", "name"}
    assert fields.keys() <= EVERYWHERE | REQUIRED[platform] | OPTIONAL[platform]
    assert fields["unique_id"] == f"sign-edge_Kitchen-1_{key}"
    assert fields["default_entity_id"] == f"{platform}.kitchen_1_{key}"
    assert fields.get("entity_category") in (None, "config", "diagnostic")
    assert re.fullmatch(r"mdi:[a-z-]+", fields.get("icon", "mdi:none"))
    for name, topic in fields.items():
        if name.endswith("_topic"):
            assert topic.startswith(f"{ROOT}/")
            assert not set("+#") & set(topic)
    if platform == "sensor":
        assert fields.get("unit_of_measurement") in SENSOR_UNITS[fields.get("device_class")]
        assert fields.get("state_class") in (None, "measurement", "total_increasing")
        assert fields.get("entity_category") != "config"  # only what can be set is configuration
    else:
        assert fields.get("device_class") in {None, *CLASSES.get(platform, ())}


def test_names_do_not_begin_with_the_device_and_are_told_apart() -> None:
    names = [fields["name"] for fields in components().values()]
    assert len(set(names)) == len(names)
    assert not [name for name in names if name.lower().startswith("kitchen")]


def test_ids_are_unique_and_stay_when_words_and_options_change() -> None:
    before = {key: fields["unique_id"] for key, fields in components().items()}
    other = discovery.describe_components(MQTT, ("maybe",), Options(("own",), {"default": ""}))
    assert {key: fields["unique_id"] for key, fields in other.items()} == before
    assert len(set(before.values())) == len(before)


def test_numbers_offer_the_ranges_that_the_settings_have() -> None:
    for key in ("threshold", "cooldown", "volume"):
        fields = components()[key]
        for value in (fields["min"], fields["max"]):
            Choices.model_validate({key: str(value)})
        for value in (fields["min"] - 1, fields["max"] + 1):
            with pytest.raises(ValueError, match="input should be"):
                _choose(key, str(value))


def _choose(key: str, text: str) -> None:
    try:
        Choices.model_validate({key: text})
    except ValueError as error:
        raise ValueError(str(error).lower()) from None


def test_selects_offer_what_there_is_and_only_that() -> None:
    described = components()
    assert described["model"]["options"] == ["words", "own"]
    assert described["voice"]["options"] == ["default", "en-gb"]
    assert described["mode"]["options"] == ["words", "letters", "both"]
    assert sorted(described["dominant_hand"]["options"]) == ["auto", "left", "right"]


def test_every_setting_has_an_entity_on_its_pair_of_topics() -> None:
    for name in Choices.model_fields:
        fields = components()[name]
        assert fields["command_topic"] == f"{ROOT}/{name}/set"
        assert fields["state_topic"] == f"{ROOT}/{name}/state"


def test_buttons_and_text_send_commands_that_exist() -> None:
    described = components()
    for key in ("repeat", "restart", "test_sound"):
        assert described[key]["payload_press"] == key
        assert described[key]["command_topic"] == f"{ROOT}/command"
    assert described["say"]["command_template"] == "say {{ value }}"
    assert 0 < described["say"]["max"] <= 255


def test_whole_message_is_small_enough_for_any_broker() -> None:
    many = [f"word {number}" for number in range(300)]
    described = discovery.describe_components(
        MQTT, many, Options(("words",), {f"voice-{n}": "" for n in range(150)})
    )
    message = discovery.device_payload(MQTT, described, version="1", known={})
    assert len(encode(message)) < 65_536


# Words


def test_event_types_are_the_words_that_are_known_and_follow_them() -> None:
    assert components()["sign"]["event_types"] == list(WORDS)
    assert components(*WORDS, "biscuit")["sign"]["event_types"] == [*WORDS, "biscuit"]
    letters = components()["letter"]["event_types"]
    assert len(letters) == 27
    assert (letters[0], letters[-1]) == ("a", "del")
    assert components()["utterance"]["event_types"] == ["utterance"]


def test_sentence_is_cut_to_what_a_state_may_hold() -> None:
    assert components()["sentence"]["value_template"] == "{{ value_json.text[:255] }}"


# What an earlier version has left


def test_component_of_an_earlier_version_is_removed_and_present_ones_stay() -> None:
    described = payload(ghost="sensor", sign="event")["components"]
    assert described["ghost"] == {"platform": "sensor"}
    assert described["sign"]["event_types"] == list(WORDS)
    assert described.keys() == WANTED | {"ghost"}


def test_footprint_remembers_what_was_ever_described(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "discovery.json"
    first = DiscoveryFootprint(path)
    first.leave("ha/device/a/config", {"old": "sensor", "sign": "event"})
    second = DiscoveryFootprint(path)
    second.leave("ha/device/a/config", {"sign": "event", "new": "number"})
    known = DiscoveryFootprint(path).components("ha/device/a/config")
    assert known == {"old": "sensor", "sign": "event", "new": "number"}


def test_footprint_names_topics_of_an_earlier_name_until_they_are_forgotten(
    tmp_path: Path,
) -> None:
    path = tmp_path / "discovery.json"
    DiscoveryFootprint(path).leave("ha/device/old/config", {"sign": "event"})
    renamed = DiscoveryFootprint(path)
    renamed.leave("ha/device/new/config", {"sign": "event"})
    assert list(DiscoveryFootprint(path).others("ha/device/new/config")) == ["ha/device/old/config"]
    renamed.keep_only("ha/device/new/config")
    assert list(DiscoveryFootprint(path).others("ha/device/new/config")) == []
    assert DiscoveryFootprint(path).components("ha/device/new/config") == {"sign": "event"}
    renamed.keep_only("")
    assert path.read_text() == "{}"


def test_damaged_footprint_is_put_aside_and_nothing_else_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "discovery.json"
    path.write_text('{"ha": 3')
    footprint = DiscoveryFootprint(path)
    footprint.leave("ha", {"sign": "event"})
    assert str(path) in caplog.text
    assert DiscoveryFootprint(path).components("ha") == {"sign": "event"}


def test_shipped_configuration_wants_discovery_where_home_assistant_looks() -> None:
    settings = Settings().mqtt
    assert settings.discovery
    assert discovery.discovery_topic(settings).startswith("homeassistant/device/")
