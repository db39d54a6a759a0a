"""The documents of the repository, and what they name: blocks of commands, spans of code, links."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.__main__ import make_parser

if TYPE_CHECKING:
    import argparse

ROOT: Final = Path(__file__).resolve().parent.parent
README: Final = ROOT / "README.md"
_FENCED: Final = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN: Final = re.compile(r"`([^`]+)`")
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ +(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block."""

    mark: str
    """What stands behind the fence, such as ``sh root``."""

    lines: tuple[str, ...]
    """Its lines, continued ones joined; no empty ones."""


def tracked() -> list[Path]:
    """List the files of the repository, as they lie here."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode()
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def documents() -> list[Path]:
    """List every document."""
    return sorted(path for path in tracked() if path.suffix == ".md")


def blocks(path: Path) -> list[Block]:
    """Read a document's fenced blocks."""
    text = path.read_text(encoding="utf-8")
    found = []
    for mark, body in _FENCED.findall(text):
        lines = re.sub(r"\\\n\s*", "", body).splitlines()
        found.append(Block(mark.strip(), tuple(line for line in lines if line.strip())))
    return found


def spans(path: Path) -> list[str]:
    """Read a document's spans of code, outside of blocks, each on one line."""
    text = _FENCED.sub("", path.read_text(encoding="utf-8"))
    return [" ".join(span.split()) for span in _SPAN.findall(text)]


def links(path: Path) -> list[str]:
    """Read where a document's links and pictures lead."""
    text = _FENCED.sub("", path.read_text(encoding="utf-8"))
    return _LINK.findall(_SPAN.sub("", text))


def anchors(path: Path) -> set[str]:
    """Name a document's headings as links name them."""
    text = _FENCED.sub("", path.read_text(encoding="utf-8"))
    headings = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(text)]
    return {heading.strip().replace(" ", "-") for heading in headings}


def sign_edge(line: str) -> list[str] | None:
    """Read the arguments of a line that runs ``sign-edge``; None where it runs something else."""
    words = shlex.split(line, comments=True) if "sign-edge " in line else []
    if words[:1] == ["sudo"]:
        words = words[3:] if words[1] == "-u" else words[1:]
    return words[1:] if words and Path(words[0]).name == "sign-edge" else None


def understand(arguments: list[str]) -> argparse.Namespace:
    """Parse the arguments of ``sign-edge``; what is not understood ends with SystemExit."""
    return make_parser().parse_args(arguments)
