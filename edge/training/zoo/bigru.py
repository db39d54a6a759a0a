"""Two layers of bidirectional gated recurrent units that skip frames without hands.

Cho et al. 2014, section 2.3, with the reset gate after the multiplication, as cuDNN and Keras
have it. A frame in which no hand is seen leaves the state as it was, which is what Keras'
masking means; but masks do not survive the conversion to int8, so it is written out here as a
multiplication of the update gate. The frames are written out too: TFLite has no fused GRU, and
its loops are not quantised.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow import keras

from edge.errors import ConfigError
from edge.recognition.features import segment as features
from edge.training.zoo_blocks import normalise

layers = keras.layers


def build(
    shape: tuple[int, ...],
    classes: int,
    *,
    width: int = 128,
    second: int = 64,
    dropout: float = 0.4,
) -> Any:  # noqa: ANN401 - Keras ships no types
    """Build the network.

    Args:
        shape: (T, features.COUNT).
        classes: K of the output.
        width: Of the embedded frames, and of the first layer's state in each direction.
        second: Of the second layer's.
        dropout: Between the layers and before the last one.

    Returns:
        A model (B, T, F) -> logits (B, K).

    Raises:
        ConfigError: The input is not that of edge.recognition.features.segment.
    """
    if shape[1:] != (features.COUNT,):
        raise ConfigError(f"bigru: takes the features of whole signs, not {shape}")
    inputs = keras.Input(shape, name="features")
    seen = _has_hand(inputs)
    x = layers.SpatialDropout1D(0.1)(inputs)
    x = layers.Activation("relu")(normalise(layers.Dense(width, use_bias=False)(x)))
    x = layers.Dropout(dropout)(normalise(_both_ways(x, seen, width)))
    x = _both_ways(x, seen, second)
    # What was read in the middle of a sign should not have to last until its ends.
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dropout(dropout)(normalise(x))
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x))


def _has_hand(inputs: Any) -> Any:  # noqa: ANN401
    """1 for frames in which a hand is seen, else 0: (B, T, 1).

    A slice would do, but TFLite gives a slice and what it is cut from the same int8 scale: all
    features would be clipped to the masks' 0 to 1. A multiplication has a scale of its own.
    """
    masks = [[float(name.endswith("_hand.seen"))] for name in features.NAMES]
    count = layers.Dense(
        1,
        use_bias=False,
        trainable=False,
        kernel_initializer=keras.initializers.Constant(masks),
        name="hands",
    )(inputs)
    return tf.minimum(count, 1.0)


def _both_ways(x: Any, seen: Any, units: int) -> Any:  # noqa: ANN401
    ways = [
        SkippingGRU(units, is_backward=is_backward)([layers.Dense(3 * units)(x), seen])
        for is_backward in (False, True)
    ]
    return layers.Concatenate()(ways)


@keras.saving.register_keras_serializable("edge")
class SkippingGRU(keras.layers.Layer):  # type: ignore[misc]
    """The recurrent half of a GRU; the input comes multiplied already."""

    def __init__(self, units: int, *, is_backward: bool, **rest: Any) -> None:  # noqa: ANN401
        """Choose the width and the direction."""
        super().__init__(**rest)
        self.units, self.is_backward = units, is_backward

    def get_config(self) -> dict[str, Any]:
        """What __init__ takes."""
        own = {"units": self.units, "is_backward": self.is_backward}
        return {**super().get_config(), **own}

    def build(self, shape: Any) -> None:  # noqa: ANN401
        """Make the recurrent kernels: of both gates, and of the candidate."""
        self.kernels = [
            self.add_weight(
                name=f"kernel_{part}",
                shape=(self.units, count * self.units),
                initializer=keras.initializers.Orthogonal(),
            )
            for part, count in (("gates", 2), ("candidate", 1))
        ]
        super().build(shape)

    def call(self, inputs: Any) -> Any:  # noqa: ANN401
        """Multiplied input (B, T, 3 units), seen (B, T, 1) -> states (B, T, units)."""
        values, seen = inputs
        gates = tf.unstack(values[..., : 2 * self.units], axis=1)
        candidates = tf.unstack(values[..., 2 * self.units :], axis=1)
        steps = list(zip(gates, candidates, tf.unstack(seen, axis=1), strict=True))
        states: list[Any] = []
        for step in reversed(steps) if self.is_backward else steps:
            states.append(self._step(states[-1] if states else None, *step))
        return tf.stack(states[::-1] if self.is_backward else states, axis=1)

    def _step(self, state: Any, gates: Any, candidate: Any, seen: Any) -> Any:  # noqa: ANN401
        if state is None:  # zeros written out would have no range, and int8 no scale for them
            update, _ = tf.split(tf.sigmoid(gates), 2, axis=-1)
            return update * seen * tf.tanh(candidate)
        update, reset = tf.split(tf.sigmoid(gates + state @ self.kernels[0]), 2, axis=-1)
        proposed = tf.tanh(candidate + reset * (state @ self.kernels[1]))
        return state + update * seen * (proposed - state)
