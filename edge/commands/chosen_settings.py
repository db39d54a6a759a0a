"""Loads the settings that a command's options choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.commands.output import show_warnings

if TYPE_CHECKING:
    import argparse

    from edge.config.settings import Settings
    from edge.recognition.bundle import Bundle


def load_settings(options: argparse.Namespace, *overrides: str) -> Settings:
    """Load the settings of ``--config`` and ``--set``; overrides beat both."""
    from edge.config import load

    return load.load(options.config, overrides=[*options.set, *overrides])


def settings_and_bundle(
    options: argparse.Namespace, *, source: str | None = None
) -> tuple[Settings, Bundle]:
    """Load the settings and the bundle they name; warnings go to standard error."""
    from edge.recognition.bundle import find_bundle, read_bundle

    overrides = [] if source is None else [f"camera.source={source}"]
    if options.model:
        overrides.append(f"classifier.bundle={options.model}")
    settings = load_settings(options, *overrides)
    show_warnings()
    return settings, read_bundle(find_bundle(settings.classifier.bundle))


def source_overrides(options: argparse.Namespace) -> list[str]:
    """Give the setting that ``--source`` stands for."""
    return [f"camera.source={options.source}"] if options.source else []


def broker_overrides(options: argparse.Namespace) -> list[str]:
    """Give the settings that ``--host`` and ``--port`` stand for."""
    given = {"host": options.host, "port": options.port}
    return [f"mqtt.{key}={value}" for key, value in given.items() if value]
