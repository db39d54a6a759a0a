"""Power: a board of files as the kernel shows them, and what pace it can afford."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.config.settings import GateSettings, PowerSettings, Settings
from edge.device.power import FULL, Governor, Pace
from edge.landmarks.skeleton import POINTS
from edge.messages import Frame, Landmarks
from edge.recognition.recognizer import Recognizer
from edge.system.sensors import Sensors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from edge.recognition.bundle import Bundle

SETTINGS = PowerSettings()
HOT, COLD = SETTINGS.hot_temperature, SETTINGS.hot_temperature - SETTINGS.margin


class Board:
    """The kernel's files below a folder."""

    def __init__(self, root: Path) -> None:
        """Make a Raspberry Pi with a battery."""
        self.root = root
        self.zone("cpu-thermal", 50.0, 0)
        self.flags("0")
        self.supply("battery", type="Battery", status="Full", scope="System")

    def zone(self, kind: str, temperature: float | str, number: int = 0) -> None:
        """Set a thermal zone, degrees Celsius."""
        zone = self.root / f"sys/class/thermal/thermal_zone{number}"
        zone.mkdir(parents=True, exist_ok=True)
        shown = temperature if isinstance(temperature, str) else str(round(temperature * 1000))
        (zone / "type").write_text(f"{kind}\n")
        (zone / "temp").write_text(f"{shown}\n")

    def flags(self, text: str) -> None:
        """Set what the firmware says of throttling."""
        firmware = self.root / "sys/devices/platform/soc/soc:firmware"
        firmware.mkdir(parents=True, exist_ok=True)
        (firmware / "get_throttled").write_text(f"{text}\n")

    def supply(self, name: str, **fields: str) -> None:
        """Set a power supply."""
        supply = self.root / f"sys/class/power_supply/{name}"
        supply.mkdir(parents=True, exist_ok=True)
        for key, text in fields.items():
            (supply / key).write_text(f"{text}\n")


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path)


@pytest.fixture
def governor(board: Board) -> Governor:
    return Governor(Sensors(board.root))


# Sensors


def test_hottest_part_of_the_processor_counts_and_a_sensor_that_lies_does_not(
    board: Board,
) -> None:
    board.zone("GPU-therm", 61.5, 1)
    board.zone("PMIC-Die", 100.0, 2)
    board.zone("thermal-fan-est", 90.0, 3)
    board.zone("soc2-thermal", 999.0, 4)
    board.zone("cv0-thermal", "not now", 5)
    sensors = Sensors(board.root)
    assert sensors.temperature() == 61.5
    board.zone("GPU-therm", 40.0, 1)
    assert sensors.temperature() == 50.0


def test_board_without_sensors_tells_nothing(tmp_path: Path) -> None:
    sensors = Sensors(tmp_path)
    assert sensors.temperature() is None
    assert sensors.throttled() is None
    assert not sensors.is_on_battery()
    governor = Governor(sensors)
    assert governor.look(SETTINGS, 0.0) == FULL


def test_battery_of_the_board_counts_and_that_of_a_mouse_does_not(board: Board) -> None:
    sensors = Sensors(board.root)
    assert not sensors.is_on_battery()
    board.supply("hidpp_battery_0", type="Battery", status="Discharging", scope="Device")
    board.supply("AC", type="Mains", online="0")
    assert not sensors.is_on_battery()
    board.supply("battery", status="Discharging")
    assert sensors.is_on_battery()
    board.supply("battery", status="Charging")
    board.supply("hat", type="UPS", status="Discharging")
    assert sensors.is_on_battery()


def test_flags_of_the_firmware_are_read_as_it_writes_them(board: Board) -> None:
    board.flags("50005")
    assert Sensors(board.root).throttled() == 0x50005
    board.flags("busy")
    assert Sensors(board.root).throttled() is None


# Pace


def test_hot_board_slows_down_at_once_and_speeds_up_only_when_it_stayed_cool(
    board: Board, governor: Governor
) -> None:
    def paces(temperatures: Iterable[float], start: float) -> list[str]:
        found: list[str] = []
        for index, temperature in enumerate(temperatures):
            board.zone("cpu-thermal", temperature)
            found.append(governor.look(SETTINGS, start + 5 * index).power)
        return found

    assert paces([60, HOT - 0.1], 0) == ["full", "full"]
    assert paces([HOT], 10) == ["hot"]
    assert governor.pace.fps == SETTINGS.hot_fps
    # To and fro round the limit, and down to it: it stays slow.
    assert set(paces([HOT - 1, HOT + 1, HOT - 4, COLD] * 10, 15)) == {"hot"}
    # Cool, but not for long enough; warm again; then cool for long.
    assert set(paces([COLD - 1] * 11, 215)) == {"hot"}
    assert paces([COLD], 268) == ["hot"]
    assert paces([COLD - 1] * 13, 273) == ["hot"] * 11 + ["full"] * 2


def test_board_that_the_firmware_holds_back_is_hot_and_old_flags_are_not(
    board: Board, governor: Governor
) -> None:
    board.flags("f0000")  # all of it has happened since the start, none holds now
    assert governor.look(SETTINGS, 0.0) == FULL
    board.flags("80008")
    assert governor.look(SETTINGS, 5.0).power == "hot"
    board.flags("80000")
    assert governor.look(SETTINGS, 6.0).power == "hot"
    assert governor.look(SETTINGS, 66.0) == FULL


def test_battery_slows_down_and_heat_does_so_more(board: Board, governor: Governor) -> None:
    board.supply("battery", status="Discharging")
    assert governor.look(SETTINGS, 0.0) == Pace("battery", SETTINGS.battery_fps)
    board.zone("cpu-thermal", HOT + 5)
    assert governor.look(SETTINGS, 5.0) == Pace("hot", SETTINGS.hot_fps)
    generous = SETTINGS.model_copy(update={"hot_fps": 20.0})  # no faster than a battery allows
    assert governor.look(generous, 6.0) == Pace("hot", SETTINGS.battery_fps)
    board.zone("cpu-thermal", 50)
    board.supply("battery", status="Charging")
    assert governor.look(SETTINGS, 30.0).power == "hot"
    assert governor.look(SETTINGS, 66.0) == FULL


@pytest.mark.parametrize(
    ("limit", "expected"), [(math.inf, 15.0), (8.0, 10.0), (6.0, 7.5), (60.0, 15.0)]
)
def test_fewer_frames_are_searched_at_even_steps(
    bundle: Bundle, limit: float, expected: float
) -> None:
    """Of a camera's 30 frames per second; the landmarker stands aside, only its calls count."""

    class Counter:
        people = 1

        def __init__(self) -> None:
            self.times: list[float] = []

        def push(self, frame: Frame) -> list[Landmarks]:
            self.times.append(frame.time)
            return [Landmarks(frame.time, np.full((POINTS, 3), np.nan, dtype=np.float32))]

        def close(self) -> None:
            """Nothing is held."""

    settings = without_gate(Settings())
    recognizer = Recognizer(settings, bundle)
    counter = recognizer._landmarker = Counter()  # type: ignore[assignment]
    recognizer.fps_limit = limit
    image = np.zeros((48, 64, 3), np.uint8)
    for index in range(120):
        recognizer.push(Frame(index, index / 30, image))
    recognizer.close()
    assert len(counter.times) / 4 == pytest.approx(expected, abs=0.3)
    assert np.ptp(np.diff(counter.times)) < 1e-6


def without_gate(settings: Settings) -> Settings:
    """Search every frame, though nothing moves."""
    return settings.model_copy(update={"gate": GateSettings(enabled=False)})
