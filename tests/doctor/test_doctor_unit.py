"""The doctor's look at the service as systemd knows it."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import pytest
from programs import put_program

from edge.doctor.unit import check_unit, read_unit

if TYPE_CHECKING:
    from pathlib import Path

LOADED = """LoadState=loaded
ActiveState=active
Result=success
StatusText=watching
SupplementaryGroups=video audio render
ProcSubset=all
ProtectHome=yes
PrivateTmp=yes
"""


@pytest.mark.parametrize("answer", ["", "LoadState=not-found\nActiveState=inactive\n"])
def test_machine_without_the_service_has_nothing_to_tell(programs: Path, answer: str) -> None:
    put_program(programs, "systemctl", answer)
    assert read_unit() is None
    assert list(check_unit(None)) == []


def test_running_service_tells_what_it_says(programs: Path) -> None:
    put_program(programs, "systemctl", LOADED)
    unit = read_unit()
    assert unit is not None
    assert unit.is_active
    assert unit.groups == ("video", "audio", "render")
    assert {"/home", "/root", tempfile.gettempdir()} <= set(unit.hidden)
    (finding,) = check_unit(unit)
    assert finding.ok
    assert finding.text == "sign-edge.service is active, says: watching"


def test_failed_service_points_to_the_journal(programs: Path) -> None:
    answer = LOADED.replace("=active", "=failed").replace("=success", "=exit-code")
    put_program(programs, "systemctl", answer)
    (finding,) = check_unit(read_unit())
    assert not finding.ok
    assert finding.text == "sign-edge.service is failed (exit-code)"
    assert "journalctl -u sign-edge" in finding.advice


def test_unit_that_hides_cpuinfo_is_a_fault(programs: Path) -> None:
    put_program(programs, "systemctl", LOADED.replace("ProcSubset=all", "ProcSubset=pid"))
    faults = [finding for finding in check_unit(read_unit()) if not finding.ok]
    assert ["XNNPACK" in fault.text for fault in faults] == [True]
