"""Prepares the task of word videos: folders of short videos become grey frames.

With one or two videos of a word this cannot teach the word: it shows that the path from
pixels works, and how little so few videos are worth. It keeps the words that have one
signer for training and another for validation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from edge.errors import ArchiveError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.training.recipe import Recipe
    from edge.training.tasks.task import Batch

FRAMES: Final = 16
"""T of the input."""
SIZE: Final = 64
"""Height and width of the input."""
_STORED: Final = 72
"""Height and width kept of a video, of which the input is a part."""
_DRAWS: Final = 16
"""How often each video is drawn in an epoch, each time otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class WordVideo:
    """One sign on video."""

    gloss: str
    """The word."""

    signer: str
    """Who signs."""

    frames: NDArray[np.uint8]
    """(T, _STORED, _STORED) grey."""


class VideosTask:
    """Grey frames; input (FRAMES, SIZE, SIZE, 1) within plus and minus 1."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        """Read the folders of videos that the recipe names, ``gloss__signer__id.mp4`` in each."""
        data = recipe.data
        self.shape: tuple[int, ...] = (FRAMES, SIZE, SIZE, 1)
        self.feature_spec: dict[str, object] = {"kind": "video", "frames": FRAMES, "size": SIZE}
        paths = [path for name in data.known for path in find_videos(folder / name)]
        named = [(path, *_word_and_signer(path)) for path in paths]
        apart: set[str] = set()
        words = {word for _, word, _ in named}
        if data.holdout:
            pairs = [(word, signer) for _, word, signer in named]
            apart = part_signers(pairs, data.holdout, data.fold)
            words = _shared_words(pairs, apart)
        videos = [read_video(path) for path, word, _ in named if word in words]
        self._videos = [video for video in videos if video.signer not in apart]
        self._held_out = [video for video in videos if video.signer in apart]
        self.classes = sorted(words)
        self.size = len(self._videos) * _DRAWS
        self.sources: dict[str, object] = {
            "archives": list(data.known),
            "clips": len(self._videos),
            "signers": sorted({video.signer for video in self._videos}),
        }

    def batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Cut videos in time and space, mirror some, and change the light."""
        chosen = [self._videos[i] for i in rng.integers(0, len(self._videos), count)]
        clips = []
        for video in chosen:
            start, end = rng.uniform(0, 0.25), rng.uniform(0.75, 1)
            top, left = rng.integers(0, _STORED - SIZE + 1, 2)
            clip = cut_frames(video, start, end, int(top), int(left))
            if rng.random() < 0.3:
                clip = clip[:, :, ::-1]
            clips.append(np.clip(clip * rng.uniform(0.7, 1.3) + rng.normal(0, 0.15), -1, 1))
        return np.stack(clips).astype(np.float32), self._targets(chosen)

    def calm_batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Take videos as they are."""
        chosen = [self._videos[i] for i in rng.integers(0, len(self._videos), count)]
        return np.stack([_whole(video) for video in chosen]), self._targets(chosen)

    def validation(self) -> Batch | None:
        """Give the videos of the signers held out."""
        if not self._held_out:
            return None
        return np.stack([_whole(video) for video in self._held_out]), self._targets(self._held_out)

    def views(self, example: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Only as it is."""
        return [example]

    def finish(self, bundle: Path) -> None:
        """Nothing else belongs into a bundle of videos."""

    def _targets(self, videos: Sequence[WordVideo]) -> NDArray[np.int32]:
        return np.array([self.classes.index(video.gloss) for video in videos], dtype=np.int32)


def find_videos(folder: Path) -> list[Path]:
    """List a folder's videos.

    Raises:
        ConfigError: There are none, or one is not named after its word and signer.
    """
    paths = sorted(folder.glob("*.mp4"))
    if not paths:
        raise ConfigError(f"{folder}: no videos; data.known names folders of them")
    for path in paths:
        if len(path.stem.split("__")) < 3:
            raise ConfigError(f"{path}: not named gloss__signer__id.mp4")
    return paths


def read_video(path: Path) -> WordVideo:
    """Read a video, grey and small.

    Raises:
        ArchiveError: It cannot be read.
    """
    gloss, signer = _word_and_signer(path)
    capture = cv2.VideoCapture(str(path))
    frames = []
    try:
        while True:
            is_read, image = capture.read()
            if not is_read:
                break
            grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
            frames.append(cv2.resize(grey, (_STORED, _STORED), interpolation=cv2.INTER_AREA))
    finally:
        capture.release()
    if not frames:
        raise ArchiveError(f"{path}: no video that can be read")
    return WordVideo(gloss, signer, np.stack(frames).astype(np.uint8))


def _word_and_signer(path: Path) -> tuple[str, str]:
    gloss, signer, *_ = path.stem.split("__")
    return gloss, signer


def part_signers(pairs: Sequence[tuple[str, str]], share: float, fold: int) -> set[str]:
    """Choose whom to hold out: as many words as possible should be signed on both sides.

    Args:
        pairs: Word and signer of each video.
        share: Of the signers held out to begin with; others are exchanged for the words' sake.
        fold: Where to begin, from 0.
    """
    rng = np.random.default_rng(fold)
    signers = sorted({signer for _, signer in pairs})
    apart = {signer for signer in signers if rng.random() < share}
    best = len(_shared_words(pairs, apart))
    is_better = True
    while is_better:
        is_better = False
        for signer in signers:
            count = len(_shared_words(pairs, apart ^ {signer}))
            if count > best:
                apart, best, is_better = apart ^ {signer}, count, True
    return apart


def _shared_words(pairs: Sequence[tuple[str, str]], apart: set[str]) -> set[str]:
    return {word for word, signer in pairs if signer in apart} & {
        word for word, signer in pairs if signer not in apart
    }


def cut_frames(
    video: WordVideo, start: float, end: float, top: int, left: int
) -> NDArray[np.float32]:
    """Take FRAMES frames between two shares of a video, and one part of the picture."""
    last = len(video.frames) - 1
    index = np.rint(np.linspace(start * last, end * last, FRAMES)).astype(int)
    part = video.frames[index, top : top + SIZE, left : left + SIZE, None]
    scaled: NDArray[np.float32] = part.astype(np.float32) / 127.5 - 1
    return scaled


def _whole(video: WordVideo) -> NDArray[np.float32]:
    margin = (_STORED - SIZE) // 2
    return cut_frames(video, 0, 1, margin, margin)
