"""The model of all devices on a broker: what it takes, what it shows, and what it refuses."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.mqtt.fleet import LEAVES, MAX_BYTES, MAX_DEVICES, Fleet, Row, clean

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=timezone.utc).timestamp()
SIGN = {"text": "TV", "offset": "2026-11-21T11:59:55.500Z", "latency_ms": 240}


def push(
    fleet: Fleet, topic: str, payload: object, *, now: float = NOW, kept: bool = False
) -> None:
    """Publish bytes as they are, and anything else as JSON, below the base."""
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    fleet.push(f"sign-edge/{topic}", data, now, is_retained=kept)


def only_row(fleet: Fleet, now: float = NOW) -> Row:
    """Return the one row there is."""
    (row,) = fleet.rows(now)
    return row


def test_row_holds_the_newest_of_every_topic() -> None:
    fleet = Fleet("sign-edge")
    push(fleet, "kitchen/availability", b"online", kept=True)
    push(fleet, "kitchen/state", {"state": "signing", "version": "1", "more": [1]}, kept=True)
    push(fleet, "kitchen/problem", {"camera": "no frame", "speech": ""}, kept=True)
    push(fleet, "kitchen/stats", {"fps": 14.8, "latency_ms": 0.0})
    push(fleet, "kitchen/sign", SIGN)
    assert only_row(fleet, NOW + 3) == Row(
        device="kitchen",
        availability="online",
        state="signing",
        word="TV",
        word_age=7.5,
        fps=14.8,
        latency_ms=240,
        heard=3.0,
        problems=("camera: no frame",),
    )


def test_what_the_broker_had_kept_does_not_count_as_heard() -> None:
    fleet = Fleet("sign-edge")
    push(fleet, "kitchen/availability", b"online", kept=True)
    assert only_row(fleet).heard is None
    push(fleet, "kitchen/stats", {"fps": 5})
    assert only_row(fleet, NOW + 1).heard == 1


def test_letters_are_shown_until_their_word_is_closed_but_sentences_are_not() -> None:
    fleet = Fleet("sign-edge")
    for letter in "CAT":
        push(fleet, "kitchen/letter", {**SIGN, "text": letter})
    assert only_row(fleet).word == "T"
    push(fleet, "kitchen/utterance", {**SIGN, "text": "cat"})
    assert only_row(fleet).word == "cat"
    push(fleet, "kitchen/sign", SIGN)
    push(fleet, "kitchen/utterance", {**SIGN, "text": "yes TV"})
    assert only_row(fleet).word == "TV"


def test_an_offline_device_does_nothing_and_a_clock_ahead_gives_no_negative_age() -> None:
    fleet = Fleet("sign-edge")
    push(fleet, "kitchen/state", {"state": "signing"})
    push(fleet, "kitchen/availability", b"offline")
    push(fleet, "kitchen/sign", {**SIGN, "offset": "2099-01-01T00:00:00Z"})
    row = only_row(fleet)
    assert (row.state, row.word_age) == ("", 0)
    assert row.is_troubled


def test_those_in_trouble_come_first_unless_names_are_asked_for() -> None:
    fleet = Fleet("sign-edge")
    for name in ("c", "a", "d", "b"):
        push(fleet, f"{name}/availability", b"offline" if name == "c" else b"online")
    push(fleet, "d/problem", {"camera": "gone"})
    assert [row.device for row in fleet.rows(NOW)] == ["c", "d", "a", "b"]
    assert [row.device for row in fleet.rows(NOW, "name")] == ["a", "b", "c", "d"]


def test_removed_device_leaves_the_table_and_does_not_come_back_by_empty_messages() -> None:
    fleet = Fleet("sign-edge")
    push(fleet, "kitchen/availability", b"offline")
    push(fleet, "kitchen/problem", {"camera": "gone"})
    push(fleet, "kitchen/problem", b"")
    assert only_row(fleet).problems == ()
    for leaf in LEAVES:
        push(fleet, f"kitchen/{leaf}", b"")
    assert fleet.rows(NOW) == []


HOSTILE = [
    ("availability", b"maybe"),
    ("availability", b"\xff\xfe"),
    ("state", b"{"),
    ("state", b"[" * 5000),
    ("state", b'"idle"'),
    ("state", b"\xff\xfe\x00"),
    ("sign", b'{"text": 5}'),
    ("sign", b'{"text": "a", "offset": "yesterday"}'),
    ("sign", b'{"text": "a", "offset": "2026-11-21T11:59:55"}'),
    ("sign", b'{"text": "a", "latency_ms": NaN}'),
    ("stats", b'{"fps": 1e400}'),
    ("stats", b'{"fps": ' + b"9" * 5000 + b"}"),
    ("stats", b'{"fps": -1}'),
    ("problem", b'{"camera": {"deep": 1}}'),
    ("problem", b'{"camera": "' + b"x" * MAX_BYTES + b'"}'),
]


@pytest.mark.parametrize(("leaf", "payload"), HOSTILE)
def test_malformed_payload_changes_nothing_and_is_counted(leaf: str, payload: bytes) -> None:
    fleet = Fleet("sign-edge")
    push(fleet, "kitchen/availability", b"online")
    push(fleet, "kitchen/sign", SIGN)
    before = only_row(fleet)
    push(fleet, f"kitchen/{leaf}", payload)
    after = only_row(fleet)
    assert after.problems == ("messages not understood: 1",)
    assert (after.availability, after.word, after.fps) == ("online", "TV", None)
    assert before.problems == ()


def test_nothing_that_a_terminal_obeys_leaves_the_model() -> None:
    fleet = Fleet("sign-edge")
    bad = "\x1b[2J\x1b]0;owned\x07\u202e\r\n\t\x9b31m\u2028"
    push(fleet, f"{bad}/availability", b"online")
    push(fleet, f"{bad}/state", {"state": bad})
    push(fleet, f"{bad}/sign", {"text": bad * 20})
    push(fleet, f"{bad}/problem", {bad: bad, **{str(n): "x" * 1000 for n in range(12)}})
    row = only_row(fleet)
    texts = [row.device, row.state, row.word, *row.problems]
    assert all(text.isprintable() for text in texts)
    assert len(row.problems) == 8
    assert max(map(len, texts)) < 120
    assert row.word.endswith("…")


def test_more_devices_than_there_is_room_for_are_counted_only() -> None:
    fleet = Fleet("sign-edge")
    for number in range(MAX_DEVICES + 5):
        push(fleet, f"d{number}/availability", b"online")
    assert (len(fleet), fleet.ignored) == (MAX_DEVICES, 5)
    push(fleet, "d1/availability", b"")
    push(fleet, "new/availability", b"online")
    assert len(fleet) == MAX_DEVICES


@pytest.mark.parametrize(
    "topic",
    ["other/kitchen/sign", "sign-edge/kitchen", "sign-edge//sign", "sign-edge/a/b/sign",
     "sign-edge/kitchen/command", "sign-edge/" + "x" * 65 + "/sign", ""],
)  # fmt: skip
def test_topics_that_are_not_of_a_device_are_ignored(topic: str) -> None:
    fleet = Fleet("sign-edge")
    fleet.push(topic, b"online", NOW, is_retained=False)
    assert (len(fleet), fleet.ignored) == (0, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        name: JSON
        | st.text()
        | st.floats()
        | st.datetimes().map(lambda when: f"{when.isoformat()}Z")
        for name in ("state", "text", "offset", "latency_ms", "fps", "camera")
    },
)


@given(
    leaf=st.sampled_from(LEAVES),
    payload=st.binary()
    | JSON.map(json.dumps).map(str.encode)
    | FIELDS.map(json.dumps).map(str.encode),
    name=st.text(min_size=1, max_size=64).filter(lambda text: "/" not in text),
)
def test_any_payload_is_taken_or_refused_and_every_text_is_printable(
    leaf: str, payload: bytes, name: str
) -> None:
    fleet = Fleet("sign-edge")
    fleet.push(f"sign-edge/{name}/{leaf}", payload, NOW, is_retained=False)
    for row in fleet.rows(NOW):
        assert all(text.isprintable() for text in (row.device, row.state, row.word, *row.problems))
        assert row.word_age is None or row.word_age >= 0
        json.dumps(row.word_age, allow_nan=False)


@given(text=st.text(max_size=100), limit=st.integers(2, 50))
def test_clean_text_is_bounded_printable_and_the_same_when_harmless(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()
    if text.isprintable() and len(text) <= limit:
        assert shown == text
    assert clean(shown, limit) == shown
