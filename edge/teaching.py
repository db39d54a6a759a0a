"""Teaching a sign: gathers examples of it from the segments that the recognizer finds."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from edge.errors import ConfigError, EdgeError
from edge.matcher import distances, nearest_mean, normalized
from edge.messages import Segment
from edge.taught import (
    EXAMPLES_MIN,
    LONGEST,
    Store,
    check_word,
    folder_of,
    hand_share,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from edge.classifier import Classifier
    from edge.messages import Declined
    from edge.settings import LearningSettings

logger = logging.getLogger(__name__)

PATIENCE: Final = 60.0
"""Seconds without a sign after which a lesson is given up."""
_HANDS: Final = 0.3
"""Least share of frames in which a hand must be seen."""
_UNLIKE: Final = 0.75
"""Distance from the other examples beyond which one is taken for another sign; of one person's
clips of one sign 3 % are further apart."""


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


class Lesson:
    """Takes examples of one word until there are enough; reads no clock."""

    def __init__(
        self, word: str, want: int, embed: Callable[[Segment], NDArray[np.float32]], now: float
    ) -> None:
        """Begin.

        Args:
            word: As check_word gives it.
            want: Examples needed.
            embed: Segment -> (2, E), both mirror views.
            now: Seconds on the clock of the segments.
        """
        self._word, self._want = word, want
        self._embed = embed
        self._since = now
        self._odd: tuple[Segment, NDArray[np.float32]] | None = None
        self._pairs: list[NDArray[np.float32]] = []
        self.segments: list[Segment] = []

    @property
    def is_complete(self) -> bool:
        """Whether there are enough examples."""
        return len(self.segments) >= self._want

    def progress(self, note: str = "") -> Progress:
        """Say how it stands."""
        return Progress(self._word, len(self.segments), self._want, note, "learning")

    def push(self, item: Segment | Declined, now: float) -> Progress:
        """Take an example, or say why not."""
        self._since = now
        if not isinstance(item, Segment):
            return self.progress("too short" if item.reason == "too_short" else "too few frames")
        if item.cause == "max_length" or item.times[-1] - item.times[0] >= LONGEST:
            return self.progress("too long")
        if len(item.times) < 2:
            return self.progress("too short")
        if hand_share(item) < _HANDS:
            return self.progress("no hand seen")
        return self._compare(item)

    def is_overdue(self, now: float) -> bool:
        """Whether nothing has been signed for PATIENCE."""
        return now - self._since >= PATIENCE

    def _compare(self, segment: Segment) -> Progress:
        pair = normalized(self._embed(segment))
        if self._pairs and self._distance(pair, self._pairs) > _UNLIKE:
            # Perhaps the first was the odd one.
            if len(self._pairs) > 1 or self._odd is None:
                self._odd = segment, pair
                return self.progress("not like the others")
            first, self._odd = self._odd, None
            if self._distance(pair, [first[1]]) > _UNLIKE:
                self._odd = segment, pair
                return self.progress("not like the others")
            self.segments, self._pairs = [first[0]], [first[1]]
        self.segments.append(segment)
        self._pairs.append(pair)
        return self.progress()

    @staticmethod
    def _distance(pair: NDArray[np.float32], pairs: Sequence[NDArray[np.float32]]) -> float:
        return float(nearest_mean(distances(pair[None], np.stack(pairs)))[0])


def recall(settings: LearningSettings, classifier: Classifier) -> Store:
    """Teach a classifier what is in the store, if it can learn; return the store."""
    store = Store(folder_of(settings))
    if classifier.can_learn:
        for word, segments in store.read().items():
            classifier.teach(word, segments)
    return store


class Teacher:
    """Holds what was taught to a classifier, and the lesson under way, if any."""

    def __init__(self, settings: LearningSettings, classifier: Classifier) -> None:
        """Teach the classifier what is in the store."""
        self._settings = settings
        self._classifier = classifier
        self._lesson: Lesson | None = None
        self._word = ""
        self.store = recall(settings, classifier)

    @property
    def is_teaching(self) -> bool:
        """Whether segments are examples just now."""
        return self._lesson is not None

    def obey(self, command: str, word: str, now: float) -> list[Progress]:
        """Carry out ``learn`` or ``forget``; what cannot be done is told, not raised.

        A lesson under way goes on where the command fails.
        """
        try:
            return self.forget(word) if command == "forget" else self.learn(word, now)
        except EdgeError as error:
            logger.warning("%s: %s", command, error)
            return [] if self.is_teaching else [Progress(word, 0, 0, str(error), "failed")]

    def learn(self, word: str, now: float, examples: int | None = None) -> list[Progress]:
        """Begin a lesson; one that is under way ends.

        Raises:
            ConfigError: The word is unusable, there is no room, or the model cannot learn.
        """
        word = check_word(word)
        if not self._classifier.can_learn:
            raise ConfigError("this model cannot learn words; choose a model of words")
        self.store.check_room(word)
        self._word = word
        self._lesson = Lesson(
            word, examples or self._settings.examples, self._classifier.embed, now
        )
        return [self._lesson.progress()]

    def forget(self, word: str) -> list[Progress]:
        """Forget a taught word, or the lesson of it.

        Raises:
            ConfigError: The word is unusable or was never taught.
            SourceError: Its file cannot be removed.
        """
        word = check_word(word)
        is_current = self._lesson is not None and self._word == word
        if not self.store.remove(word) and not is_current:
            raise ConfigError(f"{word!r} is not among the taught words")
        self._classifier.unteach(word)
        if is_current:
            self._lesson = None
        if self._lesson is None:
            return [Progress(word, 0, 0, "", "forgotten")]
        return []

    def push(self, item: Segment | Declined, now: float) -> list[Progress]:
        """Give the lesson an example; the last one makes the word known."""
        if self._lesson is None:
            return []
        progress = self._lesson.push(item, now)
        return [progress, *self.finish()] if self._lesson.is_complete else [progress]

    def tick(self, now: float) -> list[Progress]:
        """Let time pass: a lesson that nobody attends is given up."""
        if self._lesson is not None:
            try:
                self._classifier.prepare_to_learn(1)  # one by one, so that no frame waits for long
            except EdgeError as error:
                return self.stop(str(error))
        is_overdue = self._lesson is not None and self._lesson.is_overdue(now)
        return self.stop("nothing was signed for a minute") if is_overdue else []

    def stop(self, why: str) -> list[Progress]:
        """Give up the lesson under way, if any."""
        lesson, self._lesson = self._lesson, None
        if lesson is None:
            return []
        stands = lesson.progress()
        return [Progress(stands.word, stands.have, stands.want, why, "failed")]

    def finish(self) -> list[Progress]:
        """Keep what the lesson has, if that is enough for a word."""
        lesson = self._lesson
        if lesson is None:
            return []
        count = len(lesson.segments)
        if count < EXAMPLES_MIN:
            return self.stop(f"{count} usable examples; {EXAMPLES_MIN} are needed")
        self._lesson = None
        note = self._taken_for(lesson.segments)
        try:
            kept = self.store.add(self._word, lesson.segments)
        except EdgeError as error:
            logger.warning("learn: %s", error)
            return [Progress(self._word, count, count, str(error), "failed")]
        self._classifier.teach(self._word, kept)
        return [Progress(self._word, count, count, note, "known")]

    def _taken_for(self, segments: Sequence[Segment]) -> str:
        """Warn of a word that most examples are surely taken for already."""
        said = [self._classifier.classify_together([segment]) for segment in segments]
        words = Counter(one.top[0][0] for one in said if one.is_accepted)
        word, count = (words.most_common(1) or [("", 0)])[0]
        if word == self._word or 2 * count <= len(segments):
            return ""
        return f"looks like {word!r}, which will often win"
