"""GStreamer pipelines: with the real gst-launch, and as a Jetson would have them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from patience import AGES, eventually

from edge.camera.grabber import Wanted
from edge.camera.gstreamer import has_gstreamer, open_gstreamer
from edge.camera.source import open_camera
from edge.config.settings import CameraSettings
from edge.errors import SourceError

if TYPE_CHECKING:
    from edge.messages import Frame

needs_gstreamer = pytest.mark.skipif(
    shutil.which("gst-launch-1.0") is None, reason="gst-launch-1.0 is not installed"
)


def has_element(name: str) -> bool:
    """Tell whether GStreamer has an element."""
    program = shutil.which("gst-inspect-1.0")
    return (
        program is not None
        and subprocess.run([program, "--exists", name], check=False).returncode == 0
    )


RED_SQUARE = "videotestsrc is-live=true pattern=red ! video/x-raw,width=64,height=64"


def settings_for(pipeline: str, **changes: object) -> CameraSettings:
    """Return settings with deadlines that no busy machine misses, and quick retries."""
    patient = {"open_deadline": AGES, "frame_deadline": AGES, "retry_max": 0.5}
    fields = {"source": f"gstreamer:{pipeline}", "width": 66, "height": 64, **patient, **changes}
    return CameraSettings.model_validate(fields)


def is_running(process: int) -> bool:
    """Tell whether a process is there and not only waits to be reaped."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def launched() -> list[int]:
    """Return the numbers of the gst-launch processes that our children have started."""
    ours = {process: parent for process, parent, _ in processes()}
    return [
        process
        for process, parent, name in processes()
        if name == "gst-launch-1.0" and ours.get(parent) == os.getpid() and is_running(process)
    ]


def processes() -> list[tuple[int, int, str]]:
    """Number, parent and name of each process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue
        found.append((int(path.parent.name), int(rest.split()[1]), name))
    return found


class States:
    """Remembers what on_state was told."""

    def __init__(self) -> None:
        self.seen: list[tuple[bool, str]] = []

    def __call__(self, is_up: bool, reason: str) -> None:
        """Take a change."""
        self.seen.append((is_up, reason))


def watched(settings: CameraSettings, count: int) -> tuple[list[Frame], States]:
    """Take so many frames."""
    states = States()
    with open_camera(settings, live_clock=True, on_state=states) as camera:
        frames = list(islice(camera.frames(threading.Event()), count))
    return frames, states


@needs_gstreamer
def test_pipeline_gives_pictures_in_rgb() -> None:
    frames, states = watched(settings_for(f"{RED_SQUARE},framerate=20/1"), 12)
    assert frames[0].image.shape == (64, 66, 3)
    assert frames[-1].image[32, 33].tolist() == [255, 0, 0]
    assert states.seen == [
        (True, f"66x64 from gstreamer:{RED_SQUARE},framerate=20/1 (by gst-launch-1.0)")
    ]


@needs_gstreamer
def test_pictures_come_at_the_pipelines_own_rate() -> None:
    def has_its_rate() -> bool:
        """Whether the machine had the time for a look at 12 pictures, and they came as asked."""
        frames, _ = watched(settings_for(f"{RED_SQUARE},framerate=20/1"), 12)
        return bool(0.035 < np.median(np.diff([frame.time for frame in frames])) < 0.065)

    assert eventually(has_its_rate)


@needs_gstreamer
def test_wide_picture_is_not_squeezed_into_ours() -> None:
    wide = "videotestsrc is-live=true pattern=red ! video/x-raw,width=320,height=160"
    frames, _ = watched(settings_for(wide, width=64), 1)
    rows = frames[0].image[:, 32, 0] > 128
    assert rows.sum() == 32  # half as high as wide; black above and below
    assert not rows[:15].any()


@needs_gstreamer
@pytest.mark.parametrize("end", ["! appsink drop=true max-buffers=1", "!", ""])
def test_pipelines_of_opencv_examples_may_keep_their_ends(end: str) -> None:
    frames, _ = watched(settings_for(f"{RED_SQUARE} {end}"), 2)
    assert frames[1].image[32, 33].tolist() == [255, 0, 0]


@needs_gstreamer
@pytest.mark.parametrize(
    ("pipeline", "reason"),
    [
        ("no-such-element ! identity", 'no element "no-such-element"'),
        ("filesrc location=/dev/video97 ! decodebin", "Resource not found"),
        pytest.param(
            "v4l2src device=/dev/video97",
            "/dev/video97",
            marks=pytest.mark.skipif(
                not has_element("v4l2src"), reason="gstreamer1.0-plugins-good is not installed"
            ),
        ),
        ("videotestsrc num-buffers=3", "it has no more pictures"),
        ("videotestsrc pattern='red", "cannot be understood"),
    ],
)
def test_pipeline_that_fails_says_why(pipeline: str, reason: str) -> None:
    states, stop = States(), threading.Event()
    with open_camera(settings_for(pipeline), live_clock=True, on_state=states) as camera:
        frames = camera.frames(stop)
        taker = threading.Thread(target=lambda: list(frames))
        taker.start()
        assert eventually(lambda: any(not is_up for is_up, _ in states.seen))
        stop.set()
        taker.join(AGES)
    reasons = [text for is_up, text in states.seen if not is_up]
    assert reason in reasons[0]


@needs_gstreamer
def test_address_in_a_complaint_does_not_reach_the_log(caplog: pytest.LogCaptureFixture) -> None:
    source = "gstreamer:filesrc location=rtsp://me:hidden@host/x ! decodebin"
    states, stop = States(), threading.Event()
    settings = CameraSettings(source=source, open_deadline=10.0)
    with open_camera(settings, live_clock=True, on_state=states) as camera:
        taker = threading.Thread(target=lambda: list(camera.frames(stop)))
        taker.start()
        assert eventually(lambda: states.seen != [])
        stop.set()
        taker.join(AGES)
    assert states.seen[0][0] is False
    assert "hidden" not in states.seen[0][1] + caplog.text


@needs_gstreamer
def test_pipeline_that_blocks_is_killed_and_started_again() -> None:
    states, stop = States(), threading.Event()
    frames: list[Frame] = []
    settings = settings_for(RED_SQUARE, frame_deadline=2.0)
    with open_camera(settings, live_clock=True, on_state=states) as camera:
        taker = threading.Thread(target=lambda: frames.extend(camera.frames(stop)))
        taker.start()
        assert eventually(lambda: states.seen != [] and launched() != [])
        (first,) = launched()
        os.kill(first, signal.SIGSTOP)
        assert eventually(lambda: [up for up, _ in states.seen][:3] == [True, False, True])
        assert not is_running(first)
        assert "in time" in states.seen[1][1]
        stop.set()
        taker.join(AGES)
    assert eventually(lambda: launched() == [])


CHATTERING = """#!{python}
import os, sys, time
assert sys.argv[1:4] == ["-q", "nvarguscamerasrc", "sensor-id=0"], sys.argv
assert "appsink" not in sys.argv and "width=66,height=64" in " ".join(sys.argv)
assert sys.argv[-2] == "fdsink" and sys.argv[-1].startswith("fd="), sys.argv
print("GST_ARGUS: Creating output stream", flush=True)
row = bytes([200, 100, 50] * 66) + bytes(2)
for _ in range(200):
    print("CONSUMER: Producer has connected; continuing." * 40, flush=True)
    os.write(int(sys.argv[-1][3:]), row * 64)
    time.sleep(0.01)
