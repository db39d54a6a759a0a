"""Shows every device on a broker in a live table in the terminal."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len, set_cell_size
from rich.console import Group
from rich.live import Live
from rich.text import Text

from edge.errors import ConfigError
from edge.mqtt.fleet import Fleet
from edge.mqtt.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console
    from typing_extensions import Self

    from edge.config.settings import MqttSettings
    from edge.mqtt.fleet import Row, RowOrder

REFRESH: Final = 0.5
"""Seconds between two looks of the table, however much arrives."""
_FRAME: Final = 3
"""Lines around the rows: title, headings, foot."""
_NAME: Final = 32
_WORD: Final = 24
"""Cells of a column that others may fill at will, at most."""
_FINE: Final = 10.0
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))
_COLOURS: Final = {"online": "green", "offline": "red", "signing": "bold cyan", "paused": "yellow"}
_COLUMNS: Final = {
    "device": False,
    "broker": False,
    "state": False,
    "last word": False,
    "ago": True,
    "fps": True,
    "latency": True,
    "heard": True,
    "problems": False,
}
"""Headings, and whether numbers stand below."""


class Monitor:
    """Listens to a broker and knows how each device is; a context manager."""

    def __init__(self, settings: MqttSettings) -> None:
        """Prepare; nothing is sent before it is entered.

        Raises:
            ConfigError: The credentials or the host name are unusable.
        """
        self._fleet = Fleet(settings.base)
        self._lock = threading.Lock()
        self.listener = Listener(settings, self._fleet.topics, self._push)

    def __enter__(self) -> Self:
        self.listener.__enter__()
        return self

    def __exit__(self, *reason: object) -> None:
        self.listener.__exit__(*reason)

    def rows(self, order: RowOrder = "trouble") -> list[Row]:
        """Describe every device as it is now."""
        with self._lock:
            return self._fleet.rows(time.time(), order)

    @property
    def ignored(self) -> int:
        """Messages that belong to no device that is shown."""
        return self._fleet.ignored

    def _push(self, topic: str, payload: bytes, is_retained: bool) -> None:
        with self._lock:
            self._fleet.push(topic, payload, time.time(), is_retained=is_retained)


def snapshot(settings: MqttSettings, seconds: float, order: RowOrder) -> list[Row]:
    """Listen for a while and describe every device.

    Raises:
        BrokerError: The broker does not answer or refuses us.
    """
    with Monitor(settings) as monitor:
        monitor.listener.wait()
        threading.Event().wait(seconds)
        return monitor.rows(order)


def watch(settings: MqttSettings, console: Console, order: RowOrder) -> None:
    """Show the table until Ctrl-C or SIGTERM; a broker that is away is said and waited for.

    For the main thread, as only it may handle signals.

    Raises:
        ConfigError: There is no terminal.
    """
    if not console.is_terminal:
        raise ConfigError("monitor needs a terminal; --once prints one table and ends")
    with (
        _until_signal() as over,
        Monitor(settings) as monitor,
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        while not over.wait(REFRESH):
            title = f"{monitor.listener.address} {monitor.listener.trouble}".rstrip()
            table = table_of(monitor.rows(order), title, console.height, monitor.ignored)
            live.update(table, refresh=True)


@contextlib.contextmanager
def _until_signal() -> Iterator[threading.Event]:
    """Set an event at Ctrl-C or SIGTERM, even where a shell's background job ignores Ctrl-C."""
    over = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: over.set()) for number in numbers]
    try:
        yield over
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def table_of(rows: Sequence[Row], title: str, height: int | None = None, ignored: int = 0) -> Group:
    """Set rows as a table.

    Plain lines: of 200 devices rich's own Table takes 0.3 s a time, which leaves none to listen in.

    Args:
        rows: In the order of the table.
        title: What stands above it.
        height: Lines there are; rows that do not fit are counted in the foot. None is no limit.
        ignored: Messages that belong to no row.
    """
    room = len(rows) if height is None else max(1, height - _FRAME)
    lines = [[(name, "bold") for name in _COLUMNS], *map(_cells, rows[:room])]
    widths = [max(cell_len(text) for text, _ in column) for column in zip(*lines, strict=True)]
    shown = [_line(line, widths) for line in lines]
    return Group(_text(title), *shown, _text(_foot(rows, room, ignored), "dim"))


def _line(cells: list[tuple[str, str]], widths: list[int]) -> Text:
    line = _text("")
    for (text, style), width, is_number in zip(cells, widths, _COLUMNS.values(), strict=True):
        space = " " * (width - cell_len(text))
        line.append(f"{space}{text}" if is_number else f"{text}{space}", style).append("  ")
    line.rstrip()
    return line


def _text(text: str, style: str = "") -> Text:
    """Take a text as it is, where rich would read markup in a str; cut at the screen's edge."""
    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _cells(row: Row) -> list[tuple[str, str]]:
    """Text and style of each column."""
    return [
        (_fit(row.device, _NAME), ""),
        (row.availability or "unknown", _COLOURS.get(row.availability, "yellow")),
        (row.state, _COLOURS.get(row.state, "")),
        (_fit(row.word, _WORD), ""),
        (_duration(row.word_age), ""),
        ("" if row.fps is None else f"{row.fps:.1f}", ""),
        ("" if row.latency_ms is None else f"{row.latency_ms:.0f} ms", ""),
        (_duration(row.heard), ""),
        ("; ".join(row.problems), "red"),
    ]


def _foot(rows: Sequence[Row], room: int, ignored: int) -> str:
    online = sum(row.availability == "online" for row in rows)
    ill = sum(bool(row.problems) for row in rows)
    parts = [f"{len(rows)} devices", f"{online} online", f"{ill} with problems"]
    if len(rows) > room:
        parts.append(f"{len(rows) - room} below")
    if ignored:
        parts.append(f"{ignored} messages ignored")
    return ", ".join(parts)


def _fit(text: str, width: int) -> str:
    return text if cell_len(text) <= width else f"{set_cell_size(text, width - 1)}…"


def _duration(seconds: float | None) -> str:
    """Say a length of time in its largest unit; the first ten seconds to a tenth."""
    if seconds is None:
        return ""
    if seconds < _FINE:
        return f"{seconds:.1f} s"
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
