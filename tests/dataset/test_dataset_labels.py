"""Labels counted, renamed and dropped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from clip_archives import read, write_signed

from edge.__main__ import main
from edge.dataset.curating.labels import LabelCount, count_labels, read_mapping, relabel
from edge.errors import ArchiveError, ConfigError

if TYPE_CHECKING:
    from pathlib import Path

LABELS = ["book", "drink", "book", "book", "yes"]
SIGNERS = ["x", "x", "y", "x", "z"]


def test_clips_and_signers_of_every_label_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_signed(tmp_path / "a.npz", LABELS, SIGNERS)
    assert count_labels(path) == [
        LabelCount("book", 3, 2),
        LabelCount("drink", 1, 1),
        LabelCount("yes", 1, 1),
    ]
    assert main(["dataset", "labels", str(path), "--json"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first == {"label": "book", "clips": 3, "signers": 2}
    assert main(["dataset", "labels", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["book", "3", "2"]


def test_labels_are_renamed_and_dropped(tmp_path: Path) -> None:
    path, output = write_signed(tmp_path / "a.npz", LABELS, SIGNERS), tmp_path / "b.npz"
    done = relabel(path, output, {"book": "a very long novel", "yes": "", "no": "nope"})
    assert (done.kept, done.dropped, done.renamed, done.unused) == (4, 1, 3, ("no",))
    columns, clips = read(output)
    assert columns["labels"].tolist() == [
        "a very long novel",
        "drink",
        "a very long novel",
        "a very long novel",
    ]
    assert columns["signers"].tolist() == SIGNERS[:4]
    for one, same in zip(clips, read(path)[1], strict=False):
        np.testing.assert_array_equal(one, same)


def test_only_mapped_labels_are_kept_if_asked(tmp_path: Path) -> None:
    path, output = write_signed(tmp_path / "a.npz", LABELS, SIGNERS), tmp_path / "b.npz"
    assert relabel(path, output, {"drink": "drink"}, only_mapped=True).kept == 1
    assert read(output)[0]["labels"].tolist() == ["drink"]


def test_mapping_that_leaves_nothing_is_refused(tmp_path: Path) -> None:
    path, output = write_signed(tmp_path / "a.npz", LABELS, SIGNERS), tmp_path / "b.npz"
    with pytest.raises(ArchiveError, match=r"a\.npz: of 5 clips none would be left"):
        relabel(path, output, {}, only_mapped=True)
    assert not output.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"label,to\nbook,novel\n", "line 1: no column becomes"),
        (b"", "line 1: no column label, becomes"),
        (b"label,becomes\nbook,novel\nbook,x\n", "line 3: 'book' was mapped before"),
        (b"label,becomes\nbook,novel\nyes\n", "line 3: no value of becomes"),
        (b"label,becomes\n,novel\n", "line 2: label is empty"),
        (b"label,becomes\nb\xff,novel\n", "no table as CSV in UTF-8"),
        (b'label,becomes\n"book,novel\n', "no table as CSV in UTF-8"),
    ],
)
def test_malformed_mapping_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "mapping.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=says) as caught:
        read_mapping(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_mapping_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mapping.csv"
    path.write_bytes('\ufefflabel,note,becomes\r\n"thank you",polite, danke \r\n'.encode())
    assert read_mapping(path) == {"thank you": "danke"}


def test_command_names_what_the_mapping_has_in_vain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, mapping = write_signed(tmp_path / "a.npz", LABELS, SIGNERS), tmp_path / "m.csv"
    mapping.write_text("label,becomes\nbok,novel\nyes,\n")
    arguments = ["dataset", "labels", str(path), "--mapping", str(mapping)]
    assert main(arguments) == 2
    assert "--mapping and --output go together" in capsys.readouterr().err
    assert main([*arguments, "-o", str(tmp_path / "b.npz")]) == 0
    said = capsys.readouterr()
    assert said.err == f"sign-edge: {mapping}: 'bok' is not in {path}\n"
    assert said.out.endswith("4 clips kept, 0 of them renamed, 1 dropped\n")
