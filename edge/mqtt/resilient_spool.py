"""Stores messages in a file while that can be used, and in memory while it cannot.

A full disk, a folder that cannot be written or a broken file must not stop recognition. It is said
once, what waits is taken over into memory as far as it can be read, and after a while the file is
tried again.
"""

from __future__ import annotations

import contextlib
import logging
import math
import sqlite3
import threading
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final, TypeVar

from edge.mqtt.spool import DamagedError, Message, Moment, Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

logger = logging.getLogger(__name__)

RETRY: Final = 60.0
"""Seconds between two tries to go back to a file that failed."""
Result = TypeVar("Result")


class ResilientSpool:
    """A spool that does not fail; safe from any thread."""

    def __init__(self, place: Path | None, on_problem: Callable[[str], None] | None = None) -> None:
        """Open the file.

        Args:
            place: The file; without one everything is in memory, and that is no problem.
            on_problem: Called with what is wrong, or empty when that is over, on the thread that
                finds out, and at the earliest by ``tell``.
        """
        self._place = place
        self._on_problem = on_problem
        self._problem = self._told = ""
        self._retry_at = math.inf
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self.is_on_file = place is not None
        """Whether what waits outlives the process."""
        try:
            self._spool = _open(place, 0) if place else Spool(None)
        except (sqlite3.Error, OSError, DamagedError) as error:
            self._spool = Spool(None)
            self._complain(error)

    def __len__(self) -> int:
        return len(self._spool)

    def add(self, topic: str, payload: bytes, moment: Moment) -> None:
        """Append a message."""
        with self._lock:
            self._return_to_file()
            self._do(lambda spool: spool.add(topic, payload, moment))
        self.tell()

    def after(self, number: int) -> Message | None:
        """Read the oldest message above a number, if there is one."""
        with self._lock:
            found = self._do(lambda spool: spool.after(number, 1))
        return found[0] if found else None

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove messages."""
        with self._lock:
            self._do(lambda spool: spool.remove(numbers))
        self.tell()

    def tell(self) -> None:
        """Report the problem, if it is news; never under the lock, since whom we tell may queue."""
        while self._problem != self._told and self._telling.acquire(blocking=False):
            try:
                self._told = self._problem
                if self._on_problem is not None:
                    self._on_problem(self._told)
            finally:
                self._telling.release()

    def close(self) -> None:
        """Close the file; what waits stays in it, and what still comes is lost."""
        with self._lock:
            self._spool.close()
            self._spool, self._retry_at = Spool(None, self._spool.newest), math.inf

    def _do(self, action: Callable[[Spool], Result]) -> Result:
        try:
            return action(self._spool)
        except sqlite3.Error as error:
            if not self.is_on_file:
                raise
            self._go_to_memory(error)
            return action(self._spool)

    def _go_to_memory(self, error: sqlite3.Error) -> None:
        memory = Spool(None, self._spool.newest)
        try:
            memory.replace(self._spool.after(0))
            self._retry_at = time.monotonic() + RETRY
        except sqlite3.Error:  # what cannot be read now may be at the next start: leave it there
            self._retry_at = math.inf
        self._spool.close()
        self._spool = memory
        self._complain(error)

    def _return_to_file(self) -> None:
        if self._place is None or time.monotonic() < self._retry_at:
            return
        self._retry_at = time.monotonic() + RETRY
        try:
            spool = _open(self._place, self._spool.newest)
        except (sqlite3.Error, OSError, DamagedError):
            return
        try:
            spool.replace(self._spool.after(0))
        except sqlite3.Error:
            spool.close()
            return
        self._spool.close()
        self._spool, self._retry_at, self.is_on_file = spool, math.inf, True
        self._problem = ""
        logger.info("%s can be used again", self._place)

    def _complain(self, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        self._problem = f"{self._place}: {reason}; messages wait in memory only"
        self.is_on_file = False
        logger.warning("the outbox %s", self._problem)


def _open(place: Path, newest: int) -> Spool:
    """Open a file; a broken one is set aside, for somebody may know how to read it."""
    try:
        return Spool(place, newest)
    except DamagedError as error:
        now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        aside = place.with_name(f"{place.name}.damaged-{now}")
        logger.warning(
            "the outbox %s is damaged (%s); it is now %s, and a new one begins", place, error, aside
        )
        place.replace(aside)
        for suffix in (
            "-wal",
            "-shm",
        ):  # a journal of the old file would be taken for the new one's
            with contextlib.suppress(FileNotFoundError):
                place.with_name(place.name + suffix).replace(f"{aside}{suffix}")
        return Spool(place, newest)
