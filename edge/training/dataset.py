"""Archives -> clips with their moving part, on the program's own skeleton."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.archive import read_clips
from edge.messages import Landmarks
from edge.motion import MotionMeter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from edge.archive import Clip

_RAISED: Final = -1.25
"""Shoulder widths: lower hands are at rest unless they move."""
_MOVING: Final = 0.6
"""Shoulder widths per second."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One clip to learn from or to be tested on."""

    clip: Clip
    """The landmarks."""

    label: str
    """The class: a gloss, or OTHER."""

    active: tuple[float, float]
    """Seconds from and to which the hands are up or move."""


def read_examples(paths: Iterable[Path], label_of: Callable[[str], str | None]) -> list[Example]:
    """Read archives, dropping clips without a body and those that label_of refuses."""
    examples = []
    for path in paths:
        for clip in read_clips(path):
            label = label_of(clip.label)
            if label is not None and np.isfinite(clip.points[:, 11:13, 0]).all(axis=1).sum() >= 4:
                examples.append(Example(clip, label, active_part(clip)))
    return examples


def active_part(clip: Clip) -> tuple[float, float]:
    """Seconds from and to which the hands are up or move; the whole clip if they never do."""
    meter = MotionMeter()
    motions = [
        meter.push(Landmarks(time, points))
        for time, points in zip(clip.times.tolist(), clip.points, strict=True)
    ]
    active = [
        m.time
        for m in motions
        if m.is_present and ((m.has_hand and m.height > _RAISED) or m.speed > _MOVING)
    ]
    return (active[0], active[-1]) if active else (0.0, motions[-1].time)


def sampling_weights(examples: Sequence[Example]) -> list[float]:
    """Share of an epoch for each clip, so that many clips of one word or signer do not rule.

    Within a class each signer counts by the square root of their clips, and the class by the
    square root of the sum of that.
    """
    clips: dict[tuple[str, str], int] = {}
    for example in examples:
        key = (example.label, example.clip.signer)
        clips[key] = clips.get(key, 0) + 1
    classes: dict[str, float] = {}
    for (label, _), count in clips.items():
        classes[label] = classes.get(label, 0.0) + count**0.5
    weights = [classes[e.label] ** -0.5 * clips[e.label, e.clip.signer] ** -0.5 for e in examples]
    total = sum(weights)
    return [weight / total for weight in weights]
