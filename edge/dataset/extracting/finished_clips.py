"""Keeps finished clips beside the future archive, so that a killed run can go on."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge.dataset.extracting.extractor import Extracted
from edge.errors import ArchiveError, ConfigError
from edge.landmarks.archive import UNREADABLE
from edge.landmarks.skeleton import POINTS

if TYPE_CHECKING:
    from typing_extensions import Self


class Parts:
    """The folder ``FILE.parts``: one small file for each clip, by its key. One user at a time."""

    def __init__(self, output: Path) -> None:
        """Touch nothing yet; output is the future archive."""
        self.folder = output.with_name(f"{output.name}.parts")
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Make the folder and lock it.

        Raises:
            ArchiveError: It cannot be made.
            ConfigError: Another run works in it.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = self._stack.enter_context((self.folder / "lock").open("w"))
        except OSError as error:
            raise ArchiveError(f"{self.folder}: cannot be made ({error.strerror})") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._stack.close()
            raise ConfigError(f"{self.folder}: another run works on this archive") from None
        for rest in self.folder.glob(".*"):  # of a run that was killed while it wrote
            rest.unlink()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def read(self, key: str) -> Extracted | None:
        """Read a finished clip; None where there is none, or a damaged one."""
        try:
            # np.load by itself leaves a file open that is a damaged zip.
            with self._path(key).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                points, numbers = arrays["points"], arrays["numbers"]  # their sums are checked
        except UNREADABLE:
            return None
        if points.dtype != np.float16 or points.shape[1:] != (POINTS, 3) or not len(points):
            return None
        return Extracted(points, float(numbers[0]), float(numbers[1]))

    def write(self, key: str, extracted: Extracted) -> None:
        """Keep a finished clip.

        Raises:
            ArchiveError: It cannot be written.
        """
        path = self._path(key)
        part = path.with_name(f".{path.name}")
        numbers = np.array([extracted.fps, extracted.aspect])
        try:
            with part.open("wb") as file:
                np.savez(file, points=extracted.points, numbers=numbers)
            part.replace(path)
        except OSError as error:
            raise ArchiveError(f"{path}: cannot be written ({error.strerror})") from None

    def remove(self) -> None:
        """Remove them all."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npz"
