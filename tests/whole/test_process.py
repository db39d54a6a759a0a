"""The daemon as a process: real broker, real speech, signals, faults, systemd."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import signal
import socket
import tempfile
import threading
import time
import wave
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from broker import MOSQUITTO, Broker, Subscriber
from daemons import (
    MEDIA,
    SPOKEN,
    WORDS,
    Daemon,
    Notified,
    archive,
    assert_ended_well,
    free_port,
    retained_availability,
    time_of,
    wait_for_state,
    wait_for_words,
    without_systemd_python,
    words,
)
from extras import require
from patience import AGES, PROMPT, eventually, settled

from edge.camera.recordings import quiet_opencv

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed"),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"),
]


@pytest.fixture
def daemon(tmp_path: Path, broker: Broker) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path, broker.port, archive("yes", "no"))
    yield daemon
    log = daemon.log
    daemon.clean_up()
    assert "Traceback" not in log, log


# Words


def test_words_arrive_in_order_and_each_is_spoken(
    daemon: Daemon, broker: Broker, subscriber: Subscriber
) -> None:
    daemon.settings["camera.source"] = archive(*SPOKEN)
    daemon.settings["camera.loop"] = "false"
    daemon.start()
    assert subscriber.wait_for(lambda _: len(words(subscriber)) == len(SPOKEN), 2 * AGES)
    assert words(subscriber) == SPOKEN
    daemon.process.wait(timeout=AGES)  # the recording is over
    assert_ended_well(daemon, broker, 0)
    (utterance,) = subscriber.texts("/utterance")
    assert json.loads(utterance)["text"] == " ".join(SPOKEN)
    signs = [json.loads(text) for text in subscriber.texts("/sign")]
    assert [sign["segment"] for sign in signs] == [1, 2, 3, 4, 5, 6]
    assert all(0 < sign["duration_ms"] < 4000 for sign in signs)
    assert all(0 < sign["latency_ms"] < 1000 * PROMPT for sign in signs)
    assert len(daemon.wavs) == len(SPOKEN)
    for path in daemon.wavs:
        with wave.open(str(path)) as sound:
            assert sound.getnframes() > 0.1 * sound.getframerate()
    for message in subscriber.messages:
        topic = message.topic.rpartition("/")[2]
        assert message.qos == (0 if topic == "stats" else 1), message


# Signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_in_the_middle_of_a_sign_ends_all_in_order(
    daemon: Daemon, broker: Broker, subscriber: Subscriber, number: int
) -> None:
    daemon.start()
    assert wait_for_words(subscriber)  # by now the speaking process runs
    assert wait_for_state(subscriber, "idle")
    assert wait_for_state(subscriber, "signing")
    assert eventually(lambda: bool(daemon.relatives()))
    assert_ended_well(daemon, broker, daemon.end(number))
    assert subscriber.texts("/availability") == ["online", "offline"]


def test_killed_daemon_is_announced_by_its_will_and_starts_again(
    daemon: Daemon, broker: Broker, subscriber: Subscriber
) -> None:
    daemon.start()
    assert wait_for_words(subscriber)
    daemon.end(signal.SIGKILL)
    assert subscriber.wait_for_text("/availability", "offline", AGES)
    assert eventually(lambda: not daemon.relatives()), daemon.relatives()
    assert retained_availability(broker) == "offline"
    daemon.start()
    assert subscriber.wait_for_text("/availability", "online", AGES)
    assert wait_for_words(subscriber)
    assert_ended_well(daemon, broker, daemon.end(signal.SIGTERM))


def test_hangup_reads_the_settings_again_and_survives_bad_ones(
    daemon: Daemon, subscriber: Subscriber, tmp_path: Path
) -> None:
    daemon.start()
    assert wait_for_words(subscriber)

    daemon.config.write_text("[classifier\nthreshold = 1.0\n")
    daemon.process.send_signal(signal.SIGHUP)
    assert daemon.logged("not reloaded")
    assert str(daemon.config) in daemon.log.partition("not reloaded")[2].partition("\n")[0]
    assert wait_for_words(subscriber)

    noise = b"no network"
    shutil.copytree(WORDS, tmp_path / "broken")
    manifest = json.loads((WORDS / "model.json").read_text(encoding="utf-8"))
    manifest["sha256"] = hashlib.sha256(noise).hexdigest()
    (tmp_path / "broken" / "model.tflite").write_bytes(noise)
    (tmp_path / "broken" / "model.json").write_text(json.dumps(manifest), encoding="utf-8")
    daemon.config.write_text(f"[classifier]\nbundle = '{tmp_path / 'broken'}'\n")
    daemon.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: daemon.log.count("not reloaded") == 2), daemon.log
    assert wait_for_words(subscriber)

    daemon.config.write_text("[classifier]\nthreshold = 1.0\n")
    daemon.process.send_signal(signal.SIGHUP)
    assert daemon.logged("settings reloaded")
    heard = settled(lambda: len(words(subscriber)))
    states = len(subscriber.texts("test/state"))
    time.sleep(4)
    assert len(words(subscriber)) == heard
    assert len(subscriber.texts("test/state")) > states  # it goes on watching

    daemon.config.write_text("")
    daemon.process.send_signal(signal.SIGHUP)
    assert wait_for_words(subscriber)


# Commands


def test_commands_pause_resume_and_say_and_hostile_ones_do_nothing(
    daemon: Daemon, subscriber: Subscriber, tmp_path: Path
) -> None:
    command = "sign-edge/test/command"
    daemon.start()
    assert wait_for_words(subscriber)

    subscriber.publish(command, "pause")
    assert wait_for_state(subscriber, "paused")
    heard, spoken = settled(lambda: (len(words(subscriber)), len(daemon.wavs)))
    time.sleep(3)
    assert len(words(subscriber)) == heard
    assert len(daemon.wavs) == spoken

    subscriber.publish(command, "say good morning")
    assert eventually(lambda: len(daemon.wavs) == spoken + 1)

    victim = tmp_path / "victim"
    for payload in (
        b"",
        b" ",
        b"\xff\xfe\x00",
        b"A" * 100_000,
        b"pause\x00\x00",
        b"unknown",
        f"say $(touch {victim}); touch {victim} `touch {victim}`".encode(),
        f"say --help -w {victim}".encode(),
        b"say [[" + b"x" * 900,
        "say \x1b[2J\u202e\U0001f600\n\n".encode(),
        b"{" * 1000,
        b"model ../../../etc/passwd",
    ):
        subscriber.publish(command, payload)
    # Kept by the broker, too: were that obeyed, the daemon would restart at every connection.
    subscriber.publish(command, b"restart", retain=True)
    assert subscriber.wait_for_text("/availability", "offline", AGES)
    assert subscriber.wait_for_text("/availability", "online", AGES)
    assert wait_for_words(subscriber)
    assert daemon.process.poll() is None
    restarts = subscriber.texts("/availability").count("offline")
    time.sleep(1)
    assert subscriber.texts("/availability").count("offline") == restarts == 1
    assert not victim.exists()
    subscriber.publish(command, b"", retain=True)

    subscriber.publish(command, "pause")
    assert wait_for_state(subscriber, "paused")
    subscriber.publish(command, "resume")
    assert wait_for_words(subscriber)


# The broker


class Cable:
    """A line to the broker that can be cut while everybody else stays connected."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self._target = port
        self._listener: socket.socket | None = None
        self._sockets: list[socket.socket] = []

    def plug(self) -> None:
        """Let connections through."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def unplug(self) -> None:
        """Cut what there is and refuse what comes."""
        if self._listener is not None:
            sockets, self._sockets = [self._listener, *self._sockets], []
            self._listener = None
            for one in sockets:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    near.close()
                    continue
                self._sockets += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cable(broker: Broker) -> Iterator[Cable]:
    cable = Cable(broker.port)
    cable.plug()
    yield cable
    cable.unplug()


@pytest.mark.parametrize("seconds", [3, pytest.param(30, marks=pytest.mark.slow)])
def test_nothing_recognised_is_lost_while_the_broker_is_stopped(
    daemon: Daemon, broker: Broker, subscriber: Subscriber, cable: Cable, seconds: int
) -> None:
    daemon.settings["mqtt.port"] = str(cable.port)
    daemon.start()
    assert wait_for_words(subscriber)

    down = datetime.now(timezone.utc)
    broker.stop()
    cable.unplug()  # until the subscriber is back, that it may miss nothing
    before = subscriber.texts("/sign")
    time.sleep(seconds)
    up = datetime.now(timezone.utc)
    broker.start()
    late = Subscriber(broker.port)
    try:
        cable.plug()
        assert late.wait_for_text("/availability", "online", AGES)
        assert wait_for_words(late, more=seconds // 3 + 2)
        signs = [json.loads(text) for text in before + late.texts("/sign")]
        first_heard = list(dict.fromkeys(sign["segment"] for sign in signs))
        assert first_heard == list(range(1, len(first_heard) + 1))
        by_segment = {sign["segment"]: sign for sign in signs}
        expected = [("yes", "no")[(segment - 1) % 2] for segment in first_heard]
        assert [by_segment[segment]["event_type"] for segment in first_heard] == expected
        offsets = [time_of(sign["offset"]) for sign in by_segment.values()]
        assert sum(down < offset < up for offset in offsets) >= seconds // 3
        assert daemon.process.poll() is None
        assert daemon.log.count("ready: ") == 1
        assert_ended_well(daemon, broker, daemon.end(signal.SIGTERM))
    finally:
        late.close()


def test_broker_that_is_absent_at_start_is_found_when_it_appears(
    daemon: Daemon, broker: Broker
) -> None:
    broker.stop()
    daemon.start()
    assert daemon.logged("ready")
    assert eventually(lambda: bool(daemon.wavs))  # it speaks all the same
    assert daemon.process.poll() is None
    broker.start()
    late = Subscriber(broker.port)
    try:
        assert late.wait_for_text("/availability", "online", AGES)
        assert wait_for_words(late)
    finally:
        late.close()


def test_daemon_ends_in_order_without_a_broker(daemon: Daemon, broker: Broker) -> None:
    broker.stop()
    daemon.start()
    assert daemon.logged("ready")
    assert daemon.end(signal.SIGTERM) < PROMPT
    assert daemon.process.returncode == 0
    assert daemon.relatives() == []


# The camera


class FilmServer(ThreadingHTTPServer):
    """A network camera that shows a clip, then rest, again and again."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, film: list[bytes], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _FilmHandler)
        self.film = film
        self.is_over = False
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.server_port}/film"

    def end(self) -> None:
        """Drop every connection, and listen no more."""
        self.is_over = True
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away."""


class _FilmHandler(BaseHTTPRequestHandler):
    server: FilmServer

    def do_GET(self) -> None:
        """Serve the film at 25 pictures a second."""
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        begun = time.monotonic()
        while not self.server.is_over:
            index = round((time.monotonic() - begun) * 25)
            data = self.server.film[index % len(self.server.film)]
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            self.wfile.write(head.encode() + data + b"\r\n")
            time.sleep(max(0.0, begun + (index + 1) / 25 - time.monotonic()))

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def film_of(path: Path) -> list[bytes]:
    """Return the pictures of a clip as JPEG, and two seconds of the first one."""
    quiet_opencv()
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    film = []
    while (picture := capture.read())[0]:
        film.append(cv2.imencode(".jpg", picture[1])[1].tobytes())
    capture.release()
    return film + [film[0]] * 50


def problem(subscriber: Subscriber) -> dict[str, str]:
    """Return what the newest problem message says is wrong."""
    texts = subscriber.texts("/problem")
    fields = json.loads(texts[-1]) if texts else {}
    assert isinstance(fields, dict)
    return fields


@pytest.mark.parametrize("seconds", [3, pytest.param(30, marks=pytest.mark.slow)])
def test_camera_that_goes_away_is_named_and_taken_up_again(
    daemon: Daemon, broker: Broker, subscriber: Subscriber, seconds: int
) -> None:
    clip = MEDIA / "drink__wlasl_115__69302.mp4"
    if not clip.is_file():
        pytest.skip(f"{clip} is not here")
    server = FilmServer(film_of(clip))
    try:
        daemon.settings |= {
            "camera.source": server.url,
            "camera.open_deadline": "30",
            "camera.frame_deadline": "3",
            "camera.retry_max": "1",
            "health.log_level": "debug",
        }
        daemon.start()
        # MediaPipe on a busy machine may need a second or third showing.
        assert wait_for_words(subscriber, within=2 * AGES), daemon.log
        assert problem(subscriber) == {}

        server.end()
        assert subscriber.wait_for(lambda _: "camera" in problem(subscriber), AGES)
        time.sleep(seconds)
        assert list(problem(subscriber)) == ["camera"]
        assert daemon.process.poll() is None
        server = FilmServer(server.film, server.server_port)
        assert subscriber.wait_for(lambda _: problem(subscriber) == {}, AGES)
        assert wait_for_words(subscriber, within=2 * AGES), daemon.log
        assert set(words(subscriber)) == {"drink"}
        assert daemon.log.count("ready: ") == 1
        assert eventually(lambda: len(daemon.relatives()) >= 1)  # the child that reads
        assert_ended_well(daemon, broker, daemon.end(signal.SIGTERM))
    finally:
        server.end()


def test_failing_thread_ends_the_process_with_1_in_order(
    daemon: Daemon, broker: Broker, subscriber: Subscriber, tmp_path: Path
) -> None:
    folder = tmp_path / "images"  # played again and again, until it is no longer there
    folder.mkdir()
    for index in range(10):
        cv2.imwrite(str(folder / f"{index}.png"), np.zeros((120, 160, 3), np.uint8))
    daemon.settings["camera.source"] = str(folder)
    daemon.settings["gate.enabled"] = "true"
    daemon.start()
    assert subscriber.wait_for_text("/availability", "online", AGES)
    assert daemon.logged("ready")
    shutil.rmtree(folder)
    assert daemon.process.wait(timeout=AGES) == 1
    assert eventually(lambda: not daemon.relatives()), daemon.relatives()
    assert retained_availability(broker) == "offline"
    last = daemon.log.splitlines()[-1]
    assert re.match(rf"sign-edge: {re.escape(str(folder))}: ", last)


# systemd


@pytest.fixture
def notified() -> Iterator[Notified]:
    with tempfile.TemporaryDirectory() as folder:  # a short path; sockets take 108 characters
        notified = Notified(Path(folder))
        yield notified
        notified.close()


@pytest.mark.parametrize(
    ("source", "status", "is_native"),
    [
        (archive("yes", "no"), "signing", False),
        ("http://127.0.0.1:1/", "no camera", True),
    ],
    ids=["archive", "camera that never opens, without systemd-python"],
)
def test_systemd_hears_ready_status_watchdog_and_stopping(
    daemon: Daemon, broker: Broker, notified: Notified, source: str, status: str, is_native: bool
) -> None:
    allowed = 6.0
    daemon.settings |= {"camera.source": source, "camera.retry_max": "1"}
    daemon.environment = {
        "NOTIFY_SOCKET": notified.path,
        "WATCHDOG_USEC": str(round(allowed * 1e6)),
    }
    if is_native:
        daemon.environment["PYTHONPATH"] = without_systemd_python(daemon.folder)
    else:
        require("systemd")
    daemon.start()
    assert notified.collect(AGES, "READY=1")
    assert notified.hears("WATCHDOG=1", 3)
    fed = notified.times("WATCHDOG=1")
    gaps = np.diff([*notified.times("READY=1"), *fed])
    assert gaps.max() < allowed
    assert any(status in text for text in notified.statuses()), notified.statuses()
    assert not notified.has("STOPPING=1")
    took = daemon.end(signal.SIGTERM)
    assert notified.collect(AGES, "STOPPING=1")
    loading = [text for text in notified.statuses() if text.startswith("loading ")]
    assert loading == notified.statuses()[: len(loading)]
    assert len(loading) == (1 if source.startswith("archive:") else 2)
    assert notified.times("READY=1")[0] < fed[0]
    assert_ended_well(daemon, broker, took)
