"""A Raspberry Pi's ribbon cable camera, with Picamera2 and without it; the camera is a fake."""

from __future__ import annotations

import json
import sys
import threading
import time
from itertools import islice, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
import pytest
from patience import AGES

from edge.camera.grabber import Wanted
from edge.camera.picamera import PicameraGrabber
from edge.camera.source import open_camera
from edge.config.settings import CameraSettings
from edge.errors import SourceError

if TYPE_CHECKING:
    from edge.messages import Frame

FAKE_RPICAM = """#!{python}
import json, os, pathlib, sys, time
folder = pathlib.Path({folder!r})
(folder / "arguments").write_text(json.dumps(sys.argv[1:]))
(folder / "pid").write_text(str(os.getpid()))
pictures = sorted(folder.glob("*.jpg"))
if not pictures:
    print("ERROR: *** no cameras available ***", file=sys.stderr)
    sys.exit(255)
for turn in range({count}):
    data = pictures[turn % len(pictures)].read_bytes()
    middle = len(data) - 1 if turn % 2 else len(data) // 2
    for part in (data[:middle], data[middle:]):
        os.write(1, part)
        time.sleep(0.01)
time.sleep(1000)
"""


def put_rpicam(folder: Path, monkeypatch: pytest.MonkeyPatch, count: int, pictures: int) -> None:
    """Put a program named rpicam-vid in our path, and pictures for it that get brighter."""
    for number in range(pictures):
        noise = np.random.default_rng(number).integers(0, 9, (48, 64, 3))
        image = (noise + 60 * number).astype(np.uint8)
        image[..., 2] += 40  # red
        cv2.imwrite(str(folder / f"{number}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
    program = folder / "rpicam-vid"
    text = FAKE_RPICAM.format(python=sys.executable, folder=str(folder), count=count)
    program.write_text(text)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def settings_for(**changes: object) -> CameraSettings:
    """Return settings with deadlines that no busy machine misses, and quick retries."""
    patient = {"open_deadline": AGES, "frame_deadline": AGES, "retry_max": 0.5}
    fields = {"source": "picamera", "width": 64, "height": 64, **patient, **changes}
    return CameraSettings.model_validate(fields)


def watched(settings: CameraSettings, count: int) -> tuple[list[Frame], list[tuple[bool, str]]]:
    """Take so many frames."""
    states: list[tuple[bool, str]] = []
    with open_camera(
        settings, live_clock=True, on_state=lambda *state: states.append(state)
    ) as camera:
        return list(islice(camera.frames(threading.Event()), count)), states


def test_without_picamera2_the_pictures_come_from_rpicam_vid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_rpicam(tmp_path, monkeypatch, 1_000_000, pictures=4)
    begun = time.monotonic()
    frames, states = watched(settings_for(), 40)  # of which some may be passed over
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}  # as the JPEGs say, not we
    levels = {round(float(frame.image[..., 1].mean()) / 60) for frame in frames}
    assert levels == {0, 1, 2, 3}
    red, green, _ = frames[0].image.mean(axis=(0, 1)).tolist()
    assert red - green == pytest.approx(40, abs=8)
    assert begun < frames[0].time < frames[-1].time <= time.monotonic()
    assert states == [(True, "64x48 from picamera (by rpicam-vid)")]
    assert not Path("/proc", (tmp_path / "pid").read_text()).exists()


@pytest.mark.parametrize(("exposure", "shutter"), [("steady", None), ("manual", "8300")])
def test_rpicam_vid_is_told_size_rate_and_exposure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exposure: str, shutter: str | None
) -> None:
    put_rpicam(tmp_path, monkeypatch, 1_000_000, pictures=1)
    watched(settings_for(width=640, height=480, fps=25.0, exposure=exposure, exposure_ms=8.3), 1)
    arguments = json.loads((tmp_path / "arguments").read_text())
    named = dict(pairwise(arguments))
    assert named["--width"] == "640"
    assert named["--height"] == "480"
    assert named["--framerate"] == "25"
    assert named["--codec"] == "mjpeg"
    assert named["--output"] == "-"
    assert named["--timeout"] == "0"
    assert named.get("--shutter") == shutter


def test_rpicam_vid_that_blocks_is_killed_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_rpicam(tmp_path, monkeypatch, 3, pictures=1)
    frames, states = watched(settings_for(frame_deadline=2.0), 5)
    assert [is_up for is_up, _ in states][:3] == [True, False, True]
    assert "in time" in states[1][1]
    assert len(frames) == 5


def test_rpicam_vid_without_a_camera_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_rpicam(tmp_path, monkeypatch, 1, pictures=0)
    states: list[tuple[bool, str]] = []
    stop = threading.Event()

    def note(is_up: bool, reason: str) -> None:
        states.append((is_up, reason))
        stop.set()

    with open_camera(settings_for(), live_clock=True, on_state=note) as camera:
        assert list(camera.frames(stop)) == []
    assert states == [(False, "rpicam-vid ended: *** no cameras available ***")]


def test_picamera2_of_another_numpy_does_not_keep_rpicam_vid_from_serving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_rpicam(tmp_path, monkeypatch, 1_000_000, pictures=1)
    broken = "raise ValueError('numpy.dtype size changed, may indicate binary incompatibility')"
    (tmp_path / "picamera2.py").write_text(broken)
    monkeypatch.syspath_prepend(tmp_path)
    _, states = watched(settings_for(), 1)
    assert states == [(True, "64x48 from picamera (by rpicam-vid)")]


class FakePicamera2:
    """Picamera2, as far as it takes controls."""

    cameras: ClassVar[list[dict[str, object]]] = [{"Model": "imx708"}]
    camera_controls: ClassVar[dict[str, object]] = {}
    given: ClassVar[dict[str, object]] = {}

    @classmethod
    def global_camera_info(cls) -> list[dict[str, object]]:
        """List the cameras."""
        return cls.cameras

    def create_video_configuration(
        self, main: dict[str, object], controls: dict[str, object]
    ) -> dict[str, object]:
        """Take what is wanted."""
        assert main["format"] == "BGR888"
        type(self).given = controls
        return {}

    def configure(self, configuration: dict[str, object]) -> None:
        """Take the configuration."""

    def start(self) -> None:
        """Start."""

    def close(self) -> None:
        """Stop."""


@pytest.mark.parametrize(
    ("exposure", "known", "given"),
    [
        ("steady", {}, {"FrameRate": 25.0}),
        ("auto", {}, {"FrameDurationLimits": (40_000, 160_000)}),
        ("manual", {}, {"FrameRate": 25.0, "ExposureTime": 8300}),
        (
            "manual",
            {"ExposureTimeMode": (0, 1, 0)},
            {"FrameRate": 25.0, "ExposureTime": 8300, "ExposureTimeMode": 1},
        ),
    ],
)
def test_picamera2_is_told_how_to_expose(
    monkeypatch: pytest.MonkeyPatch,
    exposure: str,
    known: dict[str, Any],
    given: dict[str, object],
) -> None:
    monkeypatch.setattr(FakePicamera2, "camera_controls", known)
    module = SimpleNamespace(Picamera2=FakePicamera2)
    grabber = PicameraGrabber(module, Wanted("picamera", 640, 480, 25.0, exposure, 8.3))
    grabber.close()
    assert FakePicamera2.given == given


def test_missing_ribbon_cable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakePicamera2, "cameras", [])
    module = SimpleNamespace(Picamera2=FakePicamera2)
    with pytest.raises(SourceError, match="ribbon cable"):
        PicameraGrabber(module, Wanted("picamera", 640, 480, 25.0))
