"""The doctor's look at Python, its packages, settings and models."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from edge.doctor.packages import check_packages, check_python

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SOUND = {
    "ai-edge-litert": "2.3.0",
    "mediapipe": "0.10.18",
    "numpy": "1.26.4",
    "opencv-python-headless": "4.11.0.86",
    "protobuf": "4.25.9",
}
OLD_RUNTIME = {"ai-edge-litert": None, "tflite-runtime": "2.14.0"}


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


def test_this_interpreter_will_do() -> None:
    finding = check_python()
    assert finding.ok
    assert str(sys.version_info.micro) in finding.text


def test_32_bit_interpreter_is_refused() -> None:
    finding = check_python((3, 11, 2), 4)
    assert not finding.ok
    assert "32 bits" in finding.text
    assert "64-bit system" in finding.advice


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 13, 0), (4, 0, 0)])
def test_interpreter_without_mediapipe_is_refused(version: tuple[int, int, int]) -> None:
    finding = check_python(version)
    assert not finding.ok
    assert "3.10, 3.11 or 3.12" in finding.advice


def test_packages_that_fit_are_one_finding(tmp_path: Path) -> None:
    (finding,) = check_packages(install(tmp_path, SOUND))
    assert finding.ok
    assert "mediapipe 0.10.18" in finding.text


def test_packages_of_this_environment_fit() -> None:
    assert [finding.text for finding in check_packages() if not finding.ok] == []


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
        ({"numpy": "2.3.1"}, "numpy 2.3.1 does not work with mediapipe", "'numpy<2'"),
        (
            {"numpy": "2.3.1", "tflite-runtime": "2.14.0"},
            "numpy 2.3.1 does not work with mediapipe",
            "'numpy<2'",
        ),
        (
            {"numpy": "2.3.1", **OLD_RUNTIME},
            "numpy 2.3.1 does not work with tflite-runtime and mediapipe",
            "'numpy<2'",
        ),
        ({"numpy": None}, "numpy is missing", "'numpy<2'"),
        (
            {"ai-edge-litert": None},
            "neither ai-edge-litert nor tflite-runtime",
            "pip install 'ai-edge-litert>=2.1,<3'",
        ),
        ({"mediapipe": None}, "mediapipe is missing", "--no-deps mediapipe==0.10.18"),
        ({"mediapipe": "0.10.35"}, "mediapipe is 0.10.35, not 0.10.18", "--no-deps"),
        ({"protobuf": "5.29.0"}, "protobuf 5.29.0 is too new", "'protobuf>=4.25.3,<5'"),
        ({"protobuf": None}, "protobuf is missing", "'protobuf>=4.25.3,<5'"),
    ],
)
def test_each_conflict_is_one_fault_with_its_cure(
    tmp_path: Path, change: dict[str, str | None], text: str, advice: str
) -> None:
    (finding,) = check_packages(install(tmp_path, {**SOUND, **change}))
    assert not finding.ok
    assert text in finding.text
    assert advice in finding.advice


def test_empty_environment_has_every_package_missing(tmp_path: Path) -> None:
    findings = check_packages([str(tmp_path)])
    assert not any(finding.ok for finding in findings)
    missing = " ".join(finding.text for finding in findings)
    for name in ("OpenCV", "numpy", "ai-edge-litert", "mediapipe", "protobuf"):
        assert name in missing


def test_older_runtime_alone_will_do_with_a_note(tmp_path: Path) -> None:
    (finding,) = check_packages(install(tmp_path, {**SOUND, **OLD_RUNTIME}))
    assert finding.ok
    assert "tflite-runtime 2.14.0" in finding.text
    assert "ai-edge-litert is nearly twice as fast" in finding.advice


def test_both_runtimes_are_fine_without_a_note(tmp_path: Path) -> None:
    (finding,) = check_packages(install(tmp_path, {**SOUND, "tflite-runtime": "2.14.0"}))
    assert finding.ok
    assert "ai-edge-litert 2.3.0, tflite-runtime 2.14.0" in finding.text
    assert finding.advice == ""


def test_package_that_hides_another_counts(tmp_path: Path) -> None:
    path = install(tmp_path / "ours", SOUND) + install(tmp_path / "system", {"numpy": "2.0.0"})
    assert check_packages(path)[0].ok
    assert not check_packages(path[::-1])[0].ok


def test_conflict_beside_our_packages_is_found_by_the_command(tmp_path: Path) -> None:
    install(tmp_path, {"opencv-contrib-python": "4.10.0"})
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from edge.doctor.packages import check_packages; print(*check_packages())",
        ],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert "opencv-contrib-python overwrite each other's cv2" in done.stdout


def test_check_itself_needs_neither_numpy_nor_opencv() -> None:
    code = (
        "import sys; import edge.doctor.checks; print(sorted({'numpy', 'cv2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
