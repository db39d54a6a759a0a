"""sign-edge check: every fault is found and told with what to do."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge import check
from edge.archive import Clip, write_clips
from edge.config import CameraSettings, MqttSettings, Settings, SpeechSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

SOUND = {
    "mediapipe": "0.10.18",
    "numpy": "1.26.4",
    "opencv-python-headless": "4.11.0.86",
    "protobuf": "4.25.9",
    "tflite-runtime": "2.14.0",
}
ONE_CARD = "card 1: Device [USB Audio], device 0: USB Audio [USB Audio]"


def install(folder: Path, packages: Mapping[str, str | None]) -> list[str]:
    """Lay down what pip leaves of each package; None leaves a package out."""
    for name, version in packages.items():
        if version is None:
            continue
        spelled = name.replace("-", "_")
        info = folder / f"{spelled}-{version}.dist-info"
        info.mkdir(parents=True)
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (info / "METADATA").write_text(text)
    return [str(folder)]


def put_program(folder: Path, name: str, output: str, code: int = 0) -> None:
    """Put a program on a PATH of our own."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable}\nprint({output!r})\nraise SystemExit({code})\n")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that is all of PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


# --- python and packages ---


def test_this_interpreter_will_do() -> None:
    finding = check.check_python()
    assert finding.ok
    assert str(sys.version_info.micro) in finding.text


def test_32_bit_interpreter_is_refused() -> None:
    finding = check.check_python((3, 11, 2), 4)
    assert not finding.ok
    assert "32 bits" in finding.text
    assert "64-bit system" in finding.advice


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 13, 0), (4, 0, 0)])
def test_interpreter_without_mediapipe_is_refused(version: tuple[int, int, int]) -> None:
    finding = check.check_python(version)
    assert not finding.ok
    assert "3.10, 3.11 or 3.12" in finding.advice


def test_packages_that_fit_are_one_finding(tmp_path: Path) -> None:
    (finding,) = check.check_packages(install(tmp_path, SOUND))
    assert finding.ok
    assert "mediapipe 0.10.18" in finding.text


def test_packages_of_this_environment_fit() -> None:
    assert [finding.text for finding in check.check_packages() if not finding.ok] == []


@pytest.mark.parametrize(
    ("change", "text", "advice"),
    [
        ({"opencv-contrib-python": "4.11.0.86"}, "overwrite each other's cv2", "uninstall"),
        ({"opencv-python": "4.11.0.86"}, "overwrite each other's cv2", "uninstall opencv-python"),
        ({"opencv-python-headless": None}, "OpenCV is missing", "pip install 'opencv"),
        (
            {"opencv-python-headless": None, "opencv-contrib-python": "4.11.0.86"},
            "libGL",
            "uninstall opencv-contrib-python",
        ),
        ({"numpy": "2.3.1"}, "numpy 2.3.1 does not work with tflite-runtime", "'numpy<2'"),
        (
            {"numpy": "2.3.1", "tflite-runtime": None, "ai-edge-litert": "2.3.0"},
            "numpy 2.3.1 does not work with mediapipe",
            "'numpy<2'",
        ),
        ({"numpy": None}, "numpy is missing", "'numpy<2'"),
        ({"tflite-runtime": None}, "neither tflite-runtime nor ai-edge-litert", "pip install"),
        ({"mediapipe": None}, "mediapipe is missing", "--no-deps mediapipe==0.10.18"),
        ({"mediapipe": "0.10.35"}, "mediapipe is 0.10.35, not 0.10.18", "--no-deps"),
        ({"protobuf": "5.29.0"}, "protobuf 5.29.0 is too new", "'protobuf>=4.25.3,<5'"),
        ({"protobuf": None}, "protobuf is missing", "'protobuf>=4.25.3,<5'"),
    ],
)
def test_each_conflict_is_one_fault_with_its_cure(
    tmp_path: Path, change: dict[str, str | None], text: str, advice: str
) -> None:
    (finding,) = check.check_packages(install(tmp_path, {**SOUND, **change}))
    assert not finding.ok
    assert text in finding.text
    assert advice in finding.advice


def test_empty_environment_has_every_package_missing(tmp_path: Path) -> None:
    findings = check.check_packages([str(tmp_path)])
    assert not any(finding.ok for finding in findings)
    missing = " ".join(finding.text for finding in findings)
    for name in ("OpenCV", "numpy", "tflite-runtime", "mediapipe", "protobuf"):
        assert name in missing


def test_litert_in_the_place_of_tflite_runtime_is_as_good(tmp_path: Path) -> None:
    change = {"tflite-runtime": None, "ai-edge-litert": "2.3.0"}
    (finding,) = check.check_packages(install(tmp_path, {**SOUND, **change}))
    assert finding.ok


def test_package_that_hides_another_counts(tmp_path: Path) -> None:
    path = install(tmp_path / "ours", SOUND) + install(tmp_path / "system", {"numpy": "2.0.0"})
    assert check.check_packages(path)[0].ok
    assert not check.check_packages(path[::-1])[0].ok


