"""Choices and commands over a real broker: applied, told, kept, and forgotten again."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from broker import MOSQUITTO, Subscriber
from hostile_messages import hostile
from patience import AGES

from edge.config.settings import ScheduleSettings, Settings
from edge.device import choices
from edge.device.controller import Controller
from edge.device.orders import make_command
from edge.errors import BundleError
from edge.landmarks.archive import read_clips
from edge.messages import Sign
from edge.recognition.learning.taught_words import to_segment
from edge.system.log_repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from broker import Broker

    from edge.recognition.bundle import Bundle

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

ROOT = "sign-edge/test"
CONFIG = "homeassistant/device/sign-edge_test/config"
CHANGED = {
    "speech": "OFF",
    "mode": "both",
    "threshold": "0.75",
    "cooldown": "2",
    "volume": "20",
    "voice": "en-gb",
    "dominant_hand": "left",
    "recognition": "OFF",
}


@pytest.fixture(autouse=True)
def voices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the same voices on every machine."""
    known = {"default": "", "en-gb": "en-gb"}
    monkeypatch.setattr(choices, "list_voices", lambda _: known)


class Ship:
    """A controller that is steered while the test waits, as the inference thread does it."""

    def __init__(self, port: int, bundle: Bundle, **mqtt: object) -> None:
        given = {"port": port, "device": "test", "retry_max": 1.0, "command_rate": 6000, **mqtt}
        self.settings = Settings.model_validate({"mqtt": given})
        self.bundle = bundle
        self.commands: list[str] = []
        self._is_closed = False
        self.controller = Controller(self.settings, bundle, self.commands.append)
        self.controller.start()

    def until(self, is_true: Callable[[], bool], within: float = AGES) -> bool:
        """Steer until something is true."""
        end = time.monotonic() + within
        while not is_true() and time.monotonic() < end:
            self.controller.apply()
            time.sleep(0.01)
        return is_true()

    def close(self) -> None:
        """End in order."""
        if not self._is_closed:
            self._is_closed = True
            self.controller.news.close()
            self.controller.recognizer.close()


@pytest.fixture
def ship(broker: Broker, bundle: Bundle, subscriber: Subscriber) -> Iterator[Ship]:
    """Start one, and wait until it listens: what it tells comes after its subscription."""
    ship = Ship(broker.port, bundle)
    assert ship.until(lambda: "" not in told(subscriber).values())
    yield ship
    ship.close()


def ignore(_: str) -> None:
    """Take a command and do nothing."""


def setting(subscriber: Subscriber, name: str) -> str:
    """Return what a setting was last said to be."""
    return (subscriber.texts(f"{ROOT}/{name}/state") or [""])[-1]


def told(subscriber: Subscriber) -> dict[str, str]:
    """Return what every setting was last said to be."""
    return {name: setting(subscriber, name) for name in choices.Choices.model_fields}


def components(subscriber: Subscriber) -> dict[str, dict[str, object]]:
    """Return what Home Assistant was last told."""
    fields: dict[str, dict[str, object]] = json.loads(subscriber.texts(CONFIG)[-1])["components"]
    return fields


def change_everything(ship: Ship, subscriber: Subscriber) -> None:
    """Set every setting to what it was not, and wait until that is so."""
    for name, text in CHANGED.items():
        subscriber.publish(f"{ROOT}/{name}/set", text)
    assert ship.until(lambda: told(subscriber) == {**CHANGED, "model": "words"}), told(subscriber)


def test_settings_are_told_at_the_start_and_kept_by_the_broker(ship: Ship, broker: Broker) -> None:
    late = Subscriber(broker.port, f"{ROOT}/+/state")
    try:
        assert ship.until(lambda: "" not in told(late).values())
        assert all(message.is_retained and message.qos == 1 for message in late.messages)
        assert told(late) == {
            "recognition": "ON",
            "speech": "ON",
            "mode": "words",
            "threshold": "0",
            "cooldown": "0.3",
            "volume": "80",
            "voice": "default",
            "model": "words",
            "dominant_hand": "auto",
        }
    finally:
        late.close()


