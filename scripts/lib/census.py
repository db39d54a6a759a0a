"""What a process and its children take, by /proc; shared by measure/start and soak."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE") / 2**20
TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    """Of one moment."""

    rss_mb: float
    """Resident memory of the process, MiB."""

    all_mb: float
    """The same with its children; pages that they share count for each."""

    threads: int
    """Of the process."""

    fds: int
    """Open file descriptors of the process."""

    children: int
    """Processes below it, at any depth."""

    cpu: float
    """Seconds of processor time, with children: those alive and those waited for."""


def take(pid: int) -> Sample:
    """Look at a process now.

    Raises:
        OSError: It has ended.
    """
    family = _family(pid)
    own = family[pid]
    return Sample(
        rss_mb=_resident(pid),
        all_mb=sum(_resident(one) for one in family),
        threads=int(own[17]),
        fds=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        children=len(family) - 1,
        cpu=TICK * sum(int(field) for fields in family.values() for field in fields[11:15]),
    )


def _family(root: int) -> dict[int, list[str]]:
    """Fields of /proc/PID/stat after the name, of a process and everything below it."""
    fields = {int(path.name): _fields(path) for path in Path("/proc").glob("[0-9]*")}
    if not fields.get(root):
        raise ProcessLookupError(root)
    family = {root: fields[root]}
    while True:
        found = {
            pid: field
            for pid, field in fields.items()
            if field and pid not in family and int(field[1]) in family and field[0] != "Z"
        }
        if not found:
            return family
        family |= found


def _fields(path: Path) -> list[str]:
    try:
        return (path / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # ended meanwhile
        return []


def _resident(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0.0
