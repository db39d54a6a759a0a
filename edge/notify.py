"""What systemd wants to know: ready, status, watchdog, stopping; and its journal."""

from __future__ import annotations

import importlib
import logging
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

logger = logging.getLogger(__name__)


class Notifier:
    """Speaks to systemd through systemd-python; silent where there is no systemd."""

    def __init__(self) -> None:
        """Look for the socket that systemd gives to a service of Type=notify."""
        self._daemon: ModuleType | None = None
        if not os.environ.get("NOTIFY_SOCKET"):
            return
        try:
            self._daemon = importlib.import_module("systemd.daemon")
        except ModuleNotFoundError:
            logger.warning("systemd waits for word, but systemd-python is not installed")

    @property
    def watchdog_interval(self) -> float | None:
        """Seconds between signs of life: half of what systemd allows; None without watchdog."""
        allowed = os.environ.get("WATCHDOG_USEC")
        return int(allowed) / 2e6 if self._daemon and allowed else None

    def send(self, message: str) -> None:
        """Send e.g. ``READY=1``, ``STATUS=…``, ``WATCHDOG=1``, ``STOPPING=1``."""
        if self._daemon is not None:
            self._daemon.notify(message)


def journal_handler() -> logging.Handler | None:
    """A handler with journald's fields, if the service's output goes to the journal."""
    if not os.environ.get("JOURNAL_STREAM"):
        return None
    try:
        journal: Any = importlib.import_module("systemd.journal")
    except ModuleNotFoundError:
        return None
    handler: logging.Handler = journal.JournalHandler(SYSLOG_IDENTIFIER="sign-edge")
    return handler
