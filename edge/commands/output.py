"""The commands' own output."""

from __future__ import annotations

import json


def print_json(value: object) -> None:
    """Print one JSON value on a line."""
    print_line(json.dumps(value, ensure_ascii=False))


def print_line(text: str) -> None:
    """Print a line at once, for whoever reads along."""
    print(text, flush=True)  # noqa: T201 - the command's own output
