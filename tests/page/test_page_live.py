"""The live view: what a watcher gets of a running daemon, and when; and what it must not get."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from broker import MOSQUITTO, Broker, Subscriber, free_port
from daemons import Daemon, archive
from pages import Page, serving
from patience import AGES, PROMPT, eventually
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from edge.messages import Declined, Frame, Landmarks, Sign, StateChange
from edge.page.hub import Hub, Watcher
from edge.page.shown_frame import ShownFrame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from websockets.sync.client import ClientConnection

    from edge.recognition.bundle import Bundle

LATE = 0.3
"""Seconds after the MQTT message in which a word must be on the page; issue 7."""


@pytest.fixture
def page(bundle: Bundle) -> Iterator[Page]:
    with serving(bundle, camera={"source": "0"}) as page:
        yield page


@contextlib.contextmanager
def watching(page: Page, query: str = "") -> Iterator[ClientConnection]:
    """Watch, from when the greeting is there."""
    with connect(f"{page.socket_address}{query}", compression=None) as view:
        assert message(view)["type"] == "hello"
        assert message(view)["type"] == "problem"
        yield view


def message(view: ClientConnection) -> dict[str, Any]:
    """Receive one JSON message."""
    fields = json.loads(view.recv(AGES))
    assert isinstance(fields, dict)
    return fields


def message_of(view: ClientConnection, kind: str) -> dict[str, Any]:
    """Receive up to the next message of a kind."""
    while True:
        text = view.recv(AGES)
        if isinstance(text, str) and (fields := json.loads(text))["type"] == kind:
            assert isinstance(fields, dict)
            return fields


def frame(time: float, width: int = 64, height: int = 48) -> tuple[Frame, Landmarks]:
    """Make a red picture, and landmarks of which the first alone is seen, in its lower middle."""
    image: NDArray[np.uint8] = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = 255
    points = np.full((75, 3), np.nan, np.float32)
    points[0] = 0.5, height / width, 0.0
    return Frame(0, time, image), Landmarks(time, points)


# A running daemon


@pytest.fixture
def daemon(tmp_path: Path, broker: Broker) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path, broker.port, archive("yes", "no"))
    daemon.settings |= {"page.enabled": "true", "page.port": str(free_port())}
    yield daemon
    log = daemon.log
    daemon.clean_up()
    assert "Traceback" not in log, log


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_words_of_a_running_daemon_are_shown_with_the_mqtt_message(
    daemon: Daemon, subscriber: Subscriber
) -> None:
    heard: dict[str, float] = {}
    subscriber._client.on_message = lambda _c, _u, one: note(one.topic, bytes(one.payload))

    def note(topic: str, payload: bytes) -> None:
        if topic.endswith("/sign"):
            heard[json.loads(payload)["id"]] = time.monotonic()

    daemon.start()
    assert daemon.logged("the page is at")
    shown: dict[str, tuple[float, dict[str, Any]]] = {}

    def lags() -> list[float]:
        """How long after their messages the last four words were shown."""
        return [at - heard[name] for name, (at, _) in shown.items() if name in heard][-4:]

    def are_in_time() -> bool:
        return len(lags()) == 4 and max(lags()) < LATE

    kinds: dict[str, dict[str, Any]] = {}
    with connect(f"ws://127.0.0.1:{daemon.settings['page.port']}/api/live?picture=1") as view:
        until = time.monotonic() + AGES
        while not are_in_time() and time.monotonic() < until:
            fields = message(view)
            kinds[fields["type"]] = fields
            if fields["type"] == "sign":
                shown[fields["id"]] = time.monotonic(), fields
        assert eventually(lambda: set(shown) <= set(heard))
        # It ends in order and in time, though somebody watches.
        took = daemon.end(signal.SIGTERM)
        with contextlib.suppress(ConnectionClosed):
            while view.recv(AGES):
                pass
        assert view.close_code in (1001, 1012)  # ours, or the server's that goes down with us
    assert daemon.process.returncode == 0
    assert took < PROMPT
    assert daemon.relatives() == []
    assert are_in_time(), lags()
    assert {fields["event_type"] for _, fields in shown.values()} == {"yes", "no"}
    assert kinds["hello"]["glosses"] > 100
    assert kinds["hello"]["state"] in ("idle", "signing")
    assert len(kinds["frame"]["points"]) == 75
    assert kinds["frame"]["jpeg"] is False  # an archive has no pictures
    assert 5 < kinds["frame"]["fps"] < 40
    assert {"top", "segment", "spoken", "state", "problem"} <= set(kinds)
    gloss, display, probability = kinds["top"]["candidates"][0]
    assert (gloss, display) in {("yes", "yes"), ("no", "no")}
    assert 0 < probability <= 1


# What is told


def test_decisions_and_segments_are_told(page: Page) -> None:
    top = (("thank you", 0.7), ("yes", 0.2))
    sign = Sign("thank you", "thank you", "thank you", 0.7, top, 1.0, 2.0, 2.0)
    with watching(page) as view:
        deliver = page.controller.news.deliver
        deliver([StateChange(1.0, "signing"), sign, Declined(3.0, 4.0, "unsure", top)])
        deliver([StateChange(4.0, "idle")])
        assert message_of(view, "segment") == {"type": "segment", "state": "signing", "onset": 1.0}
        said, declined = message_of(view, "top"), message_of(view, "top")
        assert message_of(view, "segment")["onset"] is None
    assert said["candidates"] == [["thank you", "thank you", 0.7], ["yes", "yes", 0.2]]
    assert (said["said"], said["reason"]) == (True, "")
    assert (declined["said"], declined["reason"]) == (False, "unsure")


def test_state_problems_and_figures_are_told_when_they_change_and_to_those_who_come(
    page: Page,
) -> None:
    news = page.controller.news
    with watching(page) as view:
        news.tell_problem("camera", "gone")
        assert message(view) == {"type": "problem", "camera": "gone"}
        news.tell_state("signing")
        news.tell_state("signing")  # no news
        news.tell_stats({"fps": 12.5})
        assert message(view)["state"] == "signing"
        assert message(view) == {"type": "stats", "fps": 12.5}
    with connect(page.socket_address) as view:
        hello = message(view)
        assert (hello["type"], hello["state"]) == ("hello", "signing")
        assert hello["glosses"] == len(page.controller.recognizer.vocabulary)
        assert message(view)["camera"] == "gone"
        assert message(view)["fps"] == 12.5


def test_letters_and_utterances_have_the_form_of_mqtt_where_there_is_no_broker(page: Page) -> None:
    from edge.messages import Letter, Utterance

    with watching(page) as view:
        page.controller.news.deliver(
            [Letter("A", 0.9, 1.0, 1.5, 1.5), Utterance("yes no", ("yes", "no"), 1.0, 3.0)]
        )
        letter, utterance = message_of(view, "letter"), message_of(view, "utterance")
    assert (letter["event_type"], letter["text"], letter["model"]) == ("a", "A", "letters")
    assert utterance["text"] == "yes no"
    assert utterance["glosses"] == ["yes", "no"]


# Pictures


def test_picture_follows_its_landmarks_where_it_is_wanted(page: Page) -> None:
    with watching(page, "?picture=1") as view:
        page.hub.show(*frame(1.0))
        fields = message_of(view, "frame")
        picture = view.recv(AGES)
    assert fields["jpeg"] is True
    assert (fields["width"], fields["height"]) == (64, 48)
    assert fields["points"][0] == [0.5, 1.0]  # of the height, not of the width
    assert fields["points"][1] is None
    assert isinstance(picture, bytes)
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (48, 64, 3)
    assert image[20, 20].argmax() == 2  # OpenCV's red


def test_wide_pictures_are_made_smaller() -> None:
    item, seen = frame(1.0, 1920, 1080)
    shown = ShownFrame(1.0, seen.points, item.image, 15.0)
    coded = np.frombuffer(shown.jpeg or b"", np.uint8)
    image = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (360, 640, 3)
    assert json.loads(shown.text(with_picture=True))["width"] == 1920


def test_picture_comes_and_goes_as_the_watcher_wishes(page: Page) -> None:
    with watching(page) as view:
        page.hub.show(*frame(1.0))
        assert message_of(view, "frame")["jpeg"] is False
        view.send('{"type": "picture", "wanted": true}')
        assert page.until(lambda: page.hub.watchers[0].wants_picture)
        page.hub.show(*frame(2.0))
        assert message_of(view, "frame")["jpeg"] is True
        assert isinstance(view.recv(AGES), bytes)


def test_forbidden_pictures_are_never_sent(bundle: Bundle) -> None:
    forbidden = {"pictures": False}
    with (
        serving(bundle, camera={"source": "0"}, page=forbidden) as page,
        watching(page, "?picture=1") as view,
    ):
        view.send('{"type": "picture", "wanted": true}')
        for number in range(3):
            page.hub.show(*frame(float(number)))
            assert message_of(view, "frame")["jpeg"] is False
        page.controller.news.tell_stats({"fps": 1.0})
        assert message(view)["type"] == "stats"  # nothing in between
        with page.client() as client:
            assert client.get("/api/session").json()["pictures"] is False


# Who watches


def test_nothing_is_kept_or_made_while_nobody_watches(page: Page) -> None:
    page.hub.show(*frame(1.0))
    assert page.hub._landmarks is None
    with watching(page):
        assert page.hub.is_watched
    assert page.until(lambda: not page.hub.is_watched)
    page.hub.show(*frame(2.0))
    assert page.hub._landmarks is None


@pytest.mark.parametrize(
    "text", ["", "[]", '{"type": "picture"}', '{"type": "x", "wanted": 1}', "x"]
)
def test_watcher_who_talks_nonsense_is_sent_away(page: Page, text: str) -> None:
    with watching(page) as view:
        view.send(text)
        with pytest.raises(ConnectionClosed):
            view.recv(AGES)
    assert page.until(lambda: not page.hub.is_watched)


def test_ninth_watcher_is_told_to_come_later(page: Page) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(watching(page))
        with connect(page.socket_address) as view, pytest.raises(ConnectionClosed) as closed:
            view.recv(AGES)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013


def test_slow_watcher_gets_the_newest_frame_and_the_latest_messages() -> None:
    async def look() -> tuple[list[str], ShownFrame | None]:
        hub, watcher = Hub("1"), Watcher(wants_picture=False)
        hub.add(watcher)
        for number in range(500):
            hub.tell("sign", {"number": number})
            hub.show(*frame(float(number)))
        return await asyncio.wait_for(watcher.wait(), AGES)

    messages, shown = asyncio.run(look())
    assert len(messages) == 200
    assert json.loads(messages[-1])["number"] == 499
    assert shown is not None
    assert json.loads(shown.text(with_picture=False))["time"] == 499.0


def test_at_most_fifteen_frames_a_second_are_shown() -> None:
    async def count() -> int:
        hub, watcher, shown = Hub("1"), Watcher(wants_picture=False), 0
        hub.add(watcher)
        for number in range(600):  # ten seconds at 60 frames a second
            hub.show(*frame(number / 60))
            if watcher._frame is not None:
                watcher._frame, shown = None, shown + 1
        return shown

    assert 145 <= asyncio.run(count()) <= 151


def test_bare_picture_is_shown_where_nothing_moves(page: Page) -> None:
    item, seen = frame(1.0)
    with watching(page, "?picture=1") as view:
        page.hub.show(item, seen)
        message_of(view, "frame")
        page.hub.show(Frame(1, 1.1, item.image), seen)  # too soon
        page.hub.show(Frame(2, 1.3, item.image), seen)
        assert message_of(view, "frame")["time"] == 1.3
