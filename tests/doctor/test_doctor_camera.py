"""The doctor's look at cameras."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from patience import PROMPT

from edge.camera.attached import Attached, attached_cameras, ribbon_cameras
from edge.config.settings import CameraSettings
from edge.doctor.camera import check_camera, judge_camera, steadier_source
from edge.doctor.unit import Unit
from edge.landmarks.archive import Clip, write_clips


def video(path: Path, brightness: int, fps: float = 20.0) -> CameraSettings:
    """Write two seconds of a moving square and return the settings that play it."""
    fourcc = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), fourcc, fps, (160, 120))
    for index in range(round(2 * fps)):
        image = np.full((120, 160, 3), brightness, np.uint8)
        image[40:60, index : index + 20] = min(brightness + 20, 255)
        writer.write(image)
    writer.release()
    return CameraSettings(source=str(path))


def test_video_is_measured(tmp_path: Path) -> None:
    finding = check_camera(video(tmp_path / "room.avi", 120), least_fps=5.0)
    assert finding.ok, finding.text
    assert "frames per second, mean light 12" in finding.text


def test_dark_picture_asks_for_light(tmp_path: Path) -> None:
    finding = check_camera(video(tmp_path / "night.avi", 10), least_fps=5.0)
    assert not finding.ok
    assert "add light" in finding.advice


def test_slow_picture_is_a_fault(tmp_path: Path) -> None:
    finding = check_camera(video(tmp_path / "slow.avi", 120, fps=4.0), least_fps=5.0)
    assert not finding.ok
    assert "5 are needed" in finding.advice


def test_video_that_is_none_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_text("no film")
    for name in ("film.mp4", "nowhere.mp4"):
        settings = CameraSettings(source=str(tmp_path / name))
        finding = check_camera(settings, least_fps=5.0, limit=1.0)
        assert not finding.ok
        assert name in finding.text


def test_camera_that_is_not_there_takes_no_longer_than_the_limit() -> None:
    began = time.monotonic()
    settings = CameraSettings(source="/dev/no-such-camera")
    finding = check_camera(settings, least_fps=5.0, limit=1.0)
    assert not finding.ok
    assert "/dev/no-such-camera" in finding.text
    assert "plug it in" in finding.advice
    assert time.monotonic() - began < PROMPT


def test_password_of_a_stream_is_not_told() -> None:
    settings = CameraSettings(source="rtsp://me:hidden@127.0.0.1:9/stream")
    finding = check_camera(settings, least_fps=5.0, limit=1.0)
    assert not finding.ok
    assert "hidden" not in finding.text + finding.advice


def test_archive_is_read_instead_of_a_camera(tmp_path: Path) -> None:
    path = tmp_path / "clips.npz"
    points = np.zeros((5, 75, 3), np.float32)
    write_clips(path, [Clip("hello", "ann", 15.0, points)] * 3)
    settings = CameraSettings(source=f"archive:{path}")
    finding = check_camera(settings, least_fps=5.0)
    assert finding.ok
    assert "3 clips" in finding.text
    path.write_bytes(b"PK")
    finding = check_camera(settings, least_fps=5.0)
    assert not finding.ok
    assert str(path) in finding.text


def unit(status: str, state: str = "active") -> Unit:
    """Return the service as systemd tells of it."""
    return Unit(state, "success", status, groups=(), hidden=(), has_cpuinfo=True)


@pytest.mark.parametrize(
    ("source", "service", "is_ok", "said"),
    [
        ("/dev/null", unit("watching"), True, "the running service has it (watching)"),
        ("/dev/null", unit("no camera: it ended"), False, "no camera: it ended"),
        ("/dev/null", unit("", state="failed"), False, "another program has it?"),
        ("/dev/no-such-camera", unit("watching"), False, "does not exist"),
    ],
)
def test_camera_that_the_service_has_is_its_to_judge(
    source: str, service: Unit, is_ok: bool, said: str
) -> None:
    settings = CameraSettings(source=source)
    finding = check_camera(settings, least_fps=5.0, unit=service)
    assert finding.ok is is_ok
    assert said in finding.text
    assert "systemctl stop sign-edge" in finding.advice


@pytest.mark.parametrize(
    ("fps", "light", "exposure", "is_ok", "advice"),
    [
        (30.0, 120.0, "steady", True, ""),
        (12.0, 120.0, "steady", True, "30 were asked for; ask for fewer pixels"),
        (12.0, 60.0, "auto", True, 'set camera.exposure = "steady"'),
        (3.0, 120.0, "auto", False, 'set camera.exposure = "steady"'),
        (30.0, 20.0, "steady", False, 'add light, or set camera.exposure = "auto"'),
        (30.0, 240.0, "steady", False, "away from the window"),
    ],
)
def test_advice_depends_on_how_the_camera_exposes(
    fps: float, light: float, exposure: str, is_ok: bool, advice: str
) -> None:
    settings = CameraSettings.model_validate({"exposure": exposure})
    finding = judge_camera("seen", fps, light, settings=settings, least_fps=5.0)
    assert finding.ok is is_ok
    assert (advice in finding.advice) if advice else not finding.advice


def attach(root: Path, number: int, name: str, index: int, link: str = "") -> Path:
    """Lay down what the kernel and udev show of a V4L2 node; returns the node."""
    known = root / f"sys/class/video4linux/video{number}"
    known.mkdir(parents=True)
    (known / "name").write_text(f"{name}\n")
    (known / "index").write_text(f"{index}\n")
    node = root / f"dev/video{number}"
    node.parent.mkdir(exist_ok=True)
    node.touch()
    if link:
        path = root / "dev/v4l" / link
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(f"../../video{number}")
    return node


def test_cameras_are_listed_by_names_that_last(tmp_path: Path) -> None:
    attach(tmp_path, 10, "platform camera", 0, "by-path/platform-usb-0-video-index0")
    attach(tmp_path, 2, "HD Webcam", 0, "by-id/usb-HD_Webcam-video-index0")
    attach(tmp_path, 3, "HD Webcam", 1, "by-id/usb-HD_Webcam-video-index1")
    attach(tmp_path, 4, "nameless", 0)
    assert [
        (one.node.name, one.title, Path(one.source).name) for one in attached_cameras(tmp_path)
    ] == [
        ("video2", "HD Webcam", "usb-HD_Webcam-video-index0"),
        ("video4", "nameless", "video4"),
        ("video10", "platform camera", "platform-usb-0-video-index0"),
    ]


def test_no_camera_is_no_error(tmp_path: Path) -> None:
    assert attached_cameras(tmp_path) == []


def test_number_is_advised_against_where_there_is_a_name(tmp_path: Path) -> None:
    cameras = [Attached(Path("/dev/video0"), "HD Webcam", tmp_path / "by-id" / "cam")]
    for source in ("0", "/dev/video0"):
        assert f'"{tmp_path}/by-id/cam"' in steadier_source(source, cameras)
    for source in ("1", "picamera", "rtsp://host", "/dev/v4l/by-id/cam"):
        assert steadier_source(source, cameras) == ""


def test_ribbon_cameras_are_read_from_the_listing_of_rpicam_hello() -> None:
    listing = (
        "Available cameras\n-----------------\n"
        "0 : imx708 [4608x2592 10-bit RGGB] (/base/axi/pcie@120000/rp1/i2c@88000/imx708@1a)\n"
        "    Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]\n"
        "1 : ov5647 [2592x1944 10-bit GBRG] (/base/soc/i2c0mux/i2c@1/ov5647@36)\n"
    )
    assert ribbon_cameras(listing) == ["imx708", "ov5647"]
    assert ribbon_cameras("No cameras available!\n") == []
