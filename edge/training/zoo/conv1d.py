"""Depthwise 1-D convolutions with channel attention, then self-attention.

The shape of the first place of the GISLR competition (Hoyeol Sohn, Kaggle 2023), small:
same-padded instead of causal, since a whole segment is classified.
"""

from __future__ import annotations

from typing import Any, Final

from tensorflow import keras

from edge.training.zoo_blocks import attend, drop_path, normalise

layers = keras.layers


_HALVED: Final = ((2, False), (2, True), (2, True))
_FULL: Final = ((3, True), (3, True))
"""Stages: how many convolutions, and whether attention follows; else the frames are halved."""


def build(
    shape: tuple[int, ...],
    classes: int,
    *,
    width: int = 160,
    dropout: float = 0.5,
    kernel: int = 9,
    halved: bool = True,
) -> Any:  # noqa: ANN401 - Keras ships no types
    """Build the network.

    Args:
        shape: (T, F).
        classes: K of the output.
        width: Channels.
        dropout: Before the last layer.
        kernel: Frames that a convolution sees before the halving; about half after it.
        halved: Whether all after the first stage sees half the frames, at two thirds of the work.

    Returns:
        A model (B, T, F) -> logits (B, K).
    """
    inputs = keras.Input(shape, name="features")
    x = layers.SpatialDropout1D(0.1)(inputs)
    x = layers.Dense(width, use_bias=False)(x)
    x = normalise(x)
    for convolutions, attends in _HALVED if halved else _FULL:
        for _ in range(convolutions):
            x = _convolution(x, kernel)
        if attends:
            x = _attention(x)
        else:
            x = layers.AveragePooling1D(2)(x)
            kernel = kernel // 2 + 1
    x = layers.Dense(2 * width)(x)
    x = normalise(x)
    x = layers.Activation("relu")(x)
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x))


def _convolution(x: Any, kernel: int) -> Any:  # noqa: ANN401 - Keras ships no types
    width = x.shape[-1]
    skip = x
    x = layers.Dense(2 * width, activation="relu")(x)
    x = layers.DepthwiseConv1D(kernel, padding="same", use_bias=False)(x)
    x = normalise(x)
    gate = layers.GlobalAveragePooling1D(keepdims=True)(x)
    gate = layers.Dense(width // 4, activation="relu")(gate)
    gate = layers.Dense(2 * width, activation="sigmoid")(gate)
    x = layers.Multiply()([x, gate])
    x = layers.Dense(width)(x)
    x = drop_path(x, 0.2)
    return layers.Add()([x, skip])


def _attention(x: Any, *, heads: int = 4) -> Any:  # noqa: ANN401 - Keras ships no types
    width = x.shape[-1]
    y = normalise(x)
    x = layers.Add()([x, attend(y, y, heads=heads, rate=0.2)])
    y = normalise(x)
    y = layers.Dense(2 * width, activation="relu")(y)
    y = layers.Dense(width)(y)
    return layers.Add()([x, drop_path(y, 0.2)])
