"""Landmarks -> letters and spelled words; pure, apart from the letters' network.

A letter is said when a hand has been held still for the dwell. The same letter again needs a
release, which is another shape or a slide aside. J and Z are read from the path of a finger
between two holds. A rest closes the word, which is then corrected by
edge.recognition.spelling.letter_model.
Distances are in hand sizes (edge.recognition.features.hand), times in seconds of the landmarks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.messages import LETTERS, Landmarks, Letter, Spelled, Stage
from edge.recognition.spelling.hand_view import HandFinder, shape_change
from edge.recognition.spelling.spelled_word import Read, SpelledWord, fold
from edge.recognition.spelling.spelling_meter import SpellingMeter
from edge.recognition.spelling.traced_letters import LIKE, read_trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.config.settings import SpellingSettings
    from edge.recognition.spelling.hand_view import HandView
    from edge.recognition.spelling.letter_classifier import LetterClassifier

_BASELINE: Final = (0.08, 0.3)
"""Seconds over which movement is measured: shorter is trembling, longer is another movement."""
_MEMORY: Final = 3.0
"""Seconds of frames that are kept, for traced letters."""
_GAP: Final = 1.0
"""Seconds without a frame after which all is forgotten."""
_SLACK: Final = 0.01
"""Seconds by which frames may come early."""
_ARM: Final = 1.5
"""Hand sizes per second at which the arm moves too much for spelling."""
_HYSTERESIS: Final = 1.5
"""How much faster than ``still`` a hand must be to end a hold."""
_LETTER: Final = 0.1
"""Least probability of all letters together; else the hand is none. Low, for ``nothing`` and
``del`` were taught by few people and take letters of strangers for themselves."""
_SPACE_LIKE: Final = 0.5
"""Probability of a space at which a hand is no letter, though not yet a space."""
_STABLE: Final = 0.6
"""Share of looks that must agree on the letter."""
_SWITCH: Final = 0.12
"""Hand sizes that the fingertips must be elsewhere for another letter; less is trembling."""
_PATIENCE: Final = 0.8
"""Seconds of a hold after which no J or Z is expected any more."""


@dataclass(slots=True, eq=False)
class _Hold:
    """A hand that is still, since when, and what it was read as."""

    start: float
    views: list[HandView]
    read: Read | None = None
    is_carried_out: bool = False

    def recent(self, seconds: float) -> list[HandView]:
        """Give the views of the last so many seconds that were looked at."""
        since = self.views[-1].time - seconds - _SLACK
        return [view for view in self.views if view.time >= since and view.is_looked_at]


class Speller(Stage[Landmarks, Letter | Spelled]):
    """Reads fingerspelling from a stream of landmarks."""

    def __init__(
        self, settings: SpellingSettings, classifier: LetterClassifier, *, is_cautious: bool = False
    ) -> None:
        """Start at rest.

        Args:
            settings: Of when a letter is one.
            classifier: Of letters, made with ``top_k=30``: the model of English wants them all.
            is_cautious: For mode `both`: nothing is said before the hands plainly spell, and a
                word in which they never do is dropped.
        """
        self._settings = settings
        self._is_cautious = is_cautious
        self._finder = HandFinder(classifier)
        self._meter = SpellingMeter()
        self._word = SpelledWord()
        self.reset()

    @property
    def is_spelling(self) -> bool:
        """Whether the hands spell, rather than sign or rest, as of the last frames."""
        return self._meter.is_spelling

    def has_spelled(self, onset: float, offset: float) -> bool:
        """Whether the hands spelled at some time in [onset, offset); no sign then."""
        return self._spelled[0] < offset and onset <= self._spelled[1]

    def reset(self) -> None:
        """Forget everything, as at the start."""
        self._finder.reset()
        self._meter.reset()
        self._word.clear()
        self._spelled = (np.inf, -np.inf)
        self._was_spelling = self._is_sure = False
        self._views: deque[HandView] = deque()
        self._hold: _Hold | None = None
        self._is_released = True
        self._last_up = self._now = -np.inf

    def push(self, landmarks: Landmarks) -> list[Letter | Spelled]:
        """Take the next frame; its time must not be before the last one's."""
        events: list[Letter | Spelled] = []
        if landmarks.time - self._now > _GAP:
            events += self.flush()
            self.reset()
        self._now = landmarks.time
        view = self._finder.push(landmarks)
        if view is None:
            return [*events, *self._wait()]
        self._last_up = view.time
        self._follow(view)
        self._views.append(view)
        while self._views[0].time < view.time - _MEMORY:
            self._views.popleft()
        if self._hold is not None:
            events += self._read(self._hold)
        if self._meter.is_spelling:
            began, _ = self._spelled
            self._spelled = (began if self._was_spelling else self._now, self._now)
            self._is_sure = True
        self._was_spelling = self._meter.is_spelling
        return events

    def flush(self) -> list[Letter | Spelled]:
        """The source has ended: close the word that is under way."""
        return self._close()

    def _wait(self) -> list[Letter | Spelled]:
        """No hand is up."""
        self._meter.see_nothing(self._now)
        self._was_spelling = self._meter.is_spelling
        away = self._now - self._last_up
        if away >= _BASELINE[1]:
            self._hold = None
            self._is_released = True
        return self._close() if away >= self._settings.rest else []

    def _follow(self, view: HandView) -> None:
        """Notice whether the hand is still, and whether it let go of its letter."""
        earlier = self._reference(view.time)
        if earlier is None:
            self._hold = None
        else:
            step = view.time - earlier.time
            moved = float(np.hypot(*(view.place - earlier.place))) / step
            changed = shape_change(view.shape, earlier.shape) / step
            self._weigh(view, moved, changed)
            limit = self._settings.still * (1 if self._hold is None else _HYSTERESIS)
            if max(moved, changed) >= limit:
                self._hold = None
            elif self._hold is None:
                self._hold = _Hold(earlier.time, [earlier, view])
            else:
                self._hold.views.append(view)
        last = self._word.last
        if last is not None:
            slid = abs(float(view.place[0] - last.view.place[0]))
            changed = shape_change(view.shape, last.view.shape)
            self._is_released |= changed >= self._settings.release or slid >= self._settings.slide

    def _weigh(self, view: HandView, moved: float, changed: float) -> None:
        """Tell the meter what a frame says for or against spelling."""
        if view.is_one_of_two or moved >= _ARM:
            self._meter.see_signing(view.time)
        elif changed >= self._settings.still:
            self._meter.see_change(view.time)
        elif view.is_looked_at:
            self._meter.see_shape(view.time, view.letters)

    def _reference(self, time: float) -> HandView | None:
        """Find the view against which movement is measured."""
        for view in reversed(self._views):
            if time - view.time > _BASELINE[1]:
                break
            if time - view.time >= _BASELINE[0]:
                return view
        return None

    def _read(self, hold: _Hold) -> list[Letter | Spelled]:
        """Read a hand that is still."""
        held_for = self._now - hold.start
        looks = hold.recent(self._settings.dwell)
        if held_for < self._settings.dwell - _SLACK or not looks:
            return []
        space, delete = _signs(looks)
        if max(space, delete) >= self._settings.sure:
            return self._obey(hold)
        if hold.is_carried_out and max(space, delete) >= _SPACE_LIKE:
            return []
        hold.is_carried_out = False
        total: NDArray[np.float32] = np.sum([view.letters for view in looks], axis=0)
        if total.sum() < _LETTER * len(looks) or space >= _SPACE_LIKE:
            return []
        letter = _best(total)
        agreeing = sum(_best(view.letters) == letter for view in looks)
        is_stable = agreeing >= _STABLE * len(looks)
        if hold.read is not None:
            self._hold_on(hold, hold.read, letter, looks, is_stable=is_stable)
        elif is_stable or held_for >= 2 * self._settings.dwell:
            self._begin(hold, letter, total, looks[-1])
        return self._say(is_patient=held_for < _PATIENCE)

    def _begin(self, hold: _Hold, letter: str, total: NDArray[np.float32], view: HandView) -> None:
        """A new hold has lasted for the dwell: find what it is, and what was traced before it."""
        self._find_trace(hold.start)
        last = self._word.last
        if last is not None and self._is_same(last, letter, view):
            hold.read = last
            last.offset = self._now
        else:
            self._add(hold, Read(letter, hold.start, self._now, total, view))

    def _is_same(self, last: Read, letter: str, view: HandView) -> bool:
        """Whether a hold is but the last letter again, its hand never having let go."""
        if self._is_released:
            return False
        if last.is_traced:
            return letter in LIKE[last.letter]
        return letter == last.letter or shape_change(view.shape, last.view.shape) < _SWITCH

    def _hold_on(
        self, hold: _Hold, last: Read, letter: str, looks: list[HandView], *, is_stable: bool
    ) -> None:
        """A letter is held on, or has turned into another without haste."""
        view = looks[-1]
        if letter == last.letter or last.is_traced:
            if view.time == self._now:
                last.offset = self._now
                last.total = last.total if last.is_traced else last.total + view.letters
        elif (
            is_stable
            and looks[0].time >= last.offset
            and shape_change(view.shape, last.view.shape) >= _SWITCH
        ):
            total: NDArray[np.float32] = np.sum([one.letters for one in looks], axis=0)
            self._add(hold, Read(letter, looks[0].time, self._now, total, view))

    def _add(self, hold: _Hold, read: Read) -> None:
        hold.read = read
        self._word.add(read)
        self._is_released = False

    def _find_trace(self, until: float) -> None:
        """Put what was traced since the last letter into the word."""
        last = self._word.last
        if last is not None and last.is_traced and not self._is_released:
            return
        since = last.offset if last is not None else -np.inf
        views = [view for view in self._views if since <= view.time <= until]
        if traced := read_trace(views):
            self._word.add_traced(traced, views[-1], max(since, views[0].time), until)
            self._is_released = False

    def _say(self, *, is_patient: bool) -> list[Letter | Spelled]:
        if self._is_cautious and not self._is_sure:
            return []
        return [*self._word.say(self._now, is_patient=is_patient)]

    def _obey(self, hold: _Hold) -> list[Letter | Spelled]:
        """Do what a space or a delete asks, once for each hold and after twice the dwell."""
        long = 2 * self._settings.dwell
        space, delete = _signs(hold.recent(long))
        is_due = self._now - hold.start >= long and max(space, delete) >= self._settings.sure
        if hold.is_carried_out or not is_due:
            return []
        hold.is_carried_out, hold.read = True, None
        if space > delete:
            return self._close()
        return [*self._say(is_patient=False), *self._word.take_back(hold.start, self._now)]

    def _close(self) -> list[Letter | Spelled]:
        """End the word."""
        self._find_trace(self._now)
        events = self._say(is_patient=False)
        if self._is_cautious and not self._is_sure:
            self._word.clear()
        events += self._word.spell(self._settings.model_weight)
        self._views.clear()
        self._is_sure = False
        return events


def _signs(looks: list[HandView]) -> tuple[float, float]:
    """Mean probabilities of a space and of a delete."""
    return (
        float(np.mean([view.space for view in looks])),
        float(np.mean([view.delete for view in looks])),
    )


def _best(letters: NDArray[np.float32]) -> str:
    """Find the best letter that can be held."""
    return LETTERS[int(fold(letters).argmax())]
