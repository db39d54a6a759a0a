"""The doctor's look at settings and models, and whether the models run as fast as they can."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge.config.settings import MqttSettings, Settings
from edge.doctor.acceleration import check_acceleration, judge_acceleration
from edge.doctor.models import check_config, check_model


def test_password_file_that_is_missing_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "password"
    settings = Settings(mqtt=MqttSettings(username="edge", password_file=str(path)))
    assert "No such file" in check_config(settings).text
    path.write_text("secret\n")
    path.chmod(0o644)
    finding = check_config(settings)
    assert not finding.ok
    assert finding.advice == f"chmod o= {path}"
    path.chmod(0o640)
    finding = check_config(settings)
    assert finding.ok
    assert "secret" not in finding.text


def test_bundle_that_does_not_exist_is_a_fault() -> None:
    finding = check_model("nothing-of-this-name")
    assert not finding.ok
    assert "nothing-of-this-name" in finding.text
    assert "classifier.bundle" in finding.advice


def test_bundle_with_a_damaged_network_is_a_fault(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "models" / "words"
    (tmp_path / "model.json").write_bytes((shipped / "model.json").read_bytes())
    (tmp_path / "model.tflite").write_bytes((shipped / "model.tflite").read_bytes()[:-1])
    finding = check_model(str(tmp_path))
    assert not finding.ok
    assert "sha256" in finding.text


def test_shipped_bundle_is_sound_and_timed() -> None:
    finding = check_model("words")
    assert finding.ok, finding.text
    assert finding.text.endswith(" ms")


@pytest.mark.parametrize("backend", ["tracker", "mediapipe"])
def test_xnnpack_is_really_used_here(backend: str) -> None:
    finding = check_acceleration(backend)
    assert finding.ok, finding.text
    assert "XNNPACK is used, a picture without people takes" in finding.text


@pytest.mark.skipif(
    subprocess.run(["unshare", "-mpf", "true"], check=False, capture_output=True).returncode != 0,
    reason="no /proc can be mounted here",
)
def test_hidden_cpuinfo_is_found_to_switch_xnnpack_off() -> None:
    shell = 'mount -t proc -o subset=pid proc /proc && exec "$1" -c "$2"'
    code = "from edge.doctor.acceleration import *; print(check_acceleration('tracker'))"
    done = subprocess.run(
        ["unshare", "-mpf", "sh", "-c", shell, "sh", sys.executable, code],
        capture_output=True,
        check=True,
        text=True,
    )
    assert "ok=False" in done.stdout
    assert "XNNPACK is not used" in done.stdout
    assert "/proc/cpuinfo" in done.stdout


def test_landmarks_that_fail_are_told_with_their_last_word() -> None:
    finding = judge_acceleration("", "a\nlong\ntraceback: mediapipe is missing\n", 1)
    assert not finding.ok
    assert finding.text == "landmarks cannot be found: traceback: mediapipe is missing"
