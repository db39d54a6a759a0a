"""Averages the clips of a word, aligned in time, to one trajectory."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.archive import Clip
from edge.landmarks.skeleton import HANDS, INDEX, LEFT_HAND, RIGHT_HAND, mirror
from edge.recognition.features import segment as features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.training.examples import Example

FPS: Final = 15.0
"""Frames per second of the trajectories."""
_SHOULDERS: Final = 0.22
"""Width of the shoulders in the trajectories, image widths."""
_MIDDLE: Final = (0.5, 0.42)
"""Where the middle of the shoulders lies, image widths."""
_GUIDE: Final = [
    INDEX[name] for name in ("left_wrist", "right_wrist", "left_elbow", "right_elbow", "nose")
]
_MOST_CLIPS: Final = 24
"""Clips per word beyond which more change nothing."""


def mean_trajectory(examples: Sequence[Example]) -> Clip:
    """Average the clips of one word.

    Left-handed clips are mirrored, all are warped onto the most typical one by dynamic time
    warping (Sakoe and Chiba 1978), then averaged signer by signer and over signers.
    """
    paths = [_moving_part(example) for example in _one_by_one(examples)]
    signers = np.array([example.clip.signer for example in _one_by_one(examples)])
    stack = np.stack([path for path, _ in paths])
    guides = np.nan_to_num(stack[:, :, _GUIDE, :2])
    apart = np.linalg.norm(guides[:, None] - guides[None], axis=-1).mean(axis=(2, 3))
    typical = int(apart.sum(axis=1).argmin())
    aligned = np.stack(
        [path[_warp(guides[typical], guide)] for path, guide in zip(stack, guides, strict=True)]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a hand that nobody shows stays NaN
        by_signer = np.stack(
            [np.nanmean(aligned[signers == s], axis=0) for s in np.unique(signers)]
        )
        mean = np.nanmean(by_signer, axis=0)
    for hand in HANDS:
        is_rare = np.isfinite(aligned[:, :, hand.start, 0]).mean(axis=0) < 0.5
        mean[is_rare, hand] = np.nan
    seconds = float(np.median([seconds for _, seconds in paths]))
    count = max(8, round(seconds * FPS))
    points, _ = features.resample(np.linspace(0, seconds, len(mean)), mean, count)
    placed = points * _SHOULDERS + np.array([*_MIDDLE, 0], dtype=np.float32)
    return Clip(examples[0].label, "mean", FPS, placed.astype(np.float32), "mean")


def _one_by_one(examples: Sequence[Example]) -> list[Example]:
    """Take clips signer by signer, so that a cap keeps as many signers as possible."""
    seen: dict[str, int] = {}
    order: list[tuple[int, int, Example]] = []
    for example in examples:
        turn = seen[example.clip.signer] = seen.get(example.clip.signer, 0) + 1
        order.append((turn, len(order), example))
    return [example for _, _, example in sorted(order, key=lambda item: item[:2])][:_MOST_CLIPS]


def _moving_part(example: Example) -> tuple[NDArray[np.float32], float]:
    clip, (start, end) = example.clip, example.active
    keep = (clip.times >= start) & (clip.times <= end)
    points, seconds = features.resample(clip.times[keep], clip.points[keep])
    body = features.to_body_frame(points[None])[0]
    seen = np.isfinite(body[:, [LEFT_HAND.start, RIGHT_HAND.start], 0]).sum(axis=0)
    return (mirror(body) if seen[0] > seen[1] else body), seconds


def _warp(onto: NDArray[np.float32], guide: NDArray[np.float32]) -> NDArray[np.intp]:
    """For each frame of `onto` (T, n, 2) the frame of `guide` that matches it."""
    cost = np.linalg.norm(onto[:, None] - guide[None], axis=-1).sum(axis=-1)
    total = np.full((len(onto) + 1, len(guide) + 1), np.inf)
    total[0, 0] = 0
    for i in range(len(onto)):
        for j in range(len(guide)):
            best = min(total[i, j], total[i, j + 1], total[i + 1, j])
            total[i + 1, j + 1] = cost[i, j] + best
    match = np.zeros(len(onto), dtype=np.intp)
    i, j = len(onto), len(guide)
    while i > 0 and j > 0:
        match[i - 1] = j - 1
        steps = ((i - 1, j - 1), (i - 1, j), (i, j - 1))
        i, j = min(steps, key=lambda step: total[step])
    return match
