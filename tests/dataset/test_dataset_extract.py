"""Extraction: the daemon's landmarks, whatever breaks on the way to them."""

from __future__ import annotations

import csv
import json
import signal
import uuid
from pathlib import Path

import cv2
import numpy as np
import pytest
from clipserver import write_video
from extracting import (
    blank_videos,
    deadly,
    processes_with,
    short_clips,
    start,
    task_of,
    until,
)

from edge.__main__ import main
from edge.camera.recordings import Video, quiet_opencv
from edge.config.settings import LandmarkSettings
from edge.dataset.extracting import workers
from edge.dataset.extracting.extractor import Extracted, attempt, extract_clip
from edge.dataset.extracting.finished_clips import Parts
from edge.dataset.extracting.workers import LocalWorkers
from edge.dataset.manifest import Entry, write_manifest
from edge.dataset.worker_pool import default_jobs
from edge.errors import ConfigError, SourceError
from edge.landmarks.archive import read_clips
from edge.landmarks.landmarker import Landmarker
from edge.messages import Frame

pytestmark = pytest.mark.usefixtures("bare_environment")


@pytest.fixture(scope="module")
def words(media: Path) -> Path:
    """Recorded clips of one sign each."""
    return media / "words"


# one clip


def test_clip_is_what_the_landmarker_finds_whatever_was_before_it(words: Path) -> None:
    first, second = sorted(words.glob("*.mp4"))[:2]
    extract_clip(task_of(second, end=0.2))
    found = extract_clip(task_of(first, start=0.8, end=1.2))
    landmarker = Landmarker(LandmarkSettings())
    points = []
    for index, (time, image) in enumerate(Video(first, 25.0).play()):
        if 0.8 <= time < 1.2:
            points += [one.points for one in landmarker.push(Frame(index, time, image))]
    landmarker.close()
    expected = np.stack(points).astype(np.float16)  # 256x256: an aspect of 1
    assert np.isfinite(expected[:, 0, 0]).all()
    np.testing.assert_array_equal(found.points, expected)
    assert found.fps == pytest.approx(25.0)
    assert (found.aspect, len(found.points)) == (1.0, 10)


def test_lower_rate_keeps_even_steps(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 10, (96, 48))
    found = extract_clip(task_of(path, max_fps=12.5))
    assert found.fps == pytest.approx(12.5)
    assert (len(found.points), found.aspect) == (5, 2.0)


def test_box_is_the_picture_with_some_room(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 1, (200, 100))
    found = extract_clip(task_of(path, box=(0.25, 0.25, 0.75, 0.75)))
    assert found.aspect == pytest.approx(120 / 60)
    assert extract_clip(task_of(path, box=(0.0, 0.0, 0.5, 1.0))).aspect == pytest.approx(110 / 100)


