"""Prints what a command says: lines and JSON; sends warnings to standard error."""

from __future__ import annotations

import json


def print_json(value: object) -> None:
    """Print one JSON value on a line; a dataclass becomes an object of its fields."""
    from dataclasses import asdict

    print_line(json.dumps(value, ensure_ascii=False, default=asdict))


def print_line(text: str) -> None:
    """Print a line, unbuffered."""
    print(text, flush=True)  # noqa: T201 - the command's own output


def show_warnings() -> None:
    """Send the log's warnings to standard error as the command's own."""
    import logging

    logging.basicConfig(level=logging.WARNING, format="sign-edge: %(message)s")
