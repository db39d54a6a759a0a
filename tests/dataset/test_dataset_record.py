"""Recording one's own words, from a clip in the camera's place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from clipserver import write_video
from extras import require

from edge.__main__ import main
from edge.camera.recordings import Video
from edge.dataset.archive_stream import ArchiveReader
from edge.dataset.recorder import append
from edge.errors import ArchiveError
from edge.landmarks.archive import Clip, read_clips, write_clips

pytestmark = pytest.mark.usefixtures("bare_environment")


def points_of(frames: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float16]]:
    return np.random.default_rng(frames).random((frames, 75, 3)).astype(np.float16)


# the archive


def test_clips_are_added_one_by_one_and_named_apart(tmp_path: Path) -> None:
    path = tmp_path / "own" / "a.npz"
    names = [append(path, "thank you", "me", points_of(n), 12.5, 4 / 3) for n in (3, 5)]
    names.append(append(path, "yes", "you", points_of(4), 15.0, 1.0))
    assert names == ["thank_you-001", "thank_you-002", "yes-001"]
    clips = read_clips(path)
    assert [(one.label, one.signer, one.name, len(one.points)) for one in clips] == [
        ("thank you", "me", "thank_you-001", 3),
        ("thank you", "me", "thank_you-002", 5),
        ("yes", "you", "yes-001", 4),
    ]
    with ArchiveReader(path) as reader:
        for stored, frames in zip(reader.clips(), (3, 5, 4), strict=True):
            np.testing.assert_array_equal(stored, points_of(frames))


def test_other_archives_keep_all_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    clip = Clip("book", "p", 25.0, points_of(3).astype(np.float32), "b1")
    write_clips(path, [clip], texts={"splits": "train"})
    append(path, "book", "me", points_of(2), 15.0, 1.0)
    with ArchiveReader(path) as reader:
        assert reader.columns["names"].tolist() == ["b1", "book-001"]
        assert reader.columns["splits"].tolist() == ["train", ""]
        np.testing.assert_array_equal(next(reader.clips()), points_of(3))


def test_what_cannot_be_added_to_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(b"mine")
    with pytest.raises(ArchiveError, match=r"a\.npz: not a landmark archive"):
        append(path, "book", "me", points_of(2), 15.0, 1.0)
    assert path.read_bytes() == b"mine"


# the command


def record(*arguments: str) -> int:
    return main(["record", "-o", "own.npz", *arguments])


def test_takes_follow_their_countdowns(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require("av")  # to write the films
    source = str(media / "words" / "drink__wlasl_115__69302.mp4")
    wanted = ["--takes", "2", "--seconds", "0.5", "--countdown", "0.4", "--signer", "anna"]
    assert record("Drink", *wanted, "--source", source, "--video", "films", "--json") == 0
    steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["take"], one["state"]) for one in steps] == [
        (take, state) for take in (1, 2) for state in ("countdown", "sign", "kept")
    ]
    clips = read_clips(Path("own.npz"))
    assert [(one.label, one.signer, one.name) for one in clips] == [
        ("drink", "anna", "drink-001"),
        ("drink", "anna", "drink-002"),
    ]
    for clip, step in zip(clips, (steps[2], steps[5]), strict=True):
        assert len(clip.points) == step["frames"] == 7  # every second one of 25 a second
        assert clip.fps == pytest.approx(12.5, abs=0.1)
        assert np.isfinite(clip.points[:, 11, 0]).all()
        film = Path("films") / f"drink__anna__{clip.name}.mp4"
        times = [time for time, _ in Video(film, 25.0).play()]
        assert times == pytest.approx([index / 12.5 for index in range(7)], abs=1e-3)


def test_take_in_which_nobody_is_seen_is_not_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_video(tmp_path / "v.mp4", 60)
    wanted = ["--takes", "1", "--seconds", "0.5", "--countdown", "0"]
    assert record("yes", *wanted, "--source", str(source)) == 1
    said = capsys.readouterr()
    assert said.out.count("yes, 1 of 1: nobody is seen, again please") == 3
    assert "'yes': nobody is seen" in said.err
    assert not Path("own.npz").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["yes", "--seconds", "11"], 2, "--seconds = 11.0: must be from 0.5 to 10"),
        (["yes", "--takes", "0"], 2, "--takes = 0: must be from 1 to 100"),
        (["a/b"], 2, "a word = 'a/b'"),
        ([" "], 2, "a word = "),
        (["yes", "YES"], 2, "a word is named twice"),
        (["yes", "--signer", "a__b"], 2, "--signer = 'a__b'"),
        (["yes", "--source", "archive:own.npz"], 2, "holds landmarks already"),
        (["yes", "--source", "gone.mp4"], 1, "gone.mp4: no such file"),
        (["yes", "--source", "v.mp4", "--countdown", "5"], 1, "ended before take 1 of 'yes'"),
        (["yes", "--source", "v.mp4", "--countdown", "0"], 1, "ended within a take"),
    ],
)
def test_what_cannot_be_recorded_is_one_clear_error(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    write_video(tmp_path / "v.mp4", 10)
    assert record(*arguments) == code
    assert message in capsys.readouterr().err
    assert not Path("own.npz").exists()
