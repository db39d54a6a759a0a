"""A Transformer over poses whose decoder asks with one class query.

Bohacek and Hruz, "Sign Pose-based Transformer for Word-level Sign Language Recognition", WACV
workshops 2022, section 3.2: learned positional encoding, encoder, and a decoder without
self-attention, since there is nothing else beside the one query. Smaller than theirs
(six layers each, 2,048 wide inside), and normalised by batch for int8's sake.
"""

from __future__ import annotations

from typing import Any

from tensorflow import keras

from edge.training.zoo_blocks import Position, Query, attend, encode, feed_forward, normalise

layers = keras.layers


def build(
    shape: tuple[int, ...],
    classes: int,
    *,
    width: int = 128,
    heads: int = 4,
    encoders: int = 3,
    decoders: int = 2,
    dropout: float = 0.3,
) -> Any:  # noqa: ANN401 - Keras ships no types
    """Build the network.

    Args:
        shape: (T, F).
        classes: K of the output.
        width: Of the tokens; a multiple of ``heads``.
        heads: Of each attention.
        encoders: Layers of the encoder.
        decoders: Layers of the decoder.
        dropout: Before the last layer.

    Returns:
        A model (B, T, F) -> logits (B, K).
    """
    inputs = keras.Input(shape, name="features")
    x = layers.SpatialDropout1D(0.1)(inputs)
    x = normalise(layers.Dense(width, use_bias=False)(x))
    x = Position()(x)
    for _ in range(encoders):
        x = encode(x, heads=heads, rate=0.1)
    memory = normalise(x)
    query = Query()(memory)
    for _ in range(decoders):
        # The query itself stays unnormalised: the first one is the same throughout a batch.
        query = layers.Add()([query, attend(query, memory, heads=heads, rate=0.0)])
        query = feed_forward(query, width=2 * width, rate=0.1)
    x = layers.Flatten()(normalise(query))
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x))
