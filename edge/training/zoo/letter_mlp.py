"""Dense layers over the features of one hand."""

from __future__ import annotations

from typing import Any

from tensorflow import keras

layers = keras.layers


def build(
    shape: tuple[int, ...],
    classes: int,
    *,
    width: int = 256,
    depth: int = 3,
    dropout: float = 0.4,
) -> Any:  # noqa: ANN401 - Keras ships no types
    """Build the network.

    Args:
        shape: (1, F).
        classes: K of the output.
        width: Units of each hidden layer.
        depth: Hidden layers.
        dropout: After each hidden layer.

    Returns:
        A model (B, 1, F) -> logits (B, K).
    """
    inputs = keras.Input(shape, name="features")
    x = layers.Flatten()(inputs)
    x = layers.Dropout(0.1)(x)
    for _ in range(depth):
        x = layers.Dense(width, use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.95)(x)
        x = layers.Activation("relu")(x)
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x))
