"""Checks that the settings and the model bundles they name are there and fit."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from edge.doctor.finding import Finding
from edge.errors import ConfigError, EdgeError
from edge.mqtt.credentials import read_login, tls_context

if TYPE_CHECKING:
    from edge.config.settings import Settings


def check_config(settings: Settings) -> Finding:
    """Look at what the settings refer to; their types and ranges were checked on loading."""
    path = Path(settings.mqtt.password_file)
    try:
        read_login(settings.mqtt)
        if settings.mqtt.tls:
            tls_context(settings.mqtt)
    except ConfigError as error:
        advice = "correct the setting, or let the service's user read the file"
        return Finding("config", False, str(error), advice)
    if not settings.mqtt.password_file:
        return Finding("config", True, "every setting is in its range")
    if path.stat().st_mode & 0o007:
        text = f"mqtt.password_file = {path} can be read by everybody"
        return Finding("config", False, text, f"chmod o= {path}")
    return Finding("config", True, "every setting is in its range; the password file is there")


def needed_bundles(settings: Settings) -> list[tuple[str, str]]:
    """Every bundle that is needed, and the setting that names it."""
    needed = [(settings.classifier.bundle, "classifier.bundle")]
    if settings.segmenter.kind == "boundary":
        needed.append((settings.segmenter.bundle, "segmenter.bundle"))
    if settings.spelling.mode != "words":
        needed.append((settings.spelling.bundle, "spelling.bundle"))
    return needed


def check_model(name: str, key: str = "classifier.bundle") -> Finding:
    """Look for a model bundle, whether it fits this program, whether it runs and how fast."""
    try:
        import numpy as np

        from edge.recognition.bundle import find_bundle, read_bundle
        from edge.tflite import Network

        bundle = read_bundle(find_bundle(name, key))
        network = Network(bundle.model_path)
        blank = np.zeros(network.input_shape[1:], np.float32)
        network.run(blank)
        began = time.perf_counter()
        network.run(blank)
        took = 1000 * (time.perf_counter() - began)
    except (EdgeError, ImportError) as error:
        advice = f"fetch the bundle anew (git checkout models), or correct {key}"
        return Finding("model", False, str(error), advice)
    manifest = bundle.manifest
    text = f"{manifest.name} {manifest.version}, {len(bundle.glosses)} classes, {took:.1f} ms"
    return Finding("model", True, text)
