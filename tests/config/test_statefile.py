"""The small file that outlives the program, whatever happens to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from edge.config.state_file import StateFile
from edge.device.choices import Choices

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a file in a folder that is not there yet."""
    return tmp_path / "sub" / "choices.json"


def file_at(path: Path) -> StateFile[Choices]:
    """Open it, as the program does at its start."""
    return StateFile(path, Choices)


def test_what_was_written_is_read_by_the_next_start(path: Path) -> None:
    assert file_at(path).read() is None
    choices = Choices(threshold=0.25, speech="OFF", voice="en-gb")
    file = file_at(path)
    file.write(choices)
    assert file.problem == ""
    assert file_at(path).read() == choices
    assert [child.name for child in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"threshold": 7}',
        b'{"threshold": NaN}',
        b'{"threshhold": 0.5}',
        b"\xff\xfe",
        b"{" * 1000,
        b'{"voice": "' + b"a" * 100_000 + b'"}',
    ],
)
def test_broken_file_is_named_and_moved_aside(
    path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    file = file_at(path)
    assert file.read() is None
    assert str(path) in caplog.text
    assert "choices.json.broken" in caplog.text
    assert all(len(record.getMessage()) < 500 for record in caplog.records)
    assert (path.parent / "choices.json.broken").read_bytes() == content
    file.write(Choices(volume=3))
    assert file_at(path).read() == Choices(volume=3)


def test_full_disk_keeps_what_was_there_and_is_told_once(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = file_at(path)
    file.write(Choices(volume=1))

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    file.write(Choices(volume=2))
    file.write(Choices(volume=2))
    assert "No space left" in file.problem
    assert caplog.text.count("No space left") == 1
    assert file_at(path).read() == Choices(volume=1)
    assert [child.name for child in path.parent.iterdir()] == [path.name]
    monkeypatch.undo()
    file.write(Choices(volume=2))
    assert file.problem == ""


def test_folder_that_cannot_be_made_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    file = file_at(tmp_path / "file" / "choices.json")
    assert file.read() is None
    file.write(Choices(volume=1))
    assert "cannot be written" in file.problem
