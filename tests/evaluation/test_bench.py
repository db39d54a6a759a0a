"""What bench measures: agreement, floor, idle frames; and all of it on a few real frames."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from conftest import UNIT

from edge.__main__ import main
from edge.camera.pacing import spaced
from edge.config.settings import GateSettings, LandmarkSettings, Settings
from edge.errors import ConfigError, SourceError
from edge.evaluation.bench.agreement import has_hand, measure_agreement
from edge.evaluation.bench.floor import Floor
from edge.evaluation.bench.frames import searched_frames
from edge.evaluation.bench.idle import idle_cost
from edge.evaluation.bench.table import bench_table
from edge.landmarks.holistic.graph import add_bare_package
from edge.landmarks.skeleton import LEFT_HAND, POSE, RIGHT_HAND
from edge.messages import Frame

if TYPE_CHECKING:
    from conftest import Signing

CLIP = "words/drink__wlasl_115__69302.mp4"
RAISED = slice(20, 44, 2)
"""Frames of that clip in which hands are up."""
BACKENDS = {"tracker", "mediapipe", "holistic"}


def write_video(path: Path, pictures: list[Any], fps: float = 12.5) -> Path:
    """Write pictures (H, W, 3), blue first."""
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (width, height))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


# Agreement


def test_landmarks_agree_with_themselves(signing: Signing) -> None:
    _, points = signing.arrays()
    agreement = measure_agreement(points, points)
    assert agreement.hands == 2 * len(points)
    assert (agreement.presence, agreement.hand, agreement.pose) == (1, 0, 0)


def test_distances_are_in_shoulder_widths(signing: Signing) -> None:
    _, points = signing.arrays()
    moved = points.copy()
    moved[:, POSE, 0] += 0.1 * UNIT
    moved[:, RIGHT_HAND, 1] -= 0.02 * UNIT
    moved[..., 2] += 1  # depth is rough in both
    agreement = measure_agreement(moved, points)
    assert agreement.hand == pytest.approx(0.02, abs=1e-4)
    assert agreement.pose == pytest.approx(0.1, abs=1e-4)


def test_hand_that_one_sees_and_the_other_does_not_counts_against_presence(
    signing: Signing,
) -> None:
    _, points = signing.arrays()
    seen = has_hand(points)
    assert seen[:, 1].any()
    assert not seen[:, 0].any()
    blind = points.copy()
    blind[:, RIGHT_HAND] = np.nan
    agreement = measure_agreement(blind, points)
    assert agreement.presence == pytest.approx(1 - seen.sum() / seen.size)
    assert np.isnan(agreement.hand)
    assert has_hand(points[0]).shape == (2,)


def test_hand_is_not_measured_where_only_one_sees_it(signing: Signing) -> None:
    _, points = signing.arrays()
    more = points.copy()
    more[:, LEFT_HAND] = 5.0
    assert measure_agreement(more, points).hand == 0


# Frames


def test_frames_too_soon_after_the_last_one_kept_are_left_out() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    frames = [Frame(k, time, image) for k, time in enumerate((0.0, 0.04, 0.05, 0.09, 0.1))]
    assert [frame.index for frame in spaced(frames, 0.05)] == [0, 2, 4]


def test_frames_are_those_that_the_daemon_would_search(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", [np.zeros((48, 64, 3), np.uint8)] * 30, fps=30)
    settings = Settings(landmarks=LandmarkSettings(max_fps=15.0))
    times = [frame.time for frame in searched_frames(path, settings, start=100.0)]
    assert times == pytest.approx([100 + k / 15 for k in range(15)])


def test_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"a\.npz: an archive holds landmarks"):
        searched_frames(tmp_path / "a.npz", Settings())


# Idle frames and the floor


def test_idle_frame_costs_next_to_nothing() -> None:
    image = np.full((480, 640, 3), 90, np.uint8)
    assert 0 < idle_cost(image, Settings()) < 0.005


def test_without_a_gate_no_frame_is_idle() -> None:
    settings = Settings(gate=GateSettings(enabled=False))
    with pytest.raises(ConfigError, match=r"gate\.enabled = false"):
        idle_cost(np.zeros((48, 64, 3), np.uint8), settings)


def test_floor_adds_up_runs_of_networks_that_were_timed_in_turn() -> None:
    floor = Floor()
    for _ in range(4):
        floor.probe(["recrop", "hand_lite"])
    recrop, hand = floor.seconds({"recrop": 1}), floor.seconds({"hand_lite": 1})
    assert 0 < recrop < hand
    assert floor.seconds({"recrop": 2, "hand_lite": 3}) == pytest.approx(2 * recrop + 3 * hand)
    assert floor.seconds({"recrop": 1}, is_whole=True) > 0


def test_member_of_a_bare_package_is_imported_without_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "__init__.py").write_text("raise ImportError\n")
    (tmp_path / "member.py").write_text("value = 7\n")
    monkeypatch.setitem(sys.modules, "barely", None)  # put back afterwards
    monkeypatch.delitem(sys.modules, "barely.member", raising=False)
    add_bare_package("barely", tmp_path)
    assert importlib.import_module("barely.member").value == 7
    assert importlib.util.find_spec("barely") is not None


# The command


@pytest.fixture(scope="module")
def short(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dozen frames of somebody who signs."""
    capture = cv2.VideoCapture(str(media / CLIP))
    pictures = []
    while (picture := capture.read())[0]:
        pictures.append(picture[1])
    return write_video(tmp_path_factory.mktemp("bench") / "short.mp4", pictures[RAISED])


