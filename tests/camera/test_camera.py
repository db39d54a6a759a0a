"""Cameras, streams, files and folders: what arrives, and what happens when it does not."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from patience import AGES, PROMPT, eventually

from edge.camera import recordings
from edge.camera.live import without_secrets
from edge.camera.recordings import quiet_opencv
from edge.camera.source import open_camera, source_kind
from edge.config.settings import CameraSettings
from edge.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edge.messages import Frame

FPS = 25.0
ROOT = Path(__file__).resolve().parents[2]


def write_video(path: Path, frames: int = 25, fourcc: str = "MJPG") -> Path:
    """Write a video that gets brighter; its first frame is pure red."""
    quiet_opencv()  # FFmpeg takes its log level from whoever uses it first
    code = cv2.VideoWriter.fourcc(*fourcc)
    writer = cv2.VideoWriter(str(path), code, FPS, (160, 120))
    for index in range(frames):
        image = np.full((120, 160, 3), 2 * index % 256, np.uint8)
        if index == 0:
            image[:] = (0, 0, 255)
        writer.write(image)
    writer.release()
    return path


def settings_for(source: object, **changes: object) -> CameraSettings:
    """Return settings with deadlines that no busy machine misses, and quick retries."""
    patient = {"open_deadline": AGES, "frame_deadline": AGES, "retry_max": 0.5}
    return CameraSettings.model_validate({"source": str(source), **patient, **changes})


def replayed(source: object, **changes: object) -> list[Frame]:
    """Return every frame of a recording, as fast as possible."""
    with open_camera(settings_for(source, **changes), live_clock=False) as camera:
        return list(camera.frames(threading.Event()))


def children() -> set[int]:
    """Return the process numbers of our children, zombies too."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            found.add(int(stat.parent.name))
    return found


@pytest.fixture(autouse=True)
def _no_child_is_left() -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


# Recordings


@pytest.mark.parametrize(("name", "fourcc"), [("a.avi", "MJPG"), ("a.mp4", "mp4v")])
def test_replay_yields_every_frame_with_its_time_from_the_start(
    tmp_path: Path, name: str, fourcc: str
) -> None:
    frames = replayed(write_video(tmp_path / name, fourcc=fourcc))
    assert [frame.index for frame in frames] == list(range(25))
    assert [frame.time for frame in frames] == pytest.approx(np.arange(25) / FPS)
    assert {frame.image.shape for frame in frames} == {(120, 160, 3)}
    assert frames[0].image.dtype == np.uint8


def test_images_are_rgb(tmp_path: Path) -> None:
    red, green, blue = replayed(write_video(tmp_path / "a.avi"))[0].image[60, 80]
    assert red > 200
    assert max(green, blue) < 50


