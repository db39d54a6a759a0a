"""Teaching on the page: countdown, examples seen and kept or dropped, known at once."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from pages import ARCHIVE, serving
from patience import AGES
from websockets.sync.client import connect

from edge.config.settings import CameraSettings
from edge.landmarks.archive_player import Playback
from edge.messages import Landmarks, Sign
from edge.recognition.learning.taught_words import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from conftest import Signing
    from pages import Page

    from edge.messages import Event
    from edge.recognition.bundle import Bundle

LESSON = {"word": "Blub", "spoken": "bloob", "examples": 3, "countdown": 0}


@pytest.fixture
def page(bundle: Bundle, tmp_path: Path) -> Iterator[Page]:
    """A page of a device that has learnt nothing yet."""
    learning: dict[str, object] = {"folder": str(tmp_path / "taught")}
    with serving(bundle, learning=learning, segmenter={"kind": "hysteresis"}) as page:
        yield page


@pytest.fixture
def client(page: Page) -> Iterator[httpx.Client]:
    """A browser."""
    with page.client() as client:
        yield client


def sign(page: Page, signing: Signing, times: int) -> list[Event]:
    """Sign the same before the device so many times, from now on its clock; no rest between."""
    every = 4.0
    spans = tuple((1 + every * i, 2.5 + every * i) for i in range(times))
    start = time.monotonic()
    clip = signing.but(signs=spans, length=every * times + 1).landmarks(start)
    recognizer, news = page.controller.recognizer, page.controller.news

    def watch() -> list[Event]:
        recognizer.reset()
        events = []
        for item in clip:
            now = recognizer.push(item)
            news.deliver(now)
            events += now
        return events

    return page.controller.submit(watch).result(30)


def look(client: httpx.Client) -> dict[str, Any]:
    answer = client.get("/api/teach")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def numbers(told: dict[str, Any]) -> list[int]:
    return [one["number"] for one in told["examples"]]


def test_word_is_taught_reviewed_known_at_once_and_forgotten(
    page: Page, client: httpx.Client, signing: Signing, tmp_path: Path
) -> None:
    assert look(client)["state"] == "idle"
    assert client.post("/api/teach", json=LESSON).status_code == 202
    now = look(client)
    assert (now["state"], now["word"], now["spoken"]) == ("waiting", "blub", "bloob")
    assert (now["have"], now["want"]) == (0, 3)

    sign(page, signing, 3)
    now = look(client)
    assert (now["state"], now["have"], numbers(now)) == ("reviewing", 3, [1, 2, 3])
    assert all(one["good"] and 0.5 < one["seconds"] < 3 for one in now["examples"])
    assert not (tmp_path / "taught").exists()  # nothing is kept before it was looked at
    motion = client.get("/api/teach/examples/2/motion").json()
    assert 10 < len(motion["points"]) < 60
    assert motion["fps"] == pytest.approx(15, abs=0.5)

    assert client.delete("/api/teach/examples/2").status_code == 204
    now = look(client)
    assert (now["state"], now["have"], numbers(now)) == ("reviewing", 2, [1, 3])
    refused = client.post("/api/teach/finish")
    assert refused.status_code == 422
    assert refused.json()["error"]["message"] == "2 usable examples; 3 are needed"
    assert look(client)["state"] == "reviewing"  # nothing is lost by asking too early

    assert client.post("/api/teach/more", json={"countdown": 0}).status_code == 202
    assert look(client)["state"] == "waiting"
    sign(page, signing, 1)
    assert numbers(look(client)) == [1, 3, 4]
    known = client.post("/api/teach/finish")
    assert known.status_code == 200
    told = known.json()
    assert (told["state"], told["word"], told["spoken"], told["have"]) == (
        "known", "blub", "bloob", 3,
    )  # fmt: skip

    (said,) = [event for event in sign(page, signing, 1) if isinstance(event, Sign)]
    assert (said.gloss, said.display, said.spoken) == ("blub", "blub", "bloob")
    kept = Store(tmp_path / "taught").find("blub")
    assert kept is not None
    assert (len(kept.segments), kept.spoken) == (3, "bloob")
    assert "blub" in {one["gloss"] for one in client.get("/api/signs").json()}
    assert client.delete("/api/signs/blub").status_code == 204
    assert "blub" not in page.hub.vocabulary or page.until(
        lambda: "blub" not in page.hub.vocabulary
    )
    assert client.delete("/api/signs/blub").status_code == 422
    assert Store(tmp_path / "taught").read() == {}


def test_nothing_counts_before_the_countdown_has_ended(
    page: Page, client: httpx.Client, signing: Signing
) -> None:
    client.post("/api/teach", json=LESSON | {"countdown": 10})
    now = look(client)
    assert now["state"] == "countdown"
    assert 8 < now["left"] <= 10
    sign(page, signing, 4)  # the last one, on its own clock, when 13 seconds have passed
    now = look(client)
    assert now["have"] == 1
    assert now["state"] == "countdown"


def test_example_that_is_unlike_may_be_kept(
    page: Page, client: httpx.Client, signing: Signing
) -> None:
    client.post("/api/teach", json=LESSON)
    sign(page, signing, 2)
    show_another(page)
    now = look(client)
    (odd,) = [one for one in now["examples"] if not one["good"]]
    assert (odd["note"], odd["keepable"]) == ("not like the others", True)
    assert now["note"] == "not like the others"
    assert client.put(f"/api/teach/examples/{odd['number']}").status_code == 204
    assert look(client)["have"] == 3
    assert client.post("/api/teach/finish").json()["state"] == "known"


def show_another(page: Page) -> None:
    """Sign something else before the device."""
    camera = CameraSettings(source=f"{ARCHIVE}#drink")
    start = time.monotonic()
    clip = list(Playback(camera, is_live=False).landmarks(threading.Event()))
    recognizer, news = page.controller.recognizer, page.controller.news

    def watch() -> None:
        recognizer.reset()
        for item in clip:
            news.deliver(recognizer.push(Landmarks(start + item.time, item.points)))

    page.controller.submit(watch).result(30)


def test_device_recognises_while_examples_are_looked_at(
    page: Page, client: httpx.Client, signing: Signing
) -> None:
    client.post("/api/teach", json=LESSON)
    sign(page, signing, 5)
    now = look(client)
    assert (now["state"], now["have"]) == ("reviewing", 3)
    assert page.controller.recognizer.counts["signs"] + sum(
        count
        for name, count in page.controller.recognizer.counts.items()
        if name.startswith("declined_")
    ) == 2  # fmt: skip


def test_one_lesson_at_a_time_and_it_may_be_cancelled(client: httpx.Client) -> None:
    assert client.post("/api/teach", json=LESSON).status_code == 202
    second = client.post("/api/teach", json=LESSON | {"word": "other word"})
    assert (second.status_code, second.json()["error"]["code"]) == (409, "busy")
    assert client.delete("/api/teach").status_code == 204
    now = look(client)
    assert (now["state"], now["note"]) == ("idle", "cancelled")
    assert client.post("/api/teach", json=LESSON).status_code == 202


def test_nothing_is_taught_while_the_device_is_paused(page: Page, client: httpx.Client) -> None:
    client.post("/api/teach", json=LESSON)
    page.controller.submit(lambda: page.controller._pause(is_wanted=True)).result(5)
    assert look(client)["note"] == "paused"
    refused = client.post("/api/teach", json=LESSON)
    assert refused.status_code == 422
    assert refused.json()["error"]["message"] == "the device is paused or asleep"


@pytest.mark.parametrize(
    "change",
    [
        {"word": ""},
        {"word": "other"},
        {"word": "\x00"},
        {"word": "x" * 41},
        {"word": 3},
        {"spoken": "x" * 81},
        {"examples": 2},
        {"examples": 11},
        {"countdown": -1},
        {"countdown": 11},
        {"more": 1},
    ],
)
def test_unusable_lessons_are_refused(client: httpx.Client, change: dict[str, object]) -> None:
    answer = client.post("/api/teach", json=LESSON | change)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"]
    assert look(client)["state"] == "idle"


def test_what_is_not_there_cannot_be_changed(client: httpx.Client) -> None:
    assert client.post("/api/teach/finish").status_code == 422
    assert client.post("/api/teach/more", json={}).status_code == 422
    assert client.delete("/api/teach").status_code == 204
    for number in ("1", "0", "999999", "9" * 5000, "-1", "a", "%2e%2e", "\u0661"):
        for method in ("PUT", "DELETE"):
            answer = client.request(method, f"/api/teach/examples/{number}")
            assert answer.status_code == 404, number
        assert client.get(f"/api/teach/examples/{number}/motion").status_code == 404


def test_who_watches_is_told_of_every_change(
    page: Page, client: httpx.Client, signing: Signing
) -> None:
    with connect(page.socket_address) as wire:
        page.until(lambda: page.hub.is_watched)
        client.post("/api/teach", json=LESSON | {"countdown": 1})
        told = [next_of(wire, "teach") for _ in range(2)]
        assert "countdown" in [one["state"] for one in told]
        while told[-1]["state"] != "waiting":
            told.append(next_of(wire, "teach"))
        assert told[-1]["left"] == 0
        sign(page, signing, 3)
        while told[-1]["state"] != "reviewing":
            told.append(next_of(wire, "teach"))
        assert told[-1] == {"type": "teach", **look(client)}
        assert "recording" in [one["state"] for one in told]
        client.delete("/api/teach/examples/1")
        assert numbers(next_of(wire, "teach")) == [2, 3]


def next_of(wire: Any, kind: str) -> dict[str, Any]:  # noqa: ANN401 - its type differs by release
    """Wait for the next message of a kind."""
    while True:
        text = wire.recv(timeout=AGES)
        message: dict[str, Any] = json.loads(text) if isinstance(text, str) else {}
        if message.get("type") == kind:
            return message
