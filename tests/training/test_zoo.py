"""Every network learns, is saved, and says the same in int8 as in floats."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from extras import needs

from edge.errors import ConfigError
from edge.recognition.features import segment as features
from edge.tflite import Network
from edge.training import zoo
from edge.training.export import convert

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = [
    needs("tensorflow"),
    # TensorFlow's own: the protobuf it was built with, its converter's deprecated names.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Please consider providing the trackable_obj:UserWarning"),
]

CLASSES: Final = 4
SIGNS: Final = (6, features.COUNT)
NETWORKS: Final[dict[str, tuple[tuple[int, ...], dict[str, Any]]]] = {
    "bigru": (SIGNS, {"width": 24, "second": 16}),
    "conv1d": (SIGNS, {"width": 32}),
    "conv_transformer": (SIGNS, {"width": 32, "heads": 2, "convolutions": 1, "encoders": 1}),
    "keyframe_mlp": (SIGNS, {"width": 48, "second": 32}),
    "letter_image_cnn": ((32, 32, 1), {"width": 4}),
    "lstm": (SIGNS, {"width": 32, "second": 24}),
    "r2plus1d": ((4, 16, 16, 1), {"width": 4, "stages": 2}),
    "spoter": (SIGNS, {"width": 32, "heads": 2, "encoders": 1, "decoders": 1}),
}
"""Shape of the input and options for a small version of each."""
SHIPPED: Final = ("conv1d", "conv_transformer")
"""Those that a bundle in models/ was trained with; others learn where there is more time."""


def examples(shape: tuple[int, ...], count: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Noise around one pattern for each class; both hands are always seen."""
    rng = np.random.default_rng(1)
    patterns = rng.normal(0, 0.6, (CLASSES, *shape))
    targets = rng.integers(0, CLASSES, count).astype(np.int32)
    values = patterns[targets] + rng.normal(0, 0.3, (count, *shape))
    if shape == SIGNS:
        values[..., -2:] = 1
    return values.clip(-4, 4).astype(np.float32), targets


def shares(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities (N, K)."""
    raised: NDArray[np.float32] = np.exp(logits - logits.max(axis=1, keepdims=True))
    normalised: NDArray[np.float32] = raised / raised.sum(axis=1, keepdims=True)
    return normalised


@pytest.mark.parametrize(
    "name",
    [
        name if name in SHIPPED else pytest.param(name, marks=pytest.mark.nightly)
        for name in NETWORKS
    ],
)
def test_network_learns_is_saved_and_answers_in_int8_as_in_floats(
    name: str, tmp_path: Path
) -> None:
    from tensorflow import keras

    shape, options = NETWORKS[name]
    keras.utils.set_random_seed(1)
    values, targets = examples(shape, 64)
    model = zoo.build(name, shape, CLASSES, options)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(3e-3), loss)
    losses = [model.train_on_batch(values, targets) for _ in range(50)]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:2])
    model.save(tmp_path / "model.keras")
    loaded = zoo.load(tmp_path / "model.keras")
    exact = loaded(values, training=False).numpy()
    np.testing.assert_allclose(exact, model(values, training=False).numpy(), atol=1e-4)
    assert (exact.argmax(axis=1) == targets).mean() > 0.9
    task: Any = SimpleNamespace(shape=shape, calm_batch=lambda *_: (values, targets))
    (tmp_path / "model.tflite").write_bytes(convert(loaded, task))
    network = Network(tmp_path / "model.tflite")
    logits = np.stack([network.run(value) for value in values])
    assert logits.shape == (len(values), CLASSES)
    assert (logits.argmax(axis=1) == exact.argmax(axis=1)).mean() > 0.95
    assert np.abs(shares(logits) - shares(exact)).mean() < 0.03
    if name != "keyframe_mlp":  # of two frames that are equally sure, int8 may take the other one
        assert np.abs(logits - exact).mean() < 0.1 * exact.std()


@pytest.mark.parametrize("name", NETWORKS)
def test_head_is_a_dense_layer_that_another_run_can_take_over(name: str) -> None:
    if name == "keyframe_mlp":
        pytest.skip("its last layer is the choice between two answers")
    shape, options = NETWORKS[name]
    assert zoo.build(name, shape, CLASSES, options).layers[-1].name == "logits"


@pytest.mark.parametrize("name", NETWORKS)
def test_unknown_option_is_refused_by_name(name: str) -> None:
    with pytest.raises(ConfigError, match=r"architecture\.options\.depht"):
        zoo.build(name, NETWORKS[name][0], CLASSES, {"depht": 3})


@pytest.mark.parametrize("name", ["bigru", "conv_transformer"])
def test_network_that_needs_the_features_names_refuses_other_input(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        zoo.build(name, (8, 10), CLASSES, {})


def test_gru_passes_over_frames_without_hands() -> None:
    model = zoo.build("bigru", SIGNS, CLASSES, {"width": 8, "second": 8})
    values, _ = examples(SIGNS, 4)
    masks = np.array([name.endswith("_hand.seen") for name in features.NAMES])
    values[:, 3:5, masks] = 0
    other = values.copy()
    other[:, 3:5, ~masks] += 1
    np.testing.assert_allclose(
        model.predict_on_batch(values), model.predict_on_batch(other), atol=1e-6
    )
    other[:, 2] += 1
    assert not np.allclose(model.predict_on_batch(values), model.predict_on_batch(other))


@pytest.mark.parametrize("silent", ["", "frame_logits", "pair_logits"])
def test_keyframe_answer_is_the_surer_of_the_two(silent: str) -> None:
    from tensorflow import keras

    keras.utils.set_random_seed(2)
    model = zoo.build("keyframe_mlp", SIGNS, CLASSES, {"width": 16, "second": 16})
    if silent:  # all alike: never surer than the other
        layer = model.get_layer(silent)
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    outputs = [model.get_layer(name).output for name in ("frame_logits", "pair_logits")]
    insight = keras.Model(model.input, [*outputs, model.output])
    frames, pairs, answers = insight.predict_on_batch(examples(SIGNS, 64)[0])
    assert frames.shape[1:] == (6, CLASSES)
    assert pairs.shape[1:] == (5, CLASSES)
    from_pairs = 0
    for frame, pair, answer in zip(frames, pairs, answers, strict=True):
        both = np.concatenate([frame, pair])
        surest = int(shares(both).max(axis=1).argmax())
        np.testing.assert_allclose(answer, both[surest], atol=1e-5)
        from_pairs += surest >= len(frame)
    share = from_pairs / len(answers)
    assert {"": 0 < share < 1, "frame_logits": share == 1, "pair_logits": share == 0}[silent]


def test_pair_is_the_best_frame_and_another_whose_side_is_told() -> None:
    from edge.training.zoo import keyframe_mlp

    others, sides = (table.numpy() for table in keyframe_mlp.pairings(5))
    assert others[2].tolist() == [0, 1, 3, 4]
    assert sides[2].tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]
    assert others.shape == (5, 4)