def test_run_plays_a_video_at_its_own_speed_on_the_monotonic_clock(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", frames=20)
    begun = time.monotonic()
    lags: list[float] = []
    with open_camera(settings_for(path), live_clock=True) as camera:
        source = camera.frames(threading.Event())
        lags.extend(time.monotonic() - frame.time for frame in source)
    assert time.monotonic() - begun >= 19 / FPS
    assert min(lags) >= 0


class Clock(threading.Event):
    """An event with a clock that moves only while somebody waits for the event."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        """Let time pass."""
        self.now += timeout or 0.0
        return self.is_set()


def test_every_frame_of_a_video_comes_when_it_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(recordings, "time", SimpleNamespace(monotonic=lambda: clock.now))
    path = write_video(tmp_path / "a.avi", frames=20)
    with open_camera(settings_for(path), live_clock=True) as camera:
        lags = [clock.now - frame.time for frame in camera.frames(clock)]
    assert lags == pytest.approx([0.0] * 20)
    assert clock.now == pytest.approx(19 / FPS)


def test_slow_consumer_still_gets_the_overdue_frames_of_a_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", frames=15)
    times = []
    with open_camera(settings_for(path), live_clock=True) as camera:
        for frame in camera.frames(threading.Event()):
            if frame.index == 0:
                time.sleep(0.4)
            times.append(frame.time)
    assert np.diff(times) == pytest.approx(1 / FPS)


def test_looped_video_goes_on_under_run_with_increasing_times(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", frames=5)
    with open_camera(settings_for(path, loop=True), live_clock=True) as camera:
        frames = list(islice(camera.frames(threading.Event()), 12))
    assert [frame.index for frame in frames] == list(range(12))
    assert np.diff([frame.time for frame in frames]) == pytest.approx(1 / FPS)


def test_loop_is_ignored_under_replay(tmp_path: Path) -> None:
    assert len(replayed(write_video(tmp_path / "a.avi", frames=5), loop=True)) == 5


def test_stop_ends_a_video_while_it_waits_for_a_frame(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((8, 8, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "2.png"), np.zeros((8, 8, 3), np.uint8))
    stop = threading.Event()
    with open_camera(settings_for(tmp_path, fps=1 / AGES), live_clock=True) as camera:
        frames = camera.frames(stop)
        next(frames)
        threading.Timer(0.1, stop.set).start()
        begun = time.monotonic()
        assert list(frames) == []
        assert time.monotonic() - begun < PROMPT


def write_gif(path: Path, delays: list[int]) -> Path:
    """Write 4x4 pictures, each shown for so many hundredths of a second."""
    # Codes of 3 bits: clear, two pixels, again and again, so that the width never grows; end.
    data = b"GIF89a" + bytes([4, 0, 4, 0, 0x81, 0, 0, *range(0, 240, 20)])
    for index, delay in enumerate(delays):
        bits = "".join(f"{code:03b}"[::-1] for code in [4, index % 4, index % 4] * 8 + [5])
        codes = [int(bits[i : i + 8][::-1], 2) for i in range(0, len(bits), 8)]
        data += bytes([0x21, 0xF9, 4, 0, delay, 0, 0, 0, 0x2C, 0, 0, 0, 0, 4, 0, 4, 0, 0, 2])
        data += bytes([len(codes), *codes, 0])
    path.write_bytes(data + b";")
    return path


def test_animated_gif_plays_with_the_times_of_its_pictures(tmp_path: Path) -> None:
    frames = replayed(write_gif(tmp_path / "a.gif", [10, 30, 20, 20]))
    assert [frame.time for frame in frames] == pytest.approx([0, 0.1, 0.4, 0.6])


def test_video_without_times_of_its_own_gets_them_from_its_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "a.avi")
    monkeypatch.setattr(cv2, "CAP_PROP_POS_MSEC", -1)  # OpenCV answers 0 to what it lacks
    assert [frame.time for frame in replayed(path)] == pytest.approx(np.arange(25) / FPS)


def test_cut_off_avi_yields_what_is_there_and_warns_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_video(tmp_path / "a.avi", frames=100)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    with open_camera(settings_for(path, loop=True), live_clock=True) as camera:
        frames = list(islice(camera.frames(threading.Event()), 75))
    assert [b.time > a.time for a, b in pairwise(frames)] == [True] * 74
    assert [record.getMessage().count("of 100 frames") for record in caplog.records] == [1]
    assert 20 < len(replayed(path)) < 50


def test_whole_video_does_not_warn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    replayed(write_video(tmp_path / "a.mp4", frames=50, fourcc="mp4v"))
    assert caplog.records == []


def make_missing(path: Path) -> None:
    """Leave no file."""


def make_empty(path: Path) -> None:
    """Leave a file of no bytes."""
    path.touch()


def make_text(path: Path) -> None:
    """Leave a text named like a video."""
    path.write_text("This is no video.\n" * 500)


def make_noise(path: Path) -> None:
    """Leave random bytes."""
    path.write_bytes(np.random.default_rng(0).bytes(50_000))


def make_cut_mp4(path: Path) -> None:
    """Leave a video whose index, at its end, is gone."""
    write_video(path, fourcc="mp4v")
    path.write_bytes(path.read_bytes()[:-900])


def make_header_only(path: Path) -> None:
    """Leave a video's header without a frame."""
    avi = write_video(path.with_suffix(".avi"))
    path.write_bytes(avi.read_bytes()[:2000])


def make_fifo(path: Path) -> None:
    """Leave a pipe, which would block whoever opens it."""
    os.mkfifo(path)


def make_bare_folder(path: Path) -> None:
    """Leave a folder without images."""
    path.mkdir()
    (path / "notes.txt").write_text("none")


def make_broken_folder(path: Path) -> None:
    """Leave a folder whose only image is damaged."""
    path.mkdir()
    (path / "1.jpg").write_bytes(b"\xff\xd8\xff not really")


@pytest.mark.parametrize("live_clock", [True, False])
@pytest.mark.parametrize(
    "make",
    [
        make_missing,
        make_empty,
        make_text,
        make_noise,
        make_cut_mp4,
        make_header_only,
        make_fifo,
        make_bare_folder,
        make_broken_folder,
    ],
)
def test_bad_recording_is_refused_at_opening_with_one_line_that_names_it(
    tmp_path: Path,
    make: Callable[[Path], None],
    capfd: pytest.CaptureFixture[str],
    *,
    live_clock: bool,
) -> None:
    path = tmp_path / "clip.mp4"
    make(path)
    with pytest.raises(SourceError) as caught:
        open_camera(settings_for(path), live_clock=live_clock)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_folder_is_shown_in_the_order_of_names_and_damaged_images_are_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name, level in (("c.png", 30), ("a.png", 10), ("b.JPG", 20)):
        cv2.imwrite(str(tmp_path / name), np.full((40, 40, 3), level, np.uint8))
    (tmp_path / "aa.jpg").write_text("damaged")
    (tmp_path / "aaa.jpg").touch()
    (tmp_path / "notes.txt").write_text("not an image")
    frames = replayed(tmp_path, fps=10.0)
    assert [round(float(frame.image.mean()), -1) for frame in frames] == [10, 20, 30]
    assert [frame.time for frame in frames] == pytest.approx([0, 0.1, 0.2])
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("0", "live"),
        ("/dev/v4l/by-id/usb-cam", "live"),
        ("picamera", "live"),
        ("gstreamer:videotestsrc", "live"),
        ("rtsp://host/stream", "live"),
        ("HTTP://host/stream", "live"),
        ("https://host/stream", "live"),
        ("archive:clips.npz", "archive"),
        ("missing.mp4", "file"),
        ("./0", "file"),
        (str(ROOT), "folder"),
    ],
)
def test_source_tells_its_kind(source: str, kind: str) -> None:
    assert source_kind(source) == kind