def test_every_setting_is_applied_told_and_kept_for_the_next_start(
    ship: Ship, subscriber: Subscriber, broker: Broker, bundle: Bundle, state: Path
) -> None:
    change_everything(ship, subscriber)
    profile = ship.controller.profile
    assert not profile.settings.speech.enabled
    assert profile.settings.speech.volume == 20
    assert profile.settings.speech.voice == "en-gb"
    assert profile.settings.spelling.mode == "both"
    assert profile.settings.composer.cooldown == 2
    assert profile.settings.classifier.threshold == 0.75
    assert profile.settings.classifier.dominant_hand == "left"
    assert not ship.controller.is_recognising
    assert json.loads(subscriber.texts(f"{ROOT}/state")[-1])["state"] == "paused"
    assert json.loads(subscriber.texts(f"{ROOT}/state")[-1])["mode"] == "both"
    (kept,) = state.glob("choices-*.json")
    assert json.loads(kept.read_text())["threshold"] == 0.75

    ship.close()
    subscriber.messages.clear()
    again = Ship(broker.port, bundle)
    try:
        assert again.until(lambda: told(subscriber) == {**CHANGED, "model": "words"})
        assert again.controller.profile.settings == profile.settings
        assert not again.controller.is_recognising
    finally:
        again.close()


def test_defaults_forgets_every_choice_now_and_for_the_next_start(
    ship: Ship, subscriber: Subscriber, broker: Broker, bundle: Bundle
) -> None:
    change_everything(ship, subscriber)
    subscriber.publish(f"{ROOT}/command", "defaults")
    assert ship.until(lambda: setting(subscriber, "recognition") == "ON")
    assert ship.controller.profile.settings == ship.settings
    assert ship.controller.is_recognising
    again = Ship(broker.port, bundle, device="test")
    try:
        assert again.controller.profile.settings == again.settings
    finally:
        again.close()


def test_pause_is_told_as_recognition_and_not_kept(
    ship: Ship, subscriber: Subscriber, state: Path
) -> None:
    subscriber.publish(f"{ROOT}/command", "pause")
    assert ship.until(lambda: setting(subscriber, "recognition") == "OFF")
    assert not ship.controller.is_recognising
    assert list(state.glob("choices-*")) == []
    subscriber.publish(f"{ROOT}/recognition/set", "ON")
    assert ship.until(lambda: setting(subscriber, "recognition") == "ON")
    assert ship.controller.is_recognising


def test_reload_changes_what_was_not_chosen_and_leaves_what_was(
    ship: Ship, subscriber: Subscriber
) -> None:
    subscriber.publish(f"{ROOT}/threshold/set", "0.5")
    assert ship.until(lambda: setting(subscriber, "threshold") == "0.5")
    given = {"classifier": {"threshold": 0.9}, "speech": {"volume": 11}}
    fresh = Settings.model_validate({**given, "mqtt": ship.settings.mqtt.model_dump()})
    ship.controller.reload(fresh, ship.bundle)
    assert ship.until(lambda: setting(subscriber, "volume") == "11")
    assert setting(subscriber, "threshold") == "0.5"
    subscriber.publish(f"{ROOT}/command", "defaults")
    assert ship.until(lambda: setting(subscriber, "threshold") == "0.9")


def test_reload_and_restart_are_handed_on(ship: Ship, subscriber: Subscriber) -> None:
    for command in ("reload", "restart"):
        subscriber.publish(f"{ROOT}/command", command)
    assert ship.until(lambda: ship.commands == ["reload", "restart"])


def test_sections_that_are_settled_at_the_start_wait_for_a_restart(
    ship: Ship, caplog: pytest.LogCaptureFixture
) -> None:
    fresh = Settings.model_validate(
        {
            "mqtt": ship.settings.mqtt.model_dump(),
            "landmarks": {"max_fps": 5},
            "classifier": {"threshold": 0.9},
        }
    )
    ship.controller.reload(fresh, ship.bundle)
    ship.controller.apply()
    settings = ship.controller.profile.settings
    assert settings.classifier.threshold == 0.9
    assert settings.landmarks == ship.settings.landmarks
    assert caplog.messages.count("[landmarks] has changed; it takes effect after a restart") == 1
    caplog.clear()
    ship.controller.reload(ship.settings, ship.bundle)  # back to what runs
    assert "restart" not in caplog.text


