"""Manifests: what is read is what was written, and every fault is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.dataset.manifest import COLUMNS, Entry, read_manifest, rebased, write_manifest
from edge.errors import ArchiveError

FULL = Entry(
    name="69241",
    label="book",
    signer="wlasl_118",
    split="train",
    url="https://example.org/watch?v=1,2",
    file="clips/book.mp4",
    start=0.04,
    end=1.969,
    fps=29.97,
    box=(0.186, 0.0137, 0.708, 1.0),
    extra={"variation": "0", "note": 'says "book",\nthen rests'},
)


def manifest(folder: Path, *lines: str) -> Path:
    path = folder / "m.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    entries = [FULL, Entry(name="été", label="summer", file="a b.mp4")]
    path = tmp_path / "m.csv"
    write_manifest(path, entries)
    again = read_manifest(path)
    assert again[0] == FULL
    assert again[1].name == "été"
    assert (again[1].start, again[1].end, again[1].box) == (None, None, None)
    assert path.read_text(encoding="utf-8").splitlines()[0] == ",".join(
        [*COLUMNS, "variation", "note"]
    )


def test_same_entries_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write_manifest(tmp_path / name, [FULL])
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_columns_may_come_in_any_order_and_most_may_be_missing(tmp_path: Path) -> None:
    (entry,) = read_manifest(manifest(tmp_path, "\ufefffile,label,name,mood", "a.mp4,Yes,1,good"))
    assert (entry.file, entry.label, entry.name) == ("a.mp4", "Yes", "1")
    assert entry.extra == {"mood": "good"}
    assert entry.path(Path("there")) == Path("there/a.mp4")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([""], "empty; the first line names the columns"),
        (["name,label,url"], "no clips in it"),
        (["name,url", "1,u"], r"m\.csv:1: column 'label' is missing"),
        (["name,label,url,url", "1,a,u,u"], r"m\.csv:1: column 'url' stands there twice"),
        (["name,label,url", "1,a,u", "2,b"], r"m\.csv:3: 2 values for 3 columns"),
        (["name,label,url", ",a,u"], r"m\.csv:2: name is empty"),
        (["name,label,url", "1,,u"], r"m\.csv:2: label is empty"),
        (["name,label,url", "1,a,"], r"m\.csv:2: both url and file are empty"),
        (["name,label,url", "1,a,u", "1,b,u"], r"m\.csv:3: name '1' is that of line 2 too"),
        (["name,label,url,start", "1,a,u,soon"], r"m\.csv:2: start = 'soon'; it must be a number"),
        (["name,label,url,start", "1,a,u,-1"], r"m\.csv:2: start = '-1'"),
        (["name,label,url,end", "1,a,u,nan"], r"m\.csv:2: end = 'nan'"),
        (["name,label,url,start,end", "1,a,u,2,2"], r"m\.csv:2: end = '2' is not after start"),
        (["name,label,url,fps", "1,a,u,0"], r"m\.csv:2: fps = '0'"),
        (["name,label,url,x0,y0", "1,a,u,0,0"], r"m\.csv:2: a box needs all of x0, y0, x1, y1"),
        (
            ["name,label,url,x0,y0,x1,y1", "1,a,u,0.5,0,0.5,1"],
            r"m\.csv:2: the box 0\.5, 0, 0\.5, 1 is none",
        ),
        (
            ["name,label,url,x0,y0,x1,y1", "1,a,u,0,0,640,480"],
            r"m\.csv:2: the box 0, 0, 640, 480 is none",
        ),
        (["name,label,url", '1,"a,u'], "not a CSV file"),
        (["name,label,url", f"1,{'a' * 20_000},u"], r"m\.csv:2: label = 'aaa"),
    ],
)
def test_fault_is_named_with_its_line(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(ArchiveError, match=message):
        read_manifest(manifest(tmp_path, *lines))


def test_what_is_no_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"gone\.csv: no such file"):
        read_manifest(tmp_path / "gone.csv")
    (tmp_path / "b.csv").write_bytes(b"name,label,url\n\xff\xfe,a,b\n")
    with pytest.raises(ArchiveError, match=r"b\.csv: not UTF-8 text"):
        read_manifest(tmp_path / "b.csv")
    (tmp_path / "c.csv").write_bytes(b"name,label,url\n1,a\0,b\n")
    with pytest.raises(ArchiveError, match=r"c\.csv"):
        read_manifest(tmp_path / "c.csv")


def test_file_is_named_from_the_new_manifests_folder(tmp_path: Path) -> None:
    entry = Entry(name="1", label="a", file="clips/a.mp4")
    old, new = tmp_path / "all" / "old", tmp_path / "all"
    assert rebased(entry, old, new) == "old/clips/a.mp4"
    assert rebased(entry, new, old) == str(tmp_path.resolve() / "all/clips/a.mp4")
    assert rebased(Entry(name="1", label="a", url="u"), old, new) == ""
