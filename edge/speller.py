"""Landmarks -> letters and spelled words; pure, apart from the letters' network.

A letter is said when a hand has been held still for the dwell. The same letter again needs a
release, which is another shape or a slide aside. J and Z are read from the path of a finger
between two holds. A rest closes the word, which is then corrected by edge.letter_model.
Distances are in hand sizes (edge.handshape), times in seconds of the landmarks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.letter_model import english
from edge.letters import LETTERS
from edge.spelling_hand import DELETE, SPACE, HandFinder, shape_change
from edge.spelling_mode import SpellingMeter
from edge.tracing import LIKE, read_trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.letters import LetterClassifier
    from edge.messages import Landmarks
    from edge.spelling_hand import HandView

_BASELINE: Final = (0.08, 0.3)
"""Seconds over which movement is measured: shorter is trembling, longer is another movement."""
_MEMORY: Final = 3.0
"""Seconds of frames that are kept, for traced letters."""
_ARM: Final = 1.5
"""Hand sizes per second at which the arm moves too much for spelling."""
_SLACK: Final = 0.01
"""Seconds by which frames may come early."""
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
_TRACED: Final = 0.9
"""Probability of a letter that was traced."""
_MAY_BE_Z: Final = 0.1
"""Probability of Z at which a hand may be about to trace one."""
_PATIENCE: Final = 0.8
"""Seconds of a hold after which no J or Z is expected any more."""
_D, _I, _J, _X, _Z = (LETTERS.index(letter) for letter in "DIJXZ")
_GAP: Final = 1.0
"""Seconds without a frame after which all is forgotten."""


@dataclass(frozen=True, slots=True)
class SpellerSettings:
    """When a letter is said, and when a word is over."""

    dwell: float = 0.15
    """Seconds that a hand must be still before its letter counts."""

    rest: float = 0.8
    """Seconds without a raised hand that close the word."""

    still: float = 1.0
    """Hand sizes per second below which a hand is still."""

    release: float = 0.2
    """Hand sizes that the fingertips must go away and come back for the same letter again."""

    slide: float = 0.35
    """Hand sizes that a hand must slide aside for the same letter again."""

    sure: float = 0.9
    """Least probability of a space and of a delete; both are weakly known."""

    model_weight: float = 0.35
    """Of the letters' order in English against the hand; 0 leaves words as they were read."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that is to be published."""

    letter: str
    """A to Z, or ``del``, which takes the last one back."""

    probability: float
    """Calibrated, 0..1; of a traced letter 1."""

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
    """Lower case, corrected."""

    letters: tuple[str, ...]
    """As they were said one by one, less those that were taken back."""

    onset: float
    """Seconds, of the first letter."""

    offset: float
    """Seconds, of the last letter."""


@dataclass(slots=True, eq=False)
class _Read:
    """A letter that was read, and what all frames so far say of it."""

    letter: str
    onset: float
    offset: float
    total: NDArray[np.float32]
    shape: NDArray[np.float32]
    place: NDArray[np.float32]
    is_traced: bool = False
    is_said: bool = False

    @property
    def probability(self) -> float:
        return float(self.total[LETTERS.index(self.letter)] / max(self.total.sum(), 1e-6))


@dataclass(slots=True, eq=False)
class _Hold:
    """A hand that is still."""

    start: float
    views: list[HandView]
    read: _Read | None = None

    def recent(self, seconds: float) -> list[HandView]:
        """Give the views of the last so many seconds."""
        since = self.views[-1].time - seconds - _SLACK
        return [view for view in self.views if view.time >= since]


