"""Makes the task that a recipe names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from edge.training.recipe import Recipe
    from edge.training.tasks.task import Task


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
