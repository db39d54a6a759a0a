"""Keeps what was logged in the last minutes for the page: info and above, where no words are."""

from __future__ import annotations

import copy
import logging
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from edge.system.journal import stage_of
from edge.system.log_repeats import Repeats

if TYPE_CHECKING:
    from typing_extensions import Self

_LINES_MAX: Final = 1000
_TEXT_MAX: Final = 2000
"""Characters of a line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message."""

    time: float
    """Seconds since 1970, UTC."""

    level: str
    """``info``, ``warning``, ``error`` or ``critical``."""

    stage: str
    """Part of the program that says it, as in the journal."""

    text: str
    """The message; of an exception, its last line only."""


class LogRing(logging.Handler):
    """Keeps the newest lines; while it is entered, all of the program's."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        super().__init__(logging.INFO)
        self.addFilter(Repeats())
        self._lines: deque[Line] = deque(maxlen=_LINES_MAX)

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)

    def handle(self, record: logging.LogRecord) -> bool:
        """Keep one record, unless it was shown often enough; other handlers see it unchanged."""
        return bool(super().handle(copy.copy(record)))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        try:
            text = record.getMessage()
            if record.exc_info and record.exc_info[1] is not None:
                error = record.exc_info[1]
                text = f"{text} ({type(error).__name__}: {error})"
        except Exception:  # noqa: BLE001 - as every handler does: logging stops nothing
            self.handleError(record)
            return
        level, stage = record.levelname.lower(), stage_of(record.name)
        self._lines.append(Line(record.created, level, stage, text[:_TEXT_MAX]))

    def since(self, seconds: float) -> list[dict[str, object]]:
        """Give the lines of the last so many seconds, oldest first."""
        oldest = time.time() - seconds
        return [asdict(line) for line in list(self._lines) if line.time >= oldest]