def test_reload_that_does_not_work_is_told_to_who_asked_and_changes_nothing(ship: Ship) -> None:
    before = ship.controller.profile
    segmenter = ship.settings.segmenter.model_copy(update={"bundle": "gone"})
    broken = ship.settings.model_copy(update={"segmenter": segmenter})
    reloading = ship.controller.reload(broken, ship.bundle)
    assert not reloading.done()
    ship.controller.apply()
    with pytest.raises(BundleError, match="gone"):
        reloading.result(0)
    assert ship.controller.profile is before


def test_what_is_about_sound_waits_for_nobody(ship: Ship) -> None:
    sign = Sign("dog", "dog", "doggy", 0.9, (("dog", 0.9),), 0.0, 0.5, 0.5)
    for name, argument in (("repeat", ""), ("say", "good morning"), ("test_sound", "")):
        ship.controller.carry_out(make_command(name, argument))
    ship.controller.news.deliver([sign])
    texts = [text for text, _ in ship.controller.news.speech._waiting]
    assert texts == ["good morning", "This is a test of the sound", "doggy"]
    ship.controller.news.speech._waiting.clear()
    ship.controller.carry_out(make_command("repeat", ""))
    assert [text for text, _ in ship.controller.news.speech._waiting] == ["doggy"]


def test_asleep_or_paused_is_one_state(ship: Ship) -> None:
    states = [ship.controller.state]
    ship.controller.carry_out(make_command("pause", ""))
    states.append(ship.controller.state)  # not before apply
    ship.controller.apply()
    states.append(ship.controller.state)
    day = f"{datetime.now() + timedelta(days=2):%a}".lower()  # noqa: DTZ005 - by the wall clock
    schedule = ScheduleSettings(days=day)
    asleep = ship.settings.model_copy(update={"schedule": schedule})
    reloading = ship.controller.reload(asleep, ship.bundle)
    ship.controller.apply()
    reloading.result(0)
    states.append(ship.controller.state)
    assert [state.value for state in states] == ["idle", "idle", "paused", "asleep"]
    assert not ship.controller.is_recognising  # once it wakes up


