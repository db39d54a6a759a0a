"""Pictures of spelling hands -> hand archives, with the real MediaPipe Hands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from formats import failures_of

from edge.__main__ import main
from edge.dataset.importers.alphabet import label_of
from edge.landmarks.archive import is_hand_archive, read_hands

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

WALL = np.full((240, 320, 3), 128, dtype=np.uint8)
"""A picture of nothing."""


def draw(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture)


def run(folder: Path, output: Path, *options: str) -> int:
    """Import pictures."""
    return main(["dataset", "import", "alphabet", str(folder), "-o", str(output), *options])


@pytest.fixture(scope="module")
def hand(media: Path) -> NDArray[np.uint8]:
    """Take a picture of a raised hand out of a real video."""
    capture = cv2.VideoCapture(str(media / "other" / "hello.mp4"))
    capture.set(cv2.CAP_PROP_POS_FRAMES, HELLO)
    is_read, picture = capture.read()
    capture.release()
    assert is_read
    return np.asarray(picture, dtype=np.uint8)


HELLO = 30
"""The frame of that video in which the hand is up."""


def test_a_real_hand_is_found_where_it_is_whichever_way_round(
    tmp_path: Path, hand: NDArray[np.uint8], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "asl_alphabet_train"
    draw(folder / "B" / "B1.png", hand)
    draw(folder / "b" / "ann_2.png", np.ascontiguousarray(hand[:, ::-1]))
    draw(folder / "C" / "C1.png", WALL)
    draw(folder / "nothing" / "nothing1.png", WALL)
    (folder / "D").mkdir()
    (folder / "D" / "D1.jpg").write_bytes(b"\xff\xd8\xff no picture")
    output = tmp_path / "hands.npz"
    more = ("--signer", "bo", "--pattern", r"(?P<signer>ann)_", "--json", "--quiet")
    assert run(folder, output, *more) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["hands"], report["empty"], report["failed"]) == (2, 1, 2)
    assert failures_of(output) == [
        (str(folder / "C" / "C1.png"), "no hand found in it"),
        (str(folder / "D" / "D1.jpg"), "not a picture that can be read"),
    ]
    assert is_hand_archive(output)
    there, mirrored = read_hands(output)
    assert there.label == mirrored.label == "B"
    assert (there.signer, mirrored.signer) == ("bo", "ann")
    assert there.source == "asl_alphabet_train"
    assert {there.handedness, mirrored.handedness} == {"Left", "Right"}
    flipped = mirrored.points * [-1, 1, 1] + [1, 0, 0]
    assert np.abs(flipped - there.points)[:, :2].max() < 0.05
    with np.load(output) as arrays:
        assert arrays["aspect"].tolist() == pytest.approx([hand.shape[1] / hand.shape[0]] * 2)


def test_pictures_without_any_hand_write_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw(tmp_path / "pictures" / "A" / "1.png", WALL)
    assert run(tmp_path / "pictures", tmp_path / "hands.npz") == 1
    assert "no hand was found in any picture" in capsys.readouterr().err
    assert not (tmp_path / "hands.npz").exists()


@pytest.mark.parametrize(
    ("folder", "label"),
    [("a", "A"), ("Z", "Z"), ("7", "7"), ("Space", "space"), ("delete", "del"), ("ILY", "ily")],
)
def test_folders_are_labels_as_hand_archives_have_them(folder: str, label: str) -> None:
    assert label_of(folder) == label
