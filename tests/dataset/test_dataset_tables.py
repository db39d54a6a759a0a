"""Tables of landmarks -> archives: what their columns are called, where clips end."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import Signing
from extras import needs
from formats import ASPECT, stored

from edge.__main__ import main
from edge.dataset.importers.columns import find_places
from edge.errors import ArchiveError
from edge.landmarks.skeleton import INDEX, NAMES, POSE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = needs("pyarrow")
HANDS = ("left_hand", "right_hand")


def write_rows(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    """Write a CSV."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def load(table: Path, *options: str) -> dict[str, NDArray[Any]]:
    """Import a table and read the archive's arrays."""
    output = table.with_suffix(".npz")
    assert main(["dataset", "import", "table", str(table), "-o", str(output), *options]) == 0
    with np.load(output) as arrays:
        return {name: arrays[name] for name in arrays}


def hand_columns(first: int, style: str) -> list[str]:
    """Name the columns of both hands."""
    return [
        style.format(part=part, number=number, axis=axis)
        for part in HANDS
        for number in range(first, first + 21)
        for axis in "xyz"
    ]


def hand_values(points: NDArray[np.float16]) -> list[list[float]]:
    """Give the hands' coordinates of each frame, zeros where unseen as many dumps have them."""
    rows: list[list[float]] = np.nan_to_num(points[:, 33:].reshape(len(points), -1)).tolist()
    return rows


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(
    "style",
    [
        "{part}_{number}_{axis}",
        "{part}_landmark_{number}_{axis}",
        "{part}_landmarks_{number}_{axis}",
        "{part}_{axis}{number}",
        "{part}{number}.{axis}",
    ],
)
def test_columns_of_many_habits_are_the_same_points(first: int, style: str) -> None:
    places = find_places(["label", "score", *hand_columns(first, style)])
    wrist = style.format(part="right_hand", number=first, axis="y")
    tip = style.format(part="left_hand", number=first + 4, axis="z")
    assert places[wrist] == (INDEX["right_hand_wrist"], 1)
    assert places[tip] == (INDEX["left_hand_thumb_tip"], 2)
    assert len(places) == 126


def test_short_names_and_other_parts_are_understood() -> None:
    hands = ["lh_0_x", "lh_0_y", "RH 8 X", "RH 8 Y", "Left_Hand_Pinky_Tip_X"]
    others = ["pose_11_x", "pose_11_y", "pose_11_visibility", "face_1_x", "face_1_y"]
    places = find_places([*hands, "left_hand_pinky_tip_y", *others])
    assert places == {
        "lh_0_x": (INDEX["left_hand_wrist"], 0),
        "lh_0_y": (INDEX["left_hand_wrist"], 1),
        "RH 8 X": (INDEX["right_hand_index_tip"], 0),
        "RH 8 Y": (INDEX["right_hand_index_tip"], 1),
        "pose_11_x": (INDEX["left_shoulder"], 0),
        "pose_11_y": (INDEX["left_shoulder"], 1),
        "Left_Hand_Pinky_Tip_X": (INDEX["left_hand_pinky_tip"], 0),
        "left_hand_pinky_tip_y": (INDEX["left_hand_pinky_tip"], 1),
    }


def test_bare_numbers_are_the_pose_and_what_follows_it_the_face() -> None:
    header = [f"{axis}{number}" for number in range(1, 502) for axis in "xyzv"]
    places = find_places(["class", *header])
    assert places["x1"] == (0, 0)
    assert places["z33"] == (POSE.stop - 1, 2)
    assert len(places) == 99


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (["label", "a", "b"], "no column of a landmark"),
        (["lh_0_x"], "'lh_0_x' has none for y"),
        (["lh_0_x", "lh_0_y", "left_hand_0_x"], "hold the same"),
        (["rh_30_x", "rh_30_y"], "right_hand has no point 30"),
        ([f"{axis}{k}" for k in range(21) for axis in "xyz"], "of which part are they?"),
    ],
)
def test_columns_that_will_not_do_are_named(header: list[str], problem: str) -> None:
    with pytest.raises(ArchiveError, match=problem.replace("?", r"\?")):
        find_places(header)


def test_a_dump_of_key_frames_gives_a_clip_of_one_frame_each(tmp_path: Path) -> None:
    points = stored(Signing())
    frames = [20, 25, 30]
    header = ["class", *hand_columns(0, "{part}_{number}_{axis}")]
    values = hand_values(points)
    rows = [["Book", *values[frame]] for frame in frames]
    found = load(write_rows(tmp_path / "keys.csv", header, rows), "--signer", "me")
    assert found["lengths"].tolist() == [1, 1, 1]
    assert found["labels"].tolist() == ["book"] * 3
    assert found["signers"].tolist() == ["me"] * 3
    assert found["fps"].tolist() == [15] * 3
    np.testing.assert_array_equal(found["points"][:, 33:], points[frames, 33:])
    assert np.isnan(found["points"][:, :33]).all()


