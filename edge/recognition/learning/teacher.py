"""Teaching a sign: gathers examples of it from the segments that the recognizer finds."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from edge.errors import ConfigError, EdgeError
from edge.messages import Progress
from edge.recognition.learning.lesson import Lesson
from edge.recognition.learning.taught_words import EXAMPLES_MIN, Store, check_word, folder_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edge.config.settings import LearningSettings
    from edge.messages import Declined, Segment
    from edge.recognition.classifying.classifier import Classifier
    from edge.recognition.learning.lesson import Example
    from edge.recognition.learning.taught_words import TaughtWord

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LessonView:
    """A lesson as its owner is shown it, at one moment."""

    state: Literal["idle", "countdown", "waiting", "recording", "reviewing", "known"]
    """What is going on; idle where there is no lesson."""

    word: str = ""
    """What is taught, or was last."""

    spoken: str = ""
    """How it will be spoken."""

    have: int = 0
    """Examples by which it would be known."""

    want: int = 0
    """Examples that were asked for."""

    examples: tuple[Example, ...] = ()
    """What was signed, in order; also what will not do."""

    note: str = ""
    """What was wrong with the last example, or how the lesson ended."""

    countdown: float = 0.0
    """Seconds until signs count."""


def recall(settings: LearningSettings, classifier: Classifier) -> Mapping[str, TaughtWord]:
    """Teach a classifier what is in the store, if it can learn; return that."""
    if not classifier.can_learn:
        return {}
    words = Store(folder_of(settings)).read_words()
    for word, taught in words.items():
        classifier.teach(word, taught.segments)
    return words


class Teacher:
    """Holds what was taught to a classifier, and the lesson under way, if any."""

    def __init__(
        self,
        settings: LearningSettings,
        classifier: Classifier,
        forms: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        """Teach the classifier what is in the store.

        Args:
            settings: Where that is, and how many examples a lesson has.
            classifier: Who is taught.
            forms: Gloss -> (display, spoken) of the words that it ships with.
        """
        self._settings = settings
        self._classifier = classifier
        self._lesson: Lesson | None = None
        self._word = self._spoken = self._note = ""
        self._ended = LessonView("idle")
        self._shipped = dict(forms or {})
        self.forms = dict(self._shipped)
        """Gloss -> (display, spoken) of every word whose forms are not its gloss; follows what is
        taught and forgotten."""
        self.store = Store(folder_of(settings))
        for word, taught in recall(settings, classifier).items():
            self._take_form(word, taught.spoken)

    @property
    def is_teaching(self) -> bool:
        """Whether segments are examples just now."""
        return self._lesson is not None and not self._lesson.is_reviewing

    @property
    def lesson(self) -> Lesson:
        """The lesson under way.

        Raises:
            ConfigError: There is none.
        """
        if self._lesson is None:
            raise ConfigError("no word is being taught")
        return self._lesson

    def view(self, now: float, *, is_signing: bool) -> LessonView:
        """Show the lesson under way, or how the last one ended.

        Args:
            now: Seconds on the clock of the segments.
            is_signing: Whether a sign is under way.
        """
        lesson = self._lesson
        if lesson is None:
            return self._ended
        countdown = lesson.countdown(now)
        state: Literal["reviewing", "countdown", "recording", "waiting"]
        if lesson.is_reviewing:
            state = "reviewing"
        elif countdown:
            state = "countdown"
        else:
            state = "recording" if is_signing else "waiting"
        return LessonView(
            state=state,
            word=lesson.word,
            spoken=self._spoken or lesson.word,
            have=len(lesson.segments),
            want=lesson.want,
            examples=tuple(lesson.examples),
            note=self._note,
            countdown=countdown,
        )

    def obey(self, command: str, word: str, now: float) -> list[Progress]:
        """Carry out ``learn`` or ``forget``; what cannot be done is told, not raised.

        A lesson under way goes on where the command fails.
        """
        try:
            return self.forget(word) if command == "forget" else self.learn(word, now)
        except EdgeError as error:
            logger.warning("%s: %s", command, error)
            if self._lesson is not None:
                return []
            return [Progress(word, 0, 0, str(error), "failed")]

    def learn(
        self,
        word: str,
        now: float,
        examples: int | None = None,
        *,
        spoken: str = "",
        countdown: float = 0.0,
        is_reviewed: bool = False,
    ) -> list[Progress]:
        """Begin a lesson; one that is under way ends.

        Args:
            word: What is taught.
            now: Seconds on the clock of the segments.
            examples: How many; None takes what is set.
            spoken: How the word is spoken, as check_spoken gives it; empty for as before, or as
                it is written.
            countdown: Seconds from now before which no sign counts.
            is_reviewed: Whether somebody calls ``conclude`` after a look at the examples.

        Raises:
            ConfigError: The word is unusable, there is no room, or the model cannot learn.
        """
        word = check_word(word)
        if not self._classifier.can_learn:
            raise ConfigError("this model cannot learn words; choose a model of words")
        self.store.check_room(word)
        self._word, self._spoken, self._note = word, spoken, ""
        self._lesson = Lesson(
            word,
            examples or self._settings.examples,
            self._classifier.embed,
            now,
            countdown=countdown,
            is_reviewed=is_reviewed,
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
        self._drop_form(word)
        if is_current:
            self._lesson = None
        if self._lesson is None:
            self._ended = LessonView("idle", word)
            return [Progress(word, 0, 0, "", "forgotten")]
        return []

    def push(self, item: Segment | Declined, now: float) -> list[Progress]:
        """Give the lesson an example; the last one makes the word known, unless it is reviewed."""
        lesson = self._lesson
        if lesson is None or not lesson.is_awaited(item):
            return []
        progress = lesson.push(item, now)
        self._note = progress.note
        if lesson.is_complete and not lesson.is_reviewed:
            return [progress, *self.finish()]
        return [progress]

    def tick(self, now: float) -> list[Progress]:
        """Let time pass: a lesson that nobody attends is given up."""
        if self._lesson is not None:
            try:
                self._classifier.prepare_to_learn(1)  # one by one, so that no frame waits for long
            except EdgeError as error:
                return self.stop(str(error))
        if self._lesson is None or not self._lesson.is_overdue(now):
            return []
        is_reviewing = self._lesson.is_reviewing
        what = "the examples were not looked at" if is_reviewing else "nothing was signed"
        return self.stop(f"{what} for {'ten minutes' if is_reviewing else 'a minute'}")

    def stop(self, why: str) -> list[Progress]:
        """Give up the lesson under way, if any."""
        lesson, self._lesson = self._lesson, None
        if lesson is None:
            return []
        stands = lesson.progress()
        self._ended = LessonView("idle", stands.word, note=why)
        return [Progress(stands.word, stands.have, stands.want, why, "failed")]

    def conclude(self) -> list[Progress]:
        """Keep what was not dropped; the lesson goes on where that is too little.

        Raises:
            ConfigError: There is no lesson, or it has too few examples.
        """
        count = len(self.lesson.segments)
        if count < EXAMPLES_MIN:
            raise ConfigError(f"{count} usable examples; {EXAMPLES_MIN} are needed")
        return self.finish()

    def finish(self) -> list[Progress]:
        """Keep what the lesson has, if that is enough for a word."""
        lesson = self._lesson
        if lesson is None:
            return []
        segments = lesson.segments
        count = len(segments)
        if count < EXAMPLES_MIN:
            return self.stop(f"{count} usable examples; {EXAMPLES_MIN} are needed")
        note = self._confused_with(segments)
        try:
            kept = self.store.add(self._word, segments, self._spoken)
        except EdgeError as error:
            logger.warning("learn: %s", error)
            return self.stop(str(error))
        self._lesson = None
        self._classifier.teach(self._word, kept.segments)
        self._take_form(self._word, kept.spoken)
        spoken = self.forms.get(self._word, ("", self._word))[1]
        self._ended = LessonView("known", self._word, spoken, count, lesson.want, note=note)
        return [Progress(self._word, count, count, note, "known")]

    def _take_form(self, word: str, spoken: str) -> None:
        display, usual = self._shipped.get(word, (word, word))
        self.forms[word] = (display, spoken or usual)

    def _drop_form(self, word: str) -> None:
        self.forms.pop(word, None)
        if word in self._shipped:
            self.forms[word] = self._shipped[word]

    def _confused_with(self, segments: Sequence[Segment]) -> str:
        """Warn of a word that most examples are surely taken for already."""
        said = [self._classifier.classify_together([segment]) for segment in segments]
        words = Counter(one.top[0][0] for one in said if one.is_accepted)
        word, count = (words.most_common(1) or [("", 0)])[0]
        if word == self._word or 2 * count <= len(segments):
            return ""
        return f"looks like {word!r}, which will often win"
