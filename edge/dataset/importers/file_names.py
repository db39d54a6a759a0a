"""Reads label, signer and name of a clip from its file's name and folders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edge.errors import ArchiveError, ConfigError

if TYPE_CHECKING:
    from pathlib import Path

GROUPS: Final = ("label", "signer", "name", "split")
"""What a pattern's named groups may say."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a file's name says."""

    label: str
    """Gloss."""

    signer: str
    """Who signs; empty where it does not say."""

    name: str
    """The clip's own name: its path below the folder, without suffix."""

    split: str = ""
    """``train``, ``val`` or ``test`` where it says."""


def parse_name(path: Path, folder: Path, pattern: re.Pattern[str] | None = None) -> Named:
    """Read what a file shows from its path below a folder.

    Args:
        path: The file.
        folder: Where the collection begins.
        pattern: Is searched in the path below the folder, with ``/`` between the parts; its
            groups ``label``, ``signer``, ``name``, ``split`` say so. Without it a file is named
            ``label__signer__id``, ``label/signer/id`` or ``label/id``, each with a suffix; a file
            of any other name directly in the folder is named after its label. There ``_`` in a
            label stands for a space.

    Raises:
        ArchiveError: The pattern is not found in the path.
    """
    below = path.relative_to(folder)
    name = below.with_suffix("").as_posix()
    if pattern is not None:
        found = pattern.search(below.as_posix())
        if found is None:
            raise ArchiveError(f"{path}: its path does not fit the pattern {pattern.pattern!r}")
        said = {key: value.strip() for key, value in found.groupdict().items() if value}
        if not said.get("label"):
            raise ArchiveError(f"{path}: the pattern {pattern.pattern!r} finds no label in it")
        own = said.get("name", name)
        return Named(said["label"], said.get("signer", ""), own, said.get("split", ""))
    parts = path.stem.split("__")
    if len(parts) >= 3:
        return Named(with_spaces(parts[0]), parts[1], name)
    folders = below.parts[:-1]
    label = folders[0] if folders else path.stem
    signer = folders[1] if len(folders) > 1 else ""
    return Named(with_spaces(label), signer, name)


def with_spaces(label: str) -> str:
    """Give a label that was a file's name its spaces back."""
    return " ".join(label.replace("_", " ").split()) or label


def compile_pattern(text: str | None, needed: str = "label") -> re.Pattern[str] | None:
    """Compile a pattern of name_of; none gives none.

    Args:
        text: The regular expression.
        needed: The group that it must have.

    Raises:
        ConfigError: It is no regular expression, lacks the group or has an unknown one.
    """
    if text is None:
        return None
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise ConfigError(f"--pattern {text!r}: not a regular expression ({error})") from None
    unknown = sorted(set(pattern.groupindex) - set(GROUPS))
    if unknown:
        raise ConfigError(f"--pattern {text!r}: group {unknown[0]!r} is none of {GROUPS}")
    if needed not in pattern.groupindex:
        raise ConfigError(f"--pattern {text!r}: no group (?P<{needed}>...)")
    return pattern


def signer_of(name: str, pattern: re.Pattern[str] | None) -> str:
    """Read who signs from a file's name; empty where it does not say."""
    found = pattern.search(name) if pattern else None
    return (found["signer"] or "") if found else ""
