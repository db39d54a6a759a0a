"""The task of words: clip archives -> augmented features of whole signs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.config.settings import Settings
from edge.landmarks.archive import read_clips, write_clips
from edge.recognition.bundle import OTHER
from edge.recognition.clips import longest_segment, make_clip_segmenter
from edge.recognition.features import segment as features
from edge.training.body_augmentation import change_in_space, clip_in_time
from edge.training.borrowed_bodies import read_hands_only
from edge.training.context_augmentation import change_context, find_resting, idle_sides
from edge.training.examples import (
    Example,
    example_of,
    find_archives,
    hold_out,
    is_left_out,
    is_unseen,
    make_examples,
    sampling_weights,
    stroke,
)
from edge.training.prototypes import mean_trajectory

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.landmarks.archive import Clip
    from edge.training.body_augmentation import Augmentation
    from edge.training.context_augmentation import RestingHand
    from edge.training.recipe import DataRecipe, Recipe
    from edge.training.tasks.task import Batch

_PARTIAL: Final = 0.04
"""Share of examples that are only the first or last stretch of a sign, taught as OTHER."""
_REST: Final = 0.02
"""Share of examples that are the stretch before or after a sign, taught as OTHER."""
_LEAST_REST: Final = 5
"""Frames."""
_OTHER_SIGN: Final = "other (sign)"
"""The sign for OTHER, which is not the class OTHER."""


class WordsTask:
    """Signs cut from clips; input (FRAMES, COUNT) of edge.recognition.features.segment."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        """Read the recipe's archives from a folder."""
        self._how = recipe.augmentation
        self.shape: tuple[int, ...] = (features.FRAMES, features.COUNT)
        examples, self._held_out = read_words(recipe.data, folder)
        self.examples = examples
        self.classes = sorted({example.label for example in examples} | {OTHER})
        self.size = len(examples)
        self.feature_spec: dict[str, object] = {
            "kind": "segment",
            "version": features.VERSION,
            "fingerprint": features.fingerprint(),
            "frames": features.FRAMES,
            "count": features.COUNT,
        }
        self._weights = sampling_weights(examples)
        self._pool = find_resting(examples, np.random.default_rng(recipe.seed))
        data = recipe.data
        self._validation = find_archives(folder, data.validation)
        self.sources: dict[str, object] = {
            "archives": [*data.known, *data.extra, *data.other, *data.hands],
            "clips": len(examples),
            "signers": sorted({example.clip.signer for example in examples}),
        }

    def batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw augmented examples."""
        chosen = rng.choice(self.size, count, p=self._weights)
        return self._draw(chosen, self._how, rng)

    def calm_batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw hardly augmented examples."""
        chosen = rng.choice(self.size, count, p=self._weights)
        calm = replace(self._how, yaw=5.0, pitch=5.0, drop_hand=0.1)
        return self._draw(chosen, calm, rng)

    def validation(self) -> Batch | None:
        """Features of the held-out clips and of the validation archives."""
        clips = [*self._held_out]
        for path in self._validation:
            clips += [clip for clip in read_clips(path) if clip.label in self.classes]
        if not clips:
            return None
        return cut_clips(clips, self.classes)

    def views(self, example: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """As it is, and with left and right swapped."""
        return [example, features.mirrored(example)]

    def _draw(self, chosen: NDArray[np.intp], how: Augmentation, rng: np.random.Generator) -> Batch:
        examples = [self.examples[i] for i in chosen]
        return make_batch(examples, self.classes, self._pool, how, rng)

    def finish(self, bundle: Path) -> None:
        """Write one mean trajectory per word."""
        by_gloss: dict[str, list[Example]] = {}
        for example in self.examples:
            if example.label != OTHER and not example.is_borrowed:
                by_gloss.setdefault(example.label, []).append(example)
        clips = [mean_trajectory(by_gloss[gloss]) for gloss in sorted(by_gloss)]
        write_clips(bundle / "prototypes.npz", clips)


def read_words(data: DataRecipe, folder: Path) -> tuple[list[Example], list[Clip]]:
    """Read what a recipe names.

    Returns:
        The examples to learn from, and the known clips of held-out signers.
    """
    known, held_out = [], []
    for path in find_archives(folder, data.known):
        kept, apart = hold_out(read_clips(path), data.holdout, data.fold)
        known += kept
        held_out += apart
    judging = {clip.name for clip in held_out if clip.name}
    for path in find_archives(folder, data.validation):
        judging |= {clip.name for clip in read_clips(path) if clip.name}
    teaching = _Teaching(data, known, judging)
    clips = teaching.known
    examples = [example_of(clip, clip.label) for clip in clips]
    for path in find_archives(folder, data.extra):
        examples += make_examples(read_clips(path), teaching.of_extra)
    lenders = [clip for clip in clips if clip.name]  # pictures of the same data set
    for path in find_archives(folder, data.hands):
        hands = read_hands_only(path, lenders or clips)
        examples += make_examples(hands, teaching.of_hands, is_borrowed=True)
    for path in find_archives(folder, data.other):
        examples += make_examples(read_clips(path), teaching.of_other)
    return [example for example in examples if example.has_body], held_out


class _Teaching:
    """Says what a clip teaches: a label, or nothing."""

    def __init__(self, data: DataRecipe, known: Sequence[Clip], judging: Collection[str]) -> None:
        """Find the vocabulary.

        Args:
            data: The recipe's.
            known: Clips of its known archives.
            judging: Names of clips that are validated on.
        """
        self._data = data
        self._judging = judging
        self._takes_all = data.vocabulary == "all"
        self.known = [clip for clip in known if self._may_teach(clip)]
        self._vocabulary = {clip.label for clip in self.known}
        parts = {part for label in self._vocabulary for part in label.split()}
        self._parts = parts | {"hi", "hey", ""}

    def of_extra(self, clip: Clip) -> str | None:
        """Label of an extra archive's clip: a known word, OTHER, or None where ambiguous."""
        label = clip.label
        if not self._may_teach(clip):
            return None
        if label in self._vocabulary:
            return label
        if is_unseen(label, self._data.unseen):
            return None
        if self._takes_all and label:
            return label
        return None if self._parts & set(label.split(" ")) else OTHER

    def of_hands(self, clip: Clip) -> str | None:
        """Label of hands without a body, whose OTHER is a sign."""
        return self.of_extra(replace(clip, label=_OTHER_SIGN) if clip.label == OTHER else clip)

    def of_other(self, clip: Clip) -> str:
        """Label of an archive's clip that shows no known word."""
        return clip.label if self._takes_all and clip.label else OTHER

    def _may_teach(self, clip: Clip) -> bool:
        return clip.name not in self._judging and not is_left_out(clip, self._data.left_out)


def make_batch(
    examples: Sequence[Example],
    classes: Sequence[str],
    pool: Sequence[RestingHand],
    how: Augmentation,
    rng: np.random.Generator,
) -> Batch:
    """Augment examples: features (B, T, F) and class indices (B,)."""
    sampled, durations, targets = [], [], []
    for example in examples:
        clip, label = example.clip, example.label
        is_tight = bool(rng.random() < how.tight)
        active = stroke(example) if is_tight else example.active
        keep, times = clip_in_time(clip.times, active, how, rng, is_tight=is_tight)
        if rng.random() < _PARTIAL and len(keep) > 8:
            part = rng.integers(3, max(4, int(0.3 * len(keep)) + 1))
            chosen = slice(None, part) if rng.random() < 0.5 else slice(len(keep) - part, None)
            keep, times, label = keep[chosen], times[chosen], OTHER
        elif rng.random() < _REST and len(rest := _at_rest(example)) >= _LEAST_REST:
            keep, times, label = rest, clip.times[rest], OTHER
        times, moved = change_context(times, clip.points[keep], idle_sides(example), pool, how, rng)
        points, duration = features.resample(times, moved)
        sampled.append(points)
        durations.append(duration)
        targets.append(classes.index(label))
    body = features.to_body_frame(np.stack(sampled))
    changed = change_in_space(body, how, rng)
    return features.compute(changed, np.array(durations)), np.array(targets, dtype=np.int32)


def _at_rest(example: Example) -> NDArray[np.intp]:
    """Frames before or after the sign, whichever are more."""
    start, end = example.active
    before = np.flatnonzero(example.clip.times < start)
    after = np.flatnonzero(example.clip.times > end)
    return before if len(before) > len(after) else after


def cut_clips(clips: Sequence[Clip], classes: Sequence[str]) -> Batch:
    """Features (N, T, F) of known clips, cut by the daemon's segmenter, and class indices (N,)."""
    values: list[NDArray[np.float32]] = []
    segmenter = make_clip_segmenter(Settings().segmenter, None)
    for clip in clips:
        segment = longest_segment(clip, segmenter)
        whole = (clip.times, clip.points)
        times, points = whole if segment is None else (segment.times, segment.points)
        values.append(features.extract(times, points))
    targets = [classes.index(clip.label) for clip in clips]
    return np.stack(values), np.array(targets, dtype=np.int32)