def test_points_are_shares_of_width_and_height(words: Path, tmp_path: Path) -> None:
    """A person in the middle of a wide picture is where they are in a square one."""
    quiet_opencv()
    square = min(words.glob("*.mp4"))
    pictures = [image for time, image in Video(square, 25.0).play() if 0.8 <= time < 1.0]
    writer = cv2.VideoWriter(
        str(tmp_path / "wide.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (512, 256)
    )
    for image in pictures:
        writer.write(cv2.copyMakeBorder(image[:, :, ::-1], 0, 0, 128, 128, cv2.BORDER_CONSTANT))
    writer.release()
    wide = extract_clip(task_of(tmp_path / "wide.mp4")).points[-1, :1, :2].astype(float)
    narrow = extract_clip(task_of(square, start=0.8, end=1.0)).points[-1, :1, :2].astype(float)
    np.testing.assert_allclose(wide * [2, 1] - [0.5, 0], narrow, atol=0.02)


@pytest.mark.parametrize("end", [None, 0.2])
def test_file_that_is_cut_off_fails_unless_its_end_is_not_needed(
    tmp_path: Path, end: float | None
) -> None:
    whole = write_video(tmp_path / "a.avi", 60).read_bytes()
    path = tmp_path / "cut.avi"
    path.write_bytes(whole[: len(whole) // 2])
    outcome = attempt(task_of(path, end=end))
    if end is None:
        assert isinstance(outcome, str)
        assert "cut off; its last" in outcome
    else:
        assert isinstance(outcome, Extracted)
        assert len(outcome.points) == 5


def test_faults_are_said_in_a_line(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 5)
    assert attempt(task_of(path, start=3.0)) == f"{path}: nothing from 3 s on"
    assert attempt(task_of(tmp_path / "b.mp4")) == f"{tmp_path / 'b.mp4'}: no such file"
    (tmp_path / "c.mp4").write_bytes(b"junk")
    assert "not a video" in str(attempt(task_of(tmp_path / "c.mp4")))


def test_key_names_the_video_and_the_means(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 2)
    key = task_of(path).key()
    assert task_of(path).key() == key
    others = [
        task_of(path, start=0.1),
        task_of(path, max_fps=5.0),
        task_of(path, box=(0.0, 0.0, 0.5, 0.5)),
        task_of(path, landmarks=LandmarkSettings(min_detection=0.6)),
        task_of(write_video(tmp_path / "b.mp4", 2)),
    ]
    assert key not in {one.key() for one in others}
    assert task_of(path, landmarks=LandmarkSettings(max_fps=30.0)).key() == key
    assert task_of(path, landmarks=LandmarkSettings(backend="mediapipe")).key() != key
    write_video(path, 3)
    assert task_of(path).key() != key


# parts


def test_damaged_part_is_none(tmp_path: Path) -> None:
    points = np.zeros((3, 75, 3), dtype=np.float16)
    with Parts(tmp_path / "a.npz") as parts:
        parts.write("k", Extracted(points, 12.5, 1.5))
        read = parts.read("k")
        assert read is not None
        assert (read.points.shape, read.fps, read.aspect) == ((3, 75, 3), 12.5, 1.5)
        (path,) = parts.folder.glob("*.npz")
        content = bytearray(path.read_bytes())
        content[200] ^= 0xFF
        path.write_bytes(content)
        assert parts.read("k") is None
        path.write_bytes(content[:100])
        assert parts.read("k") is None
        assert parts.read("other") is None


def test_only_one_run_works_on_an_archive(tmp_path: Path) -> None:
    with Parts(tmp_path / "a.npz"), pytest.raises(ConfigError, match="another run works on"):
        Parts(tmp_path / "a.npz").__enter__()
    with Parts(tmp_path / "a.npz"):
        pass


# workers


def test_video_that_kills_its_process_costs_only_itself(tmp_path: Path) -> None:
    names = ["a", "slow b", "deadly c", "slow d", "e"]
    tasks = [task_of(tmp_path / name) for name in names]
    with LocalWorkers(2, deadly) as pool:
        said = {Path(task.path).name: outcome for task, outcome in pool.run(tasks)}
    assert sorted(said) == sorted(names)
    for name, outcome in said.items():
        expected = "kills the process" if "deadly" in name else "seen"
        assert expected in str(outcome)


def test_processes_that_cannot_live_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "DEATHS_MAX", 2)
    tasks = [task_of(tmp_path / f"deadly {index}") for index in range(9)]
    with (
        LocalWorkers(1, deadly) as pool,
        pytest.raises(SourceError, match="one process after the other is killed"),
    ):
        list(pool.run(tasks))


def test_one_core_stays_free() -> None:
    import os

    assert default_jobs() == max(1, len(os.sched_getaffinity(0)) - 1)


# the command


def extract_to(output: Path, *arguments: str) -> int:
    return main(["dataset", "extract", *arguments, "-o", str(output), "--quiet"])


def test_corrupt_video_is_reported_and_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = blank_videos(tmp_path / "v", 6, frames=1)
    (folder / "word1__p0__bad.mp4").write_bytes((folder / "word0__p0__0000.mp4").read_bytes()[:200])
    assert extract_to(tmp_path / "a.npz", str(folder), "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["clips"], said["failed"]) == (6, 1)
    clips = read_clips(tmp_path / "a.npz")
    assert [clip.name for clip in clips] == sorted(path.stem for path in folder.glob("*__0*.mp4"))
    assert {clip.label for clip in clips} == {"word0", "word1", "word2"}
    assert {clip.signer for clip in clips} == {"p0", "p1"}
    with (tmp_path / "a.failures.csv").open(newline="") as file:
        (failure,) = csv.DictReader(file)
    assert failure["name"] == "word1__p0__bad"
    assert "not a video" in failure["reason"]
    assert (tmp_path / "a.npz.parts").is_dir()  # so that a mended video is all that is left to do
    write_video(folder / "word1__p0__bad.mp4", 1)
    assert extract_to(tmp_path / "a.npz", str(folder), "--json", "--force") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["clips"], said["resumed"], said["failed"]) == (7, 6, 0)
    assert sorted(path.name for path in tmp_path.glob("a.*")) == ["a.npz"]


def test_manifest_gives_names_parts_and_splits(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", 20)
    entries = [
        Entry("b", "Book", "p1", "train", file="v.mp4", start=0.2, end=0.4),
        Entry("a", "drink", "p2", "val", file=str(video), end=0.08),
        Entry("c", "eat", url="https://example.org/c.mp4"),
    ]
    (tmp_path / "lists").mkdir()
    write_manifest(tmp_path / "m.csv", entries)
    assert extract_to(tmp_path / "a.npz", str(tmp_path / "m.csv")) == 0
    clips = read_clips(tmp_path / "a.npz")
    assert [(one.name, one.label, one.signer) for one in clips] == [
        ("b", "book", "p1"),
        ("a", "drink", "p2"),
    ]
    assert [len(one.points) for one in clips] == [5, 2]
    with np.load(tmp_path / "a.npz") as arrays:
        assert arrays["splits"].tolist() == ["train", "val"]
    assert "not fetched" in (tmp_path / "a.failures.csv").read_text()


@pytest.mark.slow
def test_killed_run_goes_on_and_ends_with_the_same_bytes(words: Path, tmp_path: Path) -> None:
    manifest = short_clips(words, tmp_path / "m.csv", 5)
    assert extract_to(tmp_path / "whole.npz", str(manifest), "--jobs", "1") == 0
    mark = f"SIGN_EDGE_TEST={uuid.uuid4().hex}"
    arguments = ("extract", str(manifest), "-o", "again.npz", "--jobs", "1")
    name, value = mark.split("=")
    first = start(*arguments, cwd=tmp_path, **{name: value})
    parts = tmp_path / "again.npz.parts"
    until(lambda: len(list(parts.glob("*.npz"))) >= 2)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert not (tmp_path / "again.npz").exists()
    assert len(list(parts.glob("*.npz"))) < 5
    until(lambda: not processes_with(mark), within=20)  # its workers do not outlive it
    second = start(*arguments, "--json", cwd=tmp_path)
    assert second.wait(300) == 0
    second.communicate()
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()
    assert not parts.exists()
    assert np.isfinite(read_clips(tmp_path / "again.npz")[0].points[:, 0]).any()


def test_nothing_extracted_is_an_error_and_no_archive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"junk")
    assert extract_to(tmp_path / "a.npz", str(tmp_path / "a.mp4")) == 1
    assert "no clip could be extracted; the first: " in capsys.readouterr().err
    assert not (tmp_path / "a.npz").exists()
    assert "not a video" in (tmp_path / "a.failures.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gone.csv"], 1, "gone.csv: no such file"),
        (["gone"], 1, "gone: no such file or folder"),
        (["empty"], 1, "empty: no videos in it"),
        (["notes.txt"], 2, "notes.txt: neither a manifest"),
        (["v.mp4", "v.mp4"], 2, "v.mp4: clip 'v' is in v.mp4 too"),
        (["v.mp4", "--set", "landmarks.min_detection=2"], 2, "min_detection"),
        (["v.mp4", "--output", "there.npz"], 2, "there.npz: exists already; --force replaces it"),
    ],
)
def test_bad_input_is_one_clear_error(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "there.npz").write_bytes(b"mine")
    write_video(tmp_path / "v.mp4", 1)
    given = ["dataset", "extract", "-o", "a.npz", *arguments]
    assert main(given) == code
    assert message in capsys.readouterr().err
    assert not (tmp_path / "a.npz").exists()
    assert (tmp_path / "there.npz").read_bytes() == b"mine"
