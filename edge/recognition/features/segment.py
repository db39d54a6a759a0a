"""Segment -> (T, F): the one path from landmarks to numbers, for training and run time.

Body frame: origin at the middle of the shoulders, unit one shoulder width, both medians over
the segment. Face frame: origin between eyes and mouth in each frame, unit the median size of the
face; clothes hide shoulders, and many signs differ only in where they touch the face. Hand
frame: origin at that hand's wrist, unit its palm (wrist to middle knuckle). Every feature ignores
where the signer stands, how large they appear and the frame rate. A hand that rests during the
whole segment counts as unseen (edge.recognition.features.resting).
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.skeleton import (
    FINGERS,
    HAND_INDEX,
    HAND_NAMES,
    HANDS,
    INDEX,
    LEFT_HAND,
    LEFT_SHOULDER,
    POINTS,
    RIGHT_HAND,
    RIGHT_SHOULDER,
)
from edge.recognition.features.resting import FINGERPRINT, forget_resting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

VERSION: Final = 4
"""Raised whenever the numbers change."""
FRAMES: Final = 32
"""T: a segment of any length is resampled to this many frames."""
MAX_GAP: Final = 0.25
"""Seconds for which an unseen hand is filled in between two sightings."""
LIMIT: Final = 4.0
"""Features are clipped to plus and minus this, so that one int8 scale fits all."""
VELOCITY_SCALE: Final = 1 / 3
"""Shoulder widths per second -> the range of the positions."""

BODY_POINTS: Final = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "mouth_left",
    "mouth_right",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
)
_BODY: Final = np.array([INDEX[name] for name in BODY_POINTS])
_PLACED: Final = np.concatenate([_BODY, np.arange(LEFT_HAND.start, RIGHT_HAND.stop)])
"""Points that are given in the body frame, with velocity."""
_FACE: Final = {
    "eyes": np.array([INDEX["left_eye"], INDEX["right_eye"]]),
    "mouth": np.array([INDEX["mouth_left"], INDEX["mouth_right"]]),
    "ears": np.array([INDEX["left_ear"], INDEX["right_ear"]]),
}
_AT_FACE: Final = ("wrist", "thumb_tip", "index_tip", "middle_1", "middle_tip", "pinky_tip")
"""Points of each hand that are also given in the face frame."""
_JOINTS: Final = np.array(
    [
        (HAND_INDEX[a], HAND_INDEX[b], HAND_INDEX[c])
        for finger in FINGERS
        for a, b, c in (
            ("wrist", f"{finger}_1", f"{finger}_2"),
            (f"{finger}_1", f"{finger}_2", f"{finger}_3"),
            (f"{finger}_2", f"{finger}_3", f"{finger}_tip"),
        )
    ]
)
_PALM: Final = HAND_INDEX["middle_1"]
_SIDES: Final = ("left", "right")

NAMES: Final = (
    *(f"{name}.{axis}" for name in BODY_POINTS for axis in "xy"),
    *(f"{side}_hand_{name}.{axis}" for side in _SIDES for name in HAND_NAMES for axis in "xy"),
    *(
        f"{side}_hand_{name}.{axis}.hand"
        for side in _SIDES
        for name in HAND_NAMES
        for axis in "xyz"
    ),
    *(f"{side}_{finger}_{k}.angle" for side in _SIDES for finger in FINGERS for k in (1, 2, 3)),
    *(f"{name}.v{axis}" for name in BODY_POINTS for axis in "xy"),
    *(f"{side}_hand_{name}.v{axis}" for side in _SIDES for name in HAND_NAMES for axis in "xy"),
    *(f"{side}_hand.seen" for side in _SIDES),
    *(f"{side}_hand_{name}.{axis}.face" for side in _SIDES for name in _AT_FACE for axis in "xy"),
)
COUNT: Final = len(NAMES)
"""F."""


def _counterpart(name: str) -> str:
    other = {"left": "right", "right": "left"}
    return re.sub("left|right", lambda match: other[match.group()], name)


_COUNTERPART: Final = np.array([NAMES.index(_counterpart(name)) for name in NAMES])
_SIGN: Final = np.array(
    [-1 if re.search(r"\.v?x(\.hand|\.face)?$", name) else 1 for name in NAMES], dtype=np.float32
)


def fingerprint() -> str:
    """Identify this definition; a bundle made for another one is refused."""
    definition = [VERSION, FRAMES, MAX_GAP, LIMIT, VELOCITY_SCALE, *FINGERPRINT, *NAMES]
    return hashlib.sha256(json.dumps(definition).encode()).hexdigest()[:16]


def extract(times: NDArray[np.float64], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the features of one segment.

    Args:
        times: (T,) seconds, increasing.
        points: (T, 75, 3) in image widths, NaN where unseen.

    Returns:
        (FRAMES, COUNT) within plus and minus LIMIT, 0 where unseen (see the masks).
    """
    sampled, duration = resample(times, points)
    features: NDArray[np.float32] = compute(sampled[None], np.array([duration]))[0]
    return features


