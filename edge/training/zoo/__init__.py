"""Builds the networks, one a module: ``build(shape, classes, **options)`` gives a Keras model.

A model takes one example of the shape (without the batch) and gives logits (K,).
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING, Any

from edge.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def names() -> list[str]:
    """List the networks."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def build(name: str, shape: tuple[int, ...], classes: int, options: dict[str, Any]) -> Any:  # noqa: ANN401 - Keras ships no types
    """Build an untrained network.

    Raises:
        ConfigError: There is no such network, or it has no such option.
    """
    if name not in names():
        raise ConfigError(f"architecture.name = {name!r}: not one of {', '.join(names())}")
    maker = importlib.import_module(f"{__name__}.{name}").build
    allowed = [
        p.name for p in inspect.signature(maker).parameters.values() if p.kind is p.KEYWORD_ONLY
    ]
    if unknown := set(options) - set(allowed):
        raise ConfigError(
            f"architecture.options.{min(unknown)}: {name} takes only {', '.join(allowed) or 'none'}"
        )
    return maker(shape, classes, **options)


def load(path: Path) -> Any:  # noqa: ANN401 - Keras ships no types
    """Load a saved network, whichever of these it is."""
    from tensorflow import keras

    for name in names():  # Keras knows a layer of ours only after its module is imported
        importlib.import_module(f"{__name__}.{name}")
    return keras.models.load_model(path, compile=False)
