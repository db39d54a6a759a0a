"""Convolutions over the hand as a grid: fingers side by side, each from knuckle to tip.

What a kernel sees is a piece of a finger and its neighbours, wherever on the hand; the
distances and the palm's axes join before the dense layers.
"""

from __future__ import annotations

from typing import Any, Final

from tensorflow import keras

from edge.landmarks.skeleton import FINGERS
from edge.recognition.features.hand import NAMES

layers = keras.layers

_JOINTS: Final = 4
_GRIDS: Final = ("thumb_1.x", "thumb_1.x.palm", "thumb_0.dx")
"""Where the 5 x 4 points or bones begin among the features, three numbers each."""


def build(
    shape: tuple[int, ...],
    classes: int,
    *,
    width: int = 48,
    depth: int = 3,
    dense: int = 192,
    dropout: float = 0.4,
) -> Any:  # noqa: ANN401 - Keras ships no types
    """Build the network.

    Args:
        shape: (1, F) of edge.recognition.features.hand.
        classes: K of the output.
        width: Channels of each convolution.
        depth: Convolutions.
        dense: Units of the hidden layer.
        dropout: Before and after the hidden layer.

    Returns:
        A model (B, 1, F) -> logits (B, K).
    """
    inputs = keras.Input(shape, name="features")
    flat = layers.Flatten()(inputs)
    grid = layers.Concatenate()([_grid(flat, NAMES.index(name)) for name in _GRIDS])
    x = grid  # (B, 5, 4, 9)
    for _ in range(depth):
        x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.95)(x)
        x = layers.Activation("relu")(x)
        x = layers.SpatialDropout2D(0.1)(x)
    x = layers.Concatenate()([layers.Flatten()(x), flat])
    x = layers.Dropout(dropout)(x)
    x = layers.Dense(dense, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.95)(x)
    x = layers.Activation("relu")(x)
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x))


def _grid(flat: Any, start: int) -> Any:  # noqa: ANN401 - Keras ships no types
    """Cut (B, 5, 4, 3) out of the features (B, F)."""
    size = len(FINGERS) * _JOINTS * 3
    cut = flat[:, start : start + size]
    return layers.Reshape((len(FINGERS), _JOINTS, 3))(cut)
