"""The doctor's look at the machine and its clock."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from programs import put_program

from edge.doctor.board import check_board
from edge.doctor.clock import check_clock


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
    findings = check_board(tmp_path)
    assert all(finding.ok and not finding.advice for finding in findings)
    texts = [finding.text for finding in findings[1:]]
    assert texts[:2] == ["52 °C", "900 MB of memory available"]
    assert re.match(r"\d+ MB free on the disk of ", texts[2])


@pytest.mark.usefixtures("programs")
def test_hot_board_without_memory_is_told_twice(tmp_path: Path) -> None:
    board(tmp_path, "85000\n", 100 * 1024)
    faults = [finding for finding in check_board(tmp_path) if not finding.ok]
    assert ["fan" in fault.advice for fault in faults] == [True, False]
    assert "100 MB" in faults[1].text


@pytest.mark.usefixtures("programs")
def test_sensor_that_is_off_is_passed_over(tmp_path: Path) -> None:
    board(tmp_path, "", 900 * 1024)
    assert not any("°C" in finding.text for finding in check_board(tmp_path))


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
    faults = [finding for finding in check_board(tmp_path) if not finding.ok]
    assert bool(faults) is bool(texts)
    for text in texts:
        assert text in faults[0].text


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize(("flags", "is_ok"), [("0", True), ("50000", False)])
def test_power_supply_is_asked_of_the_kernel_where_vcgencmd_is_missing(
    tmp_path: Path, flags: str, is_ok: bool
) -> None:
    path = tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled"
    path.parent.mkdir(parents=True)
    path.write_text(f"{flags}\n")
    (finding,) = [one for one in check_board(tmp_path) if "since start" in one.text or one.ok][1:2]
    assert finding.ok is is_ok
    assert finding.text.startswith("power and clock" if is_ok else "too little voltage since")


@pytest.mark.usefixtures("programs")
def test_board_is_named_as_its_device_tree_names_it(tmp_path: Path) -> None:
    path = tmp_path / "proc/device-tree/model"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    assert check_board(tmp_path)[0].text.startswith("Raspberry Pi 5 Model B Rev 1.0, Linux ")


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize(
    ("kind", "step", "is_fault"),
    [
        ("thermal-cpufreq-0", "2", True),
        ("thermal-cpufreq-0", "0", False),
        ("pwm-fan", "3", False),
    ],
)
def test_processor_that_the_kernel_slows_down_is_a_fault(
    tmp_path: Path, kind: str, step: str, is_fault: bool
) -> None:
    device = tmp_path / "sys/class/thermal/cooling_device0"
    device.mkdir(parents=True)
    (device / "type").write_text(f"{kind}\n")
    (device / "cur_state").write_text(f"{step}\n")
    faults = [one.text for one in check_board(tmp_path) if not one.ok]
    assert ["slows the processor" in text for text in faults] == [True] * is_fault


def test_disk_is_that_of_the_nearest_folder_there_is(tmp_path: Path) -> None:
    finding = check_board(tmp_path, state=tmp_path / "not" / "there")[-1]
    assert finding.ok
    assert finding.text.startswith(f"{shutil.disk_usage(tmp_path).free // 2**20}"[:2])
    assert finding.text.endswith(f"not{'/'}there")


@pytest.mark.skipif(
    subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode != 0,
    reason="no disk can be mounted here",
)
def test_disk_that_is_full_or_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from edge.doctor.board import check_board; "
        "print(check_board(Path(sys.argv[1]), state=Path(sys.argv[1]))[-1])"
    )
    told = []
    for options in ("size=1m", "ro"):
        shell = f'mount -t tmpfs -o {options} none "$1" && "$2" -c "$3" "$1"'
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", shell, "sh", str(tmp_path), sys.executable, code],
            capture_output=True,
            check=True,
            text=True,
        )
        told.append(done.stdout)
    assert ["ok=False" in text for text in told] == [True, True]
    assert "1 MB free" in told[0]
    assert "SD card" in told[1]


# --- clock ---


def test_clock_that_a_time_service_steers_is_sound() -> None:
    finding = check_clock(state=0)
    assert finding.ok
    assert not finding.advice
    assert finding.text.endswith("UTC, synchronised")


def test_clock_on_its_own_is_noted() -> None:
    finding = check_clock(state=5)
    assert finding.ok
    assert "not synchronised" in finding.text
    assert "set-ntp" in finding.advice


def test_clock_before_the_program_was_installed_is_a_fault() -> None:
    finding = check_clock(now=86400.0 * 365, state=5)
    assert not finding.ok
    assert "1971-01-01" in finding.text


def test_clock_of_this_machine_is_asked_of_the_kernel() -> None:
    finding = check_clock()
    assert finding.ok
    assert time.strftime("%Y-", time.gmtime()) in finding.text
    assert "synchronised" in finding.text
