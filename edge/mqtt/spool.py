"""Stores messages in order, in a SQLite file or in memory.

Mind SD cards: the journal is a write-ahead log and ``synchronous`` is NORMAL, so that a message
costs an append that the system writes when it likes, and the card is waited for only once in a
thousand pages. That is enough for ``kill -9``, which takes nothing from the system's memory; when
the power fails, the last seconds may be lost, but the file stays whole. Waiting for the card at
each message (FULL) would cost tens of milliseconds and one erased block each.
"""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MEMORY: Final = ":memory:"
_PATIENCE: Final = 2.0
"""Seconds to wait for an earlier process to let go of the file."""
_JOURNAL_MAX: Final = 4_194_304
"""Bytes to which the journal is cut; SQLite's own checkpoints keep it about there."""
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS messages (number INTEGER PRIMARY KEY, topic TEXT NOT NULL,"
    " payload BLOB NOT NULL, boot TEXT NOT NULL, uptime REAL NOT NULL, made REAL NOT NULL)"
)


class DamagedError(Exception):
    """A file is no database of ours, or a broken one."""


@functools.cache
def _read_boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:  # as if each process had its own
        return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Moment:
    """A time that can be compared across restarts, and across steps of the clock."""

    boot: str
    """The system's run."""

    uptime: float
    """Seconds in it, asleep or awake."""

    made: float
    """Seconds since 1970, by a clock that a board without a battery sets only when online."""

    @classmethod
    def now(cls) -> Moment:
        """Look at the clocks."""
        return cls(_read_boot(), time.clock_gettime(time.CLOCK_BOOTTIME), time.time())

    def since(self, earlier: Moment) -> float:
        """Seconds from an earlier moment to this one, never below 0."""
        if self.boot == earlier.boot:
            return max(0.0, self.uptime - earlier.uptime)
        return max(0.0, self.made - earlier.made)


@dataclass(frozen=True, slots=True)
class Message:
    """A message that waits."""

    number: int
    """Its place in the order."""

    topic: str
    """Full topic."""

    payload: bytes
    """As it will be sent."""

    moment: Moment
    """When it was made."""


class Spool:
    """Messages in order, in a file that belongs to one process at a time; one thread at a time.

    Every method but ``close`` may raise sqlite3.Error: no space, no access, a broken file.
    """

    def __init__(self, place: Path | None, newest: int = 0) -> None:
        """Open or make the file, or use memory where there is none.

        Args:
            place: The file.
            newest: New messages get numbers above this one.

        Raises:
            DamagedError: The file is broken.
            sqlite3.Error: It cannot be opened or written, or another process has it.
            OSError: Its folder cannot be made.
        """
        if place is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(
            place or MEMORY, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare()
            highest = self._value("SELECT coalesce(max(number), 0) FROM messages")
            self.newest = max(newest, highest)
            """Number of the newest message there has been."""
            self._count = self._value("SELECT count(*) FROM messages")
        except BaseException:
            self._database.close()
            raise

    def __len__(self) -> int:
        return self._count

    def add(self, topic: str, payload: bytes, moment: Moment) -> None:
        """Append a message."""
        self._insert(Message(self.newest + 1, topic, payload, moment))

    def replace(self, messages: Iterable[Message]) -> None:
        """Take messages, with their numbers, for what there was: all or none."""
        with self._database:  # commits, or rolls back where something fails
            self._database.execute("BEGIN")
            self._database.execute("DELETE FROM messages")
            for message in messages:
                self._insert(message)
        self._count = self._value("SELECT count(*) FROM messages")

    def after(self, number: int, limit: int = -1) -> list[Message]:
        """Read the oldest messages above a number; all where there is no limit."""
        rows = self._database.execute(
            "SELECT number, topic, payload, boot, uptime, made FROM messages"
            " WHERE number > ? ORDER BY number LIMIT ?",
            (number, limit),
        )
        return [Message(n, topic, bytes(load), Moment(*at)) for n, topic, load, *at in rows]

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove messages; those that are not there are no error."""
        with self._database:
            self._database.execute("BEGIN")
            for number in numbers:
                cursor = self._database.execute("DELETE FROM messages WHERE number = ?", (number,))
                self._count -= cursor.rowcount

    def close(self) -> None:
        """Close the file; what waits stays in it."""
        with contextlib.suppress(sqlite3.Error):
            self._database.close()

    def _prepare(self) -> None:
        # Exclusive: two senders would send everything twice; nor is shared memory needed then.
        pragmas = ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL")
        try:
            for pragma in (*pragmas, f"journal_size_limit = {_JOURNAL_MAX}"):
                self._database.execute(f"PRAGMA {pragma}").fetchall()
            (found,) = self._database.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise DamagedError(found)
            self._database.execute("BEGIN IMMEDIATE")  # finds out whether it can be written
            self._database.execute(_TABLE)
            self._database.execute("COMMIT")
            self.after(0, 1)
        except sqlite3.OperationalError:  # a kind of the next: no space, no access, locked
            raise
        except sqlite3.DatabaseError as error:
            raise DamagedError(str(error)) from None

    def _insert(self, message: Message) -> None:
        at = message.moment
        self._database.execute(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)",
            (message.number, message.topic, message.payload, at.boot, at.uptime, at.made),
        )
        self.newest = max(self.newest, message.number)
        self._count += 1

    def _value(self, query: str) -> int:
        return int(self._database.execute(query).fetchone()[0])
