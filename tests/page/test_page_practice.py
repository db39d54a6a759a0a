"""Practising: which tries are right, the streak, and that the real recognizer is heard."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from pages import ARCHIVE, serving

from edge.config.settings import CameraSettings
from edge.landmarks.archive_player import Playback
from edge.messages import Declined, Sign, Utterance
from edge.page.routes.practice import Practice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    import httpx
    from pages import Page

    from edge.recognition.bundle import Bundle

DISPLAYS = {"tea": "Tea", "milk": "Milk"}


def said(*glosses: str) -> Sign:
    """Recognise the first of some candidates."""
    top = tuple((gloss, 0.9 - 0.1 * place) for place, gloss in enumerate(glosses))
    return Sign(glosses[0], glosses[0], glosses[0], 0.9, top, 0.0, 1.0, 1.0)


def unsaid(
    *glosses: str, reason: Literal["low_fps", "unsure", "other", "too_short"] = "unsure"
) -> Declined:
    return Declined(0.0, 1.0, reason, tuple((gloss, 0.3) for gloss in glosses))


@pytest.fixture
def practice() -> Practice:
    """Somebody practises one sign."""
    practice = Practice()
    practice.start(["tea"], DISPLAYS)
    return practice


@pytest.mark.parametrize(
    ("event", "rank", "is_right", "hint"),
    [
        (said("tea", "milk"), 1, True, ""),
        (unsaid("tea", "milk"), 1, True, "Right, but the device was not sure enough to say it."),
        (said("milk", "tea"), 2, False, "Close."),
        (unsaid("milk", "a", "b", "tea"), 4, False, "Some of it was right."),
        (said("milk", "a"), None, False, ""),
        (unsaid("other", "a", reason="other"), None, False, "It was not taken for a sign."),
        (unsaid(reason="too_short"), None, False, "Too short."),
        (unsaid(reason="low_fps"), None, False, "Too few pictures per second."),
    ],
)
def test_try_is_judged_by_the_place_of_the_wanted_sign(
    practice: Practice, event: Sign | Declined, rank: int | None, is_right: bool, hint: str
) -> None:
    practice.hear(event)
    (one,) = practice.describe()["tries"]
    assert (one["rank"], one["is_right"], one["hint"]) == (rank, is_right, hint)
    gloss = event.top[0][0] if event.top else ""
    assert (one["gloss"], one["display"]) == (gloss, DISPLAYS.get(gloss, gloss))
    assert one["wanted"] == "tea"


def test_streak_grows_with_right_tries_and_ends_with_another_sign(practice: Practice) -> None:
    streaks = []
    events: list[Sign | Declined] = [
        said("tea"), unsaid("tea"), unsaid(reason="too_short"), unsaid("other", reason="other"),
        said("milk", "tea"), said("tea"),
    ]  # fmt: skip
    for event in events:
        practice.hear(event)
        streaks.append(practice.describe()["streak"])
    assert streaks == [1, 2, 2, 2, 0, 1]
    assert practice.describe()["best_streak"] == 2
    assert practice.describe()["gloss"] == "tea"


def test_list_goes_on_after_a_right_try_and_is_done_at_its_end(practice: Practice) -> None:
    practice.start(["tea", "milk"], DISPLAYS)
    wanted = []
    for event in [said("milk"), said("tea"), said("tea"), said("milk"), said("milk")]:
        practice.hear(event)
        wanted.append(practice.describe()["gloss"])
    assert wanted == ["tea", "milk", "milk", "", ""]
    assert len(practice.describe()["tries"]) == 4  # what comes after its end is no try
    assert practice.describe()["streak"] == 1


def test_nobody_practises_before_the_start_and_after_the_end() -> None:
    practice = Practice()
    practice.hear(said("tea"))
    assert practice.describe()["tries"] == []
    first = practice.start(["tea"], {})
    practice.hear(Utterance("tea", ("tea",), 0, 1))
    assert practice.describe()["tries"] == []
    assert practice.start(["tea"], {}) != first
    practice.stop()
    practice.hear(said("tea"))
    assert practice.describe()["session"] is None


def test_many_tries_do_not_pile_up(practice: Practice) -> None:
    for _ in range(120):
        practice.hear(said("tea"))
    now = practice.describe()
    assert (len(now["tries"]), now["streak"]) == (50, 120)


# On the page


@pytest.fixture(scope="module")
def page(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page of a device without a camera."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATE_DIRECTORY", str(tmp_path_factory.mktemp("state")))
        with serving(bundle) as page:
            yield page


@pytest.fixture
def client(page: Page) -> Iterator[httpx.Client]:
    """A browser."""
    with page.client() as client:
        yield client


def sign(page: Page, *glosses: str) -> None:
    """Sign words before the device."""
    camera = CameraSettings(source=f"{ARCHIVE}#{','.join(glosses)}")
    recognizer, news = page.controller.recognizer, page.controller.news

    def watch() -> None:
        recognizer.reset()
        for item in Playback(camera, is_live=False).landmarks(threading.Event()):
            news.deliver(recognizer.push(item))

    page.controller.submit(watch).result(30)


def test_what_is_signed_is_judged(page: Page, client: httpx.Client) -> None:
    begun = client.post("/api/practice", json={"gloss": "yes"})
    assert begun.status_code == 200
    sign(page, "yes", "help")
    now = client.get("/api/practice").json()
    assert now["session"] == begun.json()["session"]
    assert [(one["gloss"], one["is_right"]) for one in now["tries"]] == [
        ("yes", True),
        ("help", False),
    ]
    assert now["tries"][0]["rank"] == 1
    assert now["tries"][0]["p"] > 0.5
    assert (now["streak"], now["best_streak"]) == (0, 1)
    assert client.delete("/api/practice").status_code == 204
    assert client.get("/api/practice").json()["session"] is None


def test_list_is_practised_to_its_end(page: Page, client: httpx.Client) -> None:
    client.post("/api/practice/list", json={"glosses": ["help", "no", "yes"]})
    sign(page, "help", "no", "yes")
    now = client.get("/api/practice").json()
    assert (now["gloss"], now["streak"], now["place"]) == ("", 3, 3)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("", {"gloss": "nothing of the kind"}, 422),
        ("", {"gloss": "other"}, 422),
        ("", {"gloss": ["yes"]}, 422),
        ("", {}, 422),
        ("/list", {"glosses": []}, 422),
        ("/list", {"glosses": ["yes", "nothing of the kind"]}, 422),
        ("/list", {"glosses": ["yes"] * 201}, 422),
    ],
)
def test_unknown_signs_cannot_be_practised(
    client: httpx.Client, path: str, body: dict[str, object], status: int
) -> None:
    assert client.post(f"/api/practice{path}", json=body).status_code == status
