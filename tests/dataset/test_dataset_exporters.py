"""Exports: what comes back from CSV, Parquet and .pose is what went in."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from extras import needs
from formats import write_archive

from edge.__main__ import main
from edge.dataset.exporters.pose_writer import picture_size

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("pyarrow", "pose_format")


def export(archive: Path, output: Path, *options: str) -> int:
    """Export, quietly."""
    return main(["dataset", "export", str(archive), "-o", str(output), "--quiet", *options])


def assert_same(one: Path, other: Path) -> None:
    """Whether two archives hold the same clips, to the bit."""
    with np.load(one) as before, np.load(other) as after:
        assert set(before) == set(after)
        for name in before:
            np.testing.assert_array_equal(before[name], after[name], err_msg=name)


@pytest.mark.parametrize("rows", ["frame", "point"])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_what_was_exported_to_a_table_comes_back_exactly(
    tmp_path: Path, suffix: str, rows: str
) -> None:
    archive, table = write_archive(tmp_path / "a.npz"), tmp_path / f"t.{suffix}"
    assert export(archive, table, "--rows", rows) == 0
    back = tmp_path / "b.npz"
    assert main(["dataset", "import", "table", str(table), "-o", str(back), "--quiet"]) == 0
    assert_same(archive, back)


def test_what_was_exported_to_pose_files_comes_back_exactly(tmp_path: Path) -> None:
    archive, folder = write_archive(tmp_path / "a.npz"), tmp_path / "poses"
    assert export(archive, folder) == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "000000-hello.pose",
        "000001-thank_you.pose",
        "000002-hello.pose",
        "clips.csv",
    ]
    back = tmp_path / "b.npz"
    assert main(["dataset", "import", "pose", str(folder), "-o", str(back), "--quiet"]) == 0
    assert_same(archive, back)


def test_real_clips_survive_every_format(tmp_path: Path, archives: Path) -> None:
    archive = archives / "words-none.npz"
    for name, kind in (("t.parquet", "table"), ("poses", "pose")):
        assert export(archive, tmp_path / name) == 0
        back = tmp_path / f"{name}.npz"
        assert (
            main(["dataset", "import", kind, str(tmp_path / name), "-o", str(back), "--quiet"]) == 0
        )
        with np.load(archive) as before, np.load(back) as after:
            for column in before:
                np.testing.assert_array_equal(before[column], after[column], err_msg=column)


def test_their_own_tools_know_and_draw_our_pose_files(tmp_path: Path) -> None:
    from pose_format import Pose
    from pose_format.pose_visualizer import PoseVisualizer
    from pose_format.utils.generic import detect_known_pose_format, pose_normalization_info

    assert export(write_archive(tmp_path / "a.npz"), tmp_path / "poses") == 0
    pose = Pose.read((tmp_path / "poses" / "000001-thank_you.pose").read_bytes())
    assert detect_known_pose_format(pose) == "holistic"
    assert pose.body.fps == 15
    assert (pose.header.dimensions.width, pose.header.dimensions.height) == (960, 720)
    pose_normalization_info(pose.header)  # finds both shoulders by name
    frames = list(PoseVisualizer(pose).draw(background_color=(255, 255, 255)))
    assert len(frames) == len(pose.body.data)
    assert frames[10].shape == (720, 960, 3)
    drawn = (frames[10] != 255).any(axis=-1)
    assert 0.001 < drawn.mean() < 0.2
    at = pose.body.data[10, 0, pose.header.get_point_index("LEFT_HAND_LANDMARKS", "WRIST"), :2]
    x, y = np.rint(at.filled(-1)).astype(int)
    assert drawn[y - 3 : y + 4, x - 3 : x + 4].any()


def test_a_csv_has_a_row_a_frame_and_nothing_where_nothing_was_seen(tmp_path: Path) -> None:
    assert export(write_archive(tmp_path / "a.npz"), tmp_path / "t.csv") == 0
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30 + 21 + 15
    assert rows[0]["label"] == "hello"
    assert rows[0]["right_hand_wrist_x"] == ""
    assert float(rows[15]["right_hand_wrist_x"]) > 0
    assert [row["time"] for row in rows[:2]] == ["0", "0.06666667"]


def test_the_same_archive_gives_the_same_bytes(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.npz")
    for name in ("t.csv", "t.parquet"):
        outputs = []
        for turn in ("1", "2"):
            (tmp_path / turn).mkdir(exist_ok=True)
            assert export(archive, tmp_path / turn / name) == 0
            outputs.append((tmp_path / turn / name).read_bytes())
        assert outputs[0] == outputs[1]


def test_an_export_replaces_nothing_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = write_archive(tmp_path / "a.npz")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("all of it")
    assert export(archive, mine, "--to", "pose", "--force") == 2
    assert "thesis.txt" in capsys.readouterr().err
    table = tmp_path / "t.csv"
    table.write_text("precious")
    assert export(archive, table) == 2
    assert table.read_text() == "precious"
    assert export(archive, table, "--force") == 0
    assert export(archive, tmp_path / "poses") == 0
    assert export(archive, tmp_path / "poses") == 2
    assert export(archive, tmp_path / "poses", "--force") == 0
    assert not list(tmp_path.glob(".*"))


def test_an_unknown_suffix_is_asked_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(write_archive(tmp_path / "a.npz"), tmp_path / "t.xlsx") == 2
    assert "--to" in capsys.readouterr().err


def test_json_says_what_was_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(write_archive(tmp_path / "a.npz"), tmp_path / "t.csv", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "output": str(tmp_path / "t.csv"),
        "clips": 3,
        "rows": 66,
    }


@pytest.mark.parametrize("aspect", [4 / 3, 16 / 9, 1.0, 0.5625, 0.75, 1.2345, 2.39])
def test_a_picture_of_every_form_is_found(aspect: float) -> None:
    width, height = picture_size(float(np.float32(aspect)))
    assert height >= 720
    assert max(width, height) < 1 << 16
    assert width / height == pytest.approx(aspect, rel=1e-6)
