"""What a network can be trained for: each task turns archives into batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from edge.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from edge.training.recipe import Recipe

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


def make_task(recipe: Recipe, folder: Path) -> Task:
    """Read the archives of a recipe.

    Raises:
        ConfigError: No example is left to learn from.
        ArchiveError: An archive is missing or malformed.
    """
    if recipe.task == "words":
        from edge.training.tasks.words import WordsTask

        task: Task = WordsTask(recipe, folder)
    elif recipe.task == "letters":
        from edge.training.tasks.letters import LettersTask

        task = LettersTask(recipe, folder)
    elif recipe.task == "letter_images":
        from edge.training.tasks.letter_images import PicturesTask

        task = PicturesTask(recipe, folder)
    elif recipe.task == "boundary":
        from edge.training.tasks.boundary import BoundaryTask

        task = BoundaryTask(recipe, folder)
    else:
        from edge.training.tasks.word_videos import VideosTask

        task = VideosTask(recipe, folder)
    if not task.size or len(task.classes) < 2:
        raise ConfigError(f"{', '.join(recipe.data.known)}: fewer than two classes to learn from")
    return task
