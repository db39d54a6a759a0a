"""Gives recordings of hands alone a borrowed body, so that they can teach the same network.

The hands' depth is guessed from their outline, the rest of the body is borrowed from a
recording that has one, picture coordinates to picture coordinates.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.errors import ArchiveError
from edge.landmarks.archive import CLIP_ARRAYS, Clip, load_arrays, require
from edge.landmarks.skeleton import (
    FINGERS,
    HAND_INDEX,
    HAND_POINTS,
    INDEX,
    LEFT_HAND,
    LEFT_SHOULDER,
    POINTS,
    POSE,
    RIGHT_HAND,
    RIGHT_SHOULDER,
)
from edge.recognition.features import hand as handshape

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_ARMS: Final = (
    (INDEX["left_shoulder"], INDEX["left_elbow"], INDEX["left_wrist"], LEFT_HAND.start, 1),
    (INDEX["right_shoulder"], INDEX["right_elbow"], INDEX["right_wrist"], RIGHT_HAND.start, -1),
)
"""Shoulder, elbow, wrist, the hand's wrist, and which way is out."""
_OUT: Final = (0.2, 0.35)
"""Where an elbow is from the middle between shoulder and wrist, shoulder widths out and down."""
_KNUCKLES: Final = [HAND_INDEX[f"{finger}_1"] for finger in FINGERS[1:]]
_WAVES: Final = 1500
_WAVELENGTH: Final = 0.35
_MOST_HANDS: Final = 30_000

PICTURE: Final = ((0.46, 0.48, 1 / 0.80), (0.545, 0.575, 1 / 1.25))
"""For x and y: where ours lies, where theirs lies, ours per theirs. The hands-only archive was
made from differently cropped pictures; these are medians over the 657 videos that are in both
it and wlasl100-train."""


class DepthGuesser:
    """The z of a hand's points from their x and y: ridge regression on random Fourier features.

    Rahimi and Recht 2007. Explains 0.88 of the variance of MediaPipe's own z on other people.
    """

    def __init__(self, clips: Sequence[Clip], rng: np.random.Generator) -> None:
        """Learn from clips that have depth."""
        hands = _right_hands(np.concatenate([clip.points for clip in clips]))
        hands = hands[np.isfinite(hands).all(axis=(1, 2))]
        if len(hands) > _MOST_HANDS:
            hands = hands[rng.choice(len(hands), _MOST_HANDS, replace=False)]
        self._waves = rng.normal(0, _WAVELENGTH, (2 * HAND_POINTS, _WAVES))
        self._phases = rng.uniform(0, 2 * np.pi, _WAVES)
        centred, size = _centred(hands)
        seen = self._expand(centred[..., :2])
        gram = seen.T @ seen + np.eye(seen.shape[1], dtype=np.float32)
        self._weights = np.linalg.solve(gram, seen.T @ (centred[..., 2] / size))

    def guess(self, hands: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, 21, 2) right hands in image widths -> z (N, 21) from the wrist, NaN for NaN."""
        centred, size = _centred(hands)
        z = np.full(hands.shape[:2], np.nan, dtype=np.float32)
        is_seen = np.isfinite(hands).all(axis=(1, 2))
        if is_seen.any():
            z[is_seen] = (self._expand(centred[is_seen]) @ self._weights) * size[is_seen]
        return z

    def _expand(self, centred: NDArray[np.float32]) -> NDArray[np.float32]:
        _, size = _centred(centred)
        flat = (centred / size[..., None]).reshape(len(centred), -1)
        expanded: NDArray[np.float32] = np.concatenate(
            [np.cos(flat @ self._waves + self._phases), flat, np.ones((len(flat), 1))], axis=1
        ).astype(np.float32)
        return expanded


def read_hands_only(path: Path, lenders: Sequence[Clip], seed: int = 0) -> list[Clip]:
    """Read an archive of hands alone.

    Args:
        path: ``points`` (sum T, 42, 2), left hand then right; the other arrays as in a clip
            archive.
        lenders: Clips with a body, of the same kind of pictures.
        seed: Of the choice of lenders.

    Raises:
        ArchiveError: The file cannot be read or its arrays disagree.
    """
    content = load_arrays(path)
    require(path, content, CLIP_ARRAYS)
    names = content.get("names", np.full(len(content["labels"]), ""))
    signers = content["signers"]
    points = content["points"].astype(np.float32)
    lengths = content["lengths"]
    if points.shape[1:] != (2 * HAND_POINTS, 2) or lengths.sum() != len(points):
        raise ArchiveError(f"{path}: points {points.shape} do not fit lengths, or are no hands")
    rng = np.random.default_rng(seed)
    guesser = DepthGuesser(lenders, rng)
    bodies = [body for body in map(_still_body, lenders) if np.isfinite(body).all()]
    for axis, (ours, theirs, scale) in enumerate(PICTURE):
        points[..., axis] = ours + (points[..., axis] - theirs) * scale
    points[..., 1] /= np.repeat(content["aspect"], lengths)[:, None]
    left, right = points[:, :HAND_POINTS].copy(), points[:, HAND_POINTS:]
    left[..., 0] *= -1
    depth = np.concatenate([guesser.guess(left), guesser.guess(right)], axis=1)
    full = np.full((len(points), POINTS, 3), np.nan, dtype=np.float32)
    full[:, LEFT_HAND.start : RIGHT_HAND.stop] = np.concatenate([points, depth[..., None]], axis=-1)
    clips = []
    ends = np.cumsum(lengths)
    for i, (start, end) in enumerate(zip(ends - lengths, ends, strict=True)):
        part = full[start:end]
        _lend(part, bodies[rng.integers(len(bodies))])
        fps = float(content["fps"][i])
        label = str(content["labels"][i])
        clips.append(Clip(label, f"{path.stem}-{signers[i]}", fps, part, str(names[i])))
    return clips


def _lend(points: NDArray[np.float32], body: NDArray[np.float32]) -> None:
    """Fill in the pose (33, 3): arms that follow the hands, all else as it was lent."""
    points[:, POSE] = body
    width = np.hypot(*(body[LEFT_SHOULDER] - body[RIGHT_SHOULDER])[:2])
    frames = np.arange(len(points))
    for shoulder, elbow, wrist, hand, side in _ARMS:
        seen = np.flatnonzero(np.isfinite(points[:, hand, 0]))
        if not len(seen):
            continue
        out = np.array([side * _OUT[0], _OUT[1]], dtype=np.float32) * width
        for axis in range(2):
            points[:, wrist, axis] = np.interp(frames, seen, points[seen, hand, axis])
        points[:, elbow, :2] = (points[:, shoulder, :2] + points[:, wrist, :2]) / 2 + out


def _still_body(clip: Clip) -> NDArray[np.float32]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing seen stays NaN
        body: NDArray[np.float32] = np.nanmedian(clip.points[:, POSE], axis=0)
    return body


def _right_hands(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, 75, 3) -> (2 T, 21, 3), left hands mirrored."""
    return np.concatenate([handshape.mirror(points[:, LEFT_HAND]), points[:, RIGHT_HAND]])


def _centred(hands: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(N, 21, D) -> the same from the wrist, and (N, 1) the palm's size in the picture."""
    centred = hands - hands[:, :1]
    size = np.sqrt((centred[:, _KNUCKLES, :2] ** 2).sum(axis=-1)).max(axis=1)[:, None]
    return centred, np.maximum(size, 1e-6)
