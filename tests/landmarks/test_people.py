"""Somebody else in the picture: real videos put together, through the whole recognizer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.config.settings import Settings
from edge.messages import Frame, Sign
from edge.recognition.bundle import find_bundle, read_bundle
from edge.recognition.recognizer import Recognizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

FPS = 25.0
WIDTH, HEIGHT, SIDE = 960, 480, 480


def read(path: Path, side: int) -> list[NDArray[np.uint8]]:
    """Read a square clip at a size, RGB."""
    capture = cv2.VideoCapture(str(path))
    images: list[NDArray[np.uint8]] = []
    while (one := capture.read())[0]:
        small = cv2.resize(one[1], (side, side))
        images.append(cv2.cvtColor(small, cv2.COLOR_BGR2RGB).astype(np.uint8))
    return images


def scene(
    signer: list[NDArray[np.uint8]], passer: list[NDArray[np.uint8]], left: int
) -> list[Frame]:
    """Show a signer from ``left`` on, and somebody smaller who walks through behind them."""
    frames = []
    for index, image in enumerate(signer):
        canvas = np.full((HEIGHT, WIDTH, 3), 90, dtype=np.uint8)
        if passer:
            other = passer[index % len(passer)]
            size = len(other)
            x = int(np.interp(index, [0, len(signer)], [0, WIDTH - size]))
            canvas[HEIGHT - size :, x : x + size] = other
        canvas[:, left : left + SIDE] = image
        frames.append(Frame(index, index / FPS, canvas))
    return frames


def recognise(frames: list[Frame]) -> tuple[list[str], set[object]]:
    """Give the words and the places of whoever was followed."""
    recognizer = Recognizer(Settings(), read_bundle(find_bundle("words")))
    words, places = [], set()
    try:
        for frame in frames:
            words += [e.gloss for e in recognizer.push(frame) if isinstance(e, Sign)]
            places.add(recognizer.following["place"])
        words += [e.gloss for e in recognizer.flush(frames[-1].time) if isinstance(e, Sign)]
    finally:
        recognizer.close()
    return words, places


@pytest.mark.parametrize("clip", ["accident__wlasl_109__67342", "family__wlasl_109__67642"])
def test_somebody_walking_behind_does_not_break_a_sign(media: Path, clip: str) -> None:
    signer = read(media / "words" / f"{clip}.mp4", SIDE)
    passer = read(media / "words" / "black__wlasl_011__06476.mp4", 220)
    words, places = recognise(scene(signer, passer, 240))
    alone, _ = recognise(scene(signer, [], 240))
    assert words == alone == [clip.partition("__")[0]]
    assert places <= {"centre", "nobody"}


def test_of_two_people_the_larger_is_followed(media: Path) -> None:
    signer = read(media / "words" / "family__wlasl_109__67642.mp4", SIDE)
    other = read(media / "words" / "black__wlasl_011__06476.mp4", 220)
    words, places = recognise(scene(signer, other[:1], WIDTH - SIDE))
    assert words == ["family"]
    assert places <= {"right", "nobody"}
