"""How the device is, on the page: problems with advice, the log, figures, ill or well."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import pytest
from pages import Page, serving
from prometheus_client.parser import text_string_to_metric_families

from edge.messages import Sign
from edge.page.logs import LogRing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from edge.recognition.bundle import Bundle

AREAS = ("camera", "broker", "outbox", "speech", "fps", "settings", "page")


@pytest.fixture(scope="module")
def page(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATE_DIRECTORY", str(tmp_path_factory.mktemp("state")))
        with serving(bundle) as page:
            yield page


@pytest.fixture
def client(page: Page) -> Iterator[httpx.Client]:
    with page.client() as client:
        yield client
    for area in AREAS:
        page.controller.news.tell_problem(area, "")
    page.hung.clear()


def metrics(client: httpx.Client) -> dict[tuple[str, ...], float]:
    """Give the figures as Prometheus reads them, by name and values of their labels."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_well_device_has_no_problems(client: httpx.Client) -> None:
    health = client.get("/api/health").json()
    assert health["problems"] == []
    assert health["state"]["model"] == "words"
    assert health["uptime"] >= 0
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("area", AREAS)
def test_every_problem_comes_with_what_to_do(page: Page, client: httpx.Client, area: str) -> None:
    page.controller.news.tell_problem(area, "it is broken")
    (problem,) = client.get("/api/health").json()["problems"]
    assert (problem["area"], problem["text"]) == (area, "it is broken")
    assert len(problem["advice"]) > 40
    assert "names every fault" not in problem["advice"]  # that is for areas nobody thought of
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "ill", "problems": [area]})
    assert metrics(client)["sign_edge_problem", area] == 1


def test_thread_that_hangs_is_a_problem(page: Page, client: httpx.Client) -> None:
    page.hung.append("capture")
    (problem,) = client.get("/api/health").json()["problems"]
    assert problem["text"] == "no headway in capture"
    assert client.get("/healthz").status_code == 503
    assert metrics(client)["sign_edge_hung", "capture"] == 1


def test_metrics_are_what_the_device_counts(page: Page, client: httpx.Client) -> None:
    recognizer = page.controller.recognizer
    recognizer.counts["landmarks"] += 30
    recognizer.stage_ms["landmarker"] = 45.0
    page.controller.news.latency_ms = 120.0
    time.sleep(1.1)  # figures are made anew once a second
    found = metrics(client)
    assert found["sign_edge_events_total", "landmarks"] == 30
    assert found["sign_edge_stage_seconds", "landmarker"] == pytest.approx(0.045)
    assert found["sign_edge_latency_seconds",] == pytest.approx(0.12)
    assert found["sign_edge_landmarks_per_second_max",] == 15
    assert found["sign_edge_resident_memory_bytes",] > 2**20
    assert found["sign_edge_dropped_total", "frames"] == 0
    assert found["sign_edge_page_watchers",] == 0


def test_no_word_is_in_metrics_or_log(page: Page, client: httpx.Client) -> None:
    sign = Sign("wintergreen", "wintergreen", "wintergreen", 1, (("wintergreen", 1),), 1, 2, 2)
    page.controller.news.deliver([sign])
    for path in ("/metrics", "/api/logs", "/healthz", "/api/health"):
        assert "wintergreen" not in client.get(path).text


def test_log_of_the_last_minutes_is_shown(client: httpx.Client) -> None:
    logging.getLogger("edge.camera.webcam").warning("the lens is %s", "dirty")
    logging.getLogger("edge.device.news").debug("sign hello")
    lines = client.get("/api/logs?minutes=1").json()
    assert {"level": "warning", "stage": "camera", "text": "the lens is dirty"} in [
        {key: line[key] for key in ("level", "stage", "text")} for line in lines
    ]
    assert not any("hello" in line["text"] for line in lines)
    assert abs(lines[-1]["time"] - time.time()) < 10


@pytest.mark.parametrize("minutes", ["0", "-1", "x", "1441", "9" * 5000, "\uff11", "1.5"])
def test_minutes_that_make_no_sense_are_refused(client: httpx.Client, minutes: str) -> None:
    answer = client.get("/api/logs", params={"minutes": minutes})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "minutes"


def test_log_is_bounded_and_forgets_the_old() -> None:
    ring = LogRing()
    for index in range(3000):
        record = logging.LogRecord(f"x{index}", logging.INFO, "", 0, "m %d", (index,), None)
        record.created -= 3600 - index
        ring.handle(record)
    assert len(ring.since(7200)) == 1000
    assert ring.since(7200)[-1]["text"] == "m 2999"
    assert len(ring.since(700)) == pytest.approx(100, abs=2)


def test_message_that_repeats_does_not_drown_the_others() -> None:
    ring = LogRing()
    for _ in range(500):
        ring.handle(logging.LogRecord("x", logging.WARNING, "", 0, "again", (), None))
    assert len(ring.since(60)) == 5


def test_exception_is_told_in_one_line() -> None:
    ring = LogRing()
    error = ValueError("bad")
    info = (ValueError, error, None)
    ring.handle(logging.LogRecord("x", logging.ERROR, "", 0, "failed", (), info))
    assert ring.since(60)[0]["text"] == "failed (ValueError: bad)"
