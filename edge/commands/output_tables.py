"""Prints figures of data sets as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edge.commands.output import print_line
from edge.evaluation.report_tables import align

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print names and figures, a line each."""
    for key, value in fields.items():
        print_line(f"{key.replace('_', ' '):26}{_text(value)}")


def print_rows(rows: Sequence[Mapping[str, Any]], most: int | None = None) -> None:
    """Print a table of rows of the same keys, at most so many."""
    shown = rows[:most]
    if shown:
        print_line(align([list(shown[0]), *(list(row.values()) for row in shown)]))
    if len(rows) > len(shown):
        print_line(f"... and {len(rows) - len(shown)} more; --all shows them")


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items()) or "none"
    return "-" if value is None else str(value)
