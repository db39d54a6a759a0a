"""A residual network over short videos, each convolution factorised into space and time.

Tran et al., "A Closer Look at Spatiotemporal Convolutions for Action Recognition", CVPR 2018,
section 3.5, small. TFLite has no int8 convolution in three dimensions; factorised ones are
two-dimensional once the frames are laid into the batch, or the pixels into a row.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow import keras

from edge.training.zoo_blocks import normalise

layers = keras.layers


def build(
    shape: tuple[int, ...],
    classes: int,
    *,
    width: int = 12,
    stages: int = 3,
    dropout: float = 0.5,
) -> Any:  # noqa: ANN401 - Keras ships no types
    """Build the network.

    Args:
        shape: (T, H, W, C), within plus and minus 1.
        classes: K of the output.
        width: Channels of the first stage; each further stage has twice as many.
        stages: Residual blocks, each halving height and width, and all but the first the frames.
        dropout: Before the last layer.

    Returns:
        A model (B, T, H, W, C) -> logits (B, K).
    """
    inputs = keras.Input(shape, name="video")
    x = _convolve(inputs, width, stride=2, skip=1, size=5)
    x = layers.Activation("relu")(normalise(x))
    for stage in range(stages):
        x = _block(x, width << stage, skip=2 if stage else 1)
    x = layers.GlobalAveragePooling2D()(tf.reshape(x, _flat(x)))
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x))


def _block(x: Any, width: int, *, skip: int) -> Any:  # noqa: ANN401
    """Two factorised convolutions with a detour around them, halving height and width."""
    y = _convolve(x, width, stride=2, skip=skip)
    y = layers.Activation("relu")(normalise(y))
    y = normalise(_convolve(y, width, stride=1, skip=1))
    detour = _over_time(_over_space(x, width, size=1, stride=2), width, size=1, skip=skip)
    return layers.Activation("relu")(layers.Add()([y, normalise(detour)]))


def _convolve(x: Any, width: int, *, stride: int, skip: int, size: int = 3) -> Any:  # noqa: ANN401
    """Space, then time, with as many channels between as cost what 3-D would (section 3.5)."""
    seen, frames = x.shape[-1], 3
    area = size * size
    between = frames * area * seen * width // (area * seen + frames * width)
    x = _over_space(x, between, size=size, stride=stride)
    x = layers.Activation("relu")(normalise(x))
    return _over_time(x, width, size=frames, skip=skip)


def _over_space(x: Any, width: int, *, size: int, stride: int) -> Any:  # noqa: ANN401
    frames = x.shape[1]
    x = tf.reshape(x, (-1, *x.shape[2:]))
    x = layers.Conv2D(width, size, stride, padding="same", use_bias=False)(x)
    return tf.reshape(x, (-1, frames, *x.shape[1:]))


def _over_time(x: Any, width: int, *, size: int, skip: int) -> Any:  # noqa: ANN401
    height, across = x.shape[2:4]
    x = tf.reshape(x, _flat(x))
    x = layers.Conv2D(width, (size, 1), (skip, 1), padding="same", use_bias=False)(x)
    return tf.reshape(x, (-1, x.shape[1], height, across, width))


def _flat(x: Any) -> tuple[int, ...]:  # noqa: ANN401
    """Shape with the pixels of each frame in a row."""
    return (-1, x.shape[1], x.shape[2] * x.shape[3], x.shape[4])
