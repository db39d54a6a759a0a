"""Keeps the newest payload of each topic that the broker retains, to send it again.

Sending never happens under the lock that guards the payloads, and nobody waits for the turn to
send: paho calls back holding a lock that its ``publish`` needs.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class RetainedTopics:
    """The newest payload of each topic; safe from any thread."""

    def __init__(self, send: Callable[[str, bytes], bool]) -> None:
        """Start empty and shut; ``send`` hands one over, and tells whether it was taken."""
        self._send = send
        self._payloads: dict[str, bytes] = {}
        self._unsent: dict[str, None] = {}  # in the order in which they changed
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._is_open = False

    def keep(self, topic: str, payload: bytes) -> None:
        """Remember a payload; it is sent at the next ``flush``, where it is new."""
        with self._lock:
            if self._payloads.get(topic) != payload:
                self._payloads[topic] = payload
                self._unsent[topic] = None

    def open(self) -> None:
        """Send everything, and from now on what changes."""
        self._is_open = True
        self.send_again()

    def send_again(self) -> None:
        """Send everything."""
        with self._lock:
            self._unsent |= dict.fromkeys(self._payloads)
        self.flush()

    def shut(self) -> None:
        """Keep what comes; nothing is being sent any more when this returns."""
        self._is_open = False
        with self._turn:
            pass

    def flush(self) -> None:
        """Send what is not sent yet; who does not get the turn may leave, the other looks again."""
        while self._is_open and self._unsent and self._turn.acquire(blocking=False):
            try:
                if not self._send_one():
                    return
            finally:
                self._turn.release()

    def _send_one(self) -> bool:
        if not self._is_open:
            return False
        with self._lock:
            topic = next(iter(self._unsent), None)
            if topic is None:
                return True
            del self._unsent[topic]
            payload = self._payloads[topic]
        if self._send(topic, payload):
            return True
        with self._lock:
            self._unsent.setdefault(topic)
        return False
