"""sign-edge check: the command over all of the doctor's checks."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np

from edge.landmarks.archive import Clip, write_clips

if TYPE_CHECKING:
    from pathlib import Path

    from broker import Broker


def run_check(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-m", "edge", "check", *options]
    return subprocess.run(command, capture_output=True, check=False, text=True)


def sound(tmp_path: Path, broker: Broker) -> list[str]:
    """Return options with which nothing but the board can be wrong."""
    path = tmp_path / "clips.npz"
    write_clips(path, [Clip("hello", "ann", 15.0, np.zeros((5, 75, 3), np.float32))])
    settings = (
        f"camera.source=archive:{path}",
        "mqtt.host=127.0.0.1",
        f"mqtt.port={broker.port}",
        "speech.enabled=false",
    )
    return [part for one in settings for part in ("--set", one)]


def test_command_prints_one_finding_a_line_and_fails_on_a_fault(
    tmp_path: Path, broker: Broker
) -> None:
    options = sound(tmp_path, broker)
    good = run_check("--json", *options)
    bad = run_check("--json", *options, "--set", "classifier.bundle=none")
    findings = [json.loads(line) for line in good.stdout.splitlines()]
    areas = list(dict.fromkeys(finding["area"] for finding in findings))
    expected = "board clock python packages model config model camera sound broker page access"
    assert areas == list(dict.fromkeys(expected.split()))
    assert good.returncode == (0 if all(finding["ok"] for finding in findings) else 1)
    outside = ("board", "access")  # what is of this machine
    assert [f["text"] for f in findings if not f["ok"] and f["area"] not in outside] == []
    assert bad.returncode == 1
    assert good.stderr == bad.stderr == ""


def test_each_fault_says_what_to_do(tmp_path: Path, broker: Broker) -> None:
    broker.stop()
    done = run_check(*sound(tmp_path, broker), "--set", "camera.source=/dev/no-such-camera")
    faults = [line for line in done.stdout.splitlines() if line.startswith("FAULT")]
    assert {line.split()[1] for line in faults} >= {"camera:", "broker:"}
    assert all(" - " in line for line in faults)
    assert done.returncode == 1
    assert done.stderr == ""


def test_user_who_is_not_there_ends_with_exit_code_two() -> None:
    done = run_check("--user", "no-such-user")
    assert done.returncode == 2
    assert done.stderr == "sign-edge: --user no-such-user: there is no such user\n"
    assert done.stdout == ""


def test_findings_need_neither_numpy_nor_opencv_to_begin_with() -> None:
    code = "import edge.doctor.checks, sys; print(sorted({'numpy', 'cv2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
