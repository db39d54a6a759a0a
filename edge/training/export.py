"""A run folder -> a bundle: int8, calibrated, measured.

Run as ``python -m edge.training.export --help``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge import __version__, config, features
from edge.archive import read_clips, write_clips
from edge.bundle import OTHER, read_bundle
from edge.errors import EdgeError
from edge.evaluation import evaluate_archives, longest_segment
from edge.runtime import Network
from edge.training.augment import Augmentation
from edge.training.prototypes import mean_trajectory
from edge.training.train import make_batch, read_training_set

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.config import Settings
    from edge.training.dataset import Example

logger = logging.getLogger(__name__)

_SPOKEN: Final = {"i": "I", "i love you": "I love you", "what's up": "what's up?"}
_CALIBRATION_EXAMPLES: Final = 512


def load_average(runs: Sequence[Path]) -> Any:  # noqa: ANN401 - Keras ships no types
    """Load the networks of one or more runs as one whose logits are their mean.

    Raises:
        EdgeError: The runs do not have the same labels.
    """
    from tensorflow import keras

    texts = {(run / "labels.json").read_text() for run in runs}
    if len(texts) > 1:
        raise EdgeError(f"{', '.join(map(str, runs))}: labels.json differ")
    models = [keras.models.load_model(run / "model.keras", compile=False) for run in runs]
    if len(models) == 1:
        return models[0]
    for number, model in enumerate(models):
        model._name = f"run_{number}"  # noqa: SLF001 - Keras 2 has no other way to rename
    inputs = keras.Input(models[0].input_shape[1:], name="features")
    return keras.Model(inputs, keras.layers.Average()([model(inputs) for model in models]))


def convert(runs: Sequence[Path], examples: Sequence[Example], classes: Sequence[str]) -> bytes:
    """Convert a trained network to TFLite with int8 weights, activations, input and output."""
    import tensorflow as tf

    model = load_average(runs)
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(examples), _CALIBRATION_EXAMPLES, replace=False)
    calm = Augmentation(yaw=5, pitch=5, drop_hand=0.1)
    batch, _ = make_batch([examples[i] for i in chosen], classes, calm, rng)
    concrete = tf.function(model).get_concrete_function(
        tf.TensorSpec((1, features.FRAMES, features.COUNT), tf.float32)
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([example[None]] for example in batch)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    content: bytes = converter.convert()
    return content


def read_cut_clips(
    paths: Sequence[Path], classes: Sequence[str], settings: Settings
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Features (N, T, F) of known clips, cut as the daemon cuts them, and class indices (N,)."""
    values, targets = [], []
    for path in paths:
        for clip in read_clips(path):
            if clip.label not in classes:
                continue
            segment = longest_segment(clip, settings)
            times, points = (
                (clip.times, clip.points) if segment is None else (segment.times, segment.points)
            )
            values.append(features.extract(times, points))
            targets.append(classes.index(clip.label))
    return np.stack(values), np.array(targets)


def fit_temperature(logits: NDArray[np.float32], targets: NDArray[np.intp]) -> float:
    """Find the temperature of least cross-entropy (Guo et al. 2017, section 4.2)."""
    candidates = np.geomspace(0.2, 5.0, 200)
    losses = []
    for temperature in candidates:
        scaled = logits / temperature
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        chosen = scaled[np.arange(len(targets)), targets]
        losses.append(float((np.log(np.exp(scaled).sum(axis=1)) - chosen).mean()))
    return float(candidates[int(np.argmin(losses))])


def export(
    runs: Sequence[Path],
    bundle: Path,
    examples: Sequence[Example],
    validation: Sequence[Path],
    threshold: float,
    margin: float,
    archives: Sequence[str],
) -> None:
    """Write a bundle and measure it with the runtime's own interpreter."""
    settings = config.Settings()
    classes: list[str] = json.loads((runs[0] / "labels.json").read_text())
    bundle.mkdir(parents=True, exist_ok=True)
    content = convert(runs, examples, classes)
    (bundle / "model.tflite").write_bytes(content)
    values, targets = read_cut_clips(validation, classes, settings)
    network = Network(bundle / "model.tflite")
    logits = np.stack([network.run(value) for value in values])
    manifest: dict[str, Any] = {
        "name": bundle.name,
        "version": __version__,
        "labels": [
            {
                "gloss": gloss,
                "display": _SPOKEN.get(gloss, gloss),
                "spoken": _SPOKEN.get(gloss, gloss),
                "threshold": threshold,
            }
            for gloss in classes
        ],
        "features": {
            "version": features.VERSION,
            "fingerprint": features.fingerprint(),
            "frames": features.FRAMES,
            "count": features.COUNT,
        },
        "temperature": round(fit_temperature(logits, targets), 4),
        "margin": margin,
        "sha256": hashlib.sha256(content).hexdigest(),
        "metrics": {"int8_against_float": _agreement(runs, values, logits)},
        "training": {
            "archives": list(archives),
            "signers": sorted({example.clip.signer for example in examples}),
            "clips": len(examples),
            "runs": [json.loads((run / "settings.json").read_text()) for run in runs],
        },
    }
    _write_manifest(bundle, manifest)
    for path in validation:
        report = evaluate_archives([path], settings, read_bundle(bundle))
        logger.info("%s: %s", path.name, {k: v for k, v in report.items() if k != "per_label"})
        manifest["metrics"][path.stem] = report
    _write_manifest(bundle, manifest)
    glosses = [gloss for gloss in classes if gloss != OTHER]
    by_gloss = {gloss: [e for e in examples if e.label == gloss] for gloss in glosses}
    write_clips(bundle / "prototypes.npz", [mean_trajectory(by_gloss[g]) for g in glosses])


def _agreement(
    runs: Sequence[Path], values: NDArray[np.float32], logits: NDArray[np.float32]
) -> dict[str, float]:
    exact = load_average(runs).predict(values, verbose=0)
    same = (exact.argmax(axis=1) == logits.argmax(axis=1)).mean()
    return {"same_top1": round(float(same), 4)}


def _write_manifest(bundle: Path, manifest: dict[str, Any]) -> None:
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (bundle / "model.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, nargs="+", required=True, help="several: their mean")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--known", type=Path, nargs="+", required=True)
    parser.add_argument("--extra", type=Path, nargs="*", default=[])
    parser.add_argument("--other", type=Path, nargs="*", default=[])
    parser.add_argument("--validation", type=Path, nargs="+", required=True)
    parser.add_argument("--threshold", type=float, default=0.33)
    parser.add_argument("--margin", type=float, default=0.0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    sources = [*arguments.known, *arguments.extra, *arguments.other]
    export(
        arguments.run,
        arguments.bundle,
        read_training_set(arguments.known, arguments.extra, arguments.other),
        arguments.validation,
        arguments.threshold,
        arguments.margin,
        [path.name for path in sources],
    )


if __name__ == "__main__":
    main()
