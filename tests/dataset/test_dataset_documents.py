"""The commands that the documents tell are commands that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from edge.__main__ import make_parser

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands_of(path: Path) -> list[list[str]]:
    """Read the arguments of each `sign-edge` command in a document's blocks of commands."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    found = []
    for line in "\n".join(blocks).splitlines():
        words = shlex.split(line, comments=True) if "sign-edge " in line else []
        programs = [k for k, word in enumerate(words) if Path(word).name == "sign-edge"]
        if programs and programs[0] == 0:
            found.append(words[1:])
    return found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_in_a_document_is_understood(path: Path) -> None:
    for arguments in commands_of(path):
        try:
            options = make_parser().parse_args(arguments)
        except SystemExit:
            pytest.fail(f"{path.name}: sign-edge {shlex.join(arguments)}")
        assert options.command == arguments[0]


def test_the_documents_tell_how_to_make_archives() -> None:
    told = [arguments for path in DOCUMENTS for arguments in commands_of(path)]
    actions = {tuple(arguments[1:2]) for arguments in told if arguments[0] == "dataset"}
    expected = {"extract", "clean", "split", "stats", "slice", "fetch", "import", "export"}
    assert {action for (action,) in actions} >= expected
