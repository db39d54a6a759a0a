"""Figures of the moment: each reader has rates of its own."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from edge.device.statistics import Statistics

if TYPE_CHECKING:
    from edge.device.newest_slot import NewestSlot
    from edge.device.news import News
    from edge.recognition.recognizer import Recognizer
    from edge.system.sensors import Sensors


class Device:
    """What is counted, and a clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.counts: Counter[str] = Counter()
        recognizer = SimpleNamespace(counts=self.counts, stage_ms={"gate": 1.234})
        speech = SimpleNamespace(dropped=3)
        news = SimpleNamespace(latency_ms=120.04, dropped_messages=2, speech=speech)
        sensors = SimpleNamespace(temperature=lambda: 48.5, throttled=lambda: 0)
        self.statistics = Statistics(
            cast("Recognizer", recognizer),
            cast("News", news),
            cast("NewestSlot[Any]", SimpleNamespace(dropped=1)),
            cast("Sensors", sensors),
            lambda: 15.0,
            clock=lambda: self.now,
        )

    def work(self, seconds: float, landmarks: int) -> None:
        """Let time pass."""
        self.now += seconds
        self.counts["landmarks"] += landmarks


@pytest.fixture
def device() -> Device:
    return Device()


def test_rates_are_those_since_the_same_reader_last_looked(device: Device) -> None:
    device.work(10, 100)
    assert device.statistics.look("broker")["fps"] == 10.0
    device.work(2, 10)
    assert device.statistics.look("page")["fps"] == round(110 / 12, 2)
    device.work(2, 30)
    assert device.statistics.look("page")["fps"] == 15.0
    assert device.statistics.look("broker")["fps"] == 10.0


def test_reader_who_comes_again_at_once_is_told_the_same(device: Device) -> None:
    device.work(10, 100)
    first = device.statistics.look("page")
    device.work(0.9, 90)
    assert device.statistics.look("page") == first
    device.work(0.1, 0)
    assert device.statistics.look("page")["fps"] == 90.0


def test_what_others_count_is_passed_on(device: Device) -> None:
    device.work(1, 5)
    figures = device.statistics.look("broker")
    losses = {key: figures[key] for key in ("dropped_frames", "dropped_messages", "dropped_words")}
    assert losses == {"dropped_frames": 1, "dropped_messages": 2, "dropped_words": 3}
    assert figures["counts"] == {"landmarks": 5}
    assert (figures["uptime"], figures["max_fps"], figures["latency_ms"]) == (1, 15.0, 120.0)
    assert (figures["temperature"], figures["stage_ms"]) == (48.5, {"gate": 1.23})
