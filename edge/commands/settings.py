"""What commands share: settings from options."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edge.config import load as config
from edge.recognition.bundle import find_bundle, read_bundle

if TYPE_CHECKING:
    import argparse

    from edge.config.settings import Settings
    from edge.recognition.bundle import Bundle


def settings_and_bundle(
    options: argparse.Namespace, *, source: str | None = None
) -> tuple[Settings, Bundle]:
    """Load what a command over recordings works by; warnings go to standard error."""
    overrides = list(options.set)
    if source is not None:
        overrides.append(f"camera.source={source}")
    if options.model:
        overrides.append(f"classifier.bundle={options.model}")
    settings = config.load(options.config, overrides=overrides)
    logging.basicConfig(level=logging.WARNING, format="sign-edge: %(message)s")
    return settings, read_bundle(find_bundle(settings.classifier.bundle))


def overrides_of(options: argparse.Namespace) -> list[str]:
    """Give the settings of the command line, ``--source`` among them."""
    source = [f"camera.source={options.source}"] if options.source else []
    return [*options.set, *source]


def broker_overrides_of(options: argparse.Namespace) -> list[str]:
    """Give the settings of the command line, ``--host`` and ``--port`` among them."""
    given = {"host": options.host, "port": options.port}
    return [*options.set, *(f"mqtt.{key}={value}" for key, value in given.items() if value)]
