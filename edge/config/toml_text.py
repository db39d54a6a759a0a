"""TOML as people write it: whole files, and single values as text."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from edge.config.faults import shown
from edge.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:  # Debian 12 and newer ship 3.11; 3.10 is for laptops
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """Read a file: its values, and its text for ``line_of``.

    Raises:
        ConfigError: It cannot be read or is no TOML; names file and line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path}: cannot be read ({reason})") from None
    try:
        return tomllib.loads(text), text
    except (ValueError, RecursionError) as error:  # numbers too long, arrays too deep, bad TOML
        raise ConfigError(_explain(path, text, error)) from None


def split_override(override: str) -> tuple[list[str], str]:
    """Take ``section.key=value`` of the command line apart: the parts of its name, and the value.

    Raises:
        ConfigError: It has another form.
    """
    name, separator, text = override.partition("=")
    parts = [part.strip() for part in name.split(".")]
    if not (separator and all(parts)):
        raise ConfigError(f"--set {shown(override)}: expected section.key=value")
    return parts, text.strip()


def parse_value(text: str) -> object:
    """Read a value as TOML would; what is no TOML is text, which so needs no quotes."""
    try:
        values = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return values["value"] if len(values) == 1 else text


def line_of(text: str, *wanted: str) -> int:
    """Find the line of a section or of a key in one; tomllib tells lines for bad syntax only."""
    current: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[{1,2}([^\[\]]+)\]", line):
            names = current = _names(header[1])
        elif pair := re.match(r"\s*((?:[\w-]|\"[^\"]*\"|'[^']*'|\s*\.\s*)+?)\s*=", line):
            names = current + _names(pair[1])
        else:
            continue
        if names[: len(wanted)] == wanted:
            return number
    return 1


def _explain(path: Path, text: str, error: Exception) -> str:
    """Say what the parser said, with its line in the usual place."""
    reason = str(error)
    found = re.search(r" \(at line (\d+), column (\d+)\)$", reason)
    if found:
        return f"{path}:{found[1]}: not valid TOML: {reason[: found.start()]}, column {found[2]}"
    last = len(text.splitlines()) or 1
    reason = reason.removesuffix(" (at end of document)")
    return f"{path}:{last}: not valid TOML: {reason}"


def _names(dotted: str) -> tuple[str, ...]:
    """Split a TOML key at its dots; ours hold none in quotes."""
    return tuple(name.strip().strip("\"'") for name in dotted.split("."))
