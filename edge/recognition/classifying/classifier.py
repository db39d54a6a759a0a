"""Segment -> Prediction: calibrated top-k, declined where it is unsure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from edge.errors import ArchiveError, BundleError
from edge.landmarks.archive import read_clips
from edge.landmarks.skeleton import LEFT_HAND, RIGHT_HAND
from edge.messages import Prediction, Segment, Stage
from edge.recognition.bundle import OTHER
from edge.recognition.classifying.matcher import Matcher
from edge.recognition.features import segment as features
from edge.tflite import Network

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from typing_extensions import Self

    from edge.config.settings import Hand
    from edge.recognition.bundle import Bundle

TAUGHT_THRESHOLD: Final = 0.3
"""Least probability of a taught word; it rarely has more than 0.4 beside a likely shipped one."""


class Classifier(Stage[Segment, Prediction]):
    """Recognises segments with a bundle's network."""

    def __init__(
        self,
        bundle: Bundle,
        *,
        threshold: float = 0.0,
        threads: int = 1,
        hand: Hand = "auto",
        top_k: int = 10,
        network: Path | None = None,
    ) -> None:
        """Load the network.

        Args:
            bundle: What to recognise with.
            threshold: Least probability for every word; 0 leaves each word its own.
            threads: Of the interpreter.
            hand: The signer's writing hand, where it is known.
            top_k: How many candidates a prediction lists.
            network: What to run instead of the bundle's own, such as its float twin.

        Raises:
            BundleError: The network does not have the shapes that the manifest states.
            DependencyError: No TFLite runtime works here.
        """
        manifest = bundle.manifest
        path = network or bundle.model_path
        self._network = Network(path, threads=threads)
        shapes = (self._network.input_shape, self._network.output_shape)
        expected = (
            (1, manifest.features.frames, manifest.features.count),
            (1, len(manifest.labels)),
        )
        if shapes != expected:
            raise BundleError(f"{path}: input and output are {shapes}, model.json says {expected}")
        self._glosses = bundle.glosses
        self._labels = manifest.labels
        self.hand: Hand = hand
        self.can_learn = manifest.features.kind == "segment"
        self._matcher = Matcher(bundle.glosses)
        self._prototypes = bundle.path / "prototypes.npz"
        self._unseen: list[Segment] | None = None
        self._anchors: list[NDArray[np.float32]] = []
        self._margin = manifest.margin
        self.set_threshold(threshold)
        self._temperature = manifest.temperature
        self._top_k = min(top_k, len(self._glosses))

    @property
    def glosses(self) -> tuple[str, ...]:
        """What it can say, shipped and taught."""
        return self._glosses

    @property
    def taught(self) -> Mapping[str, int]:
        """Words that were taught, and the number of their examples."""
        return self._matcher.words

    def set_threshold(self, threshold: float) -> None:
        """Set the least probability for every word; 0 leaves each word its own."""
        self._threshold = threshold
        self._take_glosses()

    def prepare_to_learn(self, most: int | None = None) -> None:
        """Look at the bundle's example of each word, once.

        Args:
            most: Examples to look at now; all of them take some seconds on a Raspberry Pi.

        Raises:
            BundleError: The examples are damaged.
        """
        if self._unseen is None:
            self._unseen = self._read_prototypes()
        some = self._unseen[:most]
        self._unseen = self._unseen[len(some) :]
        if some:
            self._anchors += [self.embed(segment) for segment in some]
        if some and not self._unseen:
            self._matcher.anchor(np.stack(self._anchors))

    def teach(self, word: str, segments: Sequence[Segment]) -> None:
        """Know a word by its examples, shipped or not; replaces those it was taught by."""
        self.prepare_to_learn()
        self._matcher.put(word, np.stack([self.embed(segment) for segment in segments]))
        self._take_glosses()

    def unteach(self, word: str) -> None:
        """Forget the examples of a word."""
        self._matcher.drop(word)
        self._take_glosses()

    def embed(self, segment: Segment) -> NDArray[np.float32]:
        """Segment -> embeddings (2, E) of both mirror views."""
        return self._look(segment)[1]

    def push(self, segment: Segment) -> Iterable[Prediction]:
        """Recognise one segment."""
        yield self.classify(segment.times, segment.points, segment.onset, segment.offset)

    def close(self) -> None:
        """Free the network."""
        del self._network

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def classify(
        self,
        times: NDArray[np.float64],
        points: NDArray[np.float32],
        onset: float,
        offset: float,
    ) -> Prediction:
        """Recognise (T,) times and (T, 75, 3) points; without a hand nothing is accepted."""
        return self.classify_together([Segment(onset, offset, times, points, "stop")])

    def classify_together(self, segments: Sequence[Segment]) -> Prediction:
        """Recognise the sign that one or more segments show, each on its own.

        The probabilities are averaged. Each segment counts by its probability of being a sign
        at all, so that a hand that scratches an ear between two signs has no say.
        """
        each = np.stack([self.probabilities(one) for one in segments])  # (S, K)
        weights = np.ones(len(segments), dtype=np.float32)
        if OTHER in self._glosses:
            weights = 1 - each[:, self._glosses.index(OTHER)] + np.float32(1e-6)
        return self._decide(
            (weights / weights.sum()) @ each,
            has_hand=any(_has_hand(one.points) for one in segments),
            onset=segments[0].onset,
            offset=segments[-1].offset,
        )

    def probabilities(self, segment: Segment) -> NDArray[np.float32]:
        """Calibrated probabilities (K,) of one segment, in the order of ``glosses``."""
        logits, pair = self._look(segment, needs_both=bool(self.taught))
        other = self._glosses.index(OTHER) if OTHER in self._glosses else None
        return self._matcher.join(softmax(logits / self._temperature), pair, other)

    def _look(
        self, segment: Segment, *, needs_both: bool = True
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits (K,) and embeddings (2, E), of one view (1, E) where that will do."""
        # A left-handed signer is a mirrored right-handed one: not knowing which hand it is, both
        # views count alike.
        values = features.extract(segment.times, segment.points)
        views = {"right": values, "left": features.mirrored(values)}
        wanted = list(views) if needs_both or self.hand == "auto" else [self.hand]
        seen = {hand: self._network.run_with_embedding(views[hand]) for hand in wanted}
        counted = list(seen) if self.hand == "auto" else [self.hand]
        logits: NDArray[np.float32] = np.mean([seen[hand][0] for hand in counted], axis=0)
        return logits, np.stack([embedding for _, embedding in seen.values()])

    def _read_prototypes(self) -> list[Segment]:
        if not self._prototypes.is_file():
            return []
        try:
            clips = read_clips(self._prototypes)
        except ArchiveError as error:
            raise BundleError(str(error)) from None
        return [Segment(0.0, clip.times[-1], clip.times, clip.points, "stop") for clip in clips]

    def _take_glosses(self) -> None:
        self._glosses = self._matcher.glosses
        taught = len(self._glosses) - len(self._labels)
        thresholds = [label.threshold for label in self._labels] + [TAUGHT_THRESHOLD] * taught
        if self._threshold:
            thresholds = [self._threshold] * len(self._glosses)
        margins = [max(self._margin, label.margin) for label in self._labels]
        margins += [self._margin] * taught
        self._thresholds = np.array(thresholds, dtype=np.float32)
        self._margins = np.array(margins, dtype=np.float32)

    def _decide(
        self, probabilities: NDArray[np.float32], *, has_hand: bool, onset: float, offset: float
    ) -> Prediction:
        order = np.argsort(-probabilities, kind="stable")
        best, second = order[0], order[1]
        sure = has_hand and probabilities[best] >= self._thresholds[best]
        clear = probabilities[best] - probabilities[second] >= self._margins[best]
        is_other = self._glosses[best] == OTHER
        return Prediction(
            onset=onset,
            offset=offset,
            top=tuple(
                (self._glosses[i], round(float(probabilities[i]), 4)) for i in order[: self._top_k]
            ),
            is_accepted=bool(sure and clear and not is_other),
            reason="other" if is_other else "" if sure and clear else "unsure",
        )


def _has_hand(points: NDArray[np.float32]) -> bool:
    return bool(np.isfinite(points[:, LEFT_HAND.start : RIGHT_HAND.stop]).any())


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits (..., K) -> probabilities (..., K)."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float32] = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities
