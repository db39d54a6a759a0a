"""Two layers of long short-term memory, the classic of landmark sequences.

Hochreiter and Schmidhuber 1997, with forget gates (Gers et al. 2000). TFLite has one fused int8
operation for a whole Keras LSTM layer, with the cell's state in 16 bits; therefore nothing
here is bidirectional, masked or unrolled.
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
    width: int = 160,
    second: int = 128,
    dropout: float = 0.4,
) -> Any:  # noqa: ANN401 - Keras ships no types
    """Build the network.

    Args:
        shape: (T, F).
        classes: K of the output.
        width: Of the first layer's state.
        second: Width of the second layer's state.
        dropout: Between the layers and before the last one.

    Returns:
        A model (B, T, F) -> logits (B, K).
    """
    inputs = keras.Input(shape, name="features")
    x = layers.SpatialDropout1D(0.1)(inputs)
    x = normalise(layers.Dense(width, use_bias=False)(x))
    x = layers.Activation("relu")(x)
    x = layers.LSTM(width, return_sequences=True)(x)
    x = layers.Dropout(dropout)(x)
    x = layers.LSTM(second, return_sequences=True)(x)
    # What was read in the middle of a sign should not have to last until its end.
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dropout(dropout)(normalise(x))
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x))