def test_choice_that_does_not_work_changes_nothing_and_is_said(
    ship: Ship, subscriber: Subscriber, state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spelling = ship.settings.spelling.model_copy(update={"bundle": "gone"})
    broken = ship.settings.model_copy(update={"spelling": spelling})
    ship.controller.reload(broken, ship.bundle)
    subscriber.publish(f"{ROOT}/mode/set", "letters")
    assert ship.until(lambda: "not changed: spelling.bundle = 'gone'" in caplog.text)
    assert setting(subscriber, "mode") == "words"
    assert list(state.glob("choices-*")) == []


def test_kept_mode_that_does_not_work_any_more_is_left_out_at_the_start(
    broker: Broker, bundle: Bundle, state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state.mkdir()
    kept = state / "choices-sign-edge_test.json"
    kept.write_text('{"mode":"both","threshold":0.5,"model":"gone"}')
    given = {"spelling": {"bundle": "gone"}, "mqtt": {"port": broker.port, "device": "test"}}
    controller = Controller(Settings.model_validate(given), bundle, ignore)
    try:
        assert controller.profile.settings.spelling.mode == "words"
        assert controller.profile.settings.classifier.threshold == 0.5
        assert controller.profile.settings.classifier.bundle == "words"
        assert "left out" in caplog.text
    finally:
        controller.news.close()
        controller.recognizer.close()


def test_choices_are_left_alone_where_there_is_no_broker(bundle: Bundle, state: Path) -> None:
    state.mkdir()
    (state / "choices-sign-edge_test.json").write_text('{"threshold":0.5}')
    controller = Controller(
        Settings.model_validate({"mqtt": {"enabled": False, "device": "test"}}), bundle, ignore
    )
    controller.start()
    assert controller.profile.settings.classifier.threshold == 0
    controller.recognizer.close()


def test_setting_that_the_broker_has_kept_is_not_obeyed(
    broker: Broker, bundle: Bundle, subscriber: Subscriber
) -> None:
    subscriber.publish(f"{ROOT}/threshold/set", "0.5", retain=True)
    ship = Ship(broker.port, bundle)
    try:
        assert ship.until(lambda: "" not in told(subscriber).values())
        subscriber.publish(f"{ROOT}/volume/set", "34")
        assert ship.until(lambda: setting(subscriber, "volume") == "34")
        assert setting(subscriber, "threshold") == "0"
    finally:
        ship.close()


def test_thousand_hostile_messages_over_the_broker_change_nothing(
    ship: Ship, subscriber: Subscriber, caplog: pytest.LogCaptureFixture
) -> None:
    before, settings = told(subscriber), ship.controller.profile.settings
    with caplog.filtering(Repeats()):  # as the journal is
        for topic, payload in hostile(1000):
            subscriber.publish(f"{ROOT}/{topic}", payload)
        subscriber.publish(f"{ROOT}/volume/set", "33")
        assert ship.until(lambda: setting(subscriber, "volume") == "33")
    assert told(subscriber) == {**before, "volume": "33"}
    assert ship.controller.profile.choices == choices.Choices(volume=33)
    assert ship.controller.profile.settings.classifier == settings.classifier
    lines = [record.getMessage() for record in caplog.records if record.levelname != "INFO"]
    kinds = {"more than 1024", "not UTF-8", "no such setting", "no such command", " = "}
    assert len(lines) == len(kinds), lines
    assert all(any(kind in line for line in lines) for kind in kinds)
    assert all(line.isprintable() and len(line) < 300 for line in lines)


# Home Assistant


def test_device_appears_by_itself_and_follows_the_vocabulary(
    ship: Ship, subscriber: Subscriber, bundle: Bundle
) -> None:
    assert ship.until(lambda: bool(subscriber.texts(CONFIG)))
    words = components(subscriber)["sign"]["event_types"]
    assert words == [gloss for gloss in bundle.glosses if gloss not in ("other", "nothing")]
    segment = to_segment(read_clips(bundle.path / "prototypes.npz")[0])
    ship.controller.recognizer.teacher.store.add("biscuit", [segment] * 3)
    ship.controller.reload(ship.settings, bundle)
    assert ship.until(lambda: "biscuit" in str(components(subscriber)["sign"]["event_types"]))
    subscriber.publish(f"{ROOT}/command", "forget biscuit")
    assert ship.until(lambda: components(subscriber)["sign"]["event_types"] == words)


def test_leftovers_of_an_earlier_version_are_removed(
    broker: Broker, bundle: Bundle, subscriber: Subscriber, state: Path
) -> None:
    old = "homeassistant/device/sign-edge_old-name/config"
    state.mkdir()
    left = {CONFIG: {"ghost": "sensor", "sign": "event"}, old: {"sign": "event"}}
    path = state / "discovery-sign-edge_test.json"
    path.write_text(json.dumps(left))
    subscriber.publish(old, '{"device":{}}', retain=True)
    ship = Ship(broker.port, bundle)
    try:
        assert ship.until(lambda: bool(subscriber.texts(CONFIG)))
        assert components(subscriber)["ghost"] == {"platform": "sensor"}
        assert ship.until(lambda: subscriber.texts(old)[-1] == "")
    finally:
        ship.close()
    assert list(json.loads(path.read_text())) == [CONFIG]


def test_device_is_taken_back_where_discovery_is_switched_off(
    broker: Broker, bundle: Bundle, subscriber: Subscriber
) -> None:
    ship = Ship(broker.port, bundle)
    assert ship.until(lambda: bool(subscriber.texts(CONFIG)))
    ship.close()
    ship = Ship(broker.port, bundle, discovery=False)
    try:
        assert ship.until(lambda: subscriber.texts(CONFIG)[-1] == "")
    finally:
        ship.close()
