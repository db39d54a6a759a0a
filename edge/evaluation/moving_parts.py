"""Archive clips as performances: the moving part of a clip, seen from the shoulders.

Where a sign ends is not written in the archives: it is taken to end where the hands begin their
last way down (the retraction of Kita et al. 1998, section 2), and to begin where they leave rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.landmarks.skeleton import (
    HANDS,
    LEFT_SHOULDER,
    POSE,
    RIGHT_SHOULDER,
    WRISTS,
)
from edge.recognition.segmenting.motion import MotionMeter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.landmarks.archive import Clip

_RAISED: Final = -1.25
"""Shoulder widths above the shoulders: lower hands are at rest unless they move."""
_MOVING: Final = 0.6
"""Shoulder widths per second."""
_RETRACTION: Final = 0.6
"""Seconds that a last way down takes at most."""
_BLOCK: Final = 6
"""Signs of one person on end, where people take turns."""


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """A clip as it is played: from leaving rest to reaching it, or as far as it was recorded."""

    label: str
    signer: str
    times: NDArray[np.float64]
    """(T,) seconds from its own start."""

    points: NDArray[np.float32]
    """(T, 75, 3) in the body frame: shoulder widths from between the shoulders."""

    end: float
    """Seconds from its start at which the way back begins."""


def active_part(clip: Clip) -> tuple[float, float]:
    """Seconds from and to which the hands are up or move; the whole clip if they never do."""
    meter = MotionMeter()
    motions = [meter.push(landmarks) for landmarks in clip.landmarks()]
    active = [m.time for m in motions if m.is_present and (m.is_up(_RAISED) or m.speed > _MOVING)]
    return (active[0], active[-1]) if active else (0.0, motions[-1].time)


def perform(clip: Clip) -> Performance | None:
    """Take the moving part of a clip, seen from the shoulders; None where nobody is seen."""
    first, last = active_part(clip)
    times = clip.times
    chosen = np.flatnonzero((times >= first - 1e-6) & (times <= last + 1e-6))
    shoulders = clip.points[:, [LEFT_SHOULDER, RIGHT_SHOULDER], :2]
    width = np.hypot(*(shoulders[:, 0] - shoulders[:, 1]).T)
    if len(chosen) < 2 or not (width > 0).any():
        return None
    unit = float(np.nanmedian(width[width > 0]))
    middle = np.zeros(3, dtype=np.float32)
    middle[:2] = np.nanmedian(shoulders.mean(axis=1), axis=0)
    points = _without_gaps((clip.points[chosen] - middle) / np.float32(unit))
    times = times[chosen] - times[chosen[0]]
    return Performance(clip.label, clip.signer, times, points, _end_of_stroke(times, points))


def _without_gaps(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill frames in which the pose is not seen with the last one in which it is."""
    seen = np.isfinite(points[:, LEFT_SHOULDER, 0])
    last = np.maximum.accumulate(np.where(seen, np.arange(len(seen)), 0))
    last[: np.argmax(seen)] = np.argmax(seen)
    filled = points.copy()
    filled[:, POSE] = points[last][:, POSE]
    return filled


def _end_of_stroke(times: NDArray[np.float64], points: NDArray[np.float32]) -> float:
    """Seconds at which the last way down begins; the clip's end where there is none."""
    heights = _heights(points)
    if heights[-1] > _RAISED:  # recorded no further than this; the way down is made up
        return float(times[-1])
    at = len(times) - 1
    while at > 1 and heights[at - 1] >= heights[at] and times[-1] - times[at - 1] <= _RETRACTION:
        at -= 1
    return float(times[at])


def _heights(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shoulder widths of the higher wrist above the shoulders, (T,); by the pose if unseen."""
    wrists = np.stack([points[:, hand.start, 1] for hand in HANDS], axis=1)
    guessed = points[:, WRISTS, 1]
    lowest = np.where(np.isfinite(wrists), wrists, np.inf).min(axis=1)
    heights: NDArray[np.float32] = -np.where(np.isfinite(lowest), lowest, guessed.min(axis=1))
    return heights


def posture_at(what: Performance, time: float) -> NDArray[np.float32]:
    """A performance's posture (75, 3) at a time, between two frames where both show a point."""
    after = int(np.clip(np.searchsorted(what.times, time), 1, len(what.times) - 1))
    low, high = what.times[after - 1], what.times[after]
    weight = np.float32(np.clip((time - low) / max(high - low, 1e-6), 0, 1))
    return blend(what.points[after - 1], what.points[after], weight)


def blend(
    one: NDArray[np.float32], other: NDArray[np.float32], weight: np.float32
) -> NDArray[np.float32]:
    """Blend two postures; what only one shows is that one's while it is the nearer."""
    near = (one if weight < 0.5 else other).copy()
    both = np.isfinite(one) & np.isfinite(other)
    near[both] = one[both] * (1 - weight) + other[both] * weight
    return near


def order_by_signer(
    performed: Sequence[Performance], *, many: bool, rng: np.random.Generator
) -> list[Performance]:
    """Shuffle by person, in whole or in blocks; a word does not follow itself if it can be."""
    by_signer: dict[str, list[Performance]] = {}
    for place in rng.permutation(len(performed)):
        by_signer.setdefault(performed[place].signer, []).append(performed[place])
    size = _BLOCK if many else len(performed)
    blocks = []
    for signer in sorted(by_signer):
        mixed = _apart(by_signer[signer])
        blocks += [mixed[at : at + size] for at in range(0, len(mixed), size)]
    return [what for place in rng.permutation(len(blocks)) for what in blocks[place]]


def _apart(performed: list[Performance]) -> list[Performance]:
    """Take turns among the words, the most frequent first: equal ones are no neighbours."""
    by_label: dict[str, list[Performance]] = {}
    for what in performed:
        by_label.setdefault(what.label, []).append(what)
    mixed: list[Performance] = []
    while any(by_label.values()):
        last = mixed[-1].label if mixed else ""
        open_labels = [label for label, rest in by_label.items() if rest and label != last]
        label = max(open_labels or [last], key=lambda one: (len(by_label[one]), one))
        mixed.append(by_label[label].pop())
    return mixed
