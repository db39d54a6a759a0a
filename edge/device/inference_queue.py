"""Holds what other threads ask of the inference thread, which alone may touch the recognizer."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, TypeVar

from edge.errors import EdgeError

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

_WAITING_MAX: Final = 32
"""What may wait, orders and questions together."""
_BUSY: Final = "the device is too busy"


class InferenceQueue:
    """Filled from any thread, and worked off in order on the one that calls ``run``."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Callable[[], None], Future[Any] | None]] = deque()

    def put(self, do: Callable[[], None]) -> None:
        """Have something done; where too much waits, the oldest is given up for it."""
        with self._lock:
            if len(self._waiting) >= _WAITING_MAX:
                _, future = self._waiting.popleft()
                if future is not None and future.set_running_or_notify_cancel():
                    future.set_exception(EdgeError(_BUSY))
            self._waiting.append((do, None))

    def submit(self, do: Callable[[], Result]) -> Future[Result]:
        """Have something done, and get what comes of it.

        Raises:
            EdgeError: Too much waits already.
        """
        future: Future[Result] = Future()

        def answer() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(do())
            except Exception as error:  # noqa: BLE001 - raised again where it was asked for
                future.set_exception(error)

        with self._lock:
            if len(self._waiting) >= _WAITING_MAX:
                raise EdgeError(_BUSY)
            self._waiting.append((answer, future))
        return future

    def run(self) -> None:
        """Do all that waits."""
        while self._waiting:
            with self._lock:
                do, _ = self._waiting.popleft()
            do()
