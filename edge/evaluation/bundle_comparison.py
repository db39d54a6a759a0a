"""Compares bundles: accuracy on the same clips, size, time on this machine."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.evaluation.clips import evaluate_archives
from edge.recognition.bundle import read_bundle
from edge.tflite import Network

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.config.settings import Settings
    from edge.recognition.bundle import Bundle, Manifest

_WARM_UP: Final = 3
"""Runs of each network that are not counted; the first ones fill caches."""


def compare_bundles(
    paths: Sequence[Path],
    archives: Sequence[Path],
    settings: Settings,
    *,
    repetitions: int = 100,
) -> list[dict[str, Any]]:
    """Compare bundles.

    Args:
        paths: Their folders.
        archives: What to evaluate them on; without any, nothing is said of accuracy.
        settings: Of the segmenter and the classifier.
        repetitions: How often each network runs for its time.

    Returns:
        For each bundle, in the order given: ``name``, ``architecture``, ``parameters``, ``clips``,
        ``top1``, ``top5``, ``macro_top1``, ``int8_minus_float`` (of top1, as export measured it
        on the held-out examples), ``kilobytes`` (1000 bytes) and ``time``, as a multiple of the
        fastest one's. What the manifest does not say is None.

    Raises:
        BundleError: A folder is no bundle.
        ArchiveError: An archive is missing or malformed.
    """
    bundles = [read_bundle(path) for path in paths]
    times = relative_times([Network(one.model_path) for one in bundles], repetitions)
    return [
        {
            "name": bundle.path.resolve().name,
            **_described(bundle.manifest),
            **_measured(bundle, archives, settings),
            "int8_minus_float": _lost(bundle.manifest),
            "kilobytes": round(bundle.model_path.stat().st_size / 1000, 1),
            "time": round(relative, 2),
        }
        for bundle, relative in zip(bundles, times, strict=True)
    ]


def relative_times(networks: Sequence[Network], repetitions: int) -> list[float]:
    """Processor time per run of each network, in that of the fastest.

    The networks take turns, so that whatever else the machine does strikes all alike, and each
    is compared with the fastest within the same turn; the median of that is given.
    """
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=one.input_shape[1:]).astype(np.float32) for one in networks]
    took = np.empty((_WARM_UP + repetitions, len(networks)))
    for turn in took:
        for place, (network, values) in enumerate(zip(networks, inputs, strict=True)):
            turn[place] = _timed(network, values)
    took = took[_WARM_UP:]
    fastest = int(np.median(took, axis=0).argmin())
    ratios: list[float] = np.median(took / took[:, [fastest]], axis=0).tolist()
    return ratios


def _timed(network: Network, values: NDArray[np.float32]) -> float:
    start = time.thread_time()  # not the wall's: another process must not count
    network.run(values)
    return time.thread_time() - start


def _measured(bundle: Bundle, archives: Sequence[Path], settings: Settings) -> dict[str, Any]:
    columns = ("clips", "top1", "top5", "macro_top1")
    report = evaluate_archives(archives, settings, bundle) if archives else {}
    return {column: report.get(column) for column in columns}


def _described(manifest: Manifest) -> dict[str, Any]:
    """Say which network it is, as far as the manifest does."""
    recipes = manifest.training.get("recipes")
    names = [one["architecture"]["name"] for one in recipes] if isinstance(recipes, list) else []
    counts = Counter(names)
    return {
        "architecture": " + ".join(
            name if count == 1 else f"{count} x {name}" for name, count in counts.items()
        )
        or None,
        "parameters": manifest.training.get("parameters"),
    }


def _lost(manifest: Manifest) -> float | None:
    """Give what quantization added to the top-1; less than 0 where it cost some."""
    against = manifest.metrics.get("int8_against_float")
    if not isinstance(against, dict) or "float_top1" not in against:
        return None
    return round(float(against["int8_top1"]) - float(against["float_top1"]), 4)
