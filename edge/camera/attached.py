"""Which cameras this machine has, and by which names they can be relied on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge.camera.v4l2 import captures

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Attached:
    """A camera that V4L2 serves."""

    node: Path
    """/dev/videoN; another number after the next plugging in."""

    title: str
    """What it calls itself."""

    stable: Path | None
    """Its name in /dev/v4l/by-id, or without that in by-path; None without both."""

    @property
    def source(self) -> str:
        """What to write for camera.source."""
        return str(self.stable or self.node)


def attached_cameras(root: Path = Path("/")) -> list[Attached]:
    """List the nodes that give pictures, in the order of their numbers.

    Args:
        root: Where sys and dev are.
    """
    nodes = root.glob("sys/class/video4linux/video*")
    found = []
    for known in sorted(nodes, key=lambda path: (len(path.name), path.name)):
        node = root / "dev" / known.name
        gives = captures(node)
        # What cannot be asked is judged by its index: a webcam's second node has no pictures.
        if gives or (gives is None and _read(known / "index") in ("", "0")):
            found.append(Attached(node, _read(known / "name"), _stable_name(root, node)))
    return found


def ribbon_cameras(listing: str) -> list[str]:
    """Name the sensors that ``rpicam-hello --list-cameras`` lists."""
    return re.findall(r"^\s*\d+ : (\S+) \[", listing, re.MULTILINE)


def _stable_name(root: Path, node: Path) -> Path | None:
    links: Iterable[Path] = (
        link
        for folder in ("by-id", "by-path")
        for link in sorted((root / "dev/v4l" / folder).glob("*"))
    )
    return next((link for link in links if link.resolve() == node.resolve()), None)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
