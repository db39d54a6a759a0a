"""Reads recipes: everything that decides how a network comes out, in one TOML file."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from edge.config.faults import first_fault, shown
from edge.config.settings import Share
from edge.config.toml_text import parse_value, read_toml, split_override
from edge.errors import ConfigError
from edge.training.body_augmentation import Augmentation
from edge.training.hand_augmentation import HandAugmentation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Count = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataRecipe(_Part):
    """What is learnt from; files are looked up in the folder given to ``train``."""

    known: Annotated[tuple[str, ...], Field(min_length=1)]
    """Archives whose labels are the vocabulary."""

    extra: tuple[str, ...] = ()
    """Archives whose clips of known words are used as such; words that share no part with a
    known phrase teach OTHER, the rest is left out as ambiguous."""

    other: tuple[str, ...] = ()
    """Archives that only teach OTHER."""

    hands: tuple[str, ...] = ()
    """Archives of hands without a body (edge.training.borrowed_bodies); used as ``extra`` ones."""

    unseen: Share = 0.0
    """Share of the words outside the known archives that are kept out of everything, by a hash of
    the word, so that there are signs to judge by that no training has met."""

    vocabulary: Literal["known", "all"] = "known"
    """All: every label of every archive is a class, for pre-training."""

    left_out: tuple[str, ...] = ()
    """Signers who are not learnt from; ``LABEL@SIGNER`` leaves out one label of theirs, ``LABEL@*``
    that label of everybody. They sign something else than their labels say, or judge."""

    validation: tuple[str, ...] = ()
    """Archives to validate on. Clips of the same ``names`` are never learnt from."""

    holdout: Share = 0.0
    """Share of the signers of each known archive kept for validation instead of training."""

    fold: Annotated[int, Field(ge=0)] = 0
    """Which signers are held out: the fold's number, from 0."""


class ArchitectureRecipe(_Part):
    """Which network."""

    name: str
    """A module of edge.training.zoo."""

    options: dict[str, Any] = {}
    """Keyword arguments of its ``build``."""


class ScheduleRecipe(_Part):
    """How long and how fast."""

    epochs: Count = 60
    """Passes over as many examples as there are clips."""

    batch: Count = 64
    """Examples per step."""

    rate: Annotated[float, Field(gt=0, le=1)] = 2e-3
    """Highest learning rate (AdamW)."""

    fall: Literal["cosine", "plateau"] = "cosine"
    """Cosine: rises over two epochs, falls to nothing. Plateau: a third whenever the validation
    loss has not fallen for ``patience`` / 2 epochs."""

    patience: Annotated[int, Field(ge=0)] = 0
    """Epochs without a lower validation loss after which training stops; 0: never."""

    decay: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Weight decay."""

    smoothing: Share = 0.1
    """Label smoothing."""

    averaging: Annotated[float, Field(ge=0, lt=1)] = 0.998
    """Momentum of the weights' running average, which is what is kept; 0: none. Lower where it
    would span more than a tenth of the run."""

    start: str = ""
    """A finished run whose weights are the start; the head keeps the rows of common labels."""


class Recipe(_Part):
    """One training run."""

    task: Literal["words", "letters", "letter_images", "word_videos", "boundary"] = "words"
    """What is fed: sign segments, single hands, pictures of hands, videos, or streams of signs."""

    seed: int = 1
    """Of everything that is left to chance."""

    data: DataRecipe
    architecture: ArchitectureRecipe
    augmentation: Augmentation = Augmentation()
    hand_augmentation: HandAugmentation = HandAugmentation()
    schedule: ScheduleRecipe = ScheduleRecipe()


def read_recipe(path: Path, changes: Sequence[str] = ()) -> Recipe:
    """Read and check a recipe.

    Args:
        path: The TOML file.
        changes: ``section.key=value`` each, with a TOML value; they beat the file.

    Raises:
        ConfigError: The file cannot be read, is no TOML, or a key is unknown or out of range.
    """
    content, _ = read_toml(path)
    for change in changes:
        _apply(content, change)
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_fault(error)}") from None


def _apply(content: dict[str, Any], change: str) -> None:
    (*sections, last), text = split_override(change)
    for section in sections:
        content = content.setdefault(section, {})
        if not isinstance(content, dict):
            raise ConfigError(f"--set {shown(change)}: {section} is no section")
    content[last] = parse_value(text)


def dump(recipe: Recipe) -> dict[str, Any]:
    """Give a recipe as plain values, to be written beside what came of it."""
    return {
        **recipe.model_dump(mode="json", exclude={"augmentation", "hand_augmentation"}),
        "augmentation": asdict(recipe.augmentation),
        "hand_augmentation": asdict(recipe.hand_augmentation),
    }


def load_dumped(content: object) -> Recipe:
    """Give back what ``dump`` gave."""
    return TypeAdapter(Recipe).validate_python(content)
