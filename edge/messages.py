"""What passes between the stages. Times are seconds on the source's monotonic clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Cause = Literal["pause", "max_length", "stop"]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture."""

    index: int
    """Count of frames since the source was opened, from 0."""

    time: float
    """Seconds, monotonic, at exposure."""

    image: NDArray[np.uint8]
    """(H, W, 3) RGB, not mirrored."""


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """Landmarks of one frame."""

    time: float
    """Seconds, monotonic, at exposure."""

    points: NDArray[np.float32]
    """(75, 3) x, y, z in image widths, origin top left; NaN where unseen."""


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """The landmarks of one sign, from onset to offset."""

    onset: float
    """Seconds at which the hands began to move, inclusive."""

    offset: float
    """Seconds at which they came to rest, exclusive."""

    times: NDArray[np.float64]
    """(T,) seconds, increasing; reaches beyond [onset, offset) by the segmenter's padding."""

    points: NDArray[np.float32]
    """(T, 75, 3) in image widths; NaN where unseen."""

    cause: Cause
    """Why it ended: the hands rested, it reached its longest, or the source stopped."""


@dataclass(frozen=True, slots=True)
class Declined:
    """A stretch of signing that was not recognised, on purpose."""

    onset: float
    """Seconds at which the hands began to move."""

    offset: float
    """Seconds at which they came to rest."""

    reason: Literal["low_fps", "unsure", "other", "too_short"]
    """Frame rate too low, probability or margin too small, not a sign, or too short."""

    top: tuple[tuple[str, float], ...] = ()
    """(gloss, probability), best first; empty where no classifier was asked."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the classifier says of one segment."""

    onset: float
    """Seconds."""

    offset: float
    """Seconds."""

    top: tuple[tuple[str, float], ...]
    """(gloss, calibrated probability in 0..1), best first."""

    is_accepted: bool
    """Whether the best clears its threshold and its margin and is a sign at all."""

    reason: Literal["", "unsure", "other"] = ""
    """Why it was not accepted."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A word that is to be published and said."""

    gloss: str
    """The sign's label, lower case."""

    display: str
    """The word as it is written."""

    spoken: str
    """The word as it is handed to the speech engine."""

    probability: float
    """Calibrated, 0..1."""

    top: tuple[tuple[str, float], ...]
    """(gloss, probability), best first."""

    onset: float
    """Seconds."""

    offset: float
    """Seconds."""

    decided: float
    """Seconds on the source's clock at which enough was seen to decide."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words closed by a pause."""

    text: str
    """The words as they are written, separated by spaces."""

    glosses: tuple[str, ...]
    """Labels in order."""

    onset: float
    """Seconds, of the first word."""

    offset: float
    """Seconds, of the last word."""
