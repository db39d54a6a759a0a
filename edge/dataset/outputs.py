"""Writes output files whole or not at all, and names the list of failures beside them."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from edge.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def refuse_existing(*paths: Path, force: bool = False) -> None:
    """Refuse before the work what would be replaced after it.

    Raises:
        ConfigError: A file is there and may not be replaced, or is a folder.
    """
    for path in paths:
        if path.is_dir():
            raise ConfigError(f"{path}: is a folder; the output is a file")
        if path.exists() and not force:
            raise ConfigError(f"{path}: exists already; --force replaces it")


def failures_of(output: Path) -> Path:
    """Name the table, beside an output, of what could not be put into it, and why."""
    return output.with_name(f"{output.stem}.failures.csv")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder, of the same suffix, that becomes ``path``.

    Only a block that ends without an error replaces what was there; else nothing is left behind.
    The folder is made where it is missing.

    Raises:
        SourceError: The file cannot be written.
    """
    part = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise SourceError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
