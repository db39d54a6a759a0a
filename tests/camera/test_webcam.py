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
from numpy.typing import NDArray

from edge.camera.grabber import Grabber, Wanted
from edge.camera.v4l2 import captures, set_exposure
from edge.camera.webcam import device_path, open_webcam
from edge.errors import SourceError

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
    is_raw = True
    """Whether it lets one have the JPEGs themselves."""
    given: ClassVar[dict[int, float]] = {}
    told: ClassVar[list[tuple[int, float]]] = []
    sent: ClassVar[bytes | None] = None
    """The JPEG that it sends; None: nothing that can be had."""

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
        return self.is_raw or prop != cv2.CAP_PROP_CONVERT_RGB

    def get(self, prop: int) -> float:
        """Answer with what was told, or what this camera has instead."""
        return self.given.get(prop, dict(self.told).get(prop, 0.0))

    def grab(self) -> bool:
        """Take a picture."""
        return True

    def retrieve(self) -> tuple[bool, object]:
        """Give its bytes in a row, as V4L2 does, or decode it, or fail."""
        if self.sent is None:
            return False, None
        data = np.frombuffer(self.sent, np.uint8)
        if self.is_raw and (cv2.CAP_PROP_CONVERT_RGB, 0) in self.told:
            return True, data[None]
        return True, cv2.imdecode(data, cv2.IMREAD_COLOR)

    def release(self) -> None:
        """Let go."""
        self.is_released = True


@pytest.fixture
def camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a by-id link to a camera."""
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr(FakeCapture, "is_there", True)
    monkeypatch.setattr(FakeCapture, "is_raw", True)
    monkeypatch.setattr(FakeCapture, "given", {})
    monkeypatch.setattr(FakeCapture, "sent", None)
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


def give(monkeypatch: pytest.MonkeyPatch, width: int, height: int) -> None:
    """Have the camera give this size, whatever it is asked for: red left, blue right."""
    size = {cv2.CAP_PROP_FRAME_WIDTH: width, cv2.CAP_PROP_FRAME_HEIGHT: height}
    monkeypatch.setattr(FakeCapture, "given", size)
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2] = (0, 0, 255)
    image[:, width // 2 :] = (255, 0, 0)
    monkeypatch.setattr(FakeCapture, "sent", cv2.imencode(".jpg", image)[1].tobytes())


def picture_of(grabber: Grabber) -> NDArray[np.uint8]:
    """Take a picture, which must be red on the left and blue on the right."""
    grabber.grab()
    image = grabber.image()
    assert image is not None
    width = image.shape[1]
    assert np.abs(image[:, : width // 2 - 8] - np.array([254, 0, 0])).max() <= 2
    assert np.abs(image[:, width // 2 + 8 :] - np.array([0, 0, 254])).max() <= 2
    return image


@pytest.mark.parametrize(
    ("given", "decoded"),
    [
        ((640, 480), (640, 480)),
        ((1280, 720), (1280, 720)),  # 360 rows would be too few
        ((1280, 960), (640, 480)),
        ((1920, 1080), (960, 540)),
        ((2592, 1944), (648, 486)),
        ((320, 240), (320, 240)),
    ],
)
def test_larger_picture_is_decoded_as_small_as_still_serves(
    camera: Path, monkeypatch: pytest.MonkeyPatch, given: tuple[int, int], decoded: tuple[int, int]
) -> None:
    plug_in(monkeypatch, {AUTO: 3, PRIORITY: 1})
    give(monkeypatch, *given)
    grabber = open_webcam(wanted(camera))
    assert picture_of(grabber).shape == (*decoded[::-1], 3)
    is_raw = (cv2.CAP_PROP_CONVERT_RGB, 0) in FakeCapture.told
    assert is_raw == (given != decoded)
    assert ("times smaller" in grabber.note) == is_raw


def test_reduced_size_is_told(camera: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, {AUTO: 3, PRIORITY: 1})
    give(monkeypatch, 1920, 1080)
    note = "MJPG at 30 frames per second, 1920x1080 decoded 2 times smaller"
    assert open_webcam(wanted(camera)).note == note


def test_camera_that_keeps_its_jpegs_is_decoded_whole(
    camera: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(monkeypatch, {AUTO: 3, PRIORITY: 1})
    monkeypatch.setattr(FakeCapture, "is_raw", False)
    give(monkeypatch, 1920, 1080)
    assert picture_of(open_webcam(wanted(camera))).shape == (1080, 1920, 3)


def test_raw_pictures_are_not_taken_for_jpegs(
    camera: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(monkeypatch, {AUTO: 3, PRIORITY: 1})
    give(monkeypatch, 1920, 1080)
    yuyv = {cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*"YUYV"))}
    monkeypatch.setattr(FakeCapture, "given", {**FakeCapture.given, **yuyv})
    assert picture_of(open_webcam(wanted(camera))).shape == (1080, 1920, 3)


@pytest.mark.parametrize("kept", [0, 2, 100, 5000])
def test_damaged_jpeg_is_none(camera: Path, monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    plug_in(monkeypatch, {AUTO: 3, PRIORITY: 1})
    give(monkeypatch, 1920, 1080)
    assert FakeCapture.sent is not None
    monkeypatch.setattr(FakeCapture, "sent", FakeCapture.sent[:kept])
    grabber = open_webcam(wanted(camera))
    grabber.grab()
    assert grabber.image() is None


def test_bytes_after_a_jpeg_do_no_harm(camera: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, {AUTO: 3, PRIORITY: 1})
    give(monkeypatch, 1280, 960)
    assert FakeCapture.sent is not None
    monkeypatch.setattr(FakeCapture, "sent", FakeCapture.sent + bytes(4096))
    assert picture_of(open_webcam(wanted(camera))).shape == (480, 640, 3)


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
