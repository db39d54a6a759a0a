"""Messages from strangers: what is an order, and what is refused."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.options import Options
from edge.device.choices import Choices
from edge.device.orders import Command, CommandName, OrderReader
from edge.system.log_repeats import Repeats
from edge.system.text import MAX_TEXT

OPTIONS = Options(("words",), {"default": ""})
PLENTY = 6000
"""Messages a minute."""


@pytest.fixture
def reader() -> OrderReader:
    """Make one that lets a lot pass."""
    return OrderReader(PLENTY, OPTIONS)


@pytest.mark.parametrize("name", get_args(CommandName))
def test_every_command_is_understood(reader: OrderReader, name: str) -> None:
    argument = {"say": "good morning", "learn": "biscuit", "forget": "biscuit"}.get(name, "")
    order = reader.read("command", f" {name} {argument}\n".encode())
    assert order == Command.model_validate({"name": name, "argument": argument})


def test_setting_is_an_order_of_that_one_choice(reader: OrderReader) -> None:
    assert reader.read("threshold/set", b"0.5") == Choices(threshold=0.5)
    assert reader.read("recognition/set", b"OFF") == Choices(recognition="OFF")


def test_text_to_say_is_cleaned_and_limited(reader: OrderReader) -> None:
    text = "say \x1b[2J good\x00\u202e\n [[morning " + "x" * 700
    order = reader.read("command", text.encode())
    assert isinstance(order, Command)
    assert order.argument.startswith("[2J good morning xxx")
    assert len(order.argument) == MAX_TEXT
    assert order.argument.isprintable()


@pytest.mark.parametrize(
    ("topic", "payload", "why"),
    [
        ("command", b"", "no such command"),
        ("command", b"pause now", "takes no words"),
        ("command", b"pause\x00", "no such command"),
        ("command", b"PAUSE", "no such command"),
        ("command", b"say", "needs words"),
        ("command", b"say \x00\x01", "needs words"),
        ("command", b"learn ", "1 to 40 characters"),
        ("command", b"learn other", "no sign"),
        ("command", b"__init__ x", "no such command"),
        ("threshold/set", b"2", "less than or equal to 1"),
        ("colour/set", b"red", "no such setting"),
        ("model_fields/set", b"x", "no such setting"),
        ("/set", b"ON", "no such setting"),
        ("threshold", b"0.5", "no such setting"),
    ],
)
def test_what_is_wrong_is_refused_and_said(
    reader: OrderReader, caplog: pytest.LogCaptureFixture, topic: str, payload: bytes, why: str
) -> None:
    assert reader.read(topic, payload) is None
    (record,) = caplog.records
    assert why in record.getMessage()
    assert record.getMessage().isprintable()


def test_messages_beyond_the_rate_are_refused_until_it_is_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [0.0]
    reader = OrderReader(3, OPTIONS, clock=lambda: now[0])
    with caplog.filtering(Repeats()):  # as the journal is
        heard = [reader.read("command", b"repeat") for _ in range(6)]
    assert [order is not None for order in heard] == [True] * 3 + [False] * 3
    assert caplog.text.count("too many") == 1
    now[0] = 20.0
    assert reader.read("command", b"repeat") is not None


def test_flood_is_stopped_by_the_rate_before_it_is_looked_at(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reader = OrderReader(60, OPTIONS, clock=lambda: 0.0)
    with caplog.filtering(Repeats()):
        orders = [reader.read("threshold/set", b"0.5") for _ in range(1000)]
    assert sum(order is not None for order in orders) == 60
    assert len(caplog.records) == 1


@given(topic=st.text(max_size=50), payload=st.text(max_size=300))
def test_anything_is_an_order_or_refused(topic: str, payload: str) -> None:
    order = OrderReader(PLENTY, OPTIONS).read(topic, payload.encode())
    assert order is None or isinstance(order, Command | Choices)
