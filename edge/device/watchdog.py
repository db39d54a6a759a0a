"""Feeds systemd's watchdog while every thread makes headway, and tells it what the service does."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.system.heartbeat import Heartbeat
    from edge.system.systemd_notify import Notifier

logger = logging.getLogger(__name__)


class Watchdog:
    """For one thread, which looks a few times a second."""

    def __init__(self, notifier: Notifier, hearts: Mapping[str, Heartbeat]) -> None:
        """Watch over threads.

        Args:
            notifier: Where to say it.
            hearts: Of each thread, by its name.
        """
        self._notifier = notifier
        self._hearts = hearts
        for heart in hearts.values():  # whose threads start only now
            heart.beat()
        self._hung: list[str] = []
        self._status = ""
        self._due = float("-inf")

    def hung(self) -> list[str]:
        """Name the threads that make no headway; from any thread."""
        return [name for name, heart in self._hearts.items() if not heart.is_alive]

    def look(self, status: str, now: float) -> None:
        """Say what the service does where that has changed, and that it lives if it does.

        Args:
            status: In words.
            now: Seconds, monotonic.
        """
        hung = self.hung()
        if hung != self._hung:
            self._hung = hung
            if hung:
                logger.error("no headway in %s", " or ".join(hung))
            else:
                logger.info("all threads make headway again")
        if hung:
            status = f"no headway in {' or '.join(hung)}"
        lines = []
        interval = self._notifier.watchdog_interval
        if interval and not hung and now >= self._due:
            self._due = now + interval
            lines.append("WATCHDOG=1")
        if status != self._status:
            self._status = status
            lines.append(f"STATUS={' '.join(status.split())}")
        if lines:
            self._notifier.send(*lines)
