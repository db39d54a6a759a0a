"""Convolutions over one small grey picture of a hand.

The plain network of countless fingerspelling projects (LeCun et al. 1998, section II), for the
record beside the letters read from landmarks. See
edge.training.tasks.letter_images for what it is shown.
"""

from __future__ import annotations

from typing import Any

from tensorflow import keras

from edge.training.zoo_blocks import normalise

layers = keras.layers


def build(
    shape: tuple[int, ...],
    classes: int,
    *,
    width: int = 12,
    stages: int = 4,
    dropout: float = 0.4,
) -> Any:  # noqa: ANN401 - Keras ships no types
    """Build the network.

    Args:
        shape: (H, W, C), within plus and minus 1.
        classes: K of the output.
        width: Channels of the first stage; each further stage has twice as many.
        stages: Pairs of convolutions, each pair halving height and width.
        dropout: Before the last layer.

    Returns:
        A model (B, H, W, C) -> logits (B, K).
    """
    inputs = keras.Input(shape, name="picture")
    x = inputs
    for stage in range(stages):
        for stride in (1 if stage else 2, 2 if stage else 1):
            x = layers.Conv2D(width << stage, 3, stride, padding="same", use_bias=False)(x)
            x = layers.Activation("relu")(normalise(x))
    x = layers.Flatten()(x)
    x = layers.Dense(width << stages, use_bias=False)(layers.Dropout(dropout)(x))
    x = layers.Activation("relu")(normalise(x))
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x))
