"""The monitor: its table, its command, and a fleet of two hundred on a real broker."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import paho.mqtt.client as mqtt
import pytest
from broker import MOSQUITTO, Broker, Subscriber
from paho.mqtt.enums import CallbackAPIVersion
from patience import AGES, eventually
from rich.cells import cell_len
from rich.console import Console

from edge.__main__ import main
from edge.config.settings import MqttSettings
from edge.mqtt.fleet import Row
from edge.mqtt.monitor import Monitor, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("bare_environment")

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "[red]\x1b[2J\x1b]0;owned\x07[/red][link=x:y]\u202e\n:smile:"
with_broker = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


def row(device: str, **fields: object) -> Row:
    """Make a row of a device that is well, and change something."""
    known = {
        "availability": "online",
        "state": "idle",
        "word": "hello",
        "word_age": 75.0,
        "fps": 14.96,
        "latency_ms": 312.4,
        "heard": 0.5,
        "problems": (),
    }
    return Row(device=device, **(known | fields))  # type: ignore[arg-type]


def draw(rows: list[Row], *, width: int = 120, height: int | None = None) -> list[str]:
    """Draw the table as a terminal of this size would show it, without colours."""
    console = Console(file=io.StringIO(), width=width, color_system=None, force_terminal=True)
    console.print(table_of(rows, "here:1883", height))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_table_shows_every_figure_with_its_unit() -> None:
    text = draw([row("kitchen", problems=("camera: gone", "speech: none"))])
    (line,) = [line for line in text if "kitchen" in line]
    cells = re.split(r"\s{2,}", line.strip())
    assert cells[:4] == ["kitchen", "online", "idle", "hello"]
    for cell in ("1 min", "15.0", "312 ms", "0.5 s", "camera: gone; speech: none"):
        assert cell in line
    assert "1 devices, 1 online, 1 with problems" in "\n".join(text)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(9.94, "9.9 s"), (59, "59 s"), (7300, "2 h"), (172_800, "2 d")]
)
def test_ages_are_said_in_their_largest_unit(seconds: float, shown: str) -> None:
    assert f" {shown} " in draw([row("a", word_age=seconds)])[2]


def test_unknown_figures_are_left_empty() -> None:
    empty = row(
        "a",
        availability="",
        state="",
        word="",
        word_age=None,
        fps=None,
        latency_ms=None,
        heard=None,
    )
    assert draw([empty])[2].split() == ["a", "unknown"]


@pytest.mark.parametrize("height", [10, 24, 60])
@pytest.mark.parametrize("width", [20, 80, 200])
def test_table_is_never_larger_than_the_terminal_and_says_what_is_below(
    width: int, height: int
) -> None:
    long = {"word": "日本語" * 20, "problems": ("camera: " + "x" * 200,)}
    rows = [row(f"d{number:03}" + "n" * 60, **long) for number in range(200)]
    text = draw(rows, width=width, height=height)
    assert len(text) == height
    assert max(map(cell_len, text)) <= width
    assert sum(line.startswith("d0") for line in text) == height - 3
    if width > 20:
        assert f"{200 - height + 3} below" in text[-1]


def test_markup_and_emoji_codes_are_shown_as_they_are() -> None:
    text = "\n".join(draw([row("[red]d[/red]", word="[link=a:b]:smile:", problems=("[/]",))]))
    for shown in ("[red]d[/red]", "[link=a:b]:smile:", "[/]"):
        assert shown in text
    assert "\x1b" not in text


@with_broker
def test_once_prints_every_device_and_hostile_ones_harmlessly(
    broker: Broker, subscriber: Subscriber, capfd: pytest.CaptureFixture[str]
) -> None:
    subscriber.publish("sign-edge/kitchen/availability", "online", retain=True)
    subscriber.publish("sign-edge/kitchen/state", '{"state":"idle"}', retain=True)
    subscriber.publish("sign-edge/kitchen/problem", json.dumps({"camera": HOSTILE}), retain=True)
    subscriber.publish("sign-edge/[b]evil/availability", "offline", retain=True)
    subscriber.publish("sign-edge/[b]evil/state", b"{" * 20_000, retain=True)
    command = ["monitor", "--once", "--seconds", "0.5", "--host", "127.0.0.1"]
    command += ["--port", str(broker.port)]
    assert main([*command, "--json"]) == 0
    first, second = map(json.loads, capfd.readouterr().out.splitlines())
    assert (first["device"], first["availability"]) == ("[b]evil", "offline")
    assert first["problems"] == ["messages not understood: 1"]
    assert (second["device"], second["state"], second["heard"]) == ("kitchen", "idle", None)
    assert second["problems"][0].startswith("camera: [red]\ufffd[2J")

    assert main([*command, "--order", "name"]) == 0
    table = capfd.readouterr().out
    assert table.index("[b]evil") < table.index("kitchen")
    assert "\x1b" not in table
    assert "\x07" not in table


@with_broker
def test_command_says_what_is_missing(
    broker: Broker, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = ["--host", "127.0.0.1", "--port", str(broker.port)]
    assert main(["monitor", *port]) == 2
    assert "needs a terminal" in capfd.readouterr().err
    assert main(["monitor", *port, "--json"]) == 2
    assert main(["monitor", *port, "--once", "--seconds", "nan"]) == 2
    assert main(["monitor", "--port", "many", "--once"]) == 2
    assert "a whole number" in capfd.readouterr().err
    broker.stop()
    monkeypatch.setattr("edge.mqtt.listener.PATIENCE", 0.5)
    assert main(["monitor", *port, "--once", "--seconds", "0.1"]) == 1
    assert f"127.0.0.1:{broker.port} cannot be reached" in capfd.readouterr().err


@with_broker
def test_refused_login_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    login = {"user": "desk", "password": "right-one"}
    broker = Broker(tmp_path, **login)
    broker.start()
    monkeypatch.setattr("edge.mqtt.listener.PATIENCE", 1.0)
    secret = tmp_path / "secret"
    command = ["monitor", "--once", "--json", "--seconds", "0.1", "--port", str(broker.port)]
    command += ["--host", "127.0.0.1", "--set", "mqtt.username=desk"]
    command += ["--set", f"mqtt.password_file={secret}"]
    try:
        secret.write_text("wrong-one\n")
        assert main(command) == 1
        complaint = capfd.readouterr().err
        assert "refuses us: Not authorized" in complaint
        assert "wrong-one" not in complaint
        secret.write_text("right-one\n")
        assert main(command) == 0
    finally:
        broker.stop()


@with_broker
def test_monitor_goes_on_after_the_broker_was_away(broker: Broker) -> None:
    settings = MqttSettings.model_validate({"host": "127.0.0.1", "port": broker.port})
    with Monitor(settings) as monitor:
        monitor.listener.wait()
        broker.stop()
        assert eventually(lambda: bool(monitor.listener.trouble))
        broker.start()
        assert eventually(lambda: not monitor.listener.trouble)
        talker = Subscriber(broker.port)
        talker.publish("sign-edge/kitchen/availability", "online")
        assert eventually(lambda: [row.device for row in monitor.rows()] == ["kitchen"])
        talker.close()


class Terminal:
    """A terminal with ``sign-edge monitor`` in it."""

    def __init__(self, port: int, *, width: int, height: int) -> None:
        self._screen, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        command = [sys.executable, "-m", "edge", "monitor", "--host=127.0.0.1", f"--port={port}"]
        self.process = subprocess.Popen(
            command,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "TERM": "xterm",
                "COLUMNS": "",
                "LINES": "",
            },
            stdin=end,
            stdout=end,
            stderr=end,
            start_new_session=True,
            # As a shell's background job has it: the monitor must end at Ctrl-C all the same.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        )
        os.close(end)
        self._output = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """All that was written to it."""
        return self._output.decode(errors="replace")

    def frames(self) -> list[str]:
        """What it showed at each refresh, without colours; the last may be unfinished."""
        plain = re.sub(r"\x1b\[[\d;]*m", "", self.text)
        return plain.split("\x1b[H")[1:]

    def busy(self) -> float:
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End it, however."""
        self.process.kill()
        self.process.wait()
        self._reader.join(AGES)
        os.close(self._screen)

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the other end was closed
            while select.select([self._screen], [], [], 60)[0]:
                self._output += os.read(self._screen, 65536)


