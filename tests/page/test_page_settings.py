"""Settings and commands on the page: by the rules of MQTT, and to the same effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pages import Page, serving

from edge.device import choices
from edge.device.choices import Choices
from edge.errors import EdgeError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from edge.recognition.bundle import Bundle


@pytest.fixture
def page(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setattr(choices, "list_voices", lambda _: {"default": "", "en-gb": "en-gb"})
    with serving(bundle, speech={"engine": "espeak", "device": "file:nowhere"}) as page:
        yield page


@pytest.fixture
def client(page: Page) -> Iterator[httpx.Client]:
    with page.client() as client:
        yield client


def settings_of(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """Give the settings by name."""
    return {one["name"]: one for one in client.get("/api/settings").json()}


def test_settings_are_those_of_mqtt_each_with_what_it_may_be(client: httpx.Client) -> None:
    settings = settings_of(client)
    assert set(settings) == set(Choices.model_fields)
    assert settings["recognition"]["kind"] == "switch"
    assert settings["recognition"]["value"] == "ON"
    volume = settings["volume"]
    assert (volume["min"], volume["max"], volume["step"], volume["unit"]) == (0, 100, 1, "%")
    assert volume["value"] == 80
    assert settings["mode"]["options"] == ["words", "letters", "both"]
    assert settings["voice"]["options"] == ["default", "en-gb"]
    assert not any(one["needs_restart"] for one in settings.values())


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("speech", "OFF", "OFF"),
        ("speech", False, "OFF"),
        ("threshold", 0.75, 0.75),
        ("cooldown", 2, 2.0),
        ("volume", "20", 20.0),
        ("voice", "en-gb", "en-gb"),
        ("dominant_hand", "left", "left"),
        ("mode", "both", "both"),
    ],
)
def test_change_is_applied_told_and_kept(
    page: Page, client: httpx.Client, name: str, value: object, told: object, bundle: Bundle
) -> None:
    answer = client.put(f"/api/settings/{name}", json={"value": value})
    assert answer.status_code == 200, answer.text
    assert answer.json()["value"] == told
    assert settings_of(client)[name]["value"] == told
    assert getattr(page.controller.profile.choices, name) is not None
    with serving(bundle) as next_page, next_page.client() as next_client:
        assert name == "voice" or settings_of(next_client)[name]["value"] == told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("volume", 101),
        ("volume", "loud"),
        ("volume", 1.5),
        ("volume", None),
        ("volume", [1]),
        ("volume", 10**400),
        ("threshold", "nan"),
        ("speech", "MAYBE"),
        ("mode", True),
        ("model", "../../etc/passwd"),
        ("voice", "x" * 5000),
    ],
)
def test_value_that_does_not_fit_changes_nothing(
    page: Page, client: httpx.Client, name: str, value: object
) -> None:
    before = settings_of(client)
    answer = client.put(f"/api/settings/{name}", json={"value": value})
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["error"]["message"]
    assert settings_of(client) == before
    assert page.controller.profile.choices == Choices()


def test_unknown_setting_and_broken_json_are_refused(client: httpx.Client) -> None:
    assert client.put("/api/settings/nothing", json={"value": 1}).status_code == 404
    assert client.put("/api/settings/volume", content=b"{").status_code == 400
    assert client.put("/api/settings/volume", json={}).status_code == 422
    assert client.post("/api/settings/volume", json={"value": 1}).status_code == 405


def test_recognition_is_paused_and_goes_on(page: Page, client: httpx.Client) -> None:
    client.put("/api/settings/recognition", json={"value": "OFF"})
    assert not page.controller.is_recognising
    assert page.hub.state["state"] == "paused"
    client.put("/api/settings/recognition", json={"value": "ON"})
    assert page.controller.is_recognising


def test_defaults_forget_every_choice(page: Page, client: httpx.Client, state: Path) -> None:
    client.put("/api/settings/volume", json={"value": 5})
    assert [path.name for path in state.glob("choices-*")]
    answer = client.post("/api/settings/defaults")
    assert {one["name"]: one["value"] for one in answer.json()}["volume"] == 80
    assert page.controller.profile.choices == Choices()


def test_commands_are_those_of_mqtt(page: Page, client: httpx.Client) -> None:
    def command(name: str, argument: str = "") -> int:
        return client.post("/api/command", json={"name": name, "argument": argument}).status_code

    assert command("pause") == 202
    assert page.until(lambda: not page.controller.is_recognising)
    assert command("resume") == 202
    assert page.until(lambda: page.controller.is_recognising)
    assert command("reload") == 202
    assert command("restart") == 202
    assert page.commands == ["reload", "restart"]
    assert command("say", "good morning") == 202
    assert [text for text, _ in page.controller.news.speech._waiting] == ["good morning"]


@pytest.mark.parametrize(
    ("name", "argument"),
    [("explode", ""), ("say", ""), ("pause", "now"), ("learn", "\x00"), ("say", "x" * 3000)],
)
def test_other_commands_are_refused(
    page: Page, client: httpx.Client, name: str, argument: str
) -> None:
    answer = client.post("/api/command", json={"name": name, "argument": argument})
    assert answer.status_code == 422
    assert page.commands == []


def test_device_that_is_too_busy_says_so(
    page: Page, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def submit(_: object) -> None:
        raise EdgeError("the device is too busy")

    monkeypatch.setattr(page.controller, "submit", submit)
    answer = client.put("/api/settings/volume", json={"value": 5})
    assert answer.status_code == 422
    assert "busy" in answer.json()["error"]["message"]
