"""What a setting may be, read from its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin

from edge.config.settings import Settings

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_BOUNDS: Final = ("ge", "gt", "le")


def field_of(section: str, key: str) -> FieldInfo:
    """Look up a setting."""
    model: Any = Settings.model_fields[section].annotation
    field: FieldInfo = model.model_fields[key]
    return field


def bounds_of(section: str, key: str) -> dict[str, float]:
    """Give the bounds of a number by what they are: ``ge``, ``gt``, ``le``; empty without any."""
    return {
        name: value
        for limit in field_of(section, key).metadata
        for name in _BOUNDS
        if isinstance(value := getattr(limit, name, None), int | float)
    }


def choices_of(section: str, key: str) -> tuple[str, ...]:
    """List the texts that a setting may be; empty where it may be any."""
    annotation = field_of(section, key).annotation
    return get_args(annotation) if get_origin(annotation) is Literal else ()
