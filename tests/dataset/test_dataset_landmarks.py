"""GISLR, MP_Data and .pose files -> archives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import Signing
from extras import needs
from formats import (
    failures_of,
    stored,
    write_archive,
    write_gislr,
    write_gislr_clip,
    write_mp_data,
)

from edge.__main__ import main
from edge.landmarks.archive import read_clips
from edge.landmarks.skeleton import LEFT_HAND, POSE, RIGHT_HAND

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = needs("pyarrow", "pose_format")


def run(*arguments: object) -> int:
    """Import, quietly."""
    return main(["dataset", "import", *map(str, arguments), "--quiet"])


def load(path: Path) -> dict[str, NDArray[np.generic]]:
    """Read an archive's arrays."""
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays}


def test_gislr_comes_without_its_faces(tmp_path: Path) -> None:
    waving, both = stored(Signing(length=1.5)), stored(Signing(length=1.0, is_both=True))
    folder = write_gislr(tmp_path / "asl-signs", [("TV", 26734, 1, waving), ("blow", 9, 2, both)])
    output = tmp_path / "gislr.npz"
    assert run("gislr", folder, "-o", output) == 0
    found = load(output)
    assert found["labels"].tolist() == ["tv", "blow"]
    assert found["signers"].tolist() == ["gislr_26734", "gislr_9"]
    assert found["names"].tolist() == ["26734_1", "9_2"]
    assert found["fps"].tolist() == [30, 30]
    assert found["aspect"].tolist() == [0.75, 0.75]
    np.testing.assert_array_equal(found["points"], np.concatenate([waving, both]))
    assert len(read_clips(output)) == 2


def test_several_processes_read_the_same(tmp_path: Path) -> None:
    clips = [("tv", 1, number, stored(Signing(length=0.2 + number / 10))) for number in range(5)]
    folder = write_gislr(tmp_path / "asl-signs", clips)
    (folder / "train_landmark_files" / "1" / "3.parquet").write_bytes(b"")
    for jobs in ("1", "2"):
        assert run("gislr", folder, "-o", tmp_path / f"{jobs}.npz", "--jobs", jobs) == 0
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()
    assert failures_of(tmp_path / "1.npz") == failures_of(tmp_path / "2.npz")
    assert run("gislr", folder, "-o", tmp_path / "3.npz", "--jobs", "0") == 2


def test_gislrs_damaged_file_is_reported_and_the_rest_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = stored(Signing(length=1.0))
    clips = [("tv", 1, 1, points), ("tv", 1, 2, points), ("tv", 1, 3, points)]
    folder = write_gislr(tmp_path / "asl-signs", clips)
    files = folder / "train_landmark_files" / "1"
    (files / "1.parquet").write_bytes(b"PAR1, and then nothing of the kind")
    (files / "3.parquet").unlink()
    output = tmp_path / "gislr.npz"
    assert run("gislr", folder, "-o", output, "--json", "--fps", "24", "--aspect", "0.5") == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert (report["clips"], report["failed"]) == (1, 2)
    failed = failures_of(output)
    assert [file for file, _ in failed] == [
        "train_landmark_files/1/1.parquet",
        "train_landmark_files/1/3.parquet",
    ]
    assert failed[1][1] == "no such file"
    assert "left out 2" in printed.err
    assert load(output)["fps"].tolist() == [24]


def test_a_gap_in_gislrs_frames_is_a_frame_in_which_nothing_was_seen(tmp_path: Path) -> None:
    import pyarrow.compute
    from pyarrow import parquet

    points = stored(Signing(length=1.0))
    folder = write_gislr(tmp_path / "asl-signs", [("tv", 1, 1, points)])
    path = folder / "train_landmark_files" / "1" / "1.parquet"
    table = parquet.read_table(path)
    kept = table.filter(pyarrow.compute.field("frame") != 27 + 5)
    parquet.write_table(kept.take(np.arange(kept.num_rows)[::-1]), path)  # in any order
    assert run("gislr", folder, "-o", tmp_path / "a.npz") == 0
    found = load(tmp_path / "a.npz")["points"]
    assert np.isnan(found[5]).all()
    np.testing.assert_array_equal(np.delete(found, 5, 0), np.delete(points, 5, 0))


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("train.csv", "path,sign\na,b\n", "no column participant_id, sequence_id"),
        ("train.csv", "path,participant_id,sequence_id,sign\na,1,2,\n", "line 2: sign is empty"),
        ("train.csv", "path,participant_id,sequence_id,sign\na,1,2,cow\n", "'cow' is not in"),
        ("sign_to_prediction_index_map.json", "[1", "sign_to_prediction_index_map.json: "),
    ],
)
def test_gislrs_lists_are_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str, problem: str
) -> None:
    folder = write_gislr(tmp_path / "asl-signs", [("tv", 1, 1, stored(Signing(length=1.0)))])
    (folder / name).write_text(content)
    assert run("gislr", folder, "-o", tmp_path / "a.npz") > 0
    error = capsys.readouterr().err
    assert problem in error
    assert str(folder / name) in error
    assert not (tmp_path / "a.npz").exists()


