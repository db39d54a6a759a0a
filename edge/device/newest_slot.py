"""Hands one item from one thread to another: the newest wins, and lost ones are counted."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

Item = TypeVar("Item")


class NewestSlot(Generic[Item]):
    """One producer, one consumer."""

    def __init__(self) -> None:
        """Start empty."""
        self._condition = threading.Condition()
        self._item: Item | None = None
        self._has_ended = False
        self.dropped = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing is left and nothing will come."""
        with self._condition:
            return self._has_ended and self._item is None

    def put(self, item: Item) -> None:
        """Replace what waits, if anything does."""
        with self._condition:
            if self._item is not None:
                self.dropped += 1
            self._item = item
            self._condition.notify()

    def end(self) -> None:
        """Say that nothing will come any more."""
        with self._condition:
            self._has_ended = True
            self._condition.notify()

    def get(self, timeout: float) -> Item | None:
        """Take what waits; None after timeout seconds without, or at the end."""
        with self._condition:
            if self._item is None and not self._has_ended:
                self._condition.wait(timeout)
            item, self._item = self._item, None
            return item
