"""Faults of what people write, told in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydantic import ValidationError


_SHOWN_MAX: Final = 80


def first_fault(error: ValidationError) -> str:
    """Name the first key that is wrong, its value, and why."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "the whole"
    if first["type"] == "missing":
        return f"{key} is missing"
    return f"{key} = {str(first['input'])[:60]!r}: {first['msg'][:1].lower()}{first['msg'][1:]}"


def shown(name: str) -> str:
    """Keep a name from the outside to one line of sensible length."""
    return shortened(name if name.isprintable() else repr(name))


def shortened(text: str) -> str:
    """Keep a text to a sensible length."""
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"