def test_a_landmark_that_is_none_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from pyarrow import parquet

    points = stored(Signing(length=1.0))
    folder = write_gislr(tmp_path / "asl-signs", [("tv", 1, 1, points), ("tv", 1, 2, points)])
    path = folder / "train_landmark_files" / "1" / "2.parquet"
    write_gislr_clip(path, points, first=0)
    table = parquet.read_table(path)
    at = table.column_names.index("landmark_index")
    wrong = table["landmark_index"].to_numpy() + 100
    parquet.write_table(table.set_column(at, "landmark_index", [wrong]), path)
    assert run("gislr", folder, "-o", tmp_path / "a.npz") == 0
    assert "landmark_index: " in capsys.readouterr().err


@pytest.mark.parametrize("face", [0, 468, 478])
def test_mp_data_is_read_with_and_without_faces(tmp_path: Path, face: int) -> None:
    long, short = stored(Signing(length=0.8)), stored(Signing(length=0.5, is_both=True))
    folder = tmp_path / "MP_Data"
    for number, points in ((2, long), (10, short)):
        write_mp_data(folder, "Thank_you", number, points, face)
    (folder / "README.md").write_text("notes")
    output = tmp_path / "a.npz"
    assert run("mp-data", folder, "-o", output, "--signer", "me") == 0
    found = load(output)
    assert found["names"].tolist() == ["Thank_you/2", "Thank_you/10"]
    assert found["labels"].tolist() == ["thank you"] * 2
    assert found["signers"].tolist() == ["me"] * 2
    assert found["lengths"].tolist() == [12, 8]
    assert found["fps"].tolist() == [15, 15]
    expected = np.concatenate([long, short])
    np.testing.assert_array_equal(found["points"], expected)  # zeros became NaN again


def test_mp_datas_damaged_frames_are_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "MP_Data"
    points = stored(Signing(length=0.5))
    for number in (1, 2, 3):
        write_mp_data(folder, "go", number, points, 468)
    (folder / "go" / "1" / "4.npy").write_bytes(b"\x93NUMPY")
    np.save(folder / "go" / "2" / "0.npy", np.zeros(99))
    assert run("mp-data", folder, "-o", tmp_path / "a.npz") == 0
    reasons = [reason for _, reason in failures_of(tmp_path / "a.npz")]
    assert [reason.split(":")[0] for reason in reasons] == ["4.npy", "0.npy"]
    assert "99 values of float64; 258, 1662 and 1692 are known" in reasons[1]
    assert "left out 2" in capsys.readouterr().err
    assert load(tmp_path / "a.npz")["names"].tolist() == ["go/3"]


def test_nothing_to_import_is_an_error_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_mp_data(tmp_path / "MP_Data", "go", 1, stored(Signing(length=0.5)), 0)
    for path in clip.iterdir():
        path.write_bytes(b"")
    assert run("mp-data", tmp_path / "MP_Data", "-o", tmp_path / "a.npz") == 1
    assert "none of 1 clips could be read" in capsys.readouterr().err
    for kind in ("mp-data", "pose", "alphabet"):
        assert run(kind, tmp_path / "empty", "-o", tmp_path / "a.npz") == 1
        assert str(tmp_path / "empty") in capsys.readouterr().err
    assert run("mp-data", tmp_path / "MP_Data", "-o", tmp_path / "a.npz", "--fps", "-1") == 2
    assert "--fps -1" in capsys.readouterr().err
    assert not (tmp_path / "a.npz").exists()


def test_an_archive_that_cannot_be_written_is_one_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_mp_data(tmp_path / "MP_Data", "go", 1, stored(Signing(length=0.5)), 0)
    (tmp_path / "file").touch()
    output = tmp_path / "file" / "a.npz"
    assert run("mp-data", tmp_path / "MP_Data", "-o", output) == 1
    assert f"{output}: cannot be written" in capsys.readouterr().err


