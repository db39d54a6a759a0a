"""Messages that wait for the broker, in memory.

At most ``limit`` wait; when there are more, the oldest is dropped and counted. They leave in
order. Paho's own queue is kept to a small window instead, because it refuses the newest, and
because a message handed to it between connecting and the broker's answer would overtake those
that wait.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW: Final = 20
"""Messages handed over and not yet acknowledged, at most."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message not yet handed over."""

    topic: str
    """Full topic."""

    payload: bytes
    """As it will be sent."""


class Outbox:
    """A bounded queue in front of an MQTT client; safe from any thread.

    ``_pump`` never waits for its lock: paho calls ``acknowledge`` holding a lock that its
    ``publish`` needs. Who fails to get the lock may leave, since the holder looks again.
    """

    def __init__(self, limit: int, send: Callable[[Message], int | None]) -> None:
        """Start empty and shut.

        Args:
            limit: Messages that may wait.
            send: Hands one over and returns its id, or None where it was refused.
        """
        self._limit = limit
        self._send = send
        self._waiting: deque[Message] = deque()
        self._acknowledged: deque[int] = deque()
        self._in_flight: set[int] = set()
        self._put_lock = threading.Lock()
        self._pump_lock = threading.Lock()
        self._is_open = False
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_flight)

    def put(self, message: Message) -> None:
        """Queue a message, and send what may be sent."""
        with self._put_lock:
            self._waiting.append(message)
            while len(self._waiting) > self._limit:
                try:
                    self._waiting.popleft()
                except IndexError:  # the pump was faster
                    break
                self.dropped += 1
        self._pump()

    def open(self) -> None:
        """Send from now on."""
        self._is_open = True
        self._pump()

    def shut(self) -> None:
        """Keep what comes."""
        self._is_open = False

    def acknowledge(self, mid: int) -> None:
        """Note that the broker has a message, ours or not, and send the next."""
        self._acknowledged.append(mid)
        self._pump()

    def _pump(self) -> None:
        while self._has_work() and self._pump_lock.acquire(blocking=False):
            try:
                while self._acknowledged:
                    self._in_flight.discard(self._acknowledged.popleft())
                if not self._send_one():
                    return
            finally:
                self._pump_lock.release()

    def _has_work(self) -> bool:
        if self._acknowledged:
            return True
        return self._is_open and bool(self._waiting) and len(self._in_flight) < WINDOW

    def _send_one(self) -> bool:
        """Hand over the oldest message, if there is one and room; False where it was refused."""
        if not self._is_open or len(self._in_flight) >= WINDOW:
            return True
        try:
            message = self._waiting.popleft()
        except IndexError:
            return True
        mid = self._send(message)
        if mid is None:
            self._waiting.appendleft(message)
            return False
        self._in_flight.add(mid)
        return True
