"""The log as systemd's journal likes it: one line each, with fields to look for.

``journalctl -u sign-edge SIGN_EDGE_STAGE=camera`` shows what the camera had to say. What was
recognised stands in SIGN_EDGE_GLOSS, and at debug only.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import socket
import sys
from typing import TYPE_CHECKING, Any, Final

from edge.system.log_repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Send = Callable[[Mapping[str, str]], object]

SOCKET: Final = "/run/systemd/journal/socket"
_IDENTIFIER: Final = "sign-edge"
_MESSAGE_MAX: Final = 32_768
"""Characters; a datagram takes some 200 kB."""
_PRIORITIES: Final = {
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}
"""Level -> priority of syslog (RFC 5424, section 6.2.1)."""
_STAGES: Final = {
    "camera": ("camera", "device.capture_thread"),
    "landmarker": ("landmarks",),
    "page": ("page", "uvicorn"),
    "publisher": ("mqtt", "device.news", "device.orders"),
    "speech": ("speech",),
}
"""Stage -> how the names of its modules begin; whatever else logs belongs to the daemon."""


class JournalHandler(logging.Handler):
    """Sends records with fields of their own."""

    def __init__(self, device: str, send: Send) -> None:
        """Prepare.

        Args:
            device: The device's name on the broker, which every record bears.
            send: Takes the fields of one.
        """
        super().__init__()
        self.setFormatter(logging.Formatter())  # or basicConfig would have it say the level, too
        self._device = device
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record; what cannot be sent is shown on stderr."""
        try:
            self._send(self.fields_of(record))
        except Exception:  # noqa: BLE001 - as every handler does: logging stops nothing
            self.handleError(record)

    def fields_of(self, record: logging.LogRecord) -> dict[str, str]:
        """Describe a record as the journal stores it (man systemd.journal-fields)."""
        fields = {
            "MESSAGE": self.format(record)[:_MESSAGE_MAX],
            "PRIORITY": str(priority_of(record.levelno)),
            "SYSLOG_IDENTIFIER": _IDENTIFIER,
            "LOGGER": record.name,
            "THREAD_NAME": str(record.threadName),
            "CODE_FILE": record.pathname,
            "CODE_LINE": str(record.lineno),
            "CODE_FUNC": record.funcName or "",
            "SIGN_EDGE_STAGE": stage_of(record.name),
            "SIGN_EDGE_DEVICE": self._device,
        }
        gloss = getattr(record, "gloss", None)
        if gloss is not None and record.levelno <= logging.DEBUG:
            fields["SIGN_EDGE_GLOSS"] = str(gloss)
        return fields


class PriorityFormatter(logging.Formatter):
    """Puts the priority before each line, where systemd reads stderr (man sd-daemon)."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        mark = f"<{priority_of(record.levelno)}>"
        return "\n".join(mark + line for line in super().format(record).splitlines())


def set_up_logging(level: str, device: str) -> None:
    """Log to the journal where our errors go there, else to stderr with times."""
    handler = _handler(device)
    handler.addFilter(Repeats())
    logging.basicConfig(level=level.upper(), handlers=[handler])


def is_in_journal() -> bool:
    """Whether our stderr goes to the journal; children of a service may have another one."""
    with contextlib.suppress(OSError, ValueError):
        device, inode = os.environ.get("JOURNAL_STREAM", "").split(":")
        status = os.fstat(sys.stderr.fileno())
        return (status.st_dev, status.st_ino) == (int(device), int(inode))
    return False


def stage_of(logger: str) -> str:
    """Name the stage to which a logger belongs."""
    module = logger.removeprefix("edge.")
    return next((stage for stage, names in _STAGES.items() if module.startswith(names)), "daemon")


def priority_of(level: int) -> int:
    """Turn a level into a priority of syslog; what lies between counts as the lower level."""
    known = max((one for one in _PRIORITIES if one <= level), default=logging.DEBUG)
    return _PRIORITIES[known]


def encode(fields: Mapping[str, str]) -> bytes:
    """Write fields by the journal's own protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL)."""
    parts = []
    for name, value in fields.items():
        data = value.encode(errors="backslashreplace")
        if b"\n" in data:
            size = len(data).to_bytes(8, "little")
            parts.append(name.encode() + b"\n" + size + data + b"\n")
        else:
            parts.append(name.encode() + b"=" + data + b"\n")
    return b"".join(parts)


def native_sender(path: str = SOCKET) -> Send:
    """Speak the journal's protocol.

    Raises:
        OSError: There is no journal.
    """

    def send(data: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.settimeout(1.0)  # a journal that hangs must not stop us
            line.connect(path)
            if data:
                line.send(data)

    send(b"")
    return lambda fields: send(encode(fields))


def _handler(device: str) -> logging.Handler:
    if not is_in_journal():
        stream: logging.Handler = logging.StreamHandler()
        form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
        stream.setFormatter(logging.Formatter(form))
        return stream
    with contextlib.suppress(ImportError):
        return JournalHandler(device, library_sender())
    with contextlib.suppress(OSError):  # the service's sandbox hides the socket
        return JournalHandler(device, native_sender())
    stream = logging.StreamHandler()
    stream.setFormatter(PriorityFormatter())
    return stream


def library_sender() -> Send:
    """Speak through systemd-python.

    Raises:
        ImportError: It is not installed.
    """
    journal: Any = importlib.import_module("systemd.journal")
    return lambda fields: journal.sendv(*(f"{name}={text}" for name, text in fields.items()))
