"""Reads what systemd knows of the service on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edge.doctor.finding import Finding, output_of

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME: Final = "sign-edge.service"
_PROPERTIES: Final = (
    "LoadState",
    "ActiveState",
    "Result",
    "StatusText",
    "SupplementaryGroups",
    "ProcSubset",
    "ProtectHome",
    "PrivateTmp",
)


@dataclass(frozen=True, slots=True)
class Unit:
    """The installed service."""

    state: str
    """active, inactive, failed, activating ..."""

    result: str
    """Why it ended, in systemd's word; success where there is nothing to tell."""

    status: str
    """What it last said of itself."""

    groups: tuple[str, ...]
    """Groups that it has beyond its user's."""

    hidden: tuple[str, ...]
    """Folders of which it sees nothing, or something else."""

    has_cpuinfo: bool
    """Whether it sees /proc/cpuinfo."""

    @property
    def is_active(self) -> bool:
        """Whether it runs."""
        return self.state in ("active", "activating", "reloading")


def read_unit() -> Unit | None:
    """Ask systemd; None where there is no systemd or no such service."""
    options = [f"--property={name}" for name in _PROPERTIES]
    answer = output_of("systemctl", "show", NAME, *options)
    told = dict(line.split("=", 1) for line in answer.splitlines() if "=" in line)
    if told.get("LoadState") != "loaded":
        return None
    is_homeless = told.get("ProtectHome") in ("yes", "tmpfs")
    hidden = ("/home", "/root", "/run/user") if is_homeless else ()
    private = ("/tmp", "/var/tmp") if told.get("PrivateTmp") == "yes" else ()  # noqa: S108 - names
    return Unit(
        state=told.get("ActiveState", ""),
        result=told.get("Result", ""),
        status=told.get("StatusText", ""),
        groups=tuple(told.get("SupplementaryGroups", "").split()),
        hidden=(*hidden, *private),
        has_cpuinfo=told.get("ProcSubset") != "pid",
    )


def check_unit(unit: Unit | None) -> Iterable[Finding]:
    """Look at the service, where it is installed."""
    if unit is None:
        return
    said = f", says: {unit.status}" if unit.is_active and unit.status else ""
    why = f" ({unit.result})" if unit.state == "failed" else ""
    advice = {
        "failed": "journalctl -u sign-edge -n 30 tells why",
        "inactive": "start it: sudo systemctl enable --now sign-edge",
    }.get(unit.state, "")
    yield Finding("service", unit.state != "failed", f"{NAME} is {unit.state}{why}{said}", advice)
    if not unit.has_cpuinfo:
        text = f"ProcSubset=pid hides /proc/cpuinfo from {NAME}; without it XNNPACK stays off"
        yield Finding("service", False, text, "take ProcSubset out of the unit (systemctl edit)")