@pytest.fixture(scope="module")
def outcome(short: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """What bench gives for it, and what it wrote to standard error."""
    folder = tmp_path_factory.mktemp("settings")
    (folder / "config.toml").touch()
    done = subprocess.run(
        [sys.executable, "-m", "edge", "bench", "--json", str(short)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout), done.stderr


def test_report_has_ratios_stages_starts_and_agreement(
    outcome: tuple[dict[str, Any], str], short: Path
) -> None:
    report, errors = outcome
    assert "Traceback" not in errors
    assert report["clips"] == 1
    assert 6 <= report["signing_frames"] <= report["frames"] == 12
    assert 0.1 < report["ratio_to_holistic"] < 1
    assert 0.9 < report["ratio_to_floor"] < 3
    assert 0 < report["idle_ratio"] < 1 / 30
    assert 0 < report["stages"]["body"]["per_frame"] <= 1.5
    assert report["hours"]["tracker"] < report["hours"]["mediapipe"] < report["hours"]["holistic"]
    (clip,) = report["by_clip"]
    assert clip["file"] == str(short)
    assert clip["presence"] == report["agreement"]["presence"] > 0.8
    assert report["agreement"]["hand"] < 0.1


def test_each_backend_is_started_in_a_process_of_its_own(
    outcome: tuple[dict[str, Any], str],
) -> None:
    report, _ = outcome
    assert report["backends"].keys() == BACKENDS
    own, graph = report["backends"]["tracker"], report["backends"]["mediapipe"]
    assert (own["imported"], graph["imported"]) == ([], ["mediapipe"])
    assert report["rss_mb"] == own["rss_mb"] < graph["rss_mb"]
    assert own["rss_mb"] <= own["rss_peak_mb"]
    assert report["start_s"] == own["start_s"] > 0
    assert report["fps"] == pytest.approx(1000 / own["cpu_ms"], rel=0.01)


def test_people_get_tables(outcome: tuple[dict[str, Any], str]) -> None:
    text = bench_table(outcome[0])
    assert "tracker to bare Holistic" in text
    assert all(word in text for word in (*BACKENDS, "body", "short", "together"))
    assert "None" not in text


@pytest.mark.usefixtures("bare_environment")
@pytest.mark.parametrize(("name", "reason"), [("none.mp4", "no such file"), ("a.npz", "archive")])
def test_bad_file_is_named_before_anything_is_measured(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, reason: str
) -> None:
    assert main(["bench", str(tmp_path / name)]) == 1
    captured = capfd.readouterr()
    assert captured.err.startswith(f"sign-edge: {tmp_path / name}: ")
    assert reason in captured.err
    assert captured.out == ""


@pytest.mark.usefixtures("bare_environment")
def test_video_without_hands_is_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_video(tmp_path / "black.mp4", [np.zeros((120, 160, 3), np.uint8)] * 3)
    assert main(["bench", str(path)]) == 1
    assert "black.mp4: no hand is seen" in capfd.readouterr().err


def test_bench_without_a_video_says_how_it_is_used(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["bench"])
    assert "FILE" in capfd.readouterr().err
