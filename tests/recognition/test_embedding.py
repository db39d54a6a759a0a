"""What a network's last layer is fed, beside its logits: in TFLite, and averaged over runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from extras import needs

from edge.recognition.bundle import find_bundle, read_bundle
from edge.tflite import Network

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.recognition.bundle import Bundle

training = [
    needs("tensorflow"),
    # TensorFlow's own: the protobuf it was built with.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def noise(network: Network, seed: int = 0) -> NDArray[np.float32]:
    """An example that the network takes."""
    shape = network.input_shape[1:]
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


def has_embedding(network: Network) -> bool:
    """Whether it tells what its last layer is fed, beside the logits."""
    logits, embedding = network.run_with_embedding(noise(network))
    return logits.shape != embedding.shape


def test_shipped_words_come_with_an_embedding(bundle: Bundle) -> None:
    network = Network(bundle.model_path)
    assert has_embedding(network)
    values = noise(network)
    logits, embedding = network.run_with_embedding(values)
    assert logits.shape == network.output_shape[1:] == (len(bundle.glosses),)
    assert embedding.ndim == 1
    assert len(embedding) > 32
    assert np.isfinite(embedding).all()
    np.testing.assert_array_equal(network.run(values), logits)


def test_embedding_is_of_this_example_alone(bundle: Bundle) -> None:
    network = Network(bundle.model_path)
    values, other = noise(network, 1), noise(network, 2)
    first, second, again = (network.run_with_embedding(one)[1] for one in (values, other, values))
    np.testing.assert_array_equal(first, again)
    assert (first != second).any()


def test_network_without_an_embedding_gives_its_logits_for_one() -> None:
    shipped = (
        Network(read_bundle(find_bundle(name)).model_path) for name in ("letters", "boundary")
    )
    network = next((one for one in shipped if not has_embedding(one)), None)
    if network is None:
        pytest.skip("every shipped network has an embedding")
    logits, embedding = network.run_with_embedding(noise(network))
    np.testing.assert_array_equal(logits, embedding)


class TestAverage:
    """Runs as one network."""

    pytestmark = training

    @pytest.fixture
    def runs(self, tmp_path: Path) -> tuple[list[Path], list[Any]]:
        """Two runs, the second of which has a wider last layer."""
        from tensorflow import keras

        keras.utils.set_random_seed(1)
        paths, models = [], []
        for name, width in (("a", 5), ("b", 7)):
            inputs = keras.Input((3, 6))
            hidden = keras.layers.Dense(width, activation="tanh")(keras.layers.Flatten()(inputs))
            model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(hidden))
            (tmp_path / name).mkdir()
            model.save(tmp_path / name / "model.keras")
            paths.append(tmp_path / name)
            models.append(keras.Model(inputs, [model.output, hidden]))
        return paths, models

    def test_mean_of_runs_gives_both_embeddings_side_by_side(
        self, runs: tuple[list[Path], list[Any]]
    ) -> None:
        from edge.training.export import load_average

        paths, models = runs
        values = np.random.default_rng(0).normal(0, 1, (5, 3, 6)).astype(np.float32)
        said = load_average(paths, (3, 6)).predict_on_batch(values)
        assert set(said) == {"logits", "embedding"}
        (one, first), (other, second) = (model.predict_on_batch(values) for model in models)
        np.testing.assert_allclose(said["logits"], (one + other) / 2, atol=1e-5)
        np.testing.assert_allclose(said["embedding"], np.hstack([first, second]), atol=1e-5)

    def test_single_run_says_what_its_network_says(
        self, runs: tuple[list[Path], list[Any]]
    ) -> None:
        from edge.training.export import load_average

        paths, models = runs
        model = load_average(paths[:1], (3, 6))
        values = np.random.default_rng(0).normal(0, 1, (5, 3, 6)).astype(np.float32)
        expected, hidden = models[0].predict_on_batch(values)
        said = model.predict_on_batch(values)
        np.testing.assert_allclose(said["logits"], expected, atol=1e-5)
        np.testing.assert_allclose(said["embedding"], hidden, atol=1e-5)
