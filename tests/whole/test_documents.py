"""The commands, files and links that the documents tell are commands, files and links that are."""

from __future__ import annotations

import re
import shlex
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest
from documents import ROOT, anchors, blocks, documents, links, sign_edge, tracked, understand

import edge

if TYPE_CHECKING:
    from pathlib import Path

_PATH: Final = re.compile(
    r"(?<![\w/.@$<>{}-])(?:deploy|docs|edge|scripts|tests)/[A-Za-z0-9_./-]*[A-Za-z0-9_]"
)
_FOREIGN: Final = {"docs/specs/v0.2.md"}
"""Files of other projects."""


def name_of(path: Path) -> str:
    """Call a document by its place."""
    return str(path.relative_to(ROOT))


@cache
def commands_of(path: Path) -> list[list[str]]:
    """Read the arguments of each `sign-edge` command in a document's blocks of commands."""
    lines = [line for block in blocks(path) if block.mark in ("", "bash") for line in block.lines]
    lines += [
        part
        for block in blocks(path)
        if block.mark.startswith("sh")
        for line in block.lines
        for part in line.split("&&")
    ]
    return [arguments for arguments in map(sign_edge, lines) if arguments]


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_every_command_in_a_document_is_understood(path: Path) -> None:
    for arguments in commands_of(path):
        try:
            options = understand(arguments)
        except SystemExit:
            pytest.fail(f"{path.name}: sign-edge {shlex.join(arguments)}")
        assert options.command == arguments[0]


def test_the_documents_tell_how_to_make_archives() -> None:
    told = [arguments for path in documents() for arguments in commands_of(path)]
    actions = {tuple(arguments[1:2]) for arguments in told if arguments[0] == "dataset"}
    expected = {"extract", "clean", "split", "stats", "slice", "fetch", "import", "export"}
    assert {action for (action,) in actions} >= expected


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_every_link_of_a_document_leads_somewhere(path: Path) -> None:
    for link in links(path):
        if re.match(r"[a-z]+:", link):
            continue  # elsewhere; tests ask no network
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_document_is_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        reached.add(path)
        near = [(path.parent / link.partition("#")[0]).resolve() for link in links(path)]
        waiting += [one for one in near if one.suffix == ".md" and one not in reached]
    assert {name_of(path) for path in documents()} <= {name_of(path) for path in reached}


def test_every_file_that_is_named_is_there() -> None:
    """In documents, code, comments and settings; words in capitals stand for a name."""
    missing = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:  # a picture, a network
            continue
        for name in set(_PATH.findall(text)) - _FOREIGN:
            is_there = (ROOT / name).exists() or (ROOT / f"{name}.py").exists()
            if not is_there and not re.search(r"/[A-Z]+(/|$)", name):
                missing.append(f"{name_of(path)}: {name}")
    assert missing == []


def test_every_package_is_on_the_maps() -> None:
    folder = ROOT / "edge"
    inside = [path.relative_to(folder).parts for path in tracked() if folder in path.parents]
    named = {parts[0].removesuffix(".py") for parts in inside} - {"__init__", "__main__"}
    described = re.findall(r"^(\w+)  +\S", str(edge.__doc__), re.MULTILINE)
    assert set(described) == named
    for path in (ROOT / "README.md", ROOT / "docs" / "architecture.md"):
        text = path.read_text(encoding="utf-8")
        told = {name for name in named if re.search(rf"\b{name}(/|\.py|`)", text)}
        assert told == named, path.name


def test_prose_is_wrapped() -> None:
    long = []
    for path in documents():
        fenced = False
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            fenced ^= line.lstrip().startswith("```")
            if len(line) > 120 and not fenced and not line.lstrip().startswith("|"):
                long.append(f"{name_of(path)}:{number}")
    assert long == []