def test_conflict_beside_our_packages_is_found_by_the_command(tmp_path: Path) -> None:
    install(tmp_path, {"opencv-contrib-python": "4.10.0"})
    done = subprocess.run(
        [sys.executable, "-c", "from edge import check; print(*check.check_packages())"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert "opencv-contrib-python overwrite each other's cv2" in done.stdout


def test_check_itself_needs_neither_numpy_nor_opencv() -> None:
    code = "import sys; import edge.check; print(sorted({'numpy', 'cv2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"


# --- config and model ---


def test_password_file_that_is_missing_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "password"
    settings = Settings(mqtt=MqttSettings(username="edge", password_file=str(path)))
    assert "No such file" in check.check_config(settings).text
    path.write_text("secret\n")
    path.chmod(0o644)
    finding = check.check_config(settings)
    assert not finding.ok
    assert finding.advice == f"chmod o= {path}"
    path.chmod(0o640)
    finding = check.check_config(settings)
    assert finding.ok
    assert "secret" not in finding.text


def test_bundle_that_does_not_exist_is_a_fault() -> None:
    finding = check.check_model("nothing-of-this-name")
    assert not finding.ok
    assert "nothing-of-this-name" in finding.text
    assert "classifier.bundle" in finding.advice


def test_bundle_with_a_damaged_network_is_a_fault(tmp_path: Path) -> None:
    shipped = Path(__file__).parent.parent / "models" / "words"
    (tmp_path / "model.json").write_bytes((shipped / "model.json").read_bytes())
    (tmp_path / "model.tflite").write_bytes((shipped / "model.tflite").read_bytes()[:-1])
    finding = check.check_model(str(tmp_path))
    assert not finding.ok
    assert "sha256" in finding.text


def test_shipped_bundle_is_sound() -> None:
    finding = check.check_model("words")
    assert finding.ok, finding.text


# --- camera ---


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
    finding = check.check_camera(video(tmp_path / "room.avi", 120), least_fps=5.0)
    assert finding.ok, finding.text
    assert "frames per second, mean light 12" in finding.text


def test_dark_picture_asks_for_light(tmp_path: Path) -> None:
    finding = check.check_camera(video(tmp_path / "night.avi", 10), least_fps=5.0)
    assert not finding.ok
    assert "add light" in finding.advice


def test_slow_picture_is_a_fault(tmp_path: Path) -> None:
    finding = check.check_camera(video(tmp_path / "slow.avi", 120, fps=4.0), least_fps=5.0)
    assert not finding.ok
    assert "5 are needed" in finding.advice


def test_video_that_is_none_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_text("no film")
    for name in ("film.mp4", "nowhere.mp4"):
        settings = CameraSettings(source=str(tmp_path / name))
        finding = check.check_camera(settings, least_fps=5.0, limit=1.0)
        assert not finding.ok
        assert name in finding.text


def test_camera_that_is_not_there_takes_no_longer_than_the_limit() -> None:
    began = time.monotonic()
    settings = CameraSettings(source="/dev/no-such-camera")
    finding = check.check_camera(settings, least_fps=5.0, limit=1.0)
    assert not finding.ok
    assert "/dev/no-such-camera" in finding.text
    assert "plug it in" in finding.advice
    assert time.monotonic() - began < 8


def test_password_of_a_stream_is_not_told() -> None:
    settings = CameraSettings(source="rtsp://me:hidden@127.0.0.1:9/stream")
    finding = check.check_camera(settings, least_fps=5.0, limit=1.0)
    assert not finding.ok
    assert "hidden" not in finding.text + finding.advice


def test_archive_is_read_instead_of_a_camera(tmp_path: Path) -> None:
    path = tmp_path / "clips.npz"
    points = np.zeros((5, 75, 3), np.float32)
    write_clips(path, [Clip("hello", "ann", 15.0, points)] * 3)
    settings = CameraSettings(source=f"archive:{path}")
    finding = check.check_camera(settings, least_fps=5.0)
    assert finding.ok
    assert "3 clips" in finding.text
    path.write_bytes(b"PK")
    finding = check.check_camera(settings, least_fps=5.0)
    assert not finding.ok
    assert str(path) in finding.text


# --- sound ---


@pytest.mark.usefixtures("programs")
def test_speech_that_is_off_needs_no_sound() -> None:
    assert check.check_sound(SpeechSettings(enabled=False)).ok
    assert check.check_sound(SpeechSettings(engine="none")).ok


def test_missing_engine_and_player_are_told_one_after_the_other(programs: Path) -> None:
    assert "apt install espeak-ng" in check.check_sound(SpeechSettings()).advice
    put_program(programs, "espeak-ng", "")
    assert "apt install alsa-utils" in check.check_sound(SpeechSettings()).advice
    put_program(programs, "aplay", "", 1)
    finding = check.check_sound(SpeechSettings())
    assert "no sound card" in finding.text
    put_program(programs, "aplay", ONE_CARD)
    finding = check.check_sound(SpeechSettings())
    assert finding.ok
    assert "Device" in finding.text


@pytest.mark.parametrize(
    ("device", "is_there"),
    [
        ("default", True),
        ("plughw:CARD=Device", True),
        ("plughw:CARD=Device,DEV=0", True),
        ("hw:1,0", True),
        ("plughw:CARD=Headphones", False),
        ("hw:0,0", False),
    ],
)
def test_device_must_be_one_of_the_cards(programs: Path, device: str, is_there: bool) -> None:
    put_program(programs, "espeak-ng", "")
    put_program(programs, "aplay", ONE_CARD)
    finding = check.check_sound(SpeechSettings(device=device))
    assert finding.ok is is_there
    assert is_there or "there are Device" in finding.text


def test_speech_into_files_needs_no_card(programs: Path, tmp_path: Path) -> None:
    put_program(programs, "espeak-ng", "")
    assert check.check_sound(SpeechSettings(device=f"file:{tmp_path}")).ok


# --- broker ---


def test_broker_that_listens_is_sound() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        finding = check.check_broker(MqttSettings(host="127.0.0.1", port=port))
        assert finding.ok
    finding = check.check_broker(MqttSettings(host="127.0.0.1", port=port))
    assert not finding.ok
    assert f"127.0.0.1:{port}" in finding.text
    assert "start the broker" in finding.advice


def test_name_that_no_host_can_have_is_a_fault() -> None:
    finding = check.check_broker(MqttSettings(host="x" * 100 + ".invalid"))
    assert not finding.ok


def test_broker_is_left_alone_when_mqtt_is_off() -> None:
    assert check.check_broker(MqttSettings(enabled=False, host="x.invalid")).ok


# --- board ---


def board(root: Path, temperature: str, available_kb: int) -> None:
    """Write what a kernel shows of its heat and memory."""
    zone = root / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True, exist_ok=True)
    (zone / "temp").write_text(temperature)
    (root / "proc").mkdir(exist_ok=True)
    text = f"MemTotal:        999999 kB\nMemAvailable:    {available_kb} kB\n"
    (root / "proc/meminfo").write_text(text)


@pytest.mark.usefixtures("programs")
def test_cool_board_with_memory_is_sound(tmp_path: Path) -> None:
    board(tmp_path, "51540\n", 900 * 1024)
    findings = check.check_board(tmp_path)
    assert all(finding.ok and not finding.advice for finding in findings)
    assert [finding.text for finding in findings[1:]] == ["52 °C", "900 MB of memory available"]


@pytest.mark.usefixtures("programs")
def test_hot_board_without_memory_is_told_twice(tmp_path: Path) -> None:
    board(tmp_path, "85000\n", 100 * 1024)
    faults = [finding for finding in check.check_board(tmp_path) if not finding.ok]
    assert ["fan" in fault.advice for fault in faults] == [True, False]
    assert "100 MB" in faults[1].text


@pytest.mark.usefixtures("programs")
def test_sensor_that_is_off_is_passed_over(tmp_path: Path) -> None:
    board(tmp_path, "", 900 * 1024)
    assert not any("°C" in finding.text for finding in check.check_board(tmp_path))


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ("throttled=0x0", []),
        ("throttled=0x50005", ["too little voltage", "throttled", "slowed down since start"]),
        ("throttled=0x8", ["near the heat limit"]),
        ("VCHI initialization failed", ["does not answer"]),
    ],
)
def test_weak_power_supply_of_a_raspberry_pi_is_named(
    programs: Path, tmp_path: Path, answer: str, texts: list[str]
) -> None:
    put_program(programs, "vcgencmd", answer)
    faults = [finding for finding in check.check_board(tmp_path) if not finding.ok]
    assert bool(faults) is bool(texts)
    for text in texts:
        assert text in faults[0].text


# --- all of it ---


def test_command_prints_one_finding_a_line_and_fails_on_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "clips.npz"
    write_clips(path, [Clip("hello", "ann", 15.0, np.zeros((5, 75, 3), np.float32))])
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        command = [sys.executable, "-m", "edge", "check", "--json"]
        for option in (
            f"camera.source=archive:{path}",
            "mqtt.host=127.0.0.1",
            f"mqtt.port={port}",
            "speech.enabled=false",
        ):
            command += ["--set", option]
        good = subprocess.run(command, capture_output=True, check=False, text=True)
        bad = subprocess.run(
            [*command, "--set", "classifier.bundle=none"],
            capture_output=True,
            check=False,
            text=True,
        )
    findings = [json.loads(line) for line in good.stdout.splitlines()]
    areas = list(dict.fromkeys(finding["area"] for finding in findings))
    assert areas == ["python", "packages", "config", "model", "camera", "sound", "broker", "board"]
    assert good.returncode == (0 if all(finding["ok"] for finding in findings) else 1)
    assert [f["text"] for f in findings if not f["ok"] and f["area"] != "board"] == []
    assert bad.returncode == 1
