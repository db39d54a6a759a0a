"""Train the words network.

Example:
    ``python -m edge.training.train --run runs/words --known wlasl100-train.npz words-train.npz
    --extra words-rare.npz words-none.npz --other letters-signed.npz``
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge import features
from edge.bundle import OTHER
from edge.training.augment import Augmentation, change_in_space, clip_in_time
from edge.training.dataset import Example, read_examples, sampling_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

_PARTIAL: Final = 0.04
"""Share of examples that are only the first or last stretch of a sign, taught as OTHER."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One block of settings."""

    epochs: int = 60
    """Passes over as many examples as there are clips."""

    batch: int = 64
    """Examples per step."""

    rate: float = 2e-3
    """Highest learning rate; rises over two epochs, falls along a cosine."""

    decay: float = 0.05
    """Weight decay (AdamW)."""

    smoothing: float = 0.1
    """Label smoothing."""

    width: int = 160
    """Channels of the network."""

    seed: int = 1
    """Of everything that is left to chance."""


def read_training_set(
    known: Sequence[Path], extra: Sequence[Path], other: Sequence[Path]
) -> list[Example]:
    """Read the clips to learn from.

    Args:
        known: Archives whose labels are the vocabulary.
        extra: Archives whose clips of known words are used as such; those of words that share
            no part with a known phrase teach OTHER, the rest is left out as ambiguous.
        other: Archives that only teach OTHER.
    """
    examples = read_examples(known, lambda label: label)
    vocabulary = {example.label for example in examples}
    parts = {part for label in vocabulary for part in label.split()} | {"hi", "hey", ""}

    def label_of(label: str) -> str | None:
        if label in vocabulary:
            return label
        return None if parts & set(label.split(" ")) else OTHER

    return examples + read_examples(extra, label_of) + read_examples(other, lambda _: OTHER)


def make_batch(
    examples: Sequence[Example],
    classes: Sequence[str],
    how: Augmentation,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Draw one augmented batch: features (B, T, F) and class indices (B,)."""
    sampled, durations, targets = [], [], []
    for example in examples:
        clip, label = example.clip, example.label
        keep, times = clip_in_time(clip.times, example.active, how, rng)
        if rng.random() < _PARTIAL and len(keep) > 8 and label != OTHER:
            part = rng.integers(3, max(4, int(0.3 * len(keep)) + 1))
            chosen = slice(None, part) if rng.random() < 0.5 else slice(len(keep) - part, None)
            keep, times, label = keep[chosen], times[chosen], OTHER
        points, duration = features.resample(times, clip.points[keep])
        sampled.append(points)
        durations.append(duration)
        targets.append(classes.index(label))
    body = features.to_body_frame(np.stack(sampled))
    changed = change_in_space(body, how, rng)
    return features.compute(changed, np.array(durations)), np.array(targets, dtype=np.int32)


def _produce(
    examples: list[Example],
    classes: list[str],
    how: Augmentation,
    schedule: Schedule,
    first_step: int,
    queue: Any,  # noqa: ANN401 - multiprocessing.Queue is generic only for type checkers
) -> None:
    weights = np.array(sampling_weights(examples))
    step = first_step
    while True:
        # One generator per step, so that a resumed run sees what an unbroken one would.
        rng = np.random.default_rng([schedule.seed, step])
        chosen = rng.choice(len(examples), schedule.batch, p=weights)
        queue.put(make_batch([examples[i] for i in chosen], classes, how, rng))
        step += 1


def train(run: Path, examples: list[Example], schedule: Schedule, how: Augmentation) -> None:
    """Train, with a checkpoint after each epoch; goes on where a killed run stopped.

    Leaves in the run folder ``model.keras`` (averaged weights), ``labels.json`` and
    ``settings.json``.
    """
    from tensorflow import keras

    from edge.training.models import conv1d

    run.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(schedule.seed)
    classes = sorted({example.label for example in examples})
    steps = len(examples) // schedule.batch
    (run / "labels.json").write_text(json.dumps(classes))
    (run / "settings.json").write_text(
        json.dumps({"schedule": asdict(schedule), "augmentation": asdict(how)}, indent=1)
    )
    model = conv1d(features.FRAMES, features.COUNT, len(classes), width=schedule.width)
    rate = keras.optimizers.schedules.CosineDecay(
        schedule.rate * 0.05,
        (schedule.epochs - 2) * steps,
        warmup_target=schedule.rate,
        warmup_steps=2 * steps,
    )
    model.compile(
        keras.optimizers.AdamW(
            rate,
            weight_decay=schedule.decay,
            global_clipnorm=1.0,
            use_ema=True,
            ema_momentum=0.998,
        ),
        _smoothed_loss(len(classes), schedule.smoothing),
        metrics=["accuracy"],
    )
    backup = keras.callbacks.BackupAndRestore(str(run / "backup"), delete_checkpoint=False)
    queue: Any = multiprocessing.get_context("spawn").Queue(maxsize=16)
    worker = multiprocessing.get_context("spawn").Process(
        target=_produce,
        args=(examples, classes, how, schedule, 0, queue),
        daemon=True,
    )
    worker.start()
    try:
        model.fit(
            iter(queue.get, None),
            steps_per_epoch=steps,
            epochs=schedule.epochs,
            verbose=2,
            callbacks=[
                backup,
                keras.callbacks.CSVLogger(str(run / "log.csv"), append=True),
            ],
        )
    finally:
        worker.terminate()
        worker.join()
    model.optimizer.finalize_variable_values(model.trainable_variables)
    model.save(run / "model.keras")
    logger.info("saved %s", run / "model.keras")


def _smoothed_loss(classes: int, smoothing: float) -> Any:  # noqa: ANN401 - Keras ships no types
    import tensorflow as tf
    from tensorflow import keras

    crossentropy = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)

    def loss(target: Any, logits: Any) -> Any:  # noqa: ANN401 - tensors
        target = tf.cast(tf.reshape(target, [-1]), tf.int32)
        return crossentropy(tf.one_hot(target, classes), logits)

    return loss


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--run", type=Path, required=True, help="folder for checkpoints and result")
    parser.add_argument("--known", type=Path, nargs="+", required=True)
    parser.add_argument("--extra", type=Path, nargs="*", default=[])
    parser.add_argument("--other", type=Path, nargs="*", default=[])
    parser.add_argument("--epochs", type=int, default=Schedule().epochs)
    parser.add_argument("--seed", type=int, default=Schedule().seed)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    examples = read_training_set(arguments.known, arguments.extra, arguments.other)
    schedule = Schedule(epochs=arguments.epochs, seed=arguments.seed)
    train(arguments.run, examples, schedule, Augmentation())


if __name__ == "__main__":
    main()
