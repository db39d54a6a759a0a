"""USB cameras: in which order they are asked, and what is asked of the driver itself."""

from __future__ import annotations

import errno
import fcntl
import struct
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest

from edge.errors import SourceError
from edge.grabber import Wanted
from edge.v4l2 import captures, set_exposure
from edge.webcam import device_path, open_webcam

AUTO, ABSOLUTE, PRIORITY = 0x009A0901, 0x009A0902, 0x009A0903
"""linux/v4l2-controls.h: V4L2_CID_EXPOSURE_AUTO, _ABSOLUTE, _AUTO_PRIORITY."""
QUERYCAP, S_CTRL = 0x80685600, 0xC008561C
"""linux/videodev2.h: VIDIOC_QUERYCAP, VIDIOC_S_CTRL."""


class Driver:
    """A camera's driver, as ioctl reaches it."""

    def __init__(self, controls: dict[int, int], capabilities: int = 0x1) -> None:
        self.controls = controls
        self.capabilities = capabilities
        self.allowed = {AUTO: (1, 3), ABSOLUTE: range(1, 5001), PRIORITY: (0, 1)}

    def ioctl(self, _device: int, request: int, argument: bytes) -> bytes:
        """Answer as the kernel does: with the filled-in struct, or an error."""
        if request == QUERYCAP:
            assert len(argument) == 104
            names = b"uvcvideo".ljust(16, b"\0") + b"HD Webcam".ljust(32, b"\0") + bytes(32)
            return names + struct.pack("=III12x", 0x60000, 0x84A00001, self.capabilities)
        control, value = struct.unpack("=Ii", argument)
        if control not in self.controls:
            raise OSError(errno.EINVAL, "no such control")
        assert request == S_CTRL
        if value not in self.allowed[control]:
            raise OSError(errno.ERANGE, "out of range")
        self.controls[control] = value
        return argument


def plug_in(
    monkeypatch: pytest.MonkeyPatch, controls: dict[int, int], capabilities: int = 0x1
) -> Driver:
    """Put a driver in the kernel's place."""
    driver = Driver(controls, capabilities)
    monkeypatch.setattr(fcntl, "ioctl", driver.ioctl)
    return driver


class FakeCapture:
    """OpenCV's V4L2 camera; remembers in which order it was told what."""

    is_there = True
    given: ClassVar[dict[int, float]] = {}
    told: ClassVar[list[tuple[int, float]]] = []

    def __init__(self, path: str, backend: int) -> None:
        assert backend == cv2.CAP_V4L2
        assert not Path(path).is_symlink()
        type(self).told = []
        self.is_released = False

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        """Tell whether the device could be opened."""
        return self.is_there

    def set(self, prop: int, value: float) -> bool:
        """Be told."""
        self.told.append((prop, value))
        return True

    def get(self, prop: int) -> float:
        """Answer with what was told, or what this camera has instead."""
        return self.given.get(prop, dict(self.told).get(prop, 0.0))

    def grab(self) -> bool:
        """Take a picture."""
        return True

    def retrieve(self) -> tuple[bool, object]:
        """Give a damaged one."""
        return False, None

    def release(self) -> None:
        """Let go."""
        self.is_released = True


@pytest.fixture
def camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a by-id link to a camera."""
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr(FakeCapture, "is_there", True)
    monkeypatch.setattr(FakeCapture, "given", {})
    node, link = tmp_path / "video0", tmp_path / "usb-HD_Webcam-video-index0"
    node.touch()
    link.symlink_to(node)
    return link


def wanted(path: Path, **changes: object) -> Wanted:
    """Ask for the usual."""
    fields = {"width": 640, "height": 480, "fps": 30.0, **changes}
    return Wanted(str(path), **fields)  # type: ignore[arg-type]


def test_format_comes_before_size_before_rate_before_buffer(
    camera: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(monkeypatch, {AUTO: 3, PRIORITY: 1})
    grabber = open_webcam(wanted(camera))
    mjpg = cv2.VideoWriter.fourcc(*"MJPG")
    assert FakeCapture.told == [
        (cv2.CAP_PROP_FOURCC, mjpg),
        (cv2.CAP_PROP_FRAME_WIDTH, 640),
        (cv2.CAP_PROP_FRAME_HEIGHT, 480),
        (cv2.CAP_PROP_FPS, 30.0),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
    ]
    assert grabber.note == "MJPG at 30 frames per second"


def test_what_the_camera_gives_instead_is_read_back(
    camera: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(monkeypatch, {})
    yuyv = float(cv2.VideoWriter.fourcc(*"YUYV"))
    monkeypatch.setattr(FakeCapture, "given", {cv2.CAP_PROP_FOURCC: yuyv, cv2.CAP_PROP_FPS: 10.0})
    grabber = open_webcam(wanted(camera))
    assert grabber.note == "YUYV at 10 frames per second, exposure cannot be set"
    monkeypatch.setattr(FakeCapture, "given", {cv2.CAP_PROP_FOURCC: -1.0})
    assert open_webcam(wanted(camera, exposure="auto")).note.endswith("at 30 frames per second")


def test_damaged_picture_is_none(camera: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, {})
    grabber = open_webcam(wanted(camera))
    assert grabber.grab() > 0
    assert grabber.image() is None
    grabber.close()


def test_camera_that_another_program_has_is_told(
    camera: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeCapture, "is_there", False)
    with pytest.raises(SourceError, match="another program has it"):
        open_webcam(wanted(camera))


def test_number_is_a_device() -> None:
    assert device_path("07") == Path("/dev/video7")
    assert device_path("/dev/v4l/by-id/usb-cam") == Path("/dev/v4l/by-id/usb-cam")


@pytest.mark.parametrize(
    ("exposure", "expected"),
    [
        ("steady", {AUTO: 3, ABSOLUTE: 156, PRIORITY: 0}),
        ("auto", {AUTO: 3, ABSOLUTE: 156, PRIORITY: 1}),
        ("manual", {AUTO: 1, ABSOLUTE: 200, PRIORITY: 1}),
    ],
)
def test_exposure_is_set_after_whatever_was_set_before(
    camera: Path, monkeypatch: pytest.MonkeyPatch, exposure: str, expected: dict[int, int]
) -> None:
    driver = plug_in(monkeypatch, {AUTO: 1, ABSOLUTE: 156, PRIORITY: 1})
    open_webcam(wanted(camera, exposure=exposure, exposure_ms=20.0))
    assert driver.controls == expected


def test_full_automatic_serves_where_aperture_priority_is_missing(
    camera: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = plug_in(monkeypatch, {AUTO: 1, PRIORITY: 1})
    driver.allowed[AUTO] = (0, 1)
    assert set_exposure(camera, "steady", 10.0)
    assert driver.controls == {AUTO: 0, PRIORITY: 0}


def test_camera_without_such_controls_is_left_alone(
    camera: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(monkeypatch, {})
    assert not set_exposure(camera, "steady", 10.0)
    assert not set_exposure(camera, "manual", 10.0)


@pytest.mark.parametrize(
    ("capabilities", "gives"),
    [(0x04200001, True), (0x04201000, True), (0x04A00000, False), (0x04208000, False)],
)
def test_node_without_pictures_is_known_by_its_capabilities(
    camera: Path, monkeypatch: pytest.MonkeyPatch, capabilities: int, gives: bool
) -> None:
    plug_in(monkeypatch, {}, capabilities)
    assert captures(camera) is gives


def test_what_is_no_device_answers_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(np.arange(9).tobytes())
    assert captures(path) is None
    assert captures(tmp_path / "none") is None
    assert not set_exposure(path, "steady", 10.0)