def test_archive_is_not_a_camera() -> None:
    with pytest.raises(SourceError, match="landmarks"):
        open_camera(settings_for("archive:a.npz"), live_clock=True)


def test_live_source_cannot_be_replayed() -> None:
    with pytest.raises(SourceError, match="replay"):
        open_camera(settings_for("0"), live_clock=False)


# Live sources


class MjpegServer(ThreadingHTTPServer):
    """A network camera with faults to order; its pictures count in steps of ten levels."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _MjpegHandler)
        self.mode = "serve"
        self.epoch = 0
        self.count = 0
        self.connections = 0

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.server_port}/stream?key=secret"

    def switch(self, mode: str) -> None:
        """Drop every connection and behave otherwise from now on."""
        self.mode = mode
        self.epoch += 1

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away."""


class _MjpegHandler(BaseHTTPRequestHandler):
    server: MjpegServer

    def do_GET(self) -> None:
        """Serve a stream."""
        server, epoch = self.server, self.server.epoch
        server.connections += 1
        if server.mode == "refuse":
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        while server.epoch == epoch:
            time.sleep(0.04)
            if server.mode == "serve":
                self._send_picture()

    def _send_picture(self) -> None:
        self.server.count += 1
        level = self.server.count % 24 * 10
        data = cv2.imencode(".jpg", np.full((120, 160, 3), level, np.uint8))[1].tobytes()
        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
        self.wfile.write(head.encode() + data + b"\r\n")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    server = MjpegServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.switch("refuse")
    server.shutdown()
    server.server_close()
    thread.join()


class States:
    """Remembers what on_state was told."""

    def __init__(self) -> None:
        self.seen: list[tuple[bool, str]] = []

    def __call__(self, is_up: bool, reason: str) -> None:
        """Take a change."""
        self.seen.append((is_up, reason))

    @property
    def ups(self) -> list[bool]:
        """Only whether it was up, each time."""
        return [is_up for is_up, _ in self.seen]


class Viewer(threading.Thread):
    """Consumes a camera as the pipeline does, and keeps the times of its frames."""

    def __init__(self, settings: CameraSettings) -> None:
        super().__init__()
        self.stop = threading.Event()
        self.states = States()
        self.frames: list[tuple[float, float]] = []
        self.camera = open_camera(settings, live_clock=True, on_state=self.states)

    def run(self) -> None:
        """Take frames until stop is set."""
        for frame in self.camera.frames(self.stop):
            self.frames.append((frame.time, float(frame.image.mean())))

    def __enter__(self) -> Viewer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.join(AGES)
        self.camera.close()


def test_stream_arrives_with_monotonic_times_and_tells_that_it_is_up(server: MjpegServer) -> None:
    states = States()
    begun = time.monotonic()
    with open_camera(settings_for(server.url), live_clock=True, on_state=states) as camera:
        source = camera.frames(threading.Event())
        frames = list(islice(source, 10))
        assert [frame.index for frame in frames] == list(range(10))
        assert all(b.time > a.time for a, b in pairwise(frames))
        assert begun < frames[0].time
        assert frames[-1].time <= time.monotonic()
        assert frames[0].image.shape == (120, 160, 3)
        assert len(children()) == 1
    assert states.ups == [True]
    assert "secret" not in states.seen[0][1]


