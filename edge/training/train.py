"""Trains a network by a recipe into a run folder; resumes a run that was killed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.errors import ConfigError
from edge.system.processes import end_with_parent, spawn_context
from edge.training import zoo
from edge.training.recipe import dump
from edge.training.run_report import write_curves, write_report
from edge.training.tasks.registry import make_task

if TYPE_CHECKING:
    import multiprocessing
    from collections.abc import Iterator
    from pathlib import Path

    from edge.training.recipe import Recipe, ScheduleRecipe
    from edge.training.tasks.task import Batch, Task

_QUEUED: Final = 16
"""Batches made ahead."""


def train_network(recipe: Recipe, folder: Path, run: Path) -> None:
    """Train a network.

    Leaves in the run folder ``model.keras`` (averaged weights), ``labels.json``,
    ``recipe.json``, ``sources.json``, ``log.csv`` and, where something is held out, what
    edge.training.run_report draws of it; ``backup/`` holds the last finished epoch.

    Args:
        recipe: What to train.
        folder: Where its archives are.
        run: Where everything is put.

    Raises:
        ConfigError: The run folder holds another recipe's run, or nothing can be learnt.
    """
    from tensorflow import keras

    _claim(run, recipe)
    schedule = recipe.schedule
    keras.utils.set_random_seed(recipe.seed)
    task = make_task(recipe, folder)
    (run / "labels.json").write_text(json.dumps(task.classes))
    sources = {**task.sources, "folder": str(folder.resolve())}
    (run / "sources.json").write_text(json.dumps(sources))
    steps = max(1, task.size // schedule.batch)
    model = zoo.build(
        recipe.architecture.name, task.shape, len(task.classes), recipe.architecture.options
    )
    if schedule.start:
        _take_over(model, run.parent / schedule.start, task.classes)
    model.compile(
        _optimizer(schedule, steps),
        _smoothed_loss(len(task.classes), schedule.smoothing),
        metrics=["accuracy"],
    )
    held_out = task.validation()
    if held_out is None and (schedule.patience or schedule.fall == "plateau"):
        raise ConfigError("schedule.patience: needs data.holdout or data.validation")
    with Feeder(task, recipe, steps) as feeder:
        model.fit(
            _dataset(feeder, task),
            steps_per_epoch=steps,
            epochs=schedule.epochs,
            validation_data=held_out,
            verbose=1 if sys.stdout.isatty() else 2,  # a bar, or a line per epoch
            callbacks=[
                *_callbacks(run, schedule),
                keras.callbacks.LambdaCallback(on_epoch_begin=feeder.begin),
            ],
        )
    if schedule.averaging:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    model.save(run / "model.keras")
    if held_out is None:
        write_curves(run)
    else:
        write_report(run, task.classes, held_out[1], model.predict(held_out[0], verbose=0))


def _claim(run: Path, recipe: Recipe) -> None:
    run.mkdir(parents=True, exist_ok=True)
    path = run / "recipe.json"
    text = json.dumps(dump(recipe), indent=1)
    if path.exists() and path.read_text() != text:
        raise ConfigError(f"{path}: another recipe's run; choose another --run or remove it")
    path.write_text(text)


def _callbacks(run: Path, schedule: ScheduleRecipe) -> list[Any]:
    from tensorflow import keras

    callbacks = [
        keras.callbacks.BackupAndRestore(str(run / "backup"), delete_checkpoint=False),
        keras.callbacks.CSVLogger(str(run / "log.csv"), append=True),
    ]
    if schedule.patience:
        callbacks.append(keras.callbacks.EarlyStopping(patience=schedule.patience, verbose=1))
    if schedule.fall == "plateau":
        pause = max(1, schedule.patience // 2 or 5)
        callbacks.append(keras.callbacks.ReduceLROnPlateau(patience=pause, factor=1 / 3))
    return callbacks


class Feeder:
    """Makes batches in a process of its own."""

    def __init__(self, task: Task, recipe: Recipe, steps: int) -> None:
        """Prepare; the process starts with the first batch."""
        self._arguments = (task, recipe.seed, recipe.schedule.batch)
        self._steps = steps
        self._first_step = 0
        self._queue: multiprocessing.Queue[Batch] = spawn_context().Queue(maxsize=_QUEUED)
        self._process: Any = None

    def __enter__(self) -> Feeder:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.join()

    def begin(self, epoch: int, _logs: object = None) -> None:
        """Hear which epoch begins; the first one heard may be a resumed run's."""
        if self._process is None:
            self._first_step = epoch * self._steps

    def batches(self) -> Iterator[Batch]:
        """Give batches without end."""
        arguments = (*self._arguments, self._first_step, self._queue)
        self._process = spawn_context().Process(target=_produce, args=arguments, daemon=True)
        self._process.start()
        while True:
            yield self._queue.get()


def _produce(task: Task, seed: int, count: int, first_step: int, queue: Any) -> None:  # noqa: ANN401
    end_with_parent()
    step = first_step
    while True:
        # One generator per step, so that a resumed run sees what an unbroken one would.
        queue.put(task.batch(count, np.random.default_rng([seed, step])))
        step += 1


def _dataset(feeder: Feeder, task: Task) -> Any:  # noqa: ANN401 - TensorFlow ships no types
    import tensorflow as tf

    signature = (
        tf.TensorSpec((None, *task.shape), tf.float32),
        tf.TensorSpec((None,), tf.int32),
    )
    return tf.data.Dataset.from_generator(feeder.batches, output_signature=signature)


def _optimizer(schedule: ScheduleRecipe, steps: int) -> Any:  # noqa: ANN401 - Keras ships no types
    from tensorflow import keras

    rate: Any = schedule.rate
    if schedule.fall == "cosine":
        warm = min(2, schedule.epochs - 1)
        rate = keras.optimizers.schedules.CosineDecay(
            schedule.rate * 0.05,
            max(1, (schedule.epochs - warm) * steps),
            warmup_target=schedule.rate,
            warmup_steps=warm * steps,
        )
    # Over more than a tenth of a short run the average would still be mostly the beginning.
    momentum = min(schedule.averaging, 1 - 10 / max(20, schedule.epochs * steps))
    return keras.optimizers.AdamW(
        rate,
        weight_decay=schedule.decay,
        global_clipnorm=1.0,
        use_ema=schedule.averaging > 0,
        ema_momentum=momentum or 0.99,
    )


def _take_over(model: Any, run: Path, classes: list[str]) -> None:  # noqa: ANN401
    """Copy another run's weights; of its head only the rows of labels that both know."""
    labels = json.loads((run / "labels.json").read_text())
    other = zoo.load(run / "model.keras")
    for mine, theirs in zip(model.layers[:-1], other.layers[:-1], strict=True):
        mine.set_weights(theirs.get_weights())
    kernel, bias = model.layers[-1].get_weights()
    old_kernel, old_bias = other.layers[-1].get_weights()
    for index, label in enumerate(classes):
        if label in labels:
            kernel[:, index] = old_kernel[:, labels.index(label)]
            bias[index] = old_bias[labels.index(label)]
    model.layers[-1].set_weights([kernel, bias])


def _smoothed_loss(classes: int, smoothing: float) -> Any:  # noqa: ANN401 - Keras ships no types
    import tensorflow as tf
    from tensorflow import keras

    crossentropy = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)

    def loss(target: Any, logits: Any) -> Any:  # noqa: ANN401 - tensors
        target = tf.cast(tf.reshape(target, [-1]), tf.int32)
        return crossentropy(tf.one_hot(target, classes), logits)

    return loss
