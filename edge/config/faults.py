"""What pydantic found wrong -> the one line that the owner reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


def first_fault(error: ValidationError) -> str:
    """Name the first key that is wrong, its value, and why."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "the whole"
    if first["type"] == "missing":
        return f"{key} is missing"
    return f"{key} = {str(first['input'])[:60]!r}: {first['msg'][:1].lower()}{first['msg'][1:]}"
