"""Checks the machine: model, heat, power supply, memory, disk."""

from __future__ import annotations

import os
import platform
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.doctor.finding import Finding, output_of, text_of
from edge.system.paths import state_folder
from edge.system.sensors import Sensors

if TYPE_CHECKING:
    from collections.abc import Iterable

_HOT: Final = 80.0
"""Degrees Celsius; a Raspberry Pi slows down from here on."""
_MEMORY_MB: Final = 450
"""What landmarks and classifier need."""
_DISK_MB: Final = 100
"""What outbox, taught words and the journal may need."""
_THROTTLED: Final = {
    0x1: "too little voltage",
    0x2: "clock capped",
    0x4: "throttled",
    0x8: "near the heat limit",
    0x10000: "too little voltage since start",
    0x40000: "slowed down since start",
}
_MODELS: Final = ("proc/device-tree/model", "sys/class/dmi/id/product_name")


def check_board(root: Path = Path("/"), *, state: Path | None = None) -> list[Finding]:
    """Look at the machine.

    Args:
        root: Where sys and proc are.
        state: Where state is kept; the state folder by default.
    """
    sensors = Sensors(root)
    return [
        _model(root),
        *_heat(sensors),
        *_power(sensors),
        *_slowed(root),
        *_memory(root),
        *_disk(state_folder() if state is None else state),
    ]


def _finding(is_ok: bool, text: str, advice: str) -> Finding:
    return Finding("board", is_ok, text, "" if is_ok else advice)


def _model(root: Path) -> Finding:
    """Name the board; Raspberry Pis and Jetsons bear their names in the device tree."""
    names = (text_of(root / path) for path in _MODELS)
    system = f"{platform.system()} {platform.machine()}"
    name = next(filter(None, names), "")
    is_known = platform.system() == "Linux" and platform.machine() in ("aarch64", "x86_64")
    text = f"{name}, {system}" if name else system
    return _finding(is_known, text, "use Linux on aarch64 or x86_64")


def _heat(sensors: Sensors) -> Iterable[Finding]:
    hottest = sensors.temperature()
    if hottest is not None:
        yield _finding(hottest < _HOT, f"{hottest:.0f} °C", "add a heat sink or a fan")


def _power(sensors: Sensors) -> Iterable[Finding]:
    """Ask a Raspberry Pi's firmware, through the kernel or its own program."""
    flags = sensors.throttled()
    if flags is None and shutil.which("vcgencmd") is not None:
        answer = output_of("vcgencmd", "get_throttled")
        if not (found := re.search(r"throttled=0x([0-9a-fA-F]+)", answer)):
            text = "vcgencmd get_throttled does not answer"
            yield _finding(False, text, "let the user join the group video")
            return
        flags = int(found[1], 16)
    if flags is not None:
        said = [text for bit, text in _THROTTLED.items() if flags & bit]
        advice = "use the board's own power supply and a short cable; cool it"
        yield _finding(not said, ", ".join(said) or "power and clock are sound", advice)


def _slowed(root: Path) -> Iterable[Finding]:
    """Look whether the kernel slows the processor because of heat, on any board."""
    for device in sorted(root.glob("sys/class/thermal/cooling_device*")):
        kind, step = text_of(device / "type"), text_of(device / "cur_state")
        if "cpu" in kind.lower() and step.isdecimal() and int(step):
            text = f"the kernel slows the processor down because of heat ({kind}, step {step})"
            yield _finding(False, text, "add a heat sink or a fan; landmarks.max_fps = 10")


def _memory(root: Path) -> Iterable[Finding]:
    text = text_of(root / "proc/meminfo")
    if found := re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE):
        free = int(found[1]) // 1024
        advice = f"{_MEMORY_MB} MB are needed; stop other programs"
        yield _finding(free >= _MEMORY_MB, f"{free} MB of memory available", advice)


def _disk(state: Path) -> Iterable[Finding]:
    """Look at the disk that state is kept on, be the folder there yet or not."""
    there = next(path for path in (state, *state.absolute().parents) if _exists(path))
    disk = os.statvfs(there)
    free = disk.f_bavail * disk.f_frsize // 2**20
    if disk.f_flag & os.ST_RDONLY:
        advice = "a worn SD card becomes so: replace it; else mount it writable"
        yield _finding(False, f"the disk of {state} cannot be written", advice)
        return
    advice = (
        f"{_DISK_MB} MB are needed; delete what is not (sudo apt clean, journalctl --vacuum-size)"
    )
    yield _finding(free >= _DISK_MB, f"{free} MB free on the disk of {state}", advice)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:  # of what lies in a folder that is not ours
        return False