def write_pose(path: Path, points: NDArray[np.float16], *, has_face: bool = True) -> None:
    """Write a file as video_to_pose does: with a face, the world landmarks, visibilities."""
    from pose_format import Pose
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions

    names = {"POSE_LANDMARKS": 33, "FACE_LANDMARKS": 468}
    names |= {"LEFT_HAND_LANDMARKS": 21, "RIGHT_HAND_LANDMARKS": 21, "POSE_WORLD_LANDMARKS": 33}
    if not has_face:
        del names["FACE_LANDMARKS"]
    header = PoseHeader(
        version=0.2,
        dimensions=PoseHeaderDimensions(640, 480, 1000),
        components=[
            PoseHeaderComponent(name, [str(i) for i in range(count)], [], [(9, 9, 9)], "XYZC")
            for name, count in names.items()
        ],
    )
    shown = points.astype(np.float64) * [640, 480, 1]
    face = np.full((len(points), 468 if has_face else 0, 3), 200.0)
    world = np.full((len(points), 33, 3), 0.5)
    data = np.concatenate(
        [shown[:, POSE], face, shown[:, LEFT_HAND], shown[:, RIGHT_HAND], world], axis=1
    )
    confidence = np.isfinite(data).all(axis=-1) * 0.7
    path.parent.mkdir(parents=True, exist_ok=True)
    body = NumPyPoseBody(29.97, np.nan_to_num(data)[:, None], confidence[:, None])
    with path.open("wb") as file:
        Pose(header, body).write(file)


def test_what_video_to_pose_writes_is_read(tmp_path: Path) -> None:
    points = stored(Signing(length=1.0, absent=(0.3, 0.5)))
    folder = tmp_path / "poses"
    write_pose(folder / "Hello" / "ann" / "1.pose", points)
    write_pose(folder / "book__bo__7.pose", points, has_face=False)
    output = tmp_path / "a.npz"
    assert run("pose", folder, "-o", output) == 0
    found = load(output)
    assert found["labels"].tolist() == ["hello", "book"]
    assert found["signers"].tolist() == ["ann", "bo"]
    assert found["fps"].tolist() == pytest.approx([29.97] * 2)
    assert found["aspect"].tolist() == pytest.approx([4 / 3] * 2)
    for half in np.split(found["points"], 2):
        np.testing.assert_array_equal(half, points)


def test_pose_files_of_another_skeleton_or_none_are_reported(tmp_path: Path) -> None:
    from pose_format import Pose
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions

    folder = tmp_path / "poses"
    write_pose(folder / "go" / "1.pose", stored(Signing(length=0.5)))
    (folder / "go" / "2.pose").write_bytes((folder / "go" / "1.pose").read_bytes()[:5000])
    (folder / "go" / "3.pose").write_bytes(b"")
    (folder / "go" / "5.pose").write_bytes(bytes(range(256)) * 9)
    component = PoseHeaderComponent("BODY_25", ["a"], [], [(9, 9, 9)], "XYC")
    header = PoseHeader(0.2, PoseHeaderDimensions(64, 48, 0), [component])
    body = NumPyPoseBody(25, np.ones((3, 1, 1, 2)), np.ones((3, 1, 1)))
    with (folder / "go" / "4.pose").open("wb") as file:
        Pose(header, body).write(file)
    assert run("pose", folder, "-o", tmp_path / "a.npz") == 0
    assert load(tmp_path / "a.npz")["labels"].tolist() == ["go"]
    reasons = [reason for _, reason in failures_of(tmp_path / "a.npz")]
    assert len(reasons) == 4
    assert reasons[2] == "no POSE_LANDMARKS of MediaPipe Holistic in it, but BODY_25"
    assert all(reasons[k].startswith("not a .pose file") for k in (0, 1, 3))


def test_a_list_beside_pose_files_must_fit_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = write_archive(tmp_path / "a.npz")
    folder = tmp_path / "poses"
    assert main(["dataset", "export", str(archive), "-o", str(folder), "--quiet"]) == 0
    (folder / "000001-thank_you.pose").unlink()
    assert run("pose", folder, "-o", tmp_path / "b.npz") == 1
    error = capsys.readouterr().err
    assert f"{folder / 'clips.csv'}: line 3: file '000001-thank_you.pose' is not there" in error


def test_a_missing_package_is_named_with_its_extra(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write_archive(tmp_path / "a.npz")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    for output in ("t.csv", "poses"):
        assert main(["dataset", "export", str(archive), "-o", str(tmp_path / output)]) == 2
        assert "scripts/setup --extras train" in capsys.readouterr().err
