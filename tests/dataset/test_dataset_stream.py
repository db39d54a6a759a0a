"""Archives one clip at a time: reads and writes what edge.landmarks.archive does."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from clip_archives import columns_of, points_of, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.dataset.archive_stream import ArchiveReader, ArchiveWriter
from edge.errors import ArchiveError, SourceError
from edge.landmarks.archive import read_clips

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@given(lengths=st.lists(st.integers(1, 5), max_size=5), seed=st.integers(0, 99))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_what_is_written_is_read_back_exactly(
    tmp_path: Path, lengths: list[int], seed: int
) -> None:
    columns, clips = columns_of(lengths), points_of(lengths, seed)
    path = write(tmp_path / "a.npz", columns, clips)
    with ArchiveReader(path) as reader:
        assert len(reader) == len(lengths)
        assert reader.columns.keys() == columns.keys()
        for name, column in columns.items():
            np.testing.assert_array_equal(reader.columns[name], column)
        for _ in range(2):  # as often as one likes
            again = list(reader.clips())
            assert len(again) == len(clips)
            for one, other in zip(clips, again, strict=True):
                assert other.dtype == np.float16
                np.testing.assert_array_equal(one, other)
    assert [clip.name for clip in read_clips(path)] == columns["names"].tolist()
    with np.load(path) as arrays:
        assert arrays["points"].shape == (sum(lengths), 75, 3)


def test_recorded_archives_are_read_as_edge_archive_reads_them(archives: Path) -> None:
    path = archives / "wlasl100-val.npz"
    clips = read_clips(path)
    with ArchiveReader(path) as reader:
        assert reader.columns["labels"].tolist() == [clip.label for clip in clips]
        assert set(reader.columns["splits"]) == {"val"}
        aspect = reader.columns["aspect"]
        for index, points in enumerate(reader.clips()):
            scale = np.array([1, 1 / aspect[index], 1], dtype=np.float32)
            np.testing.assert_array_equal(points.astype(np.float32) * scale, clips[index].points)


def test_same_clips_give_the_same_bytes(tmp_path: Path) -> None:
    columns, clips = columns_of([3, 1]), points_of([3, 1])
    one = write(tmp_path / "a.npz", columns, clips).read_bytes()
    assert write(tmp_path / "b.npz", columns, clips).read_bytes() == one


def test_more_columns_are_kept_and_what_is_no_column_is_not(tmp_path: Path) -> None:
    arrays = {**columns_of([2, 1]), "rating": np.array([1, 5]), "points": np.zeros((3, 75, 3))}
    np.savez(tmp_path / "a.npz", **arrays, version=np.array(3))
    with ArchiveReader(tmp_path / "a.npz") as reader:
        assert reader.columns["rating"].tolist() == [1, 5]
        assert "version" not in reader.columns
        assert next(reader.clips()).dtype == np.float16


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lengths": np.array([2, 2])}, r"points .*\(4, 75, 3\)"),
        ({"lengths": np.array([3, 0])}, "lengths holds 0"),
        ({"labels": np.array(["a"])}, r"labels .*\(1,\)"),
        ({"fps": np.array([0, 1])}, "fps must be above 0"),
        ({"splits": np.array([1, 2])}, "splits must be text"),
        ({"points": np.zeros((3, 42, 2), np.float16)}, r"points .*\(3, 42, 2\)"),
        ({"points": np.zeros((3, 75, 3), np.int8)}, "points .*int8"),
        ({"points": np.asfortranarray(np.zeros((3, 75, 3), np.float16))}, "row by row"),
        ({"labels": np.array(["a", None], dtype=object)}, "labels: .*[Oo]bject"),
        ({"hands": np.zeros((2, 21, 3))}, "holds hands"),
    ],
)
def test_malformed_archive_is_refused(
    tmp_path: Path, change: dict[str, NDArray[Any]], says: str
) -> None:
    arrays = {**columns_of([2, 1]), "points": np.zeros((3, 75, 3), np.float16), **change}
    path = tmp_path / "a.npz"
    np.savez(path, **arrays)
    with pytest.raises(ArchiveError, match=says) as caught:
        ArchiveReader(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("name", ["points", "labels"])
def test_missing_array_is_named(tmp_path: Path, name: str) -> None:
    arrays = {**columns_of([2]), "points": np.zeros((2, 75, 3), np.float16)}
    del arrays[name]
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ArchiveError, match=f"missing array {name}"):
        ArchiveReader(tmp_path / "a.npz")


@given(at=st.floats(0, 1, exclude_max=True), cut=st.booleans(), byte=st.integers(0, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_damaged_bytes_never_raise_anything_else(
    tmp_path: Path, at: float, cut: bool, byte: int
) -> None:
    path = tmp_path / "a.npz"
    content = bytearray(write(path, columns_of([2, 3]), points_of([2, 3])).read_bytes())
    place = int(at * len(content))
    content[place] = byte
    path.write_bytes(content[:place] if cut else content)
    try:
        with ArchiveReader(path) as reader:
            count = sum(len(points) for points in reader.clips())
    except ArchiveError as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017 - both outcomes are right
    else:
        assert count == 5


def test_points_that_end_too_early_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.npz", columns_of([2, 3]), points_of([2, 3]))
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    parts["points.npy"] = parts["points.npy"][:-10]
    with zipfile.ZipFile(path, "w") as file:
        for name, part in parts.items():
            file.writestr(name, part)
    with ArchiveReader(path) as reader, pytest.raises(ArchiveError, match="end too early"):
        list(reader.clips())


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"gone\.npz: no such file"):
        ArchiveReader(tmp_path / "gone.npz")


def test_unfinished_archive_leaves_what_was_there(tmp_path: Path) -> None:
    path = write(tmp_path / "a.npz", columns_of([2]), points_of([2]))
    before = path.read_bytes()
    with pytest.raises(ValueError, match="not every clip"):
        write(path, columns_of([2, 3]), points_of([2]))
    with pytest.raises(ValueError, match=r"points of \(2, 75, 3\) where \(3, 75, 3\)"):
        write(path, columns_of([3]), points_of([2]))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_columns_that_disagree_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    columns = {**columns_of([2, 3]), "signers": np.array(["p0"])}
    with pytest.raises(ArchiveError, match="signers must be text"):
        ArchiveWriter(tmp_path / "a.npz", columns)
    assert not list(tmp_path.iterdir())


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match=r"file/a\.npz: cannot be written"):
        write(tmp_path / "file" / "a.npz", columns_of([2]), points_of([2]))
