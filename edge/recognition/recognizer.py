"""The stages from frame to word, wired in one thread; `run` and `replay` share them."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from edge.camera.gate import Gate
from edge.camera.pacing import least_step
from edge.errors import BundleError
from edge.landmarks.signer_place import SignerPlace
from edge.messages import (
    Declined,
    Event,
    Frame,
    Landmarks,
    Letter,
    Segment,
    Spelled,
    StateChange,
)
from edge.recognition.bundle import find_bundle, read_bundle
from edge.recognition.composer import Composer
from edge.recognition.early_decision import EarlyDecision
from edge.recognition.learning.taught_words import RESERVED
from edge.recognition.learning.teacher import Teacher
from edge.recognition.segmenting.factory import make_segmenter
from edge.recognition.spelling.letter_classifier import LetterClassifier, make_classifier
from edge.recognition.spelling.speller import Speller
from edge.system.stage_timer import StageTimer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Self

    from edge.config.settings import Settings, SpellingSettings
    from edge.landmarks.landmarker import Landmarker
    from edge.recognition.bundle import Bundle


def make_speller(settings: SpellingSettings) -> Speller | None:
    """Make the speller, where fingerspelling is to be read.

    Raises:
        BundleError: The letters' bundle is missing or unfit.
        DependencyError: No TFLite runtime works here.
    """
    if settings.mode == "words":
        return None
    bundle = read_bundle(find_bundle(settings.bundle, "spelling.bundle"))
    if bundle.manifest.features.kind != "hand":
        raise BundleError(f"spelling.bundle = {settings.bundle!r}: not a bundle of letters")
    classifier = LetterClassifier(bundle, top_k=len(bundle.glosses))
    return Speller(settings, classifier, is_cautious=settings.mode == "both")


class Recognizer:
    """Frames or landmarks in, events out; keeps its own counts and stage times."""

    def __init__(self, settings: Settings, bundle: Bundle, *, is_live: bool = False) -> None:
        """Load the network; the landmarker is loaded with the first frame.

        Args:
            settings: All of them.
            bundle: Whose words.
            is_live: Whether frames come as they happen.

        Raises:
            BundleError: The network does not fit its manifest.
            DependencyError: A runtime is missing.
        """
        self._is_live = is_live
        self._landmarker: Landmarker | None = None
        self.counts: Counter[str] = Counter()
        self.stage_ms: dict[str, float] = {}
        self.fps_limit = math.inf  # frames per second that the board can afford
        self.newest_landmarks: Landmarks | None = None
        """For whoever wants to show them."""
        self._is_signing = False
        self._last_taken = -1e9
        self._signer_place = SignerPlace()
        self.configure(settings, bundle)

    def configure(self, settings: Settings, bundle: Bundle) -> None:
        """Take new settings; a sign that is under way is lost.

        Raises:
            BundleError: The network does not fit its manifest; all stays as it was.
            DependencyError: A runtime is missing.
        """
        classifier = make_classifier(
            bundle,
            threshold=settings.classifier.threshold,
            threads=settings.classifier.threads,
            hand=settings.classifier.dominant_hand,
        )
        segmenter = make_segmenter(settings.segmenter, classifier)
        teacher = Teacher(settings.learning, classifier, bundle.forms)
        speller = make_speller(settings.spelling)
        self._classifier, self._segmenter, self.teacher = classifier, segmenter, teacher
        self._speller = speller
        self._settings = settings
        self._gate = Gate(settings.gate)
        self._composer = Composer(settings.composer, teacher.forms)
        self._early = EarlyDecision(settings.classifier)

    def adjust(self, settings: Settings) -> None:
        """Take new threshold, dominant hand and cool-down under way; the rest must be as before."""
        self._settings = settings
        self._classifier.set_threshold(settings.classifier.threshold)
        self._classifier.hand = settings.classifier.dominant_hand
        self._composer.set_cooldown(settings.composer.cooldown)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Words that it can say, shipped and taught."""
        return tuple(word for word in self._classifier.glosses if word not in RESERVED)

    def prepare(self) -> None:
        """Load the landmarker now, so that the first frames need not wait for it."""
        self._load_landmarker()

    @property
    def following(self) -> dict[str, object]:
        """Who is followed: ``place`` in the picture, and how many ``people`` were to choose from.

        With landmarks from an archive nobody counts the people: None.
        """
        people = self._landmarker.people if self._landmarker is not None else None
        return {"place": self._signer_place.place, "people": people}

    @property
    def is_signing(self) -> bool:
        """Whether a sign is under way."""
        return self._segmenter.is_signing

    def push(self, item: Frame | Landmarks) -> list[Event]:
        """Take a frame, or landmarks from an archive."""
        now = item.time
        events: list[Event] = []
        if isinstance(item, Landmarks):
            events += self._follow(item)
        elif self._is_wanted(item):
            for landmarks in self._find(item):
                events += self._follow(landmarks)
        return [*events, *self.tick(now)]

    def tick(self, now: float) -> list[Event]:
        """Let time pass without a frame; a word that is being signed keeps the sentence open."""
        events: list[Event] = [*self.teacher.tick(now)]
        return events if self.is_signing else [*events, *self._composer.tick(now)]

    def flush(self, now: float) -> list[Event]:
        """The source has ended: finish what is under way."""
        events: list[Event] = [*self._speller.flush()] if self._speller is not None else []
        events += self._conclude(self._segmenter.flush(), now)
        events += self._composer.flush()
        return events

    def reset(self) -> None:
        """Forget the person, the sign and the words that are under way."""
        if self._landmarker is not None:
            self._landmarker.reset()
        self._segmenter.reset()
        self._composer.reset()
        self._early.reset()
        if self._speller is not None:
            self._speller.reset()
        self._signer_place.reset()
        self._last_taken = -1e9

    def close(self) -> None:
        """Free the models."""
        if self._landmarker is not None:
            self._landmarker.close()
            self._landmarker = None
        self._classifier.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _is_wanted(self, frame: Frame) -> bool:
        """Whether a frame is due at the wanted rate, and anything moves.

        Steps stay even, whatever the camera's rate: 25 frames per second thin out to 12.5. Uneven
        ones cost 6 points of accuracy (docs/results/experiments.md).
        """
        max_fps = min(self._settings.landmarks.max_fps, self.fps_limit)
        if frame.time - self._last_taken < least_step(max_fps):
            return False
        with self._timed("gate"):
            is_open = self._gate.push(frame, is_busy=self._segmenter.is_signing)
        if not (is_open or not self._settings.gate.enabled):
            self.counts["gated"] += 1
            return False
        self._last_taken = frame.time
        return True

    def _find(self, frame: Frame) -> Iterable[Landmarks]:
        landmarker = self._landmarker or self._load_landmarker()
        with self._timed("landmarker"):
            return list(landmarker.push(frame))

    def _load_landmarker(self) -> Landmarker:
        from edge.landmarks.landmarker import Landmarker  # OpenCV and networks: not for archives

        self._landmarker = Landmarker(self._settings.landmarks, is_live=self._is_live)
        return self._landmarker

    def _follow(self, landmarks: Landmarks) -> list[Event]:
        self.counts["landmarks"] += 1
        self.newest_landmarks = landmarks
        self._signer_place.push(landmarks)
        spelled = self._spell(landmarks)
        if self._settings.spelling.mode == "letters":
            return spelled
        ended = list(self._segmenter.push(landmarks))
        events = [*spelled, *self._conclude(ended, landmarks.time)]
        if ended or not self._segmenter.is_signing:
            self._early.reset()
            return events
        return [*events, *self._decide_early(landmarks.time)]

    def _spell(self, landmarks: Landmarks) -> list[Event]:
        if self._speller is None:
            return []
        with self._timed("speller"):
            events = self._speller.push(landmarks)
        self.counts["letters"] += sum(isinstance(event, Letter) for event in events)
        self.counts["spelled"] += sum(isinstance(event, Spelled) for event in events)
        return [*events]

    def _decide_early(self, now: float) -> Iterator[Event]:
        """Say a sign that is not over yet, where it is plain what it will be."""
        if self.teacher.is_teaching or not self._early.is_due(now):
            return
        segment = self._segmenter.so_far()
        if segment is None:
            return
        with self._timed("classifier"):
            predictions = list(self._classifier.push(segment))
        for prediction in predictions:
            if self._early.is_sure(prediction, now):
                self.counts["signs"] += 1
                self.counts["early"] += 1
                yield from self._composer.push(prediction, now)

    def _conclude(self, ended: Iterable[Segment | Declined], now: float) -> list[Event]:
        events: list[Event] = []
        for item in ended:
            if self._early.has_decided:
                self._composer.extend(item.offset)
                self._early.reset()
            else:
                events += self._decide(item, now)
        if self._segmenter.is_signing != self._is_signing:
            self._is_signing = self._segmenter.is_signing
            events.append(StateChange(now, "signing" if self._is_signing else "idle"))
        return events

    def _decide(self, item: Segment | Declined, now: float) -> Iterator[Event]:
        if self.teacher.is_teaching:
            yield from self.teacher.push(item, now)
            return
        if isinstance(item, Declined):
            self.counts[f"declined_{item.reason}"] += 1
            yield item
            return
        if self._speller is not None and self._speller.has_spelled(item.onset, item.offset):
            return  # those were letters
        with self._timed("classifier"):
            predictions = list(self._classifier.push(item))
        for prediction in predictions:
            if prediction.is_accepted:
                self.counts["signs"] += 1
                yield from self._composer.push(prediction, now)
            else:
                reason = prediction.reason or "unsure"
                self.counts[f"declined_{reason}"] += 1
                yield Declined(item.onset, item.offset, reason, prediction.top)

    def _timed(self, stage: str) -> StageTimer:
        return StageTimer(self.stage_ms, stage)
