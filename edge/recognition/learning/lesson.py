"""One lesson: examples of a word, those that will do told from those that will not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.errors import ConfigError
from edge.messages import Progress, Segment
from edge.recognition.classifying.matcher import distances, nearest_mean, normalized
from edge.recognition.learning.taught_words import LONGEST, hand_share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from edge.messages import Declined

PATIENCE: Final = 60.0
"""Seconds without a sign after which a lesson is given up."""
REVIEW_PATIENCE: Final = 600.0
"""Seconds for which complete examples wait to be kept or dropped."""
UNLIKE: Final = "not like the others"
"""What is said of an example that may be of another sign; its owner may know better."""
_HANDS: Final = 0.3
"""Least share of frames in which a hand must be seen."""
_APART: Final = 0.75
"""Distance from the other examples beyond which one is taken for another sign; of one person's
clips of one sign 3 % are further apart."""
_EARLY: Final = 0.5
"""Seconds before the end of the countdown from which on a sign counts."""
_UNFIT_MAX: Final = 10
"""Examples that will not do and are remembered; the oldest give way."""


@dataclass(slots=True, eq=False)
class Example:
    """Something that was signed in a lesson."""

    number: int
    """Counts from 1; never given twice in a lesson."""

    seconds: float
    """How long it lasted."""

    segment: Segment | None
    """Its landmarks; None where there are not enough to show."""

    pair: NDArray[np.float32] | None
    """(2, E), both mirror views, of length 1; None where it will never do."""

    note: str = ""
    """Why it will not do; empty where it does."""

    @property
    def is_good(self) -> bool:
        """Whether the word would be known by it."""
        return not self.note


class Lesson:
    """Takes examples of one word until there are enough; reads no clock."""

    def __init__(
        self,
        word: str,
        want: int,
        embed: Callable[[Segment], NDArray[np.float32]],
        now: float,
        *,
        countdown: float = 0.0,
        is_reviewed: bool = False,
    ) -> None:
        """Begin.

        Args:
            word: As check_word gives it.
            want: Examples needed.
            embed: Segment -> (2, E), both mirror views.
            now: Seconds on the clock of the segments.
            countdown: Seconds from now before which no sign counts.
            is_reviewed: Whether somebody looks at the examples before the word is known.
        """
        self.word, self.want = word, want
        self.is_reviewed = is_reviewed
        self.is_reviewing = False
        """Whether the examples wait to be kept or dropped, and no more are taken."""
        self.examples: list[Example] = []
        self._embed = embed
        self._since = now
        self._start = now + countdown if countdown else -np.inf
        self._odd: Example | None = None
        self._count = 0

    @property
    def segments(self) -> list[Segment]:
        """Those by which the word would be known."""
        return [one.segment for one in self.examples if one.is_good and one.segment is not None]

    @property
    def is_complete(self) -> bool:
        """Whether there are enough examples."""
        return len(self.segments) >= self.want

    def progress(self, note: str = "") -> Progress:
        """Say how it stands."""
        return Progress(self.word, len(self.segments), self.want, note, "learning")

    def countdown(self, now: float) -> float:
        """Seconds until signs count."""
        return float(max(0.0, self._start - now))

    def is_awaited(self, item: Segment | Declined) -> bool:
        """Whether what was signed is an example, and not done on the way to one."""
        return not self.is_reviewing and item.onset >= self._start - _EARLY

    def push(self, item: Segment | Declined, now: float) -> Progress:
        """Take an example, or say why not."""
        self._since = now
        self._count += 1
        example = Example(self._count, item.offset - item.onset, None, None)
        if isinstance(item, Segment):
            example.segment = item
        example.note = _unfitness(item)
        if isinstance(item, Segment) and example.is_good:
            example.pair = normalized(self._embed(item))
            self._compare(example, example.pair)
        self.examples.append(example)
        unfit = [one for one in self.examples if not one.is_good]
        if len(unfit) > _UNFIT_MAX:
            self.examples.remove(unfit[0])
        self.is_reviewing = self.is_reviewed and self.is_complete
        return self.progress(example.note)

    def keep(self, number: int, now: float) -> None:
        """Take an example that is not like the others all the same.

        Raises:
            ConfigError: There is none of this number, or nothing could be learnt by it.
        """
        example = self.find(number)
        if example.pair is None:
            raise ConfigError(f"example {number} cannot be kept: {example.note}")
        example.note = ""
        self._forget_odd(example)
        self._since = now

    def drop(self, number: int, now: float) -> None:
        """Forget an example.

        Raises:
            ConfigError: There is none of this number.
        """
        example = self.find(number)
        self.examples.remove(example)
        self._forget_odd(example)
        self._since = now

    def go_on(self, now: float, countdown: float) -> None:
        """Take another example, after a countdown in seconds."""
        self.want = max(self.want, len(self.segments) + 1)
        self.is_reviewing = False
        self._since, self._start = now, now + countdown

    def review(self, now: float) -> None:
        """Take no more examples; those that there are wait to be kept or dropped."""
        self.is_reviewing, self._since = True, now

    def find(self, number: int) -> Example:
        """Find an example.

        Raises:
            ConfigError: There is none of this number.
        """
        for one in self.examples:
            if one.number == number:
                return one
        raise ConfigError(f"there is no example {number}")

    def is_overdue(self, now: float) -> bool:
        """Whether nothing has been signed for PATIENCE, or kept or dropped for the longer one."""
        patience = REVIEW_PATIENCE if self.is_reviewing else PATIENCE
        return bool(now - max(self._since, self._start) >= patience)

    def _compare(self, example: Example, pair: NDArray[np.float32]) -> None:
        others = [(one, one.pair) for one in self.examples if one.is_good and one.pair is not None]
        if not others or _near(pair, [known for _, known in others]):
            return
        odd = self._odd
        is_like_odd = odd is not None and odd.pair is not None and _near(pair, [odd.pair])
        if odd is not None and is_like_odd and len(others) == 1:
            # The first was the odd one.
            others[0][0].note, odd.note, self._odd = UNLIKE, "", None
        else:
            example.note, self._odd = UNLIKE, example

    def _forget_odd(self, example: Example) -> None:
        if self._odd is example:
            self._odd = None


def _unfitness(item: Segment | Declined) -> str:
    """Why no example can be made of this; empty where one can."""
    if not isinstance(item, Segment):
        return "too short" if item.reason == "too_short" else "too few frames"
    if item.cause == "max_length" or item.times[-1] - item.times[0] >= LONGEST:
        return "too long"
    if len(item.times) < 2:
        return "too short"
    return "no hand seen" if hand_share(item) < _HANDS else ""


def _near(pair: NDArray[np.float32], pairs: Sequence[NDArray[np.float32]]) -> bool:
    return bool(nearest_mean(distances(pair[None], np.stack(pairs)))[0] <= _APART)