def test_slow_consumer_gets_the_newest_picture(server: MjpegServer) -> None:
    def is_newest() -> bool:
        time.sleep(0.6)
        frame = next(frames)
        behind = (server.count - round(float(frame.image.mean()) / 10)) % 24
        return behind <= 8 and time.monotonic() - frame.time < 0.4

    with open_camera(settings_for(server.url), live_clock=True) as camera:
        frames = camera.frames(threading.Event())
        next(frames)
        # On a machine with other work some come late; out of a queue all would, by half a second.
        assert eventually(is_newest)


def test_stream_that_ends_and_returns_is_reopened(
    server: MjpegServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with Viewer(settings_for(server.url)) as viewer:
        assert eventually(lambda: len(viewer.frames) > 3)
        server.switch("refuse")
        connections = server.connections
        assert eventually(lambda: viewer.states.ups == [True, False])
        assert eventually(lambda: server.connections >= connections + 2)
        seen = len(viewer.frames)
        server.switch("serve")
        assert eventually(lambda: viewer.states.ups == [True, False, True])
        assert eventually(lambda: len(viewer.frames) > seen + 3)
    times = [stamp for stamp, _ in viewer.frames]
    assert all(b > a for a, b in pairwise(times))
    levels = [record.levelname for record in caplog.records if record.name == "edge.camera.live"]
    assert levels == ["INFO", "WARNING", "INFO"]
    assert "secret" not in caplog.text


def test_stream_that_hangs_is_given_up_in_the_deadline_and_reopened(server: MjpegServer) -> None:
    with Viewer(settings_for(server.url, frame_deadline=2.0)) as viewer:
        assert eventually(lambda: len(viewer.frames) > 3)
        (child,) = children()
        server.mode = "hang"
        begun = time.monotonic()
        assert eventually(lambda: viewer.states.ups == [True, False])
        assert 1.9 < time.monotonic() - begun < PROMPT
        assert eventually(lambda: not Path(f"/proc/{child}").exists())
        server.switch("serve")
        assert eventually(lambda: viewer.states.ups == [True, False, True])


def test_stream_that_never_sends_a_picture_is_given_up_in_the_opening_deadline(
    server: MjpegServer,
) -> None:
    server.mode = "hang"
    begun = time.monotonic()
    with Viewer(settings_for(server.url, open_deadline=3.0)) as viewer:
        assert eventually(lambda: viewer.states.ups == [False])
        assert 2.9 < time.monotonic() - begun < PROMPT
        assert eventually(lambda: server.connections >= 2)
    assert viewer.frames == []


@pytest.mark.parametrize("mode", ["serve", "hang", "refuse"])
def test_stop_ends_a_live_source_at_once(server: MjpegServer, mode: str) -> None:
    with Viewer(settings_for(server.url)) as viewer:
        assert eventually(lambda: len(viewer.frames) > 3)
        server.switch(mode)
        time.sleep(0.3)
        begun = time.monotonic()
        viewer.stop.set()
        viewer.join(AGES)
        assert time.monotonic() - begun < PROMPT
        assert children() == set()


def test_close_from_another_thread_ends_the_frames_and_the_child(server: MjpegServer) -> None:
    with Viewer(settings_for(server.url)) as viewer:
        assert eventually(lambda: len(viewer.frames) > 3)
        viewer.camera.close()
        viewer.join(AGES)
        assert not viewer.is_alive()
        assert children() == set()


def test_close_ends_the_child_of_a_camera_whose_frames_are_not_taken(server: MjpegServer) -> None:
    camera = open_camera(settings_for(server.url), live_clock=True)
    frames = camera.frames(threading.Event())
    next(frames)
    camera.close()
    camera.close()
    assert children() == set()
    assert list(frames) == []


def test_killed_child_is_replaced(server: MjpegServer) -> None:
    with Viewer(settings_for(server.url, frame_deadline=2.0)) as viewer:
        assert eventually(lambda: len(viewer.frames) > 3)
        (child,) = children()
        os.kill(child, signal.SIGKILL)
        assert eventually(lambda: viewer.states.ups == [True, False, True])


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("/dev/video97", "/dev/video97 does not exist; is the camera plugged in?"),
        ("97", "/dev/video97 does not exist; is the camera plugged in?"),
        ("/dev/null", "cannot be opened"),
        ("http://127.0.0.1:9/none", "no video there"),
        ("gstreamer:videotestsrc", "apt install gstreamer1.0-tools"),
        ("picamera", "apt install rpicam-apps-lite"),
    ],
)
def test_live_source_that_is_not_there_is_no_exception_and_says_why(
    source: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with Viewer(settings_for(source)) as viewer:
        assert eventually(lambda: viewer.states.seen != [])
        time.sleep(0.3)
    assert viewer.states.ups == [False]
    assert reason in viewer.states.seen[0][1]


FAKE_PICAMERA = """
import os, time, pathlib
import numpy as np

FOLDER = pathlib.Path(__file__).parent

class Request:
    def get_metadata(self):
        return {"SensorTimestamp": time.monotonic_ns() - 20_000_000}
    def make_array(self, name):
        return np.full((48, 64, 3), (200, 100, 50), np.uint8)
    def release(self):
        pass

class Picamera2:
    count = 0
    camera_controls = {}
    @staticmethod
    def global_camera_info():
        return [{"Model": "imx708"}]
    def create_video_configuration(self, main, controls):
        assert main == {"size": (64, 64), "format": "BGR888"}, main
        assert controls == {"FrameRate": 30.0}, controls
        return {}
    def configure(self, configuration):
        print("libraries that print must do no harm")
    def start(self):
        pass
    def close(self):
        pass
    def capture_request(self):
        self.count += 1
        (FOLDER / "pid").write_text(str(os.getpid()))
        time.sleep(1000 if self.count > int((FOLDER / "count").read_text()) else 0.02)
        return Request()
"""


@pytest.fixture
def picamera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a module named picamera2 in the child's path; returns where it writes its number."""
    (tmp_path / "picamera2.py").write_text(FAKE_PICAMERA)
    (tmp_path / "count").write_text("1000000")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "pid"


@pytest.mark.usefixtures("picamera")
def test_picamera_gives_rgb_with_the_sensors_own_time() -> None:
    begun = time.monotonic()
    with open_camera(settings_for("picamera", width=64, height=64), live_clock=True) as camera:
        frames = list(islice(camera.frames(threading.Event()), 5))
    assert frames[0].image[0, 0].tolist() == [200, 100, 50]
    assert begun - 0.02 <= frames[0].time < frames[-1].time <= time.monotonic() - 0.02


def test_child_that_blocks_in_the_driver_is_killed(picamera: Path) -> None:
    picamera.with_name("count").write_text("3")
    blocking = settings_for("picamera", width=64, height=64, frame_deadline=0.5)
    with Viewer(blocking) as viewer:
        assert eventually(lambda: len(viewer.frames) > 0)
        first = picamera.read_text()
        assert eventually(lambda: not Path(f"/proc/{first}").exists())
        assert eventually(lambda: viewer.states.ups[:3] == [True, False, True])


def test_child_dies_with_a_parent_that_is_killed_even_while_it_blocks(picamera: Path) -> None:
    picamera.with_name("count").write_text("2")
    program = (
        "import sys, threading; sys.path.insert(0, sys.argv[1])\n"
        "from edge.camera.source import open_camera\n"
        "from edge.config.settings import CameraSettings\n"
        "settings = CameraSettings(source='picamera', width=64, height=64)\n"
        "for frame in open_camera(settings, live_clock=True).frames(threading.Event()):\n"
        "    print(frame.index, flush=True)\n"
    )
    command = [sys.executable, "-c", program, str(ROOT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert [parent.stdout.readline() for _ in range(2)] == [b"0\n", b"1\n"]
        time.sleep(0.2)  # by now the driver blocks
        child = Path("/proc") / picamera.read_text()
        assert child.exists()
        parent.kill()
    assert eventually(lambda: not child.exists() or is_zombie(child))


def is_zombie(process: Path) -> bool:
    """Tell whether a process only waits to be reaped, by whatever is process 1 here."""
    try:
        return process.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_passwords_and_keys_do_not_reach_logs() -> None:
    source = "rtsp://owner:p@ss@10.0.0.7:554/live?token=abc"
    assert without_secrets(source) == "rtsp://10.0.0.7:554/live"
    pipeline = "gstreamer:rtspsrc location=rtsp://a:b@host/x?k=1 ! decodebin"
    assert without_secrets(pipeline) == "gstreamer:rtspsrc location=rtsp://host/x ! decodebin"