def resample(
    times: NDArray[np.float64], points: NDArray[np.float32], frames: int = FRAMES
) -> tuple[NDArray[np.float32], float]:
    """Sample a segment at equal steps, filling gaps of up to MAX_GAP.

    Args:
        times: (T,) seconds, increasing, T at least 1.
        points: (T, 75, 3), NaN where unseen.
        frames: How many samples to take.

    Returns:
        (frames, 75, 3) with NaN where unseen for longer, and the duration in seconds.

    Raises:
        ValueError: The arrays are empty or do not fit each other.
    """
    if points.shape != (len(times), POINTS, 3) or not len(times):
        raise ValueError(f"points {points.shape} do not fit times {times.shape}")
    at = np.linspace(times[0], times[-1], frames)
    half_step = 0.5 * (times[-1] - times[0]) / max(1, len(times) - 1) + 1e-6
    sampled = np.full((frames, POINTS, 3), np.nan, dtype=np.float32)
    for group, is_seen_at in _groups(points):
        seen = np.flatnonzero(is_seen_at)
        if not len(seen):
            continue
        when = times[seen]
        after = np.clip(np.searchsorted(when, at), 0, len(seen) - 1)
        before = np.maximum(after - 1, 0)
        before = np.where(when[after] <= at, after, before)
        gap = when[after] - when[before]
        weight = np.where(gap > 0, (at - when[before]) / np.where(gap > 0, gap, 1), 0.0)
        weight = np.clip(weight, 0, 1).astype(np.float32)[:, None, None]
        low, high = points[np.ix_(seen[before], group)], points[np.ix_(seen[after], group)]
        near = np.minimum(np.abs(at - when[before]), np.abs(at - when[after])) <= half_step
        inside = (when[before] <= at) & (at <= when[after]) & (gap <= MAX_GAP)
        is_seen = (near | inside)[:, None, None]
        sampled[:, group] = np.where(is_seen, low * (1 - weight) + high * weight, np.nan)
    return sampled, float(times[-1] - times[0])


def _groups(
    points: NDArray[np.float32],
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.bool_]]]:
    """Points that are seen in the same frames: their indices, and those frames (T,)."""
    is_seen = np.isfinite(points).all(axis=2)
    groups: dict[bytes, list[int]] = {}
    for place, pattern in enumerate(np.packbits(is_seen, axis=0).T):
        groups.setdefault(pattern.tobytes(), []).append(place)
    for group in groups.values():
        yield np.array(group), is_seen[:, group[0]]


