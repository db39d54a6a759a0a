"""What passes between the stages, and what a stage is.

Times are seconds on the source's monotonic clock.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

Cause = Literal["pause", "max_length", "stop"]
In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)


class Stage(Protocol[In, Out]):
    """A step from one kind of message to the next."""

    @abstractmethod
    def push(self, item: In, /) -> Iterable[Out]:
        """Take the next item, in order of time."""

    def flush(self) -> Iterable[Out]:
        """End what is under way: no item follows. Nothing is held back by default."""
        return ()

    def reset(self) -> None:
        """Forget everything, as at the start. Nothing is remembered by default."""
        return


def feed(stage: Stage[In, Out], items: Iterable[In]) -> Iterator[Out]:
    """Pass all items of a recording through a stage, to the end."""
    for item in items:
        yield from stage.push(item)
    yield from stage.flush()


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


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that is to be published."""

    letter: str
    """A to Z, or ``del``, which takes the last one back."""

    probability: float
    """Calibrated, 0..1; of a traced letter 0.9."""

    onset: float
    """Seconds at which the hand had come to rest in it, or had begun to trace it."""

    offset: float
    """Seconds until which it is known to have been held."""

    decided: float
    """Seconds on the source's clock at which enough was seen to decide."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """A word closed by a rest or a space."""

    text: str
    """Lower case, corrected by what is usual in English."""

    letters: tuple[str, ...]
    """As they were said one by one, less those that were taken back."""

    onset: float
    """Seconds, of the first letter."""

    offset: float
    """Seconds, of the last letter."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How a lesson stands."""

    word: str
    """What is taught."""

    have: int
    """Examples taken."""

    want: int
    """Examples needed."""

    note: str
    """What was wrong with the last example, or how the lesson ended; empty when all is well."""

    state: Literal["learning", "known", "forgotten", "failed"]
    """What is going on, or how it ended."""

    @property
    def is_over(self) -> bool:
        """Whether there is no lesson any more."""
        return self.state != "learning"

    @property
    def spoken(self) -> str:
        """A short prompt for the ear."""
        if self.state != "learning":
            texts = {"known": "I know {}", "forgotten": "{} is forgotten", "failed": "I gave up {}"}
            return texts[self.state].format(self.word)
        if self.note:
            return f"{self.note}, again please"
        return f"sign {self.word}" if self.have == 0 else f"{self.want - self.have} more"


@dataclass(frozen=True, slots=True)
class StateChange:
    """Signing began or ended."""

    time: float
    """Seconds."""

    state: Literal["idle", "signing"]
    """What it is now."""


Event = Sign | Utterance | Declined | Letter | Spelled | StateChange | Progress


LETTERS: Final = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