def test_without_a_clip_column_a_clip_ends_where_frames_start_anew(tmp_path: Path) -> None:
    header = ["sign", "frame", "rh_0_x", "rh_0_y"]
    rows = [("a", 3, 0.1, 0.1), ("a", 5, 0.2, 0.2), ("a", 0, 0.3, 0.3), ("b", 1, 0.4, 0.4)]
    found = load(write_rows(tmp_path / "t.csv", header, rows))
    assert found["lengths"].tolist() == [3, 1, 1]
    assert found["labels"].tolist() == ["a", "a", "b"]
    wrist = found["points"][:, INDEX["right_hand_wrist"]]
    np.testing.assert_allclose(wrist[:3, 0], [0.1, np.nan, 0.2], atol=1e-3)
    assert wrist[:, 2].tolist()[0] == 0  # no depth is flat, for a point without z is unseen


def test_pixels_become_shares_of_the_picture(tmp_path: Path) -> None:
    points = stored(Signing(length=1.0))
    header = ["label", "clip", "frame", *(f"{name}_{axis}" for name in NAMES for axis in "xyz")]
    pixels = points.astype(np.float64) * [640, 480, 640]
    rows = [
        ["go", "c1", frame, *("" if np.isnan(v) else v for v in shown.ravel().tolist())]
        for frame, shown in enumerate(pixels)
    ]
    found = load(write_rows(tmp_path / "t.csv", header, rows), "--size", "640x480")
    np.testing.assert_array_equal(found["points"], points)
    assert found["aspect"].tolist() == pytest.approx([ASPECT])


def test_pixels_are_not_taken_for_shares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write_rows(
        tmp_path / "t.csv", ["label", "rh_0_x", "rh_0_y"], [("a", 320, 200), ("b", 0.3, 0.2)]
    )
    found = load(table)
    assert found["labels"].tolist() == ["b"]
    assert "a point at 320" in capsys.readouterr().err


def test_a_large_table_is_read_in_pieces_without_tearing_clips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.dataset.importers.table_file._BLOCK", 300)
    header = ["label", "clip", "frame", "rh_0_x", "rh_0_y"]
    rows = [
        ("w", clip, frame, 0.1 + frame / 100, clip / 100)
        for clip in range(9)
        for frame in range(40)
    ]
    found = load(write_rows(tmp_path / "t.csv", header, rows))
    assert found["lengths"].tolist() == [40] * 9
    expected = np.array([row[3] for row in rows]).astype(np.float16)
    np.testing.assert_array_equal(found["points"][:, INDEX["right_hand_wrist"], 0], expected)


@pytest.mark.parametrize(
    ("header", "rows", "problem"),
    [
        (["rh_0_x", "rh_0_y"], [(0.1, 0.1)], "no column for the label"),
        (["label", "rh_0_x", "rh_0_y"], [("a", "left", 0.1)], "left"),
        (
            ["label", "clip", "rh_0_x", "rh_0_y"],
            [("a", 1, 0, 0), ("a", 2, 0, 0), ("a", 1, 0, 0)],
            "the rows of clip '1' are not together",
        ),
        (["label", "rh_0_x", "rh_0_x"], [("a", 1, 2)], "'rh_0_x' is there twice"),
        (["label", "frame", "type", "landmark_index", "x", "y", "z"], [], "tells clips apart"),
        (["label", "clip", "frame", "rh_0_x", "rh_0_y"], [("a", 1, 0.5, 0.1, 0.1)], "0.5"),
        (
            ["label", "clip", "frame", "rh_0_x", "rh_0_y"],
            [("a", 1, 2, 0.1, 0.1), ("a", 1, 2, 0.1, 0.1)],
            "the same number twice",
        ),
    ],
)
def test_a_table_that_will_not_do_is_refused_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    header: list[str],
    rows: list[tuple[object, ...]],
    problem: str,
) -> None:
    table = write_rows(tmp_path / "t.csv", header, rows)
    output = tmp_path / "o.npz"
    assert main(["dataset", "import", "table", str(table), "-o", str(output)]) == 1
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1
    assert not output.exists()
    assert [path.name for path in tmp_path.iterdir() if path.name != "state"] == ["t.csv"]


def test_damaged_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in (
        ("t.parquet", b"PAR1 and no more"),
        ("t.csv", b""),
        ("u.csv", b"\xff\xfe"),
    ):
        (tmp_path / name).write_bytes(content)
        output = tmp_path / "o.npz"
        assert main(["dataset", "import", "table", str(tmp_path / name), "-o", str(output)]) == 1
        assert f"{tmp_path / name}: " in capsys.readouterr().err
        assert not output.exists()
