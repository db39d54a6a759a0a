"""Messages that wait: order, bounds, restarts, kill -9, full and broken files."""

from __future__ import annotations

import logging
import os
import random
import resource
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patience import AGES

from edge.mqtt.outbox import WINDOW, Outbox
from edge.mqtt.resilient_spool import ResilientSpool
from edge.mqtt.spool import DamagedError, Message, Moment, Spool

ROOT = Path(__file__).resolve().parents[2]


class Clock:
    """Clocks that are moved by hand."""

    def __init__(self, moment: Moment | None = None) -> None:
        self.moment = moment or Moment("first", 100.0, 1_000_000.0)

    def __call__(self) -> Moment:
        return self.moment

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        at = self.moment
        self.moment = replace(at, uptime=at.uptime + seconds, made=at.made + seconds)


class Client:
    """What paho does: takes messages, and has them acknowledged later."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, bytes]] = []
        self.waited: list[float] = []
        self.room = 10**6

    def send(self, message: Message, waited: float) -> int | None:
        if self.room == 0:
            return None
        self.room -= 1
        self.sent.append((len(self.sent) + 1, message.payload))
        self.waited.append(waited)
        return self.sent[-1][0]

    @property
    def numbers(self) -> list[int]:
        """What was sent, in order."""
        return [int(payload) for _, payload in self.sent]


def make(
    client: Client, place: Path | None, *, limit: int = 1000, age: float = 1e6, clock: Clock
) -> Outbox:
    """Make an outbox."""
    return Outbox(ResilientSpool(place), client.send, limit=limit, age_max=age, now=clock)


def put(outbox: Outbox, *numbers: int) -> None:
    """Queue messages that are numbers."""
    for number in numbers:
        outbox.put("topic", str(number).encode())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "new" / "outbox.sqlite"


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_messages_leave_in_order_within_the_window_and_are_removed_when_acknowledged(
    place: Path, clock: Clock
) -> None:
    client = Client()
    outbox = make(client, place, clock=clock)
    put(outbox, *range(25))
    assert client.sent == []
    outbox.open()
    assert client.numbers == list(range(WINDOW))
    assert len(outbox) == 25
    outbox.acknowledge(2)
    assert client.numbers == list(range(WINDOW + 1))
    assert len(outbox) == 24
    outbox.acknowledge(9999)  # somebody else's
    for mid in range(1, 26):
        outbox.acknowledge(mid)
    assert client.numbers == list(range(25))
    assert len(outbox) == outbox.dropped == 0


def test_unacknowledged_messages_are_sent_again_first_and_in_order(
    place: Path, clock: Clock
) -> None:
    client = Client()
    outbox = make(client, place, clock=clock)
    outbox.open()
    put(outbox, 0, 1, 2, 3)
    outbox.acknowledge(2)
    outbox.shut()
    put(outbox, 4)
    assert client.numbers == [0, 1, 2, 3]
    outbox.open()
    assert client.numbers == [0, 1, 2, 3, 0, 2, 3, 4]


def test_refused_message_is_sent_when_there_is_room_again(place: Path, clock: Clock) -> None:
    client = Client()
    client.room = 1
    outbox = make(client, place, clock=clock)
    outbox.open()
    put(outbox, 0, 1, 2)
    assert client.numbers == [0]
    client.room = 5
    outbox.acknowledge(1)
    assert client.numbers == [0, 1, 2]


def test_oldest_that_are_not_on_their_way_give_way(place: Path, clock: Clock) -> None:
    client = Client()
    outbox = make(client, place, limit=3, clock=clock)
    outbox.open()
    put(outbox, *range(WINDOW + 5))
    assert outbox.dropped == 2
    for mid in range(1, WINDOW + 4):
        outbox.acknowledge(mid)
    assert client.numbers == [*range(WINDOW), WINDOW + 2, WINDOW + 3, WINDOW + 4]


def test_what_has_waited_too_long_is_dropped_and_counted(place: Path, clock: Clock) -> None:
    client = Client()
    outbox = make(client, place, age=60, clock=clock)
    put(outbox, 0, 1)
    clock.wait(50)
    put(outbox, 2)
    clock.wait(20)
    outbox.open()
    assert client.numbers == [2]
    assert client.waited == [20.0]
    assert (outbox.dropped, len(outbox)) == (2, 1)


def test_step_of_the_clock_ages_nothing(place: Path, clock: Clock) -> None:
    client = Client()
    outbox = make(client, place, age=60, clock=clock)
    clock.moment = replace(clock.moment, made=0.0)  # 1970: the network is not there yet
    put(outbox, 0)
    clock.wait(5)
    clock.moment = replace(clock.moment, made=2e9)
    outbox.open()
    assert client.waited == [5.0]


def test_across_a_restart_of_the_board_the_clock_counts(place: Path, clock: Clock) -> None:
    first = make(Client(), place, clock=clock)
    put(first, 0)
    first.close()
    client = Client()
    later = Moment("second", 1.0, clock.moment.made + 30)
    make(client, place, age=60, clock=Clock(later)).open()
    assert client.waited == [30.0]
    assert later.since(Moment("first", 0.0, later.made + 9)) == 0


def test_system_moment_grows() -> None:
    earlier = Moment.now()
    later = Moment.now()
    assert earlier.boot == later.boot
    assert 0 <= later.since(earlier) < 5


def test_next_process_goes_on_where_the_last_one_ended(place: Path, clock: Clock) -> None:
    client = Client()
    first = make(client, place, clock=clock)
    first.open()
    put(first, *range(15))
    first.acknowledge(1)
    first.close()
    second = make(client, place, clock=clock)
    put(second, 15)
    client.sent.clear()
    second.open()
    assert client.numbers == list(range(1, WINDOW + 1))
    for mid in range(1, 16):
        second.acknowledge(mid)
    assert client.numbers == list(range(1, 16))


def test_many_threads_lose_nothing_and_keep_their_order(place: Path, clock: Clock) -> None:
    client = Client()
    outbox = make(client, place, clock=clock)
    outbox.open()

    def body(first: int) -> None:
        for number in range(first, first + 100):
            put(outbox, number)
            outbox.acknowledge(random.randrange(1, 301))

    threads = [threading.Thread(target=body, args=(first,)) for first in (0, 1000, 2000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(AGES)
    for mid in range(1, 301):
        outbox.acknowledge(mid)
    assert len(outbox) == 0
    for first in (0, 1000, 2000):
        assert [n for n in client.numbers if first <= n < first + 1000] == [
            *range(first, first + 100)
        ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.sampled_from(["put", "ack", "open", "shut", "restart"]), max_size=80))
def test_whatever_happens_nothing_is_lost_or_overtaken(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    place, clock, client = tmp_path_factory.mktemp("outbox") / "o.sqlite", Clock(), Client()
    outbox, count = make(client, place, clock=clock), 0
    for step in steps:
        if step == "put":
            put(outbox, count)
            count += 1
        elif step == "ack":
            outbox.acknowledge(len(client.sent))
        elif step == "restart":
            outbox.close()
            outbox = make(client, place, clock=clock)
        else:
            outbox.open() if step == "open" else outbox.shut()
    outbox.open()
    for mid in range(1, len(client.sent) + count + 1):
        outbox.acknowledge(mid)
    outbox.close()
    assert list(dict.fromkeys(client.numbers)) == list(range(count))


def test_killed_process_loses_nothing_that_was_put(place: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from edge.mqtt.outbox import Outbox
from edge.mqtt.resilient_spool import ResilientSpool
outbox = Outbox(ResilientSpool(Path({str(place)!r})), lambda *_: None, limit=10**5, age_max=1e6)
number = 0
while True:
    outbox.put("topic", str(number).encode())
    print(number, flush=True)
    number += 1
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    printed = [int(process.stdout.readline()) for _ in range(300)]
    os.kill(process.pid, signal.SIGKILL)
    printed += [int(line) for line in process.stdout.read().split()]
    process.wait()
    process.stdout.close()
    spool = Spool(place)
    kept = [int(message.payload) for message in spool.after(0)]
    spool.close()
    assert kept[: len(printed)] == printed
    assert len(kept) <= len(printed) + 1


# --- files that cannot be used ---


def test_file_that_is_no_database_is_set_aside(
    place: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    place.parent.mkdir()
    place.write_bytes(b"no database" * 1000)
    client = Client()
    outbox = make(client, place, clock=clock)
    put(outbox, 1)
    outbox.close()
    (aside,) = place.parent.glob("*.damaged-*")
    assert aside.read_bytes() == b"no database" * 1000
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert str(aside) in caplog.text
    again = make(client, place, clock=clock)
    again.open()
    assert client.numbers == [1]


def test_file_with_a_broken_page_is_set_aside(place: Path, clock: Clock) -> None:
    outbox = make(Client(), place, clock=clock)
    for number in range(400):
        outbox.put("topic", b"%d" % number * 20)
    outbox.close()
    content = bytearray(place.read_bytes())
    content[4096:12288] = b"\xa5" * 8192
    place.write_bytes(content)
    with pytest.raises(DamagedError):
        Spool(place)
    waiting = ResilientSpool(place)
    assert waiting.is_on_file
    assert len(waiting) == 0
    assert len(list(place.parent.glob("*.damaged-*"))) == 1


def test_folder_that_cannot_be_made_is_told_once_and_memory_serves(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    problems: list[str] = []
    waiting = ResilientSpool(tmp_path / "file" / "new" / "outbox.sqlite", problems.append)
    assert problems == []
    client = Client()
    outbox = Outbox(waiting, client.send, limit=10, age_max=1e6, now=clock)
    waiting.tell()
    put(outbox, *range(5))
    outbox.open()
    assert client.numbers == [0, 1, 2, 3, 4]
    assert len(problems) == len(caplog.records) == 1
    assert "outbox.sqlite: Not a directory; messages wait in memory only" in problems[0]
    assert not waiting.is_on_file


def test_second_process_does_not_send_what_belongs_to_the_first(
    place: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.mqtt.spool._PATIENCE", 0.1)
    first = make(Client(), place, clock=clock)
    put(first, 1)
    second = ResilientSpool(place)
    assert not second.is_on_file
    assert len(second) == 0


def test_full_file_is_told_once_goes_on_in_memory_and_is_used_again(
    place: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    problems: list[str] = []
    waiting = ResilientSpool(place, problems.append)
    client = Client()
    outbox = Outbox(waiting, client.send, limit=1000, age_max=1e6, now=clock)
    put(outbox, 0, 1)
    waiting._spool._database.execute("PRAGMA max_page_count = 4")
    numbers = list(range(2, 500))
    put(outbox, *numbers)
    assert len(problems) == len(caplog.records) == 1
    assert "database or disk is full" in problems[0]
    assert not waiting.is_on_file
    waiting._retry_at = 0.0  # as if a minute had passed
    put(outbox, 500)
    assert problems[1:] == [""]
    assert waiting.is_on_file
    waiting.close()
    again = make(client, place, clock=clock)
    again.open()
    for mid in range(1, 501):
        again.acknowledge(mid)
    assert client.numbers == list(range(501))


def test_disk_that_takes_no_more_bytes_does_not_stop_a_process(place: Path) -> None:
    code = f"""
import logging, resource
from pathlib import Path
from edge.mqtt.outbox import Outbox
from edge.mqtt.resilient_spool import ResilientSpool
logging.basicConfig(format="LOG %(message)s")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
sent, told = [], []
def send(message, waited):
    sent.append(int(message.payload[:5]))
    return len(sent)
outbox = Outbox(ResilientSpool(Path({str(place)!r}), told.append), send, limit=1000, age_max=1e6)
for number in range(600):
    outbox.put("topic", b"%05d" % number + b"x" * 500)
outbox.open()
for mid in range(1, 601):
    outbox.acknowledge(mid)
print(sent == list(range(600)), len(outbox), len(told))
"""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "True 0 1\n", done.stderr
    assert done.stderr.count("LOG ") == 1


def test_file_is_not_synced_at_each_message(place: Path) -> None:
    spool = Spool(place)
    (journal,) = spool._database.execute("PRAGMA journal_mode").fetchone()
    (synchronous,) = spool._database.execute("PRAGMA synchronous").fetchone()
    assert (journal, synchronous) == ("wal", 1)
    spool.close()
