"""A clip drawn: in the terminal, as GIF, as MP4."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from clip_archives import body, columns_of, write
from extras import require
from rich.console import Console

from edge.__main__ import main
from edge.dataset.viewing import view
from edge.dataset.viewing.drawing import as_text, draw_skeleton
from edge.errors import ArchiveError
from edge.landmarks.skeleton import INDEX, LEFT_HAND, RIGHT_HAND

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ORANGE, BLUE, GREY = (230, 159, 0), (86, 180, 233), (200, 200, 200)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two clips of two words at 12.5 frames per second, the second of two and a half seconds."""
    clips = [body(4), body(30)]
    clips[1][:, INDEX["left_hand_index_tip"], :2] = 0.8, 0.2
    return write(tmp_path / "a.npz", columns_of([4, 30]), clips)


def has(image: NDArray[np.uint8], colour: tuple[int, int, int]) -> bool:
    """Whether a picture has a pixel of a colour."""
    return bool((image == colour).all(axis=-1).any())


def test_each_part_of_the_skeleton_has_its_colour() -> None:
    points = body(1)[0]
    points[33:, 0] = np.linspace(0.1, 0.9, 42)
    picture = draw_skeleton(points, 200, 100)
    assert picture.shape == (100, 200, 3)
    assert has(picture, ORANGE)
    assert has(picture, BLUE)
    assert has(picture, GREY)
    points[LEFT_HAND] = np.nan
    assert not has(draw_skeleton(points, 200, 100), ORANGE)


def test_shoulders_are_where_they_were_seen() -> None:
    points = np.full((75, 3), np.nan, dtype=np.float16)
    points[11], points[12] = (0.75, 0.5, 0), (0.25, 0.5, 0)
    drawn = np.argwhere((draw_skeleton(points, 80, 40, thickness=1) == GREY).all(axis=-1))
    assert set(drawn[:, 0].tolist()) == {20}
    assert (drawn[:, 1].min(), drawn[:, 1].max()) == (20, 60)


def test_what_is_not_seen_or_far_away_is_not_drawn() -> None:
    nobody = np.full((75, 3), np.nan, dtype=np.float16)
    assert draw_skeleton(nobody, 64, 64).std() == 0
    far = nobody.copy()
    far[11], far[12] = (60_000, 0.5, 0), (0.5, np.inf, 0)
    assert draw_skeleton(far, 64, 64).std() == 0


def test_text_has_a_dot_for_every_pixel() -> None:
    image = np.full((8, 4, 3), 24, dtype=np.uint8)
    image[0, 0] = GREY
    image[7, 3] = BLUE
    image[6, 3] = GREY
    rows = as_text(image)
    assert [[letter for letter, _ in row] for row in rows] == [["⠁", "⠀"], ["⠀", "⢠"]]
    assert rows[0][0][1] == GREY
    assert rows[1][1][1] == BLUE  # a hand shows over the body


def test_clip_is_found_by_name_place_and_word(archive: Path) -> None:
    assert view.find_clip(archive, None, None).name == "n0"
    assert view.find_clip(archive, "n1", None).label == "word 1"
    assert view.find_clip(archive, "1", None).points.shape == (30, 75, 3)
    assert view.find_clip(archive, None, "word 1").name == "n1"
    for which, label in (("n2", None), (None, "nope"), ("n0", "word 1"), ("2", None)):
        with pytest.raises(ArchiveError, match=r"a\.npz: no clip"):
            view.find_clip(archive, which, label)


def test_gif_has_every_frame_at_the_clips_speed(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require("PIL")
    from PIL.GifImagePlugin import GifImageFile

    output = tmp_path / "clip.gif"
    arguments = ["dataset", "view", str(archive), "n1", "-o", str(output), "--height", "121"]
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"drawn: {output}, clip n1: 'word 1' by 'p1'\n"
    with GifImageFile(output) as gif:
        assert gif.size == (244, 122)  # twice as wide as high, even
        seconds = 0.0
        for index in range(gif.n_frames):
            gif.seek(index)
            seconds += gif.info["duration"] / 1000
    assert seconds == pytest.approx(30 / 12.5)
    before = output.read_bytes()
    assert main([*arguments, "--force"]) == 0
    assert output.read_bytes() == before


def test_mp4_is_played_at_the_clips_speed(archive: Path, tmp_path: Path) -> None:
    require("av")
    output = tmp_path / "clip.mp4"
    assert main(["dataset", "view", str(archive), "1", "-o", str(output), "--height", "120"]) == 0
    capture = cv2.VideoCapture(str(output))
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1])
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(12.5)
    capture.release()
    assert len(frames) == 30
    assert frames[0].shape == (120, 240, 3)
    assert np.ptp(frames[15]) > 150


def test_other_format_is_refused(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "clip.avi"
    assert main(["dataset", "view", str(archive), "-o", str(output)]) == 2
    assert f"{output}: the suffix must be .gif or .mp4" in capsys.readouterr().err
    assert not output.exists()


def test_terminal_plays_every_frame_and_a_file_gets_one(archive: Path) -> None:
    clip = view.find_clip(archive, "n0", None)
    played, printed = io.StringIO(), io.StringIO()
    view.play(clip, Console(file=played, force_terminal=True, width=60, height=24))
    for index in range(4):
        assert f"{index / 12.5:.2f} of 0.32 s" in played.getvalue()
    view.play(clip, Console(file=printed, width=60, height=24))
    page = printed.getvalue().splitlines()
    assert page[0] == "word 0  p0  n0  0.16 of 0.32 s"
    assert all(len(line) <= 60 for line in page)
    assert any("⠀" < letter <= "⣿" for line in page[1:] for letter in line)


def test_label_is_written_into_the_picture(tmp_path: Path) -> None:
    columns = {**columns_of([1, 1]), "labels": np.array(["grüß gott", ""])}
    path = write(tmp_path / "a.npz", columns, [body(1), body(1)])
    named, unnamed = (next(view.find_clip(path, place, None).pictures(100)) for place in ("0", "1"))
    assert named.shape == (100, 200, 3)
    assert (named[:20] > 100).any()
    assert not (unnamed[:20] > 100).any()


def test_right_hand_is_drawn_where_it_is() -> None:
    points = np.full((75, 3), np.nan, dtype=np.float16)
    points[RIGHT_HAND] = 0.25, 0.25, 0
    points[INDEX["right_hand_index_tip"]] = 0.5, 0.25, 0
    places = np.argwhere((draw_skeleton(points, 64, 64, thickness=1) == BLUE).all(axis=-1))
    assert places[:, 1].min() == 16
    assert places[:, 1].max() == 32
