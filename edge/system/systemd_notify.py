"""What systemd hears of the service: ready, status, signs of life, reloading, stopping."""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Notifier:
    """Sends sd_notify's datagrams; silent where there is no systemd."""

    def __init__(self) -> None:
        """Look for the socket that systemd gives to a service of Type=notify."""
        address = os.environ.get("NOTIFY_SOCKET", "")
        self._send = _sender(address) if address else None

    @property
    def watchdog_interval(self) -> float | None:
        """Seconds between signs of life: half of what systemd allows; None without watchdog."""
        allowed = os.environ.get("WATCHDOG_USEC")
        is_ours = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        return int(allowed) / 2e6 if self._send and allowed and is_ours else None

    def send(self, *lines: str) -> None:
        """Send e.g. ``READY=1``, ``STATUS=…``, ``WATCHDOG=1``, ``STOPPING=1``."""
        if self._send is not None:
            self._send("\n".join(lines))

    def tell_loading(self, what: str, within: float) -> None:
        """Say what is being loaded, and ask for so many seconds more before systemd gives up."""
        self.send(f"STATUS=loading {what}", f"EXTEND_TIMEOUT_USEC={round(within * 1e6)}")

    def tell_reloading(self) -> None:
        """Say that the configuration is being read again; ``READY=1`` ends it."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.send("RELOADING=1", f"MONOTONIC_USEC={now}")


def _sender(address: str) -> Callable[[str], object]:
    """Speak through systemd-python where it is installed, else by ourselves (man sd_notify)."""
    try:
        daemon: Any = importlib.import_module("systemd.daemon")
    except ImportError:
        return lambda message: _send(address, message)
    notify: Callable[[str], object] = daemon.notify
    return notify


def _send(address: str, message: str) -> None:
    """Send one datagram; that systemd is not listening must stop nothing."""
    name = f"\0{address[1:]}" if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.settimeout(1.0)
        line.sendto(message.encode(), name)
