"""Exports finished runs as a bundle: int8, calibrated, measured with the runtime itself."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge import __version__
from edge.config.settings import Settings
from edge.errors import ConfigError
from edge.evaluation.clips import evaluate_archives
from edge.recognition.bundle import read_bundle
from edge.recognition.classifying.classifier import softmax
from edge.tflite import Network
from edge.training import zoo
from edge.training.calibration import (
    DEFAULT_THRESHOLD,
    fit_temperature,
    fit_thresholds,
)
from edge.training.examples import find_archives
from edge.training.model_card import write_card
from edge.training.recipe import load_dumped
from edge.training.tasks.registry import make_task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.training.recipe import Recipe
    from edge.training.tasks.task import Batch, Task

logger = logging.getLogger(__name__)

_SPOKEN: Final = {"i": "I", "i love you": "I love you", "what's up": "what's up?"}
_CALIBRATION_EXAMPLES: Final = 512


def export_bundle(runs: Sequence[Path], bundle: Path, folder: Path | None = None) -> dict[str, Any]:
    """Write a bundle.

    Args:
        runs: Finished runs of the same labels; the bundle is the mean of their networks.
        bundle: The folder to write; ``README.md`` is kept if it is there.
        folder: Where the archives are; by default where the first run found them.

    Returns:
        The figures on the validation archives.

    Raises:
        ConfigError: A run is not finished, or the runs do not fit each other.
    """
    recipe, labels, sources = _read_runs(runs)
    folder = folder or Path(sources["folder"])
    task = _task_of(recipe, folder)
    if task.classes != labels:
        raise ConfigError(f"{runs[0] / 'labels.json'}: the archives in {folder} have other labels")
    model = load_average(runs, task.shape)
    bundle.mkdir(parents=True, exist_ok=True)
    content = convert(model, task)
    (bundle / "model.tflite").write_bytes(content)
    (runs[0] / "model-float.tflite").write_bytes(convert_float(model, task))
    manifest: dict[str, Any] = {
        "name": bundle.name,
        "version": __version__,
        "labels": [],
        "features": task.feature_spec,
        "temperature": 1.0,
        "margin": 0.0,
        "sha256": hashlib.sha256(content).hexdigest(),
        "metrics": {},
        "training": {
            **{key: value for key, value in sources.items() if key != "folder"},
            "parameters": model.count_params(),
            "recipes": [json.loads((run / "recipe.json").read_text()) for run in runs],
        },
    }
    held_out = task.validation()
    thresholds = [DEFAULT_THRESHOLD] * len(labels)
    if held_out is not None:
        networks = (Network(bundle / "model.tflite"), Network(runs[0] / "model-float.tflite"))
        thresholds = _calibrate(manifest, networks, task, held_out)
    manifest["labels"] = _describe_labels(labels, thresholds)
    _write_manifest(bundle, manifest)
    evaluated = [] if recipe.task == "boundary" else recipe.data.validation  # it knows no words
    for path in find_archives(folder, evaluated):
        report = evaluate_archives([path], Settings(), read_bundle(bundle))
        manifest["metrics"][path.stem] = report
    _write_manifest(bundle, manifest)
    task.finish(bundle)
    write_card(bundle, manifest)
    figures: dict[str, Any] = manifest["metrics"]
    return figures


def _task_of(recipe: Recipe, folder: Path) -> Task:
    task = make_task(recipe, folder)
    if task.feature_spec.get("kind") not in ("segment", "hand", "posture"):
        raise ConfigError(
            f"task = {recipe.task!r}: the daemon finds landmarks; it takes no bundle of pixels"
        )
    return task


def _calibrate(
    manifest: dict[str, Any], networks: tuple[Network, Network], task: Task, held_out: Batch
) -> list[float]:
    """Fit temperature and thresholds on what was held out, and compare int8 with float."""
    logits, exact = (average_views(network, task, held_out) for network in networks)
    manifest["temperature"] = fit_temperature(logits, held_out[1])
    manifest["metrics"]["int8_against_float"] = _agreement(logits, exact, held_out[1])
    return fit_thresholds(softmax(logits / manifest["temperature"]), held_out[1])


def _describe_labels(labels: Sequence[str], thresholds: Sequence[float]) -> list[dict[str, Any]]:
    return [
        {
            "gloss": gloss,
            "display": _SPOKEN.get(gloss, gloss),
            "spoken": _SPOKEN.get(gloss, gloss),
            "threshold": threshold,
        }
        for gloss, threshold in zip(labels, thresholds, strict=True)
    ]


def _read_runs(runs: Sequence[Path]) -> tuple[Recipe, list[str], dict[str, Any]]:
    for run in runs:
        for name in ("model.keras", "labels.json", "recipe.json", "sources.json"):
            if not (run / name).exists():
                raise ConfigError(f"{run / name}: no such file; the run is not finished")
    texts = {(run / "labels.json").read_text() for run in runs}
    if len(texts) > 1:
        raise ConfigError(f"{', '.join(map(str, runs))}: labels.json differ")
    recipe = load_dumped(json.loads((runs[0] / "recipe.json").read_text()))
    return recipe, json.loads(texts.pop()), json.loads((runs[0] / "sources.json").read_text())


def load_average(runs: Sequence[Path], shape: tuple[int, ...]) -> Any:  # noqa: ANN401 - Keras
    """Load the networks of one or more runs as one that takes examples of the shape (T, F).

    Returns:
        A model (B, T, F) -> logits (B, K), the mean of the networks', and embedding (B, E), what
        their last layers are fed, side by side.
    """
    from tensorflow import keras

    models = [zoo.load(run / "model.keras") for run in runs]
    for number, model in enumerate(models):
        model._name = f"run_{number}"  # noqa: SLF001 - Keras 2 has no other way to rename
    inputs = keras.Input(shape, name="features")
    logits, embeddings = [], []
    for model in models:
        twin = keras.Model(model.inputs, [model.outputs[0], _last_input(model)])
        one, embedded = twin(inputs)
        logits.append(one)
        embeddings.append(embedded)
    mean = logits[0] if len(logits) == 1 else keras.layers.Average()(logits)
    joined = embeddings[0] if len(embeddings) == 1 else keras.layers.Concatenate()(embeddings)
    return keras.Model(inputs, {"logits": mean, "embedding": joined})


def _last_input(model: Any) -> Any:  # noqa: ANN401 - Keras ships no types
    """What the last dense layer is fed; its logits where the network ends otherwise."""
    last = model.layers[-1]
    return last.input if last.__class__.__name__ == "Dense" else model.outputs[0]


def convert(model: Any, task: Task) -> bytes:  # noqa: ANN401 - Keras ships no types
    """Convert to TFLite with int8 weights, activations, input and output."""
    import tensorflow as tf

    batch, _ = task.calm_batch(_CALIBRATION_EXAMPLES, np.random.default_rng(0))
    converter = _converter(model, task)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([example[None]] for example in batch)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    content: bytes = converter.convert()
    return content


def convert_float(model: Any, task: Task) -> bytes:  # noqa: ANN401 - Keras ships no types
    """Convert to TFLite as it is, to compare with."""
    content: bytes = _converter(model, task).convert()
    return content


def _converter(model: Any, task: Task) -> Any:  # noqa: ANN401 - TensorFlow ships no types
    import tensorflow as tf

    concrete = tf.function(model).get_concrete_function(
        tf.TensorSpec((1, *task.shape), tf.float32)  # a batch of 1: dynamic shapes cost operators
    )
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete], model)


def average_views(network: Network, task: Task, examples: Batch) -> NDArray[np.float32]:
    """Logits (N, K) as the classifier averages them over its views of an example."""
    return np.stack(
        [
            np.mean([network.run(view) for view in task.views(value)], axis=0)
            for value in examples[0]
        ]
    )


def _agreement(
    logits: NDArray[np.float32], exact: NDArray[np.float32], targets: NDArray[np.int32]
) -> dict[str, float]:
    best, right = logits.argmax(axis=1), exact.argmax(axis=1)
    return {
        "same_top1": round(float((best == right).mean()), 4),
        "int8_top1": round(float((best == targets).mean()), 4),
        "float_top1": round(float((right == targets).mean()), 4),
    }


def _write_manifest(bundle: Path, manifest: dict[str, Any]) -> None:
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (bundle / "model.json").write_text(text + "\n", encoding="utf-8")
