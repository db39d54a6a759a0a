"""What the tests of extraction share: small videos, and the program as a child."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from clipserver import write_video

from edge.config.settings import LandmarkSettings
from edge.dataset.extracting.extractor import Extracted, ExtractionTask
from edge.dataset.manifest import Entry, write_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent


def task_of(path: Path, **changes: object) -> ExtractionTask:
    """Ask for a whole video, frame by frame."""
    wanted: dict[str, object] = {
        "path": str(path),
        "start": None,
        "end": None,
        "box": None,
        "max_fps": None,
        "default_fps": 25.0,
        "landmarks": LandmarkSettings(),
    }
    return ExtractionTask(**(wanted | changes))  # type: ignore[arg-type]


def blank_videos(folder: Path, count: int, frames: int = 2) -> Path:
    """Fill a folder with videos in which nobody is seen."""
    folder.mkdir()
    for index in range(count):
        write_video(folder / f"word{index % 3}__p{index % 2}__{index:04d}.mp4", frames)
    return folder


def short_clips(words: Path, target: Path, count: int) -> Path:
    """Write a manifest of a quarter of a second of some recorded clips each."""
    videos = sorted(words.glob("*.mp4"))[:count]
    entries = [
        Entry(
            path.stem,
            path.stem.split("__")[0],
            path.stem.split("__")[1],
            file=str(path),
            start=0.8,
            end=1.05,
        )
        for path in videos
    ]
    write_manifest(target, entries)
    return target


def deadly(task: ExtractionTask) -> Extracted | str:
    """Die of videos of that name; say of others what they are called."""
    if "deadly" in task.path:
        os.kill(os.getpid(), 9)
    if "slow" in task.path:
        time.sleep(0.2)
    return f"seen {task.path}"


def start(*arguments: str, cwd: Path, **environment: str) -> subprocess.Popen[bytes]:
    """Start ``sign-edge dataset`` as a child."""
    return subprocess.Popen(
        [sys.executable, "-m", "edge", "dataset", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def until(is_true: Callable[[], bool], within: float = 120.0) -> None:
    """Wait for something."""
    end = time.monotonic() + within
    while not is_true():
        assert time.monotonic() < end, "never"
        time.sleep(0.01)


def processes_with(variable: str) -> list[int]:
    """List the processes that have a variable of the environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_dead = (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            environment = (folder / "environ").read_bytes()
        except OSError:  # it has just ended
            continue
        if not is_dead and variable.encode() in environment:
            found.append(int(folder.name))
    return found
