"""What is missing, filled, dropped; what is there twice."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from clip_archives import body, columns_of, points_of, read, write, write_signed
from hypothesis import given
from hypothesis import strategies as st

from edge.__main__ import main
from edge.dataset.archive_stream import ArchiveReader
from edge.dataset.curating import duplicates
from edge.dataset.curating.clean import Rules, inspect
from edge.dataset.curating.quality import fill, longest_gap, measure_quality
from edge.landmarks.skeleton import LEFT_HAND, LEFT_WRIST, RIGHT_HAND

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.dataset.curating.clean import Findings


def judged(path: Path, rules: Rules) -> Findings:
    """Inspect an archive."""
    with ArchiveReader(path) as reader:
        return inspect(reader, rules)


def test_quality_is_what_was_put_into_the_clip() -> None:
    points = body(10)
    points[:4, LEFT_HAND] = np.nan
    points[2:8, RIGHT_HAND] = np.nan
    points[9, 11] = np.nan
    quality = measure_quality(points, fps=5, aspect=2)
    assert (quality.frames, quality.seconds) == (10, 2)
    assert quality.body == pytest.approx(0.9)
    assert (quality.left, quality.right) == pytest.approx((0.6, 0.4))
    assert quality.hand == pytest.approx(0.8)  # none in frames 2 and 3
    assert quality.gap == pytest.approx(0.4)
    assert quality.speed == 0
    assert quality.outside == 0


def test_speed_is_in_shoulder_widths_per_second() -> None:
    points = body(3)
    points[2, LEFT_HAND, 1] += 0.2  # of the height, which is half the width
    quality = measure_quality(points, fps=10, aspect=2)
    assert quality.speed == pytest.approx(0.1 * 10 / 0.2, rel=0.01)
    assert np.isnan(measure_quality(points[:1], fps=10, aspect=2).speed)
    points[:, 11:13] = np.nan
    assert np.isnan(measure_quality(points, fps=10, aspect=2).speed)


def test_hands_beside_the_picture_are_counted() -> None:
    points = body(2)
    points[1, RIGHT_HAND, 0] = 1.2
    assert measure_quality(points, 10, 1).outside == pytest.approx(0.25)


def test_clip_in_which_nothing_is_seen_is_measured() -> None:
    quality = measure_quality(np.full((4, 75, 3), np.nan, dtype=np.float16), 25, 1)
    assert (quality.body, quality.hand, quality.gap, quality.outside) == (0, 0, 0, 0)


@given(st.lists(st.booleans(), max_size=30))
def test_longest_gap_is_the_longest_run_between(seen: list[bool]) -> None:
    text = "".join("x" if one else "." for one in seen).strip(".")
    assert longest_gap(np.array(seen, dtype=bool)) == max(map(len, text.split("x")), default=0)


def test_short_gaps_are_filled_in_a_straight_line() -> None:
    points = body(6)
    points[:, LEFT_WRIST, 0] = 0, 0.25, 0.5, 0.75, 1, 1
    full = points.copy()
    points[1:4, LEFT_WRIST] = np.nan
    filled, count = fill(points, longest=3)
    assert count == 3
    np.testing.assert_array_equal(filled, full)
    unfilled, count = fill(points, longest=2)
    assert count == 0
    np.testing.assert_array_equal(unfilled, points)


def test_what_is_missing_at_an_end_stays_missing() -> None:
    points = body(5)
    points[:2, LEFT_HAND] = np.nan
    points[4, RIGHT_HAND] = np.nan
    filled, count = fill(points, longest=5)
    assert count == 0
    np.testing.assert_array_equal(filled, points)


@given(seed=st.integers(0, 99), longest=st.integers(0, 6))
def test_filling_changes_nothing_that_was_seen(seed: int, longest: int) -> None:
    points = points_of([12], seed)[0]
    filled, count = fill(points, longest)
    seen = np.isfinite(points)
    np.testing.assert_array_equal(filled[seen], points[seen])
    assert np.isfinite(filled[..., 0]).sum() == np.isfinite(points[..., 0]).sum() + count
    again, more = fill(filled, longest)
    assert more == 0
    np.testing.assert_array_equal(again, filled)


def test_clips_are_dropped_by_the_rule_they_break(tmp_path: Path) -> None:
    clips = [body(10), body(3), body(10), body(10), body(10), body(10)]
    clips[2][:, :33] = np.nan
    clips[3][:8, 33:] = np.nan
    clips[4][3:8, 33:] = np.nan
    clips[5][5:, 33:, 0] = 0.9
    lengths = [len(one) for one in clips]
    path = write(tmp_path / "a.npz", {**columns_of(lengths), "fps": np.full(6, 10)}, clips)
    rules = Rules(least_frames=4, least_body=0.5, least_hand=0.3, longest_gap=0.3, fastest=15)
    findings = judged(path, rules)
    assert findings.dropped == [
        "",
        "frames: 3",
        "body: 0.00",
        "hand: 0.20",
        "gap: 0.50 s",
        "speed: 20.0",
    ]
    assert judged(path, Rules()).dropped == [""] * 6


def test_same_points_are_found_whatever_their_label(tmp_path: Path) -> None:
    clips = points_of([5, 5, 5, 4])
    clips[2] = clips[0].copy()
    clips[2][np.isnan(clips[2])] = np.float16(-np.nan)  # another of the many NaN
    path = write(tmp_path / "a.npz", columns_of([5, 5, 5, 4]), clips)
    findings = judged(path, Rules())
    assert findings.same.tolist() == [-1, -1, 0, -1]
    assert findings.keep.all()
    assert judged(path, Rules(drop_duplicates=True)).dropped == ["", "", "same: as clip 0", ""]


def test_copy_of_a_dropped_clip_is_not_dropped_for_it(tmp_path: Path) -> None:
    clips = [body(4)] * 2
    columns = {**columns_of([4, 4]), "fps": np.array([1, 25])}
    clips[0][1:3, 33:] = np.nan
    path = write(tmp_path / "a.npz", columns, clips)
    assert judged(path, Rules(drop_duplicates=True, longest_gap=1)).dropped == ["gap: 2.00 s", ""]


def test_recorded_archive_has_the_copies_that_were_found_in_it(archives: Path) -> None:
    with ArchiveReader(archives / "wlasl100-train.npz") as reader:
        labels, names = reader.columns["labels"], reader.columns["names"]
        same = duplicates.find_exact([duplicates.digest(points) for points in reader.clips()])
    copies = np.flatnonzero(same >= 0)
    assert len(copies) == 8
    assert (names[copies] != names[same[copies]]).all()
    assert (labels[copies] != labels[same[copies]]).sum() == 4


def test_moved_shrunk_and_trembling_copies_are_near_and_others_are_not(archives: Path) -> None:
    with ArchiveReader(archives / "wlasl100-val.npz") as reader:
        clips = list(reader.clips())
    random = np.random.default_rng(0)
    copies: list[NDArray[np.float16]] = [
        (0.8 * clip + 0.1 + random.normal(0, 0.002, clip.shape)).astype(np.float16)
        for clip in clips
    ]
    signatures = np.stack([duplicates.sign(clip, 1) for clip in [*clips, *copies]])
    found = duplicates.find_near(signatures, 0.03)
    assert (found[: len(clips)] == -1).all()
    is_found = found[len(clips) :] == np.arange(len(clips))
    assert is_found.mean() > 0.98


def test_near_clips_are_found_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    first = random.normal(size=(7, duplicates.SIGNATURE)).astype(np.float32)
    signatures = np.concatenate([first, first[[5, 1]] + 0.001, first[[3]] + 1])
    signatures[2] = np.nan
    expected = [-1] * 7 + [5, 1, -1]
    assert duplicates.find_near(signatures, 0.01).tolist() == expected
    monkeypatch.setattr(duplicates, "_BLOCK", 2)
    assert duplicates.find_near(signatures, 0.01).tolist() == expected


def test_clip_without_shoulders_is_nobodys_duplicate() -> None:
    points = body(4)
    points[:, 11] = np.nan
    signature = duplicates.sign(points, 1)
    assert np.isnan(signature).all()
    assert duplicates.find_near(np.stack([signature, signature]), 1).tolist() == [-1, -1]


def test_command_reports_fills_and_drops(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = [body(10), body(10), body(10)]
    clips[0][4, LEFT_HAND] = np.nan
    clips[1][:9, 33:] = np.nan
    path = write(tmp_path / "a.npz", {**columns_of([10] * 3), "fps": np.full(3, 10)}, clips)
    output, report = tmp_path / "b.npz", tmp_path / "r.csv"
    arguments = ["dataset", "clean", str(path), "--json", "--fill", "0.1", "--least-hand", "0.5"]
    assert main([*arguments, "-o", str(output), "--report", str(report)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["clips"], found["kept"], found["filled"]) == (3, 2, 21)
    assert found["dropped"] == {"hand": 1}
    assert found["hand"] == pytest.approx(21 / 30, abs=1e-4)
    columns, kept = read(output)
    assert columns["names"].tolist() == ["n0", "n2"]
    np.testing.assert_array_equal(kept[0], body(10))
    with report.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["dropped"] for row in rows] == ["", "hand: 0.10", ""]
    assert (rows[0]["name"], rows[0]["filled"], rows[2]["same_as"]) == ("n0", "21", "")


def test_report_alone_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_signed(tmp_path / "a.npz", ["w"] * 3, ["x"] * 3)
    before = path.read_bytes()
    assert main(["dataset", "clean", str(path)]) == 0
    assert capsys.readouterr().out.endswith("-o FILE writes the clips that are kept\n")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_rules_that_leave_nothing_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_signed(tmp_path / "a.npz", ["w"] * 3, ["x"] * 3)
    arguments = ["dataset", "clean", str(path), "--least-frames", "99", "-o"]
    assert main([*arguments, str(tmp_path / "b.npz")]) == 1
    assert f"{path}: of 3 clips none would be left" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["dataset", "clean", str(path), "--least-hand", "5"])
    assert "'5' is above 1" in capsys.readouterr().err
