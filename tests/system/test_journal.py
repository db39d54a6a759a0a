"""What the journal gets: fields, priorities, its own protocol over a real socket; and repeats."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from extras import require

from edge.system.journal import (
    JournalHandler,
    PriorityFormatter,
    encode,
    is_in_journal,
    library_sender,
    native_sender,
    priority_of,
    stage_of,
)
from edge.system.log_repeats import BURST, PERIOD, Repeats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]


def record(
    text: str,
    *args: object,
    level: int = logging.INFO,
    name: str = "edge.camera.live",
    **extra: object,
) -> logging.LogRecord:
    """Make a record as a logger would."""
    return logging.getLogger(name).makeRecord(
        name, level, __file__, 7, text, args, None, "function", extra
    )


def decode(datagram: bytes) -> dict[str, str]:
    """Read the journal's protocol as its page describes it."""
    fields = {}
    while datagram:
        line, _, rest = datagram.partition(b"\n")
        if b"=" in line:
            name, _, value = line.partition(b"=")
        else:
            name, size = line, int.from_bytes(rest[:8], "little")
            value, rest = rest[8 : 8 + size], rest[8 + size + 1 :]
        fields[name.decode()] = value.decode()
        datagram = rest
    return fields


class Clock:
    """Time that goes on when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


# Fields


def test_record_bears_stage_device_and_where_it_comes_from() -> None:
    sent: list[Mapping[str, str]] = []
    handler = JournalHandler("kitchen", sent.append)
    handler.handle(record("camera is up: %s", "640x480", name="edge.camera.live"))
    (fields,) = sent
    assert fields["MESSAGE"] == "camera is up: 640x480"
    assert fields["PRIORITY"] == "6"
    assert fields["SYSLOG_IDENTIFIER"] == "sign-edge"
    assert fields["SIGN_EDGE_STAGE"] == "camera"
    assert fields["SIGN_EDGE_DEVICE"] == "kitchen"
    assert (fields["LOGGER"], fields["CODE_LINE"]) == ("edge.camera.live", "7")
    assert (fields["CODE_FILE"], fields["CODE_FUNC"]) == (__file__, "function")
    assert "SIGN_EDGE_GLOSS" not in fields


def test_gloss_is_a_field_at_debug_only() -> None:
    sent: list[Mapping[str, str]] = []
    handler = JournalHandler("kitchen", sent.append)
    handler.handle(record("sign %s", "yes", level=logging.DEBUG, gloss="yes"))
    handler.handle(record("sign", level=logging.INFO, gloss="yes"))
    assert sent[0]["SIGN_EDGE_GLOSS"] == "yes"
    assert "SIGN_EDGE_GLOSS" not in sent[1]
    assert "yes" not in "".join(sent[1].values())


@pytest.mark.parametrize(
    ("logger", "stage"),
    [
        ("edge.camera.live", "camera"),
        ("edge.camera.source", "camera"),
        ("edge.mqtt.connection", "publisher"),
        ("edge.device.orders", "publisher"),
        ("edge.speech.loudspeaker", "speech"),
        ("edge.pipeline", "daemon"),
        ("paho", "daemon"),
    ],
)
def test_every_logger_belongs_to_a_stage(logger: str, stage: str) -> None:
    assert stage_of(logger) == stage


def test_levels_become_priorities() -> None:
    levels = (1, 10, 15, 20, 30, 40, 50, 60)
    assert [priority_of(level) for level in levels] == [7, 7, 7, 6, 4, 3, 2, 2]


# Protocol


def test_fields_arrive_whole_over_a_real_socket() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,  # a short path; sockets take 108 characters
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal,
    ):
        path = f"{folder}/journal"
        journal.bind(path)
        handler = JournalHandler("küche", native_sender(path))
        failure = record("thread %s failed\nline = two\n\nfour \ud800", "speech", level=40)
        handler.handle(failure)
        handler.handle(record("x" * 100_000))
        fields = decode(journal.recv(200_000))
        assert fields["MESSAGE"] == "thread speech failed\nline = two\n\nfour \\ud800"
        assert fields["SIGN_EDGE_DEVICE"] == "küche"
        assert fields["PRIORITY"] == "3"
        assert len(decode(journal.recv(200_000))["MESSAGE"]) == 32_768


def test_systemd_python_takes_every_field() -> None:
    require("systemd")
    sent: list[Mapping[str, str]] = []
    handler = JournalHandler("kitchen", sent.append)
    handler.handle(record("sign %s\n", "yes", level=logging.DEBUG, gloss="yes"))
    library_sender()(sent[0])  # without a journal it goes nowhere, but is looked at all the same


def test_field_without_a_line_break_takes_the_short_form() -> None:
    assert encode({"A": "b=c", "D": "e\nf"}) == b"A=b=c\nD\n\x03\0\0\0\0\0\0\0e\nf\n"


def test_journal_that_is_not_there_is_an_error_for_the_caller(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        native_sender(str(tmp_path / "nothing"))


def test_lines_on_stderr_bear_their_priority() -> None:
    formatter = PriorityFormatter()
    assert formatter.format(record("a\nb", level=logging.WARNING)) == "<4>a\n<4>b"


def test_journal_is_where_our_own_stderr_goes_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for stream in ("", "nonsense", "1:2:3", "8:1"):
        monkeypatch.setenv("JOURNAL_STREAM", stream)
        assert not is_in_journal()
    # As under systemd: stderr is that very socket, here a file. There is no journal behind it.
    target = tmp_path / "stderr"
    target.touch()
    status = target.stat()
    code = "from edge.system.journal import set_up_logging; import logging;"
    code += "set_up_logging('info', 'k');"
    code += "logging.getLogger('edge.camera.live').warning('hello')"
    hidden = tmp_path / "hidden" / "systemd"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError\n")
    environment = {
        **os.environ,
        "PYTHONPATH": f"{hidden.parent}:{ROOT}",
        "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}",
    }
    with target.open("w") as stderr:
        subprocess.run([sys.executable, "-c", code], env=environment, stderr=stderr, check=True)
    if not Path("/run/systemd/journal/socket").exists():
        assert target.read_text() == "<4>hello\n"
    else:
        assert target.read_text() == ""


# Repeats


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shown(clock: Clock) -> Iterator[tuple[logging.Logger, list[str]]]:
    """A logger behind the filter, and what got through."""
    lines: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    logger = logging.getLogger("edge.test_repeats")
    collector = Collector()
    collector.addFilter(Repeats(clock=clock))
    logger.addHandler(collector)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield logger, lines
    logger.removeHandler(collector)


def test_message_that_repeats_is_shown_a_few_times_and_then_counted(
    shown: tuple[logging.Logger, list[str]], clock: Clock
) -> None:
    logger, lines = shown
    for index in range(100):
        clock.now += 0.1
        logger.warning("camera %s: gone", index)
    assert lines[:-1] == [f"camera {index}: gone" for index in range(BURST - 1)]
    assert lines[-1] == f"camera {BURST - 1}: gone (more like it are only counted for a minute)"
    clock.now += PERIOD
    logger.warning("camera %s: gone", "last")
    assert lines[BURST:] == [f"camera last: gone ({100 - BURST} more like it were not shown)"]
    clock.now += PERIOD
    logger.warning("camera %s: gone", "later")
    assert lines[-1] == "camera later: gone"


def test_other_messages_levels_and_debug_pass(shown: tuple[logging.Logger, list[str]]) -> None:
    logger, lines = shown
    for _ in range(20):
        logger.warning("a")
        logger.error("a")
        logger.info("%s", "first")
        logger.info("%s", "second")
        logger.debug("d")
    assert len(lines) == 4 * BURST + 20
    logger.info("%s", "third")
    assert lines[-1] == "third"


def test_each_kind_of_what_strangers_cause_is_shown_once_until_some_time_has_passed(
    shown: tuple[logging.Logger, list[str]], clock: Clock
) -> None:
    logger, lines = shown
    for _ in range(3):
        logger.warning("refused: %s", "too large", extra={"once": "size"})
        logger.warning("refused: %s", "unknown", extra={"once": "name"})
    note = " (more like it are only counted for a minute)"
    assert lines == [f"refused: too large{note}", f"refused: unknown{note}"]
    clock.now += PERIOD
    logger.warning("refused: %s", "too large", extra={"once": "size"})
    assert lines[2:] == ["refused: too large (2 more like it were not shown)"]


def test_memory_for_messages_is_bounded(clock: Clock) -> None:
    repeats = Repeats(clock=clock)
    for index in range(10_000):
        assert repeats.filter(record(f"message {index}"))
    assert len(repeats._counts) <= 256
