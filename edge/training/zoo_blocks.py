"""Parts that several networks of the zoo share.

Normalised by batch, not by layer: batch normalisation becomes one int8 multiplication and
addition with fixed factors, while layer normalisation rounds each frame's variance to int8.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow import keras

layers = keras.layers


@keras.saving.register_keras_serializable("edge")
class Position(keras.layers.Layer):  # type: ignore[misc]
    """Adds a learned positional encoding to (B, T, W)."""

    def build(self, shape: Any) -> None:  # noqa: ANN401
        """Make the encoding (T, W)."""
        self.encoding = self.add_weight(
            name="encoding", shape=shape[1:], initializer=keras.initializers.RandomNormal(0, 0.1)
        )
        super().build(shape)

    def call(self, values: Any) -> Any:  # noqa: ANN401
        """Add it."""
        return values + self.encoding


@keras.saving.register_keras_serializable("edge")
class Query(keras.layers.Layer):  # type: ignore[misc]
    """Gives the same learned query (B, 1, W) whatever (B, T, W) comes in."""

    def build(self, shape: Any) -> None:  # noqa: ANN401
        """Make the query (1, 1, W)."""
        self.query = self.add_weight(
            name="query", shape=(1, 1, shape[-1]), initializer=keras.initializers.RandomNormal(0, 1)
        )
        super().build(shape)

    def call(self, values: Any) -> Any:  # noqa: ANN401
        """Repeat it for the batch."""
        return tf.tile(self.query, (tf.shape(values)[0], 1, 1))


def normalise(x: Any) -> Any:  # noqa: ANN401
    """Normalise by batch, with averages that follow a short training."""
    return layers.BatchNormalization(momentum=0.95)(x)


def drop_path(x: Any, rate: float) -> Any:  # noqa: ANN401
    """Leave out a whole branch of some examples (Huang et al. 2016)."""
    return layers.Dropout(rate, noise_shape=(None, 1, 1))(x)


def attend(query: Any, memory: Any, *, heads: int, rate: float) -> Any:  # noqa: ANN401
    """Attention and its detour, (B, Q, W) and (B, T, W) -> (B, Q, W)."""
    width = query.shape[-1]
    attended = layers.MultiHeadAttention(heads, width // heads, dropout=0.1)(query, memory)
    return drop_path(attended, rate)


def feed_forward(x: Any, *, width: int, rate: float) -> Any:  # noqa: ANN401
    """Two dense layers with a detour around them, normalised first."""
    y = layers.Dense(width, activation="relu")(normalise(x))
    y = layers.Dense(x.shape[-1])(layers.Dropout(rate)(y))
    return layers.Add()([x, drop_path(y, rate)])


def encode(x: Any, *, heads: int, rate: float) -> Any:  # noqa: ANN401
    """One Transformer encoder layer, normalised first (Xiong et al. 2020, section 3)."""
    y = normalise(x)
    x = layers.Add()([x, attend(y, y, heads=heads, rate=rate)])
    return feed_forward(x, width=2 * x.shape[-1], rate=rate)
