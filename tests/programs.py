"""Programs that a test puts in place of the system's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def put_program(folder: Path, name: str, output: str, code: int = 0) -> None:
    """Put a program on a PATH of our own."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable}\nprint({output!r})\nraise SystemExit({code})\n")
    path.chmod(0o755)
