"""Queues messages while the broker is away, and sends them in order when it is there.

At most ``limit`` wait; when there are more, or when one has waited too long, the oldest is dropped
and counted. They leave in order, and each is kept until the broker has acknowledged it: what was
on its way when the connection or the process ended is sent again, in order, the same to the byte.
Paho's own queue is kept to a small window and emptied at each connection, because it refuses the
newest, forgets with the process, and because two who send again would overtake each other.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final

from edge.mqtt.spool import Moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.mqtt.resilient_spool import ResilientSpool
    from edge.mqtt.spool import Message

WINDOW: Final = 10
"""Messages handed over and not yet acknowledged, at most; few, because a broker may set a limit of
its own (Receive Maximum of MQTT 5), which paho does not heed."""


class Outbox:
    """A bounded queue in front of an MQTT client; safe from any thread.

    ``_send_waiting`` never waits for its lock: paho calls ``acknowledge`` holding a lock that its
    ``publish`` needs. Who fails to get the lock may leave, since the holder looks again. Only
    ``open`` and ``shut`` wait; paho holds no such lock when it tells of connections.
    """

    def __init__(
        self,
        waiting: ResilientSpool,
        send: Callable[[Message, float], int | None],
        *,
        limit: int,
        age_max: float,
        now: Callable[[], Moment] = Moment.now,
    ) -> None:
        """Start shut, with what an earlier process has left.

        Args:
            waiting: Where messages are kept.
            send: Hands one over that has waited some seconds, and returns its id, or None where
                it was refused.
            limit: Messages that may wait.
            age_max: Seconds that one may wait.
            now: The clocks.
        """
        self._waiting = waiting
        self._send = send
        self._limit = limit
        self._age_max = age_max
        self._now = now
        self._acknowledged: deque[int] = deque()
        self._in_flight: dict[int, int] = {}  # paho's id to our number
        self._sent = 0  # number of the newest that was handed over on this connection
        self._sending = threading.Lock()
        self._is_open = False
        self._is_grown = True
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, topic: str, payload: bytes) -> None:
        """Queue a message, and send what may be sent."""
        self._waiting.add(topic, payload, self._now())
        self._is_grown = True
        self._send_waiting()

    def open(self) -> None:
        """Send from now on, first what was not acknowledged on an earlier connection."""
        with self._sending:
            self._take_acknowledged()
            self._in_flight.clear()
            self._sent = 0
            self._is_open = True
        self._send_waiting()

    def shut(self) -> None:
        """Keep what comes; nothing is being sent any more when this returns."""
        self._is_open = False
        with self._sending:
            pass

    def acknowledge(self, mid: int) -> None:
        """Note that the broker has a message, ours or not, and send the next."""
        self._acknowledged.append(mid)
        self._send_waiting()

    def close(self) -> None:
        """Close the file; what waits stays in it, and what still comes is lost."""
        self._waiting.close()

    def _send_waiting(self) -> None:
        while self._has_work() and self._sending.acquire(blocking=False):
            try:
                self._take_acknowledged()
                self._trim()
                is_stuck = not self._send_one()
            finally:
                self._sending.release()
            # Looked at after the release: who came before it in vain counts on us.
            if is_stuck and not (self._acknowledged or self._is_grown):
                return

    def _has_work(self) -> bool:
        if self._acknowledged or self._is_grown:
            return True
        return self._is_open and len(self._waiting) > len(self._in_flight) and self._has_room

    @property
    def _has_room(self) -> bool:
        return len(self._in_flight) < WINDOW

    def _take_acknowledged(self) -> None:
        numbers = []
        while self._acknowledged:
            number = self._in_flight.pop(self._acknowledged.popleft(), None)
            if number is not None:
                numbers.append(number)
        if numbers:
            self._waiting.remove(numbers)

    def _trim(self) -> None:
        """Drop the oldest that are too many; those on their way do not count."""
        self._is_grown = False
        while len(self._waiting) - len(self._in_flight) > self._limit:
            oldest = self._waiting.after(self._sent)
            if oldest is None:
                return
            self._drop(oldest)

    def _send_one(self) -> bool:
        """Hand over the oldest message, where we may; False where that cannot be done."""
        if not (self._is_open and self._has_room):
            return True
        message = self._waiting.after(self._sent)
        if message is None:
            return False
        waited = self._now().since(message.moment)
        if waited > self._age_max:
            self._drop(message)
            return True
        mid = self._send(message, waited)
        if mid is None:
            return False
        self._in_flight[mid] = message.number
        self._sent = message.number
        return True

    def _drop(self, message: Message) -> None:
        self._waiting.remove([message.number])
        self.dropped += 1
