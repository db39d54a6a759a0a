"""Defines what every task of training offers: archives become batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Batch = tuple[NDArray[np.float32], NDArray[np.int32]]


class Task(Protocol):
    """Batches to learn from, examples to validate on."""

    classes: list[str]
    """Labels in the order of the network's outputs."""

    shape: tuple[int, ...]
    """Of one example, without the batch."""

    size: int
    """Examples to learn from: one epoch."""

    sources: dict[str, object]
    """Archives, clips and signers learnt from, for the model's manifest."""

    feature_spec: dict[str, object]
    """What a bundle's manifest says of the input."""

    def batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw augmented examples (B, *shape) and their class indices (B,)."""
        ...

    def calm_batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw examples with hardly any augmentation, to calibrate int8 with."""
        ...

    def validation(self) -> Batch | None:
        """Give all examples to validate on, as the program itself would see them."""
        ...

    def views(self, example: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Give the ways in which the classifier looks at one example."""
        ...

    def finish(self, bundle: Path) -> None:
        """Write what else belongs into a bundle."""
        ...
