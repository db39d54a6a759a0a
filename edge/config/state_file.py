"""A small file that outlives the program: JSON of one pydantic model, replaced as a whole."""

from __future__ import annotations

import contextlib
import logging
import os
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from edge.config.faults import first_fault

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

Content = TypeVar("Content", bound=BaseModel)

_MAX_BYTES: Final = 65_536


class StateFile(Generic[Content]):
    """One file; damage to it costs what was in it, and nothing else."""

    def __init__(self, path: Path, model: type[Content]) -> None:
        """Touch nothing yet.

        Args:
            path: Where; its folder is made when it is first written.
            model: Of the content.
        """
        self._path = path
        self._model = model
        self.problem = ""
        """Why it could not be written the last time, one line; empty when it could."""

    def read(self) -> Content | None:
        """Read it; None where there is none. What cannot be used is moved aside and named."""
        try:
            with self._path.open("rb") as file:
                content = file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.warning("%s: cannot be read (%s)", self._path, error.strerror)
            return None
        reason = f"more than {_MAX_BYTES} bytes"
        if len(content) <= _MAX_BYTES:
            try:
                return self._model.model_validate_json(content)
            except ValidationError as error:
                reason = first_fault(error)
        self._put_aside(reason)
        return None

    def write(self, content: Content) -> None:
        """Write it durably, or leave it as it was and note the ``problem``."""
        part = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(content.model_dump_json(exclude_none=True).encode())
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            self._note(f"{self._path}: cannot be written ({error.strerror})")
            with contextlib.suppress(OSError):
                part.unlink()
        else:
            self._note("")

    def _note(self, problem: str) -> None:
        if problem and problem != self.problem:
            logger.warning("%s", problem)
        self.problem = problem

    def _put_aside(self, reason: str) -> None:
        aside = self._path.with_name(f"{self._path.name}.broken")
        try:
            self._path.replace(aside)
        except OSError as error:
            logger.warning("%s: %s; it stays (%s)", self._path, reason, error.strerror)
        else:
            logger.warning("%s: %s; it is now %s", self._path, reason, aside.name)
