"""Causal dilated convolutions over the last two seconds, small enough for every frame.

The residual block of Bai et al. 2018 (arXiv 1803.01271, section 3.3) with depthwise
convolutions; only the newest frame is asked.
"""

from __future__ import annotations

from typing import Any, Final

from tensorflow import keras

from edge.training.zoo_blocks import normalise

layers = keras.layers

_DILATIONS: Final = (1, 2, 4)


def build(
    shape: tuple[int, ...],
    classes: int,
    *,
    width: int = 48,
    kernel: int = 5,
    dropout: float = 0.1,
) -> Any:  # noqa: ANN401 - Keras ships no types
    """Build the network.

    Args:
        shape: (T, F); frames before the receptive field of 1 + 7 (kernel - 1) are not seen.
        classes: K of the output.
        width: Channels.
        kernel: Frames that a convolution sees, spread by its dilation.
        dropout: Before the last layer.

    Returns:
        A model (B, T, F) -> logits (B, K).
    """
    inputs = keras.Input(shape, name="features")
    x = normalise(layers.Dense(width, use_bias=False)(inputs))
    for dilation in _DILATIONS:
        y = layers.Dense(2 * width, activation="relu")(x)
        y = layers.ZeroPadding1D((dilation * (kernel - 1), 0))(y)
        y = layers.DepthwiseConv1D(kernel, dilation_rate=dilation, use_bias=False)(y)
        y = layers.Activation("relu")(normalise(y))
        x = normalise(layers.Add()([x, layers.Dense(width)(y)]))
    x = layers.Cropping1D((shape[0] - 1, 0))(x)
    x = layers.Dropout(dropout)(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x))
