"""Steers the teaching of words, and tells every step of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.device.news import News
    from edge.recognition.learning.lesson import Example
    from edge.recognition.learning.teacher import LessonView, Teacher
    from edge.recognition.recognizer import Recognizer


class LessonControl:
    """The lesson under way, for the inference thread alone.

    Numbers name examples, from 1; where there is no such one, or no lesson, ConfigError is raised.
    """

    def __init__(self, recognizer: Recognizer, news: News) -> None:
        """Teach a recognizer; each step is told as news."""
        self._recognizer = recognizer
        self._news = news

    @property
    def _teacher(self) -> Teacher:
        return self._recognizer.teacher  # another one with each model

    @property
    def is_teaching(self) -> bool:
        """Whether what is signed counts as an example just now."""
        return self._teacher.is_teaching

    def view(self) -> LessonView:
        """Show the lesson under way, or how the last one ended."""
        return self._teacher.view(time.monotonic(), is_signing=self._recognizer.is_signing)

    def obey(self, command: str, word: str) -> None:
        """Carry out ``learn`` or ``forget``; what cannot be done is told, not raised."""
        self._news.deliver(self._teacher.obey(command, word, time.monotonic()))

    def begin(self, word: str, *, examples: int, spoken: str, countdown: float) -> None:
        """Begin a lesson whose examples are looked at before the word is known.

        Args:
            word: What is taught.
            examples: How many are wanted.
            spoken: How the word is spoken, as check_spoken gives it; empty for as before.
            countdown: Seconds from now before which no sign counts.

        Raises:
            ConfigError: The word is unusable, there is no room, or the model cannot learn.
        """
        steps = self._teacher.learn(
            word,
            time.monotonic(),
            examples,
            spoken=spoken,
            countdown=countdown,
            is_reviewed=True,
        )
        self._news.deliver(steps)

    def go_on(self, countdown: float) -> None:
        """Take another example, after a countdown in seconds."""
        self._teacher.lesson.go_on(time.monotonic(), countdown)

    def example(self, number: int) -> Example:
        """Find an example."""
        return self._teacher.lesson.find(number)

    def keep(self, number: int) -> None:
        """Take an example that is not like the others all the same."""
        self._teacher.lesson.keep(number, time.monotonic())

    def drop(self, number: int) -> None:
        """Forget an example."""
        self._teacher.lesson.drop(number, time.monotonic())

    def finish(self) -> None:
        """Have the word known by the examples that were not dropped.

        Raises:
            ConfigError: There is no lesson, or it has too few examples, and goes on.
        """
        self._news.deliver(self._teacher.conclude())

    def give_up(self, why: str) -> None:
        """End the lesson under way, if any; its word is not learnt."""
        self._news.deliver(self._teacher.stop(why))

    def forget(self, word: str) -> None:
        """Forget a taught word, or the lesson of it.

        Raises:
            ConfigError: The word is unusable or was never taught.
            SourceError: Its file cannot be removed.
        """
        self._news.deliver(self._teacher.forget(word))
