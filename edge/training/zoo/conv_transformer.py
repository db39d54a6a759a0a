"""Hands and body embedded apart, weighed against each other, then convolution and Transformer.

The shape of a public TFLite network for the 250 signs of GISLR (Kaggle 2023): each part of the
body has an embedding of its own, and learned softmax weights decide frame by frame how much
each part counts, so that a hand which is not seen need not disturb.
"""

from __future__ import annotations

from typing import Any, Final

import tensorflow as tf
from tensorflow import keras

from edge.errors import ConfigError
from edge.recognition.features import segment as features
from edge.training.zoo_blocks import Position, drop_path, encode, normalise

layers = keras.layers

_HANDS: Final = ("left", "right")
_OF_HANDS: Final = tuple(
    (
        f"{side}_hand",
        *(f"{side}_{finger}_" for finger in ("thumb", "index", "middle", "ring", "pinky")),
    )
    for side in _HANDS
)
"""How the names of the features of each hand begin."""


def build(
    shape: tuple[int, ...],
    classes: int,
    *,
    width: int = 128,
    heads: int = 4,
    convolutions: int = 2,
    encoders: int = 2,
    kernel: int = 7,
    dropout: float = 0.4,
) -> Any:  # noqa: ANN401 - Keras ships no types
    """Build the network.

    Args:
        shape: (T, features.COUNT).
        classes: K of the output.
        width: Of every token; a multiple of ``heads``.
        heads: Of each attention.
        convolutions: Blocks of convolution.
        encoders: Transformer layers.
        kernel: Frames that a convolution sees.
        dropout: Before the last layer.

    Returns:
        A model (B, T, F) -> logits (B, K).

    Raises:
        ConfigError: The input is not that of edge.recognition.features.segment.
    """
    if shape[1:] != (features.COUNT,):
        raise ConfigError(f"conv_transformer: takes the features of whole signs, not {shape}")
    inputs = keras.Input(shape, name="features")
    x = _fuse([_embed(inputs, part, width) for part in parts()])
    for _ in range(convolutions):
        x = _convolve(x, kernel)
    x = Position()(x)
    for _ in range(encoders):
        x = encode(x, heads=heads, rate=0.1)
    x = layers.Dense(2 * width, use_bias=False)(x)
    x = layers.Activation("relu")(normalise(x))
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x))


def parts() -> list[list[int]]:
    """Indices of the features of the left hand, the right hand and the body."""
    hands = [
        [i for i, name in enumerate(features.NAMES) if name.startswith(of)] for of in _OF_HANDS
    ]
    body = sorted(set(range(features.COUNT)).difference(*hands))
    return [*hands, body]


def _embed(inputs: Any, part: list[int], width: int) -> Any:  # noqa: ANN401
    x = tf.gather(inputs, part, axis=2)
    x = layers.Dense(width, use_bias=False)(x)
    x = layers.Activation("relu")(normalise(x))
    return normalise(layers.Dense(width, use_bias=False)(x))


def _fuse(embedded: list[Any]) -> Any:  # noqa: ANN401
    """Sum of the parts by softmax of what each says of its own weight."""
    scores = layers.Concatenate()([layers.Dense(1)(part) for part in embedded])
    weights = layers.Softmax()(scores)
    weighted = [part * weights[:, :, i : i + 1] for i, part in enumerate(embedded)]
    return layers.Add()(weighted)


def _convolve(x: Any, kernel: int) -> Any:  # noqa: ANN401
    width = x.shape[-1]
    y = layers.Dense(2 * width, activation="relu")(normalise(x))
    y = layers.DepthwiseConv1D(kernel, padding="same", use_bias=False)(y)
    y = layers.Activation("relu")(normalise(y))
    y = layers.Dense(width)(y)
    return layers.Add()([x, drop_path(y, 0.1)])
