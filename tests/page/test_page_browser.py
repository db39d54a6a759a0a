"""The page in a real browser, on a real daemon: each part used as a person would."""

from __future__ import annotations

import importlib.util
import json
import shutil
import statistics
import time
from typing import TYPE_CHECKING

import pytest
from broker import MOSQUITTO, Broker, Subscriber
from browsers import AXE, CHROMIUM, PARTS, WAIT, Site, chromium, visit
from daemons import words
from extras import WEB, needs
from patience import AGES, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import paho.mqtt.client as mqtt
    from browsers import Visit
    from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed"),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None, reason="playwright is not installed"
    ),
    needs(*WEB),
]
needs_axe = pytest.mark.skipif(
    not AXE.exists(), reason="axe-core is missing: npm install --prefix .cache axe-core"
)
PASSWORD = "an otter in the bath"  # noqa: S105 - of a page that lives for a second
IN_TIME = 0.3
"""Seconds after its MQTT message in which a word must be on the page."""


class Timed(Subscriber):
    """Notes when words arrive."""

    def __init__(self, port: int) -> None:
        self.arrivals: list[tuple[str, float]] = []
        super().__init__(port)

    def _collect(self, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith("/sign"):
            self.arrivals.append((json.loads(message.payload)["text"], time.time()))
        super()._collect(message)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def site_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = Broker(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def site(site_broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One daemon for all: it signs yes, no, help for ever."""
    site = Site(tmp_path_factory.mktemp("site"), site_broker.port)
    site.start()
    yield site
    site.stop()


@pytest.fixture
def guest(browser: Browser, site: Site) -> Iterator[Visit]:
    with visit(browser, site.address) as guest:
        yield guest


# Live


def lags(guest: Visit, subscriber: Timed) -> list[float]:
    """Seconds from the messages of the last three words to their being on the page."""
    seen = guest.page.evaluate("window.seen")
    found = []
    for text, arrived in subscriber.arrivals[-3:]:
        moments = [at - arrived for shown, at in seen if shown == text]
        found.append(min(moments, key=abs, default=AGES))
    return found


def test_live_page_shows_words_within_300_ms_of_their_mqtt_message(
    guest: Visit, site_broker: Broker
) -> None:
    guest.open("live")
    guest.page.evaluate(
        """() => {
            window.seen = [];
            const caption = document.querySelector(".caption");
            const note = () => window.seen.push([caption.textContent, Date.now() / 1000]);
            new MutationObserver(note).observe(caption, {childList: true, characterData: true});
        }"""
    )
    subscriber = Timed(site_broker.port)
    try:
        guest.page.wait_for_function("() => window.seen.length >= 4")
        assert subscriber.wait_for(lambda _: len(words(subscriber)) >= 3, AGES)
        # On a machine with other work some words are late; they must not be as a rule.
        assert eventually(lambda: statistics.median(lags(guest, subscriber)) < IN_TIME)
    finally:
        subscriber.close()
    seen = guest.page.evaluate("window.seen")
    assert {text for text, _ in seen} <= {"yes", "no", "help"}


def test_live_page_draws_the_signer_and_tells_what_it_makes_of_the_signs(guest: Visit) -> None:
    guest.open("live")
    guest.page.wait_for_selector(".words li")
    assert guest.moves(".watch canvas.stage")
    assert guest.page.locator(".bars li").count() == 10
    best = guest.text(".bars li:first-child .word")
    assert best in ("yes", "no", "help")
    guest.wait_for_text(".verdict", "Recognised: ")
    guest.wait_for_text(".sentence", best)
    guest.wait_for_text(".voice", "Says: ")
    guest.wait_for_text(".signing", "Signing for")
    assert float(guest.text(".figures dd >> nth=0")) > 5  # pictures per second
    assert guest.text(".figures dd >> nth=1").endswith(" ms")
    assert guest.text("#state") in ("Watching", "Signing")
    # An archive has no pictures: the switch is off, and it is said why.
    assert guest.page.get_by_role("switch", name="Show the picture").is_disabled()
    guest.wait_for_text(".quiet", "recorded landmarks")
    assert guest.page.locator("canvas.stage.mirrored").count() == 1
    guest.page.get_by_role("switch", name="Mirror").uncheck()
    assert guest.page.locator("canvas.stage.mirrored").count() == 0


@pytest.mark.slow
def test_picture_is_shown_only_when_it_is_wanted(
    browser: Browser, site_broker: Broker, tmp_path: Path, media: Path
) -> None:
    site = Site(tmp_path, site_broker.port, str(min(media.glob("words/help__*.mp4"))))
    site.daemon.settings["mqtt.device"] = "camera"
    site.start()
    try:
        with visit(browser, site.address) as guest:
            asked: list[bytes | str] = []
            guest.page.on(
                "websocket",
                lambda socket: socket.on("framereceived", lambda data: asked.append(data)),
            )
            guest.open("live")
            assert guest.moves(".watch canvas.stage", AGES)
            assert all(isinstance(message, str) for message in asked)
            switch = guest.page.get_by_role("switch", name="Show the picture")
            guest.wait_for_text(".quiet", "No picture is sent")
            switch.check()
            guest.wait_for_text(".quiet", "stored nowhere")
            guest.page.wait_for_function(
                """() => {
                    const canvas = document.querySelector(".watch canvas.stage");
                    const middle = canvas.getContext("2d").getImageData(
                        canvas.width / 2, canvas.height / 2, 1, 1).data;
                    return middle[3] === 255;
                }"""
            )
            assert any(isinstance(message, bytes) for message in asked)
            switch.uncheck()
            guest.wait_for_text(".quiet", "No picture is sent")
            guest.page.wait_for_timeout(500)
            asked.clear()
            guest.page.wait_for_timeout(1000)
            assert asked
            assert all(isinstance(message, str) for message in asked)
    finally:
        site.stop()


# Try a video


def test_uploaded_clip_has_its_word_on_top(guest: Visit, media: Path) -> None:
    clip = min(media.glob("words/help__*.mp4"))
    guest.open("try")
    go = guest.page.get_by_role("button", name="Recognise")
    assert go.is_disabled()
    guest.page.set_input_files("#clip", clip)
    guest.wait_for_text(".chosen", clip.name)
    go.click()
    guest.page.wait_for_selector(".results .bars", timeout=3 * WAIT)
    assert guest.text(".results h2 >> nth=0") == "Looks most like: help"
    assert guest.page.locator(".results > .bars li").count() == 10
    assert guest.text(".results > .bars li:first-child .word") == "help"
    guest.wait_for_text(".results", "It would say: help")
    guest.page.get_by_role("button", name="help: from").click()
    assert guest.text(".segment .bars li:first-child .word") == "help"
    moments = guest.page.locator(".moments canvas")
    assert 2 <= moments.count() <= 6
    assert guest.has_colour(".moments canvas", 0x6C, 0xC5, 0xFF)  # the right hand
    assert AXE.exists() is False or guest.flaws() == []


def test_what_is_no_video_is_refused_in_words(guest: Visit, tmp_path: Path) -> None:
    clip = tmp_path / "song.mp4"
    clip.write_bytes(b"this is no video" * 1000)
    guest.open("try")
    guest.page.set_input_files("#clip", clip)
    guest.page.get_by_role("button", name="Recognise").click()
    guest.wait_for_text("#toast", "not a video that can be read")


@pytest.mark.slow
def test_clip_is_recorded_with_the_camera_of_the_browser(guest: Visit) -> None:
    guest.open("try")
    guest.page.get_by_role("button", name="Record with this camera").click()
    guest.page.get_by_role("button", name="Record", exact=True).click()
    guest.wait_for_text(".count", "3")
    guest.wait_for_text(".count", "s left")
    guest.page.wait_for_timeout(1500)
    guest.page.get_by_role("button", name="Stop").click()
    guest.wait_for_text(".chosen", "recorded now")
    guest.page.get_by_role("button", name="Recognise").click()
    # The browser's test picture shows no person.
    guest.page.locator("#toast", has_text="Nobody can be seen").wait_for(timeout=3 * WAIT)


# Dictionary


def test_dictionary_is_searched_and_shows_a_moving_skeleton_by_keyboard_alone(
    guest: Visit,
) -> None:
    guest.open("dictionary")
    guest.wait_for_text("[role=status]", "signs")
    assert guest.page.locator(".signs button").count() >= 123
    guest.page.get_by_label("Search").focus()
    guest.page.keyboard.type("HEL")
    names = guest.page.locator(".signs button")
    assert names.all_inner_texts() == ["hello", "help"]
    for key in ("Tab", "Tab", "Tab"):  # the switch, hello, help
        guest.page.keyboard.press(key)
    guest.page.keyboard.press("Enter")
    guest.page.wait_for_selector(".detail canvas")
    assert guest.page.evaluate("document.activeElement.textContent") == "help"
    assert guest.moves(".detail canvas")
    assert "people it had never seen" in guest.text(".detail")
    guest.page.get_by_role("button", name="Pause", exact=True).click()
    still = guest.drawn(".detail canvas")
    guest.page.get_by_label("Picture of the movement").focus()
    guest.page.keyboard.press("Home")
    guest.page.keyboard.press("ArrowRight")
    assert guest.drawn(".detail canvas") != still
    assert guest.page.evaluate("document.activeElement.ariaValueText").startswith("2 of ")
    guest.page.get_by_role("switch", name="Mirror").check()
    guest.page.get_by_role("button", name="Back to the list").click()
    assert guest.page.evaluate("document.activeElement.dataset.gloss") == "help"
    guest.page.get_by_label("Search").fill("qqq")
    guest.wait_for_text("[role=status]", "0 signs")


def test_skeleton_stands_still_for_those_who_want_less_movement(
    browser: Browser, site: Site
) -> None:
    with visit(browser, site.address, reduced_motion="reduce") as guest:
        guest.open("dictionary/help")
        guest.page.wait_for_selector(".detail canvas")
        assert guest.page.get_by_role("button", name="Play", exact=True).is_visible()
        assert not guest.moves(".detail canvas", 0.7)


# Practise


@pytest.mark.slow
def test_practised_list_is_gone_through_word_by_word(guest: Visit) -> None:
    guest.open("practise")
    for word in ("yes", "no", "help"):
        guest.page.locator(f".picks [data-gloss={word}]").click()
    guest.wait_for_text("[role=status]", "A list of 3")
    guest.page.get_by_role("button", name="Start").click()
    guest.page.wait_for_selector(".player canvas")
    assert guest.moves(".player canvas")
    guest.wait_for_text(".verdict", "✓ Right: ")
    guest.page.get_by_role("button", name="Hide the sign").click()
    assert not guest.page.locator(".player").is_visible()
    guest.wait_for_text(".wanted", "The list is done!")
    assert guest.page.locator(".tries li.right").count() == 3
    guest.wait_for_text(".streak", "best: ")
    guest.page.get_by_role("button", name="Stop practising").click()
    guest.page.wait_for_selector(".picks")


def test_one_sign_is_practised_from_the_dictionary(guest: Visit) -> None:
    guest.open("dictionary/yes")
    guest.page.get_by_role("link", name="Practise this sign").click()
    guest.page.wait_for_selector(".picks [data-gloss=yes][aria-pressed=true]")
    guest.page.get_by_role("button", name="Start").click()
    guest.wait_for_text(".tries li", "Looked like")
    guest.wait_for_text(".tries li.right", "yes")
    guest.wait_for_text(".streak", "Right in a row")
    assert guest.moves(".watch canvas")
    guest.open("settings")  # leaving ends it
    guest.page.wait_for_function(
        "async () => !(await (await fetch('api/practice')).json()).session"
    )


# Teach


@pytest.mark.slow
def test_word_is_taught_kept_and_forgotten(guest: Visit, site: Site) -> None:
    guest.open("teach")
    guest.page.get_by_label("Word", exact=True).fill("otter")
    guest.page.get_by_label("How it is spoken").fill("the otter")
    guest.page.get_by_label("Examples (3 to 10)").fill("3")
    guest.page.get_by_label("Countdown in seconds (0 to 10)").fill("2")
    guest.page.get_by_role("button", name="Start").click()
    guest.page.wait_for_selector(".count:not(:empty)")
    guest.wait_for_text(".verdict", "Get ready")
    finish = guest.page.get_by_role("button", name="Finish")
    assert finish.is_disabled()
    guest.wait_for_text(".verdict", "Recording")
    guest.page.wait_for_selector(".examples canvas")
    assert guest.moves(".examples canvas")
    # Three signs are played by turns: two of them are not like the first.
    guest.wait_for_text(".examples", "Not like the others")
    guest.page.get_by_role("button", name="Drop: example 1").click()
    guest.page.wait_for_selector("[data-number='1']", state="detached")
    guest.page.wait_for_selector("[data-number='4']")
    for _ in range(4):
        if finish.is_enabled():
            break
        guest.page.get_by_role("button", name="Keep all the same").first.click()
        guest.page.wait_for_timeout(300)
    assert AXE.exists() is False or guest.flaws() == []
    finish.click()
    guest.wait_for_text(".notice", "The device knows “otter” now.")
    guest.open("dictionary/otter")
    guest.wait_for_text(".detail", "Taught with")
    guest.wait_for_text(".detail", "Said as “the otter”.")
    assert guest.moves(".detail canvas")
    guest.page.get_by_role("button", name="Forget this word").click()
    guest.page.get_by_role("dialog").get_by_role("button", name="Forget this word").click()
    guest.wait_for_text("#toast", "“otter” is forgotten.")
    guest.page.wait_for_selector(".signs [data-gloss=otter]", state="detached")
    assert not list((site.daemon.folder / "state").rglob("otter*"))


# Settings and health


def test_settings_commands_and_health_are_those_of_the_device(
    guest: Visit, site: Site, site_broker: Broker
) -> None:
    subscriber = Subscriber(site_broker.port)
    try:
        guest.open("settings")
        guest.wait_for_text(".problems", "All is well")
        guest.page.get_by_label("Threshold").fill("0.35")
        guest.page.keyboard.press("Tab")
        guest.wait_for_text("#toast", "Threshold: saved.")
        assert subscriber.wait_for_text("/threshold/state", "0.35", AGES)
        guest.page.get_by_role("switch", name="Speech").uncheck()
        assert subscriber.wait_for_text("/speech/state", "OFF", AGES)
        guest.page.get_by_role("button", name="Pause").click()
        assert subscriber.wait_for_text("/recognition/state", "OFF", AGES)
        guest.page.get_by_role("button", name="Go on").click()
        assert subscriber.wait_for_text("/recognition/state", "ON", AGES)
        guest.page.get_by_label("Threshold").fill("7")
        guest.page.keyboard.press("Tab")  # the browser says why it is refused
        guest.page.get_by_role("button", name="Back to the defaults").click()
        guest.page.get_by_role("dialog").get_by_role("button", name="Back").click()
        assert subscriber.wait_for_text("/threshold/state", "0", AGES)
        assert subscriber.wait_for_text("/speech/state", "ON", AGES)
    finally:
        subscriber.close()
    before = len(site.daemon.wavs)
    guest.page.get_by_label("Text to say").fill("the page speaks")
    guest.page.get_by_role("button", name="Say it").click()
    guest.wait_for_text("#toast", "done")
    until = time.monotonic() + AGES
    while not any("page" in path.name for path in site.daemon.wavs) and time.monotonic() < until:
        time.sleep(0.1)
    assert len(site.daemon.wavs) > before
    guest.wait_for_text(".logs li", "the page is at")
    assert guest.text(".figures dd >> nth=0")
    guest.page.get_by_role("link", name="Metrics").click()
    guest.wait_for_text("body", "# HELP")


# Who may come in


@pytest.mark.slow
def test_password_is_asked_for_and_the_way_out_is_shut_behind(
    browser: Browser, site_broker: Broker, tmp_path: Path
) -> None:
    site = Site(tmp_path, site_broker.port)
    site.daemon.settings["mqtt.device"] = "guarded"
    site.set_password(PASSWORD)
    site.start()
    try:
        with visit(browser, site.address, locale="es-MX") as guest:
            guest.page.goto(site.address)
            field = guest.page.get_by_label("Contraseña")
            field.fill("an otter in the sea")
            field.press("Enter")
            guest.wait_for_text("[role=alert]", "Esa no es la contraseña.")
            assert AXE.exists() is False or guest.flaws() == []
            field.fill(PASSWORD)
            field.press("Enter")
            guest.page.wait_for_selector(".part.live .words li")
            guest.open("settings")
            guest.page.get_by_role("button", name="Salir").click()
            guest.page.get_by_label("Contraseña").wait_for()
            assert guest.page.locator("#parts").is_hidden()
    finally:
        site.stop()


# Everybody


@needs_axe
@pytest.mark.slow
@pytest.mark.parametrize(
    ("locale", "scheme", "is_phone"), [("en-GB", "light", False), ("es-ES", "dark", True)]
)
def test_axe_finds_no_serious_fault_on_any_part_and_nothing_is_too_wide(
    browser: Browser, site: Site, locale: str, scheme: str, *, is_phone: bool
) -> None:
    options = {"locale": locale, "color_scheme": scheme}
    with visit(browser, site.address, is_phone=is_phone, **options) as guest:
        for part in PARTS:
            guest.open(part)
            guest.page.wait_for_load_state("networkidle" if part == "try" else "load")
            guest.page.wait_for_timeout(500)
            assert guest.flaws() == [], part
            assert not guest.is_too_wide(), part
        guest.open("dictionary/help")
        guest.page.wait_for_selector(".detail canvas")
        assert guest.flaws() == []


def test_language_is_the_browsers_until_another_is_chosen(browser: Browser, site: Site) -> None:
    with visit(browser, site.address, locale="es-ES") as guest:
        guest.open("practise")
        assert guest.text("h1") == "Practicar"
        assert guest.page.get_attribute("html", "lang") == "es"
        guest.page.get_by_label("Idioma").select_option("en")
        guest.wait_for_text("h1", "Practise")
        guest.page.reload()
        guest.wait_for_text("h1", "Practise")


def test_parts_are_reached_by_keyboard_and_announced_by_their_titles(guest: Visit) -> None:
    guest.open("live")
    guest.page.evaluate("document.activeElement.blur()")
    guest.page.keyboard.press("Tab")
    assert guest.page.evaluate("document.activeElement.id") == "skip"
    guest.page.keyboard.press("Tab")
    for part in PARTS:
        assert guest.page.evaluate("document.activeElement.dataset.part") == part
        guest.page.keyboard.press("Tab")
    assert guest.page.evaluate("document.activeElement.id") == "language"
    for _ in range(4):
        guest.page.keyboard.press("Shift+Tab")
    guest.page.keyboard.press("Enter")
    guest.page.wait_for_selector(".part.dictionary")
    assert guest.page.evaluate("document.activeElement.tagName") == "H1"
    assert guest.page.title().startswith("Dictionary ")
    assert guest.page.get_attribute("#parts a[aria-current=page]", "data-part") == "dictionary"


def test_part_that_is_left_closes_its_connection(guest: Visit) -> None:
    guest.open("live")
    guest.page.wait_for_selector(".words li")
    with guest.page.expect_websocket() as opened:
        guest.page.reload()
    guest.page.wait_for_selector(".words li")
    assert not opened.value.is_closed()
    guest.page.locator("#parts a[data-part=dictionary]").click()
    guest.page.wait_for_selector(".part.dictionary")
    until = time.monotonic() + AGES
    while not opened.value.is_closed() and time.monotonic() < until:
        guest.page.wait_for_timeout(50)
    assert opened.value.is_closed()