class Speller:
    """Reads fingerspelling from a stream of landmarks."""

    def __init__(
        self, settings: SpellerSettings, classifier: LetterClassifier, *, is_cautious: bool = False
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
        self._model = english()
        self.reset()

    @property
    def is_spelling(self) -> bool:
        """Whether the hands spell, rather than sign or rest, as of the last frames."""
        return self._meter.is_spelling

    def has_spelled(self, onset: float, offset: float) -> bool:
        """Whether the hands spelled at some time in [onset, offset), of late; no sign then."""
        return self._spelled[0] < offset and onset <= self._spelled[1]

    def reset(self) -> None:
        """Forget everything, as at the start."""
        self._finder.reset()
        self._meter.reset()
        self._spelled = (np.inf, -np.inf)
        self._was_spelling = False
        self._views: deque[HandView] = deque()
        self._word: list[_Read] = []
        self._hold: _Hold | None = None
        self._is_released = True
        self._last_up = -np.inf
        self._now = -np.inf

    def push(self, landmarks: Landmarks) -> list[Letter | Spelled]:
        """Take the next frame; its time must not be before the last one's."""
        events: list[Letter | Spelled] = []
        if landmarks.time - self._now > _GAP:
            events += self.flush()
            self.reset()
        self._now = landmarks.time
        view = self._finder.push(landmarks)
        if view is None:
            self._meter.see_nothing(self._now)
            away = self._now - self._last_up
            if away >= _BASELINE[1]:
                self._hold = None
                self._is_released = True
            if away >= self._settings.rest:
                events += self._close()
            return events
        self._last_up = view.time
        self._follow(view)
        self._views.append(view)
        while self._views[0].time < view.time - _MEMORY:
            self._views.popleft()
        if self._hold is not None:
            events += self._read(self._hold)
        self._notice_spelling()
        return events

    def flush(self) -> list[Letter | Spelled]:
        """The source has ended: close the word that is under way."""
        return self._close()

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
        if self._word:
            last = self._word[-1]
            slid = abs(float(view.place[0] - last.place[0]))
            if (
                shape_change(view.shape, last.shape) >= self._settings.release
                or slid >= self._settings.slide
            ):
                self._is_released = True

    def _weigh(self, view: HandView, moved: float, changed: float) -> None:
        """Tell the meter what a frame says for or against spelling."""
        if view.is_one_of_two or moved >= _ARM:
            self._meter.see_signing(view.time)
        elif changed < self._settings.still and view.letters is not None:
            self._meter.see_shape(view.time, view.letters)
        elif changed >= self._settings.still:
            self._meter.see_change(view.time)

    def _notice_spelling(self) -> None:
        if self._meter.is_spelling:
            began, seen = self._spelled
            self._spelled = (began if self._was_spelling else self._now, self._now)
            self._is_sure = True
        self._was_spelling = self._meter.is_spelling

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
        if self._now - hold.start < self._settings.dwell - _SLACK:
            return []
        recent = hold.recent(self._settings.dwell)
        looks = [view for view in recent if view.letters is not None]
        if not looks:
            return []
        total = np.sum([view.letters for view in looks], axis=0)
        for sign in (SPACE, DELETE):
            if _mean(looks, sign) >= self._settings.sure:
                return self._obey(sign, hold)
        if total.sum() < _LETTER * len(looks) or _mean(looks, SPACE) >= _SPACE_LIKE:
            return []
        held = fold(total)
        letter = LETTERS[int(held.argmax())]
        tops = [LETTERS[int(fold(view.letters).argmax())] for view in looks]
        is_stable = tops.count(letter) >= _STABLE * len(tops)
        if hold.read is None:
            if not is_stable and self._now - hold.start < 2 * self._settings.dwell:
                return []
            events = self._begin(hold, letter, total, looks)
        else:
            events = self._continue(hold, letter, total, looks, is_stable=is_stable)
        return events

    def _begin(
        self, hold: _Hold, letter: str, total: NDArray[np.float32], looks: list[HandView]
    ) -> list[Letter | Spelled]:
        """A new hold has lasted for the dwell: find what it is, and what was traced before it."""
        self._find_trace(hold.start)
        last = self._word[-1] if self._word else None
        if last is not None and self._is_same(last, letter, looks[-1]):
            hold.read = last
            last.offset = self._now
            return self._say(is_patient=True)
        return self._append(hold, letter, total, looks[-1])

    def _is_same(self, last: _Read, letter: str, view: HandView) -> bool:
        """Whether a hold is but the last letter again, its hand never having let go."""
        if last.is_traced:
            return letter in LIKE[last.letter] and not self._is_released
        if letter == last.letter:
            return not self._is_released
        return not self._is_released and shape_change(view.shape, last.shape) < _SWITCH

    def _continue(
        self,
        hold: _Hold,
        letter: str,
        total: NDArray[np.float32],
        looks: list[HandView],
        *,
        is_stable: bool,
    ) -> list[Letter | Spelled]:
        """A letter is held on, or has turned into another without haste."""
        last = hold.read
        assert last is not None  # noqa: S101 - asked by the caller
        is_other = letter != last.letter and not last.is_traced
        if (
            is_other
            and is_stable
            and shape_change(looks[-1].shape, last.shape) >= _SWITCH
            and looks[0].time >= last.offset
        ):
            return self._append(hold, letter, total, looks[-1])
        if not is_other and looks[-1].time == self._now:
            last.offset = self._now
            if not last.is_traced:
                last.total = last.total + looks[-1].letters
        return self._say(is_patient=self._now - hold.start < _PATIENCE)

    def _append(
        self, hold: _Hold, letter: str, total: NDArray[np.float32], view: HandView
    ) -> list[Letter | Spelled]:
        shape = np.mean([one.shape for one in hold.recent(self._settings.dwell)], axis=0)
        onset = max(hold.start, view.time - self._settings.dwell) if hold.read else hold.start
        hold.read = _Read(letter, onset, self._now, total, shape, view.place)
        self._word.append(hold.read)
        self._is_released = False
        return self._say(is_patient=True)

    def _find_trace(self, until: float) -> None:
        """Put what was traced since the last letter into the word, in place of its start."""
        last = self._word[-1] if self._word else None
        since = last.offset if last is not None else -np.inf
        if last is not None and last.is_traced and not self._is_released:
            return
        views = [view for view in self._views if since <= view.time <= until]
        traced = read_trace(views) if len(views) > 2 else ""
        if not traced:
            return
        is_start = last is not None and not (last.is_said or last.is_traced)
        if is_start and self._word[-1].letter in LIKE[traced[0]]:
            since = self._word.pop().onset
        for letter in traced:
            vector = np.full(len(LETTERS), (1 - _TRACED) / (len(LETTERS) - 1), dtype=np.float32)
            vector[LETTERS.index(letter)] = _TRACED
            onset = max(since, views[0].time)
            shape, place = views[-1].shape, views[-1].place
            self._word.append(_Read(letter, onset, until, vector, shape, place, is_traced=True))
        self._is_released = False

    def _say(self, *, is_patient: bool) -> list[Letter | Spelled]:
        """Say what is due; the start of a J or a Z waits, as long as one is patient."""
        events: list[Letter | Spelled] = []
        if self._is_cautious and not self._is_sure:
            return events
        for place, read in enumerate(self._word):
            is_last = place == len(self._word) - 1
            if read.is_said:
                continue
            if is_last and is_patient and _may_trace(read):
                break
            read.is_said = True
            events.append(Letter(read.letter, read.probability, read.onset, read.offset, self._now))
        return events

    def _obey(self, sign: str, hold: _Hold) -> list[Letter | Spelled]:
        """Do what a space or a delete asks, once for each hold."""
        if hold.read is not None or self._now - hold.start < 2 * self._settings.dwell:
            return []
        if sign == SPACE:
            return self._close()
        events = self._say(is_patient=False)
        if not self._word:
            return events
        last = self._word.pop()
        hold.read = last
        return [*events, Letter(DELETE, 1.0, hold.start, self._now, self._now)]

    def _close(self) -> list[Letter | Spelled]:
        """End the word."""
        self._find_trace(self._now)
        events = self._say(is_patient=False)
        is_doubtful = self._is_cautious and not self._is_sure
        word, self._word = self._word, []
        self._views.clear()
        self._is_sure = False
        if not word or is_doubtful:
            return events
        vectors = [
            read.total / read.total.sum() if read.is_traced else fold(read.total) for read in word
        ]
        return [
            *events,
            Spelled(
                text=self._model.decode(vectors, self._settings.model_weight),
                letters=tuple(read.letter for read in word),
                onset=word[0].onset,
                offset=word[-1].offset,
            ),
        ]


def fold(letters: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn (26,) probabilities of a still hand into those of letters that are held, sum 1.

    J and Z are not: who holds their hand shows an I, or a D or an X.
    """
    held = letters / max(float(letters.sum()), 1e-6)
    held[_I] += held[_J]
    held[_D] += held[_Z] / 2
    held[_X] += held[_Z] / 2
    held[[_J, _Z]] = 0
    return held


def _mean(looks: list[HandView], sign: str) -> float:
    """Probability of a sign, over several looks."""
    return float(np.mean([view.signs[sign] for view in looks]))


def _may_trace(read: _Read) -> bool:
    """Whether this may be the beginning of a J or a Z."""
    share = read.total / max(float(read.total.sum()), 1e-6)
    return not read.is_traced and (read.letter in "IX" or float(share[_Z]) >= _MAY_BE_Z)