def compute(points: NDArray[np.float32], durations: NDArray[np.float64]) -> NDArray[np.float32]:
    """Compute the features of resampled segments.

    Args:
        points: (B, T, 75, 3) in any unit, NaN where unseen.
        durations: (B,) seconds from the first to the last sample.

    Returns:
        (B, T, COUNT) within plus and minus LIMIT, 0 where unseen.
    """
    batch, frames = points.shape[:2]
    body = forget_resting(to_body_frame(points))
    placed = body[:, :, _PLACED, :2]  # (B, T, 55, 2)
    step = np.maximum(durations, 1e-3)[:, None, None, None] / (frames - 1)
    velocity = np.gradient(placed, axis=1) / step * VELOCITY_SCALE
    hands = [body[:, :, side] for side in HANDS]
    parts = [
        placed.reshape(batch, frames, -1),
        *(_in_hand_frame(hand).reshape(batch, frames, -1) for hand in hands),
        *(_angles(hand) for hand in hands),
        velocity.reshape(batch, frames, -1),
        *(np.isfinite(hand[:, :, 0, :1]).astype(np.float32) for hand in hands),
        *(at_face.reshape(batch, frames, -1) for at_face in _in_face_frame(body)),
    ]
    features = np.concatenate(parts, axis=-1)
    clipped: NDArray[np.float32] = np.clip(
        np.nan_to_num(features, nan=0.0, posinf=0.0, neginf=0.0), -LIMIT, LIMIT
    ).astype(np.float32)
    return clipped


def to_body_frame(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move the origin between the shoulders and make their distance the unit.

    Args:
        points: (B, T, 75, 3), NaN where unseen; a segment without shoulders becomes all NaN.
    """
    left, right = points[:, :, LEFT_SHOULDER, :2], points[:, :, RIGHT_SHOULDER, :2]
    middle = _median((left + right) / 2)  # (B, 2)
    width = _median(np.hypot(*np.moveaxis(left - right, -1, 0))[..., None])  # (B, 1)
    origin = np.concatenate([middle, np.zeros_like(width)], axis=-1)[:, None, None]
    scale = np.where(width > 1e-6, width, np.nan)[:, None, None]
    moved: NDArray[np.float32] = (points - origin) / scale
    return moved


def mirrored(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features (..., COUNT) of a signer -> those of the same signer with left and right swapped."""
    swapped: NDArray[np.float32] = values[..., _COUNTERPART] * _SIGN
    return swapped


def _median(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median over time (B, T, n) -> (B, n) of what is seen; NaN where nothing is."""
    ordered = np.sort(values, axis=1)  # NaN last
    count = np.isfinite(ordered).sum(axis=1, keepdims=True)
    lower = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=1)
    upper = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[1] - 1), axis=1)
    # The mean of both middle values: mirroring would make the lower one the upper.
    median: NDArray[np.float32] = ((lower + upper) / 2)[:, 0]
    return median


def _in_hand_frame(hand: NDArray[np.float32]) -> NDArray[np.float32]:
    """(B, T, 21, 3) -> the same from the wrist, in palms."""
    centred = hand - hand[:, :, :1]
    palm = np.linalg.norm(centred[:, :, _PALM], axis=-1)[..., None, None]
    framed: NDArray[np.float32] = centred / np.where(palm > 1e-6, palm, np.nan)
    return framed


def _in_face_frame(points: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """(B, T, 75, 3) -> for each hand (B, T, 6, 2) from the face, in face sizes."""
    eyes, mouth = (points[:, :, _FACE[part], :2].mean(axis=2) for part in ("eyes", "mouth"))
    left, right = (points[:, :, ear, :2] for ear in _FACE["ears"])
    # Turned faces are narrower, nodding ones lower; together they hardly change.
    size = _median(np.hypot(_length(left - right), 2 * _length(eyes - mouth))[..., None])
    unit = np.where(size > 1e-6, size, np.nan)[:, None, None]
    centre = ((eyes + mouth) / 2)[:, :, None]
    chosen = [HAND_INDEX[name] for name in _AT_FACE]
    hands = [points[:, :, side][:, :, chosen, :2] for side in HANDS]
    return [(hand - centre) / unit for hand in hands]


def _length(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lengths of vectors (..., 2)."""
    lengths: NDArray[np.float32] = np.hypot(vectors[..., 0], vectors[..., 1])
    return lengths


def _angles(hand: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bend of each finger joint, (B, T, 21, 3) -> (B, T, 15), from -1 (straight) to 1."""
    a, b, c = (hand[:, :, _JOINTS[:, k]] for k in range(3))
    first, second = b - a, c - b
    lengths = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    cosine = (first * second).sum(axis=-1) / np.where(lengths > 1e-9, lengths, np.nan)
    bend: NDArray[np.float32] = np.arccos(np.clip(cosine, -1, 1)) * (2 / np.pi) - 1
    return bend
