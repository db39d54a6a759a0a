"""Two small networks that look at one frame and at two, without any memory of time.

The first classifies every frame by itself; the frame where it is surest is the best frame. The
second is given the best frame, another frame and on which side of the best one that lies; it
classifies every such pair, and where it is surest is its answer. The surer of the two answers
is the network's. Any clip length will do, since the features' resampler gives a fixed number
of frames.

The choices are arg-max and gather, so in int8 a tie simply takes the first of equals. For
training they would leave whatever is not chosen without a signal: there every frame and
every pair learns, most of all those that are sure.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from edge.training.zoo_blocks import normalise

layers = keras.layers


def build(
    shape: tuple[int, ...],
    classes: int,
    *,
    width: int = 256,
    second: int = 192,
    dropout: float = 0.4,
) -> Any:  # noqa: ANN401 - Keras ships no types
    """Build the network.

    The last layer is the choice, not a Dense; so there is no warm start for other labels.

    Args:
        shape: (T, F).
        classes: K of the output.
        width: Of the first hidden layer of each network.
        second: Of the second hidden layer.
        dropout: Before each network's last layer.

    Returns:
        A model (B, T, F) -> logits (B, K); those of one of the layers ``frame_logits`` and
        ``pair_logits`` at one of their places.
    """
    frames = keras.Input(shape, name="features")
    x = layers.SpatialDropout1D(0.1)(frames)
    single = _hidden(layers.Dense(width, use_bias=False)(x), second, dropout)
    single = layers.Dense(classes, name="frame_logits")(single)
    best = tf.argmax(_sureness(single), axis=-1, output_type=tf.int32)  # (B,)
    others, sides = pairings(shape[0])
    other = tf.gather(x, tf.gather(others, best), axis=1, batch_dims=1)  # (B, T - 1, F)
    chosen = tf.gather(x, best[:, None], axis=1, batch_dims=1)  # (B, 1, F)
    # A sum of layers is one layer over all three; the best frame is multiplied only once.
    pair = layers.Add()(
        [
            layers.Dense(width, use_bias=False)(other),
            layers.Dense(width, use_bias=False)(chosen),
            layers.Dense(width, use_bias=False)(tf.gather(sides, best)),
        ]
    )
    pair = layers.Dense(classes, name="pair_logits")(_hidden(pair, second, dropout))
    return keras.Model(frames, Verdict(name="verdict")([single, pair]))


def _hidden(x: Any, width: int, dropout: float) -> Any:  # noqa: ANN401
    x = layers.Activation("relu")(normalise(x))
    x = layers.Dense(width, use_bias=False)(x)
    x = layers.Activation("relu")(normalise(x))
    return layers.Dropout(dropout)(x)


def pairings(frames: int) -> tuple[Any, Any]:
    """For each best frame the other ones (T, T - 1), and their sides (T, T - 1, 2)."""
    every = np.arange(frames)
    others = np.array([np.delete(every, best) for best in every], dtype=np.int32)
    before = others < every[:, None]
    return tf.constant(others), tf.constant(np.stack([before, ~before], axis=-1), tf.float32)


def _sureness(logits: Any) -> Any:  # noqa: ANN401
    """Highest probability of each place, (B, N, K) -> (B, N)."""
    return tf.reduce_max(tf.nn.softmax(logits), axis=-1)


def _surest(logits: Any) -> Any:  # noqa: ANN401
    """Logits of the surest place, (B, N, K) -> (B, 1, K)."""
    place = tf.argmax(_sureness(logits), axis=-1, output_type=tf.int32)
    return tf.gather(logits, place[:, None], axis=1, batch_dims=1)


@keras.saving.register_keras_serializable("edge")
class Verdict(keras.layers.Layer):  # type: ignore[misc]
    """The surest frame's answer or the surest pair's, whichever is surer."""

    def call(self, inputs: Any, training: Any = None) -> Any:  # noqa: ANN401
        """Logits of frames (B, T, K) and of pairs (B, T - 1, K) -> logits (B, K)."""
        if not training:
            both = tf.concat([_surest(logits) for logits in inputs], axis=1)
            return _surest(both)[:, 0]
        mean = tf.add_n([_weighted(logits) for logits in inputs]) / len(inputs)
        # A mean of log-probabilities sums to less than 1 where they disagree. With what is
        # missing as a loss, the cross-entropy of this mean is the mean of the
        # cross-entropies: each place learns as if it were alone.
        self.add_loss(-tf.reduce_mean(tf.reduce_logsumexp(mean, axis=-1)))
        return mean


def _weighted(logits: Any) -> Any:  # noqa: ANN401
    """Mean log-probabilities, half over all places, half by how sure each is."""
    sureness = tf.stop_gradient(_sureness(logits))
    count = tf.cast(tf.shape(logits)[1], tf.float32)
    weights = 0.5 / count + 0.5 * tf.nn.softmax(8.0 * sureness, axis=-1)
    return tf.reduce_sum(weights[..., None] * tf.nn.log_softmax(logits), axis=1)
