"""Merging and mirroring archives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from clip_archives import columns_of, points_of, read, write, write_signed

from edge.__main__ import main
from edge.dataset.curating.merge import merge_archives
from edge.dataset.curating.rewrite import mirror_archive, mirror_points
from edge.errors import ArchiveError, ConfigError
from edge.evaluation.clips import flip as flip_clip
from edge.landmarks.archive import read_clips
from edge.landmarks.skeleton import LEFT_WRIST, RIGHT_WRIST

if TYPE_CHECKING:
    from pathlib import Path


def test_merged_clips_come_in_order_and_lacking_columns_are_empty(tmp_path: Path) -> None:
    named = write(tmp_path / "a.npz", columns_of([3, 1]), points_of([3, 1]))
    other = columns_of([2])
    del other["names"]
    other["labels"] = np.array(["a much longer word"])
    rated = write(tmp_path / "b.npz", {**other, "rating": np.array([5])}, points_of([2], seed=1))
    assert merge_archives([named, rated], tmp_path / "c.npz") == 3
    columns, clips = read(tmp_path / "c.npz")
    assert columns["labels"].tolist() == ["word 0", "word 1", "a much longer word"]
    assert columns["names"].tolist() == ["n0", "n1", ""]
    np.testing.assert_array_equal(columns["rating"], [np.nan, np.nan, 5])
    for one, same in zip(clips, [*points_of([3, 1]), *points_of([2], seed=1)], strict=True):
        np.testing.assert_array_equal(one, same)


def test_merging_parts_of_recordings_gives_them_back(tmp_path: Path, archives: Path) -> None:
    both = [archives / "wlasl100-val.npz", archives / "words-none.npz"]
    count = merge_archives(both, tmp_path / "both.npz")
    merged = read_clips(tmp_path / "both.npz")
    apart = [clip for path in both for clip in read_clips(path)]
    assert count == len(apart) == 285 + 18
    for one, same in zip(merged, apart, strict=True):
        assert (one.label, one.signer, one.fps, one.name) == (
            same.label,
            same.signer,
            same.fps,
            same.name,
        )
        np.testing.assert_array_equal(one.points, same.points)


def test_signers_of_the_same_name_are_told_apart_if_asked(tmp_path: Path) -> None:
    one = write_signed(tmp_path / "wlasl.npz", ["book"], ["1"])
    other = write_signed(tmp_path / "own.npz", ["book"], ["1"])
    merge_archives([one, other], tmp_path / "same.npz")
    assert read(tmp_path / "same.npz")[0]["signers"].tolist() == ["1", "1"]
    merge_archives([one, other], tmp_path / "apart.npz", tell_signers_apart=True)
    assert read(tmp_path / "apart.npz")[0]["signers"].tolist() == ["wlasl/1", "own/1"]
    (tmp_path / "folder").mkdir()
    namesake = write_signed(tmp_path / "folder" / "own.npz", ["book"], ["1"])
    with pytest.raises(ConfigError, match=r"folder/own\.npz: another archive is called own"):
        merge_archives([other, namesake], tmp_path / "no.npz", tell_signers_apart=True)


def test_column_of_two_kinds_is_refused(tmp_path: Path) -> None:
    text = write(tmp_path / "a.npz", {**columns_of([1]), "rating": np.array(["5"])}, points_of([1]))
    number = write(tmp_path / "b.npz", {**columns_of([1]), "rating": np.array([5])}, points_of([1]))
    with pytest.raises(ArchiveError, match=r"a\.npz: rating is not of the same kind"):
        merge_archives([text, number], tmp_path / "c.npz")
    assert not (tmp_path / "c.npz").exists()


def test_damaged_source_leaves_no_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write_signed(tmp_path / "a.npz", ["book"] * 30, ["1"] * 30, length=20)
    bad = tmp_path / "b.npz"
    content = bytearray(good.read_bytes())
    content[20_000] ^= 0xFF
    bad.write_bytes(content)
    before = sorted(tmp_path.iterdir())
    arguments = ["dataset", "merge", str(good), str(bad), "-o", str(tmp_path / "c.npz")]
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith(f"sign-edge: {bad}: not a landmark archive (points: ")
    assert sorted(tmp_path.iterdir()) == before


def test_existing_output_is_kept_unless_forced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_signed(tmp_path / "a.npz", ["book"], ["1"])
    output = tmp_path / "b.npz"
    output.write_bytes(b"precious")
    arguments = ["dataset", "merge", str(source), str(source), "-o", str(output)]
    assert main(arguments) == 2
    assert f"{output}: exists already; --force replaces it" in capsys.readouterr().err
    assert output.read_bytes() == b"precious"
    assert main([*arguments, "--force"]) == 0
    assert capsys.readouterr().out == f"merged: {output}, 2 clips of 2 archives\n"
    assert len(read_clips(output)) == 2


def test_archive_may_be_merged_into_itself(tmp_path: Path) -> None:
    source = write_signed(tmp_path / "a.npz", ["book"], ["1"])
    merge_archives([source, source], source)
    assert len(read_clips(source)) == 2


def test_mirror_is_that_of_evaluate_and_twice_gives_the_clip_back(
    tmp_path: Path, archives: Path
) -> None:
    source, once, twice = archives / "words-none.npz", tmp_path / "one.npz", tmp_path / "two.npz"
    assert mirror_archive(source, once) == 18
    mirror_archive(once, twice)
    for clip, turned, again in zip(*map(read_clips, (source, once, twice)), strict=True):
        np.testing.assert_allclose(turned.points, flip_clip(clip).points, atol=2e-3, rtol=2e-3)
        np.testing.assert_allclose(again.points, clip.points, atol=2e-3, rtol=2e-3)


def test_mirror_swaps_the_sides_within_the_picture() -> None:
    points = points_of([1])[0]
    points[0, LEFT_WRIST] = 0.75, 0.5, 0.25
    np.testing.assert_array_equal(mirror_points(points)[0, RIGHT_WRIST], [0.25, 0.5, 0.25])


def test_only_the_signers_named_are_mirrored(tmp_path: Path) -> None:
    source = write_signed(tmp_path / "a.npz", ["book", "drink", "book"], ["x", "y", "x"])
    assert mirror_archive(source, tmp_path / "b.npz", ["x"]) == 2
    before, after = read(source)[1], read(tmp_path / "b.npz")[1]
    np.testing.assert_array_equal(after[1], before[1])
    np.testing.assert_array_equal(after[0], mirror_points(before[0]))
    with pytest.raises(ArchiveError, match="nobody is called 'z'"):
        mirror_archive(source, tmp_path / "c.npz", ["x", "z"])


def test_originals_are_kept_beside_their_mirror(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_signed(tmp_path / "a.npz", ["book", "drink"], ["x", "y"])
    output = tmp_path / "b.npz"
    arguments = ["dataset", "mirror", str(source), "-o", str(output), "--both", "--signer", "y"]
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"mirrored: {output}, 1 clips\n"
    columns, clips = read(output)
    before = read(source)[1]
    assert columns["labels"].tolist() == ["book", "drink", "drink"]
    assert columns["signers"].tolist() == ["x", "y", "y"]
    np.testing.assert_array_equal(clips[1], before[1])
    np.testing.assert_array_equal(clips[2], mirror_points(before[1]))