@pytest.fixture
def terminal(broker: Broker) -> Iterator[Terminal]:
    terminal = Terminal(broker.port, width=140, height=210)
    yield terminal
    terminal.close()


class Crowd:
    """Devices with a connection each, that publish in turn; without threads of their own."""

    def __init__(self, port: int, count: int) -> None:
        self._clients = [mqtt.Client(CallbackAPIVersion.VERSION2) for _ in range(count)]
        for number, client in enumerate(self._clients):
            client.will_set(self._topic(number, "availability"), "offline", qos=1, retain=True)
            client.connect("127.0.0.1", port)
            while not client.is_connected():
                client.loop(0.2)
            client.publish(self._topic(number, "availability"), "online", retain=True)

    def sign_for(self, seconds: float) -> int:
        """Have each say a word every second; return how many were said."""
        begun, said = time.monotonic(), 0
        while (now := time.monotonic() - begun) < seconds:
            due = int(now * len(self._clients))
            while said < due:
                number = said % len(self._clients)
                sign = {"event_type": "yes", "text": f"word {said // len(self._clients)}"}
                self._clients[number].publish(self._topic(number, "sign"), json.dumps(sign))
                said += 1
            time.sleep(0.005)
        return said

    def leave(self) -> None:
        """Go without a word: the broker says that they are gone."""
        for client in self._clients:
            socket = client.socket()
            assert socket is not None
            socket.close()

    @staticmethod
    def _topic(number: int, leaf: str) -> str:
        return f"sign-edge/device-{number:03}/{leaf}"


@pytest.mark.slow
@with_broker
def test_two_hundred_devices_at_a_message_a_second_stay_live(
    broker: Broker, terminal: Terminal, capfd: pytest.CaptureFixture[str]
) -> None:
    crowd = Crowd(broker.port, 200)
    assert eventually(lambda: "200 devices, 200 online" in terminal.text)
    crowd.sign_for(2)

    def is_live() -> bool:
        """Watch for ten seconds, in which the machine may have had other work to do."""
        said, oldest, share, tables = watch(crowd, terminal)
        with capfd.disabled():
            figures = f"oldest shown {oldest:.1f} s, {share:.0%} of a core for {tables} tables"
            sys.stdout.write(f"\n200 devices, a message a second each: {figures}\n")
        assert share < 0.6
        return said >= 1990 and tables >= 10 and oldest < 2  # of 2000, of 20, seconds

    assert eventually(is_live)
    crowd.leave()
    assert eventually(lambda: "200 devices, 0 online" in terminal.frames()[-2])

    terminal.process.send_signal(signal.SIGINT)
    assert terminal.process.wait(AGES) == 0
    assert "\x1b[?1049l" in terminal.text  # the screen as it was before


def watch(crowd: Crowd, terminal: Terminal) -> tuple[int, float, float, int]:
    """Return words said in ten seconds, the oldest age shown, the share of a core, the tables."""
    frames, busy, begun = len(terminal.frames()), terminal.busy(), time.monotonic()
    said = crowd.sign_for(10)
    took = time.monotonic() - begun
    share = (terminal.busy() - busy) / took
    seen = terminal.frames()[frames:-1]
    oldest = 0.0
    for frame in seen:
        lines = [line for line in frame.splitlines() if line.startswith("device-")]
        assert len(lines) == 200
        # ago and heard; the words say nothing of when they were signed, so both are of arrivals
        ages = [float(age) for line in lines for age in re.findall(r"(\d+\.\d) s\b", line)]
        assert len(ages) == 400
        oldest = max(oldest, *ages)
    return said, oldest, share, len(seen)
