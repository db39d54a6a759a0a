"""The daemon as a process, for tests; and what waits for it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import uuid
from datetime import datetime
from pathlib import Path

from broker import Broker, Subscriber
from patience import AGES, PROMPT, eventually

ROOT = Path(__file__).resolve().parent.parent


WORDS = ROOT / "models" / "words"


MEDIA = ROOT.parent / "shared" / "media" / "words"


SPOKEN = ["yes", "no", "help", "eat", "drink", "computer"]


MARK = "LC_TEST_PROCESS"
"""Variable of the environment by which a daemon's descendants are known; children keep LC_*."""


def archive(*glosses: str) -> str:
    """Name the model's own examples of some words as a source."""
    return f"archive:{WORDS / 'prototypes.npz'}#{','.join(glosses)}"


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Daemon:
    """``sign-edge run`` as a child in a session of its own, started and stopped at will."""

    def __init__(self, folder: Path, broker_port: int, source: str) -> None:
        """Write its configuration; it loops, rests shortly and speaks into files."""
        self.folder = folder
        self.sounds = folder / "sounds"
        self.sounds.mkdir()
        self.config = folder / "config.toml"
        self.config.touch()
        self.environment: dict[str, str] = {}
        self.program = [sys.executable, "-m", "edge"]
        self.current = folder
        self.settings = {
            "camera.source": source,
            "camera.loop": "true",
            "camera.archive_rest": "0.6",
            "mqtt.port": str(broker_port),
            "mqtt.device": "test",
            "mqtt.retry_max": "1",
            "speech.device": f"file:{self.sounds}",
            "speech.max_age": "60",
            "speech.timeout": "60",
            "health.log_level": "info",
        }
        self._mark = uuid.uuid4().hex
        self._runs = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The child."""
        assert self._process is not None
        return self._process

    @property
    def log(self) -> str:
        """What this run has written to stderr; nothing where there was none."""
        path = self.folder / f"log-{self._runs}"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def wavs(self) -> list[Path]:
        """What was spoken, oldest first."""
        return sorted(self.sounds.glob("[!.]*.wav"), key=lambda path: path.stat().st_mtime_ns)

    def start(self) -> None:
        """Start it; it need not be ready."""
        self._runs += 1
        given = [f"--set={key}={value}" for key, value in self.settings.items()]
        command = [*self.program, "run", "--config", str(self.config), *given]
        ours = ("SIGN_EDGE_", "NOTIFY_SOCKET", "WATCHDOG_", "JOURNAL_", "CREDENTIALS_")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        own = {"PYTHONPATH": str(ROOT), MARK: self._mark, **self.environment}
        with (self.folder / f"log-{self._runs}").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.current,
                env={**inherited, **own},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )

    def logged(self, text: str, within: float = AGES) -> bool:
        """Wait until the log holds a text."""
        return eventually(lambda: text in self.log, within)

    def end(self, number: int) -> float:
        """Send a signal and return how many seconds it took to end."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=AGES)
        return time.monotonic() - begun

    def relatives(self) -> list[str]:
        """Describe what is left of it: of its group, its children, theirs, and orphans."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                environment = (folder / "environ").read_bytes()
                command = (folder / "cmdline").read_bytes()
            except OSError:  # ended meanwhile
                continue
            kin = {int(number) for number in fields[1:4]}  # parent, group, session
            if int(folder.name) == self.process.pid or fields[0] == "Z":
                continue
            if self.process.pid in kin or f"{MARK}={self._mark}".encode() in environment:
                found.append(f"{folder.name} {command.decode(errors='replace')}")
        return found

    def clean_up(self) -> None:
        """Kill it and what is left of it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for relative in self.relatives():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(relative.split()[0]), signal.SIGKILL)


def words(subscriber: Subscriber) -> list[str]:
    """Return the words that have arrived, in order."""
    signs = [json.loads(text) for text in subscriber.texts("/sign")]
    return [sign["event_type"] for sign in signs]


def time_of(text: str) -> datetime:
    """Read a time as it is published; Python 3.10 knows no Z."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def wait_for_words(subscriber: Subscriber, more: int = 1, within: float = AGES) -> bool:
    """Wait until some more words have arrived."""
    known = len(words(subscriber))
    return subscriber.wait_for(lambda _: len(words(subscriber)) >= known + more, within)


def wait_for_state(subscriber: Subscriber, state: str) -> bool:
    """Wait until the newest state is this."""

    def is_there() -> bool:
        states = subscriber.texts("test/state")
        return bool(states) and json.loads(states[-1]).get("state") == state

    return subscriber.wait_for(lambda _: is_there(), AGES)


def retained_availability(broker: Broker) -> str:
    """Ask, as somebody new, what the broker has kept."""
    asker = Subscriber(broker.port, "sign-edge/test/availability")
    try:
        assert asker.wait_for(lambda messages: bool(messages))
        assert asker.messages[0].is_retained
        return asker.messages[0].text
    finally:
        asker.close()


def assert_ended_well(daemon: Daemon, broker: Broker, took: float) -> None:
    """Check exit code, time, processes and what the broker was told."""
    assert daemon.process.returncode == 0, daemon.log
    assert took < PROMPT
    assert eventually(lambda: not daemon.relatives()), daemon.relatives()
    assert retained_availability(broker) == "offline"


class Notified:
    """The socket on which systemd would listen, and what came over it."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "notify")
        self.arrivals: list[tuple[float, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)

    def collect(self, seconds: float, until: str = "") -> bool:
        """Take what comes for a while, or until a line has come; tell whether it has."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0 and not (until and self.has(until)):
            if select.select([self._socket], [], [], rest)[0]:
                now = time.monotonic()
                lines = self._socket.recv(4096).decode().splitlines()
                self.arrivals += [(now, line) for line in lines]
        return self.has(until)

    def hears(self, line: str, times: int) -> bool:
        """Wait until a line has come so often."""
        return eventually(lambda: self.collect(0.05) or len(self.times(line)) >= times)

    def has(self, line: str) -> bool:
        """Tell whether a line came."""
        return any(known == line for _, known in self.arrivals)

    def times(self, line: str) -> list[float]:
        """Return when a line came."""
        return [at for at, known in self.arrivals if known == line]

    def statuses(self) -> list[str]:
        """Return what the status has been."""
        return [line[7:] for _, line in self.arrivals if line.startswith("STATUS=")]

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def without_systemd_python(folder: Path) -> str:
    """Make a path for Python on which systemd-python cannot be imported."""
    package = folder / "hidden" / "systemd"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError\n")
    return f"{package.parent}:{ROOT}"
