"""A Dask cluster of processes on this machine."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

_STARTS = 120.0
"""Seconds in which a process has to be there, on a machine with other work."""


class Cluster:
    """A scheduler and workers, each a process of its own, that end with the block."""

    def __init__(self, folder: Path, root: Path) -> None:
        """Start nothing yet.

        Args:
            folder: For what they write.
            root: The program's, for the workers to import.
        """
        self._folder = folder
        self._root = root
        self._file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self._scheduler: subprocess.Popen[bytes] | None = None
        self.address = ""
        """Of the scheduler."""

    def __enter__(self) -> Self:
        """Start the scheduler."""
        self._scheduler = self._start(
            *("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            *("--scheduler-file", str(self._file)),
        )
        until = time.monotonic() + _STARTS
        while not self.address:
            if time.monotonic() > until or self._scheduler.poll() is not None:
                raise TimeoutError(f"no scheduler:\n{self.log}")
            time.sleep(0.05)
            with contextlib.suppress(OSError, ValueError):  # it is being written
                self.address = json.loads(self._file.read_text())["address"]
        return self

    def __exit__(self, *_: object) -> None:
        """Kill them all."""
        for process in [*self.workers, self._scheduler]:
            if process is not None:
                process.kill()
                process.wait()

    @property
    def log(self) -> str:
        """What they have written."""
        return (self._folder / "cluster.log").read_text(errors="replace")

    def add_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker of one thread, without a nanny that would start it again."""
        worker = self._start(
            *("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard"),
            *("--local-directory", str(self._folder)),
        )
        self.workers.append(worker)
        return worker

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "cluster.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments],
                cwd=self._folder,
                env={**os.environ, "PYTHONPATH": str(self._root)},
                stdout=log,
                stderr=log,
            )
