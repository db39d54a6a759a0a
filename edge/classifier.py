"""Segment -> Prediction: calibrated top-k, and the courage to decline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge import features
from edge.bundle import OTHER
from edge.errors import BundleError
from edge.messages import Prediction
from edge.runtime import Network
from edge.skeleton import LEFT_HAND, RIGHT_HAND, mirror

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from edge.bundle import Bundle
    from edge.messages import Segment


class Classifier:
    """Recognises segments with a bundle's network."""

    def __init__(
        self,
        bundle: Bundle,
        *,
        threshold: float = 0.0,
        threads: int = 1,
        top_k: int = 10,
    ) -> None:
        """Load the network.

        Args:
            bundle: What to recognise with.
            threshold: Least probability for every word; 0 leaves each word its own.
            threads: Of the interpreter.
            top_k: How many candidates a prediction lists.

        Raises:
            BundleError: The network does not have the shapes that the manifest states.
            DependencyError: No TFLite runtime works here.
        """
        manifest = bundle.manifest
        self._network = Network(bundle.model_path, threads=threads)
        shapes = (self._network.input_shape, self._network.output_shape)
        expected = (
            (1, manifest.features.frames, manifest.features.count),
            (1, len(manifest.labels)),
        )
        if shapes != expected:
            raise BundleError(
                f"{bundle.model_path}: input and output are {shapes}, model.json says {expected}"
            )
        self._glosses = bundle.glosses
        self._thresholds = np.array(
            [threshold or label.threshold for label in manifest.labels],
            dtype=np.float32,
        )
        self._margin = manifest.margin
        self._temperature = manifest.temperature
        self._top_k = min(top_k, len(self._glosses))

    def push(self, segment: Segment) -> Iterable[Prediction]:
        """Recognise one segment."""
        yield self.classify(segment.times, segment.points, segment.onset, segment.offset)

    def flush(self) -> Iterable[Prediction]:
        """Nothing is held back."""
        return ()

    def reset(self) -> None:
        """Nothing is remembered."""

    def close(self) -> None:
        """Free the network."""
        del self._network

    def classify(
        self,
        times: NDArray[np.float64],
        points: NDArray[np.float32],
        onset: float,
        offset: float,
    ) -> Prediction:
        """Recognise (T,) times and (T, 75, 3) points; without a hand nothing is accepted."""
        # A left-handed signer is a mirrored right-handed one: both views count alike.
        logits = (
            self._network.run(features.extract(times, points))
            + self._network.run(features.extract(times, mirror(points)))
        ) / 2
        probabilities = softmax(logits / self._temperature)
        order = np.argsort(-probabilities, kind="stable")
        best, second = order[0], order[1]
        has_hand = np.isfinite(points[:, LEFT_HAND.start : RIGHT_HAND.stop]).any()
        sure = has_hand and probabilities[best] >= self._thresholds[best]
        clear = probabilities[best] - probabilities[second] >= self._margin
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


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits (K,) -> probabilities (K,)."""
    powers = np.exp(logits - logits.max())
    probabilities: NDArray[np.float32] = powers / powers.sum()
    return probabilities
