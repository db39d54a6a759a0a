"""One start of the daemon, and what it takes afterwards; for measure/start and measure/tracker."""

from __future__ import annotations

import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench_machine import Ear, daemon
from census import take

if TYPE_CHECKING:
    from collections.abc import Callable

    from census import Sample

LIMIT = 60.0
"""Seconds for a start."""
SETTLE = 8.0
"""Seconds after the first frame before anything is measured."""
HEAVY = ("jax", "matplotlib", "mediapipe")
"""Packages whose native parts a process maps when it imports them."""


@dataclass(frozen=True)
class Start:
    """One start."""

    ready: float
    """Seconds to READY, as systemd hears it."""

    frame: float
    """Seconds until a subscriber learns that the camera gives frames."""

    seen: float
    """Seconds until a subscriber learns that somebody is seen; NaN where it was not waited for."""

    sample: Sample | None
    """What it takes, where that was looked at."""

    percent: float
    """Of a core, with children."""

    words: int
    """That it has said."""

    imported: tuple[str, ...]
    """Heavy packages of which it has mapped native parts."""

    @property
    def figures(self) -> str:
        """What it takes, in words."""
        if self.sample is None:
            return ""
        return (
            f"RSS {self.sample.rss_mb:.0f} MiB, {self.sample.all_mb:.0f} with"
            f" {self.sample.children} children, {self.percent:.0f} % of a core,"
            f" {self.sample.threads} threads, {self.sample.fds} descriptors, {self.words} words"
        )


def start(
    folder: Path,
    port: int,
    source: str,
    seconds: float,
    *settings: str,
    is_watched: bool = False,
) -> Start:
    """Start once.

    Args:
        folder: For its state and its log.
        port: Of the broker.
        source: The camera.
        seconds: For how long to look at what it takes; 0: not at all.
        settings: SECTION.KEY=VALUE each.
        is_watched: Wait until somebody is seen, too.
    """
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(folder / "notify"))
    notify.settimeout(LIMIT)
    ear = Ear(port)
    sample, percent, words = None, 0.0, 0
    begun = time.monotonic()
    with daemon(
        folder,
        port,
        source,
        "speech.engine=none",
        *settings,
        NOTIFY_SOCKET=str(folder / "notify"),
    ) as process:
        while b"READY=1" not in notify.recv(4096):
            pass
        ready = time.monotonic() - begun
        frame = _wait(ear, folder, "no frame", _has_frames) - begun
        seen = _wait(ear, folder, "nobody is seen", _sees) - begun if is_watched else float("nan")
        if seconds:
            time.sleep(SETTLE)
            before, at = take(process.pid), time.monotonic()
            time.sleep(seconds)
            sample = take(process.pid)
            percent = 100 * (sample.cpu - before.cpu) / (time.monotonic() - at)
            words = sum(leaf == "sign" for _, leaf, _ in ear.heard)
        maps = Path(f"/proc/{process.pid}/maps").read_text()
    ear.close()
    notify.close()
    (folder / "notify").unlink()
    imported = tuple(name for name in HEAVY if f"/{name}/" in maps)
    return Start(ready, frame, seen, sample, percent, words, imported)


def _has_frames(state: dict[str, object]) -> bool:
    return bool(state.get("camera_since"))


def _sees(state: dict[str, object]) -> bool:
    following = state.get("following")
    return isinstance(following, dict) and following.get("place") not in (None, "nobody")


def _wait(ear: Ear, folder: Path, fault: str, is_it: Callable[[dict[str, object]], bool]) -> float:
    """Wait for a state and tell when it was heard."""
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        for at, leaf, fields in list(ear.heard):
            if leaf == "state" and is_it(fields):
                return at
        time.sleep(0.005)
    sys.exit(f"{Path(sys.argv[0]).name}: {fault}\n{(folder / 'log').read_text()}")