"""


def test_jetson_source_that_talks_on_standard_output_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "gst-launch-1.0"
    program.write_text(CHATTERING.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = settings_for("nvarguscamerasrc sensor-id=0 ! appsink drop=true")
    frames, states = watched(settings, 20)
    assert {frame.image.shape for frame in frames} == {(64, 66, 3)}
    assert all((frame.image == (200, 100, 50)).all() for frame in frames)
    assert [is_up for is_up, _ in states.seen] == [True]


class FakeCapture:
    """OpenCV's door to GStreamer, on a system whose OpenCV has one."""

    is_there = True
    asked: tuple[str, int] = ("", 0)

    def __init__(self, pipeline: str, backend: int) -> None:
        type(self).asked = (pipeline, backend)

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        """Tell whether the pipeline runs."""
        return self.is_there

    def grab(self) -> bool:
        """Take a picture."""
        return True

    def get(self, _: int) -> float:
        """Know no time."""
        return 0.0

    def retrieve(self) -> tuple[bool, object]:
        """Give a blue one, blue first."""
        return True, np.full((2, 2, 3), (255, 0, 0), np.uint8)

    def release(self) -> None:
        """Do nothing."""


def test_opencv_with_gstreamer_is_used_where_the_system_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build = "  Video I/O:\n    GStreamer:                   YES (1.20.3)\n"
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: build)
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    grabber = open_gstreamer("nvarguscamerasrc ! appsink", Wanted("", 64, 64, 30.0))
    pipeline, backend = FakeCapture.asked
    assert backend == cv2.CAP_GSTREAMER
    assert pipeline.startswith("nvarguscamerasrc ! videoconvert ! video/x-raw,format=BGR ! appsink")
    assert pipeline.endswith("drop=true max-buffers=1 sync=false")
    begun = time.monotonic()
    assert begun <= grabber.grab() <= time.monotonic()
    image = grabber.image()
    assert image is not None
    assert image[0, 0].tolist() == [0, 0, 255]
    grabber.close()
    monkeypatch.setattr(FakeCapture, "is_there", False)
    with pytest.raises(SourceError, match="cannot run the pipeline"):
        open_gstreamer("nvarguscamerasrc", Wanted("", 64, 64, 30.0))


def test_opencv_from_pypi_has_no_gstreamer() -> None:
    assert not has_gstreamer(cv2.getBuildInformation())
    assert not has_gstreamer("GStreamer:  NO")
