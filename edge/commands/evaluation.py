"""How well bundles do."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from edge.commands.output import print_json, print_line
from edge.commands.settings import settings_and_bundle
from edge.config import load as config
from edge.errors import ConfigError
from edge.recognition.bundle import find_bundle

if TYPE_CHECKING:
    import argparse

    from edge.config.settings import Settings
    from edge.recognition.bundle import Bundle

_SEED: Final = 7
"""Of streams, unless another is wanted."""
_REST_MAX: Final = 60.0
"""Seconds between the signs of a stream."""
_RATE_MIN: Final = 1.0
_RATE_MAX: Final = 120.0
"""Frames per second of a stream."""


def evaluate(options: argparse.Namespace) -> int:
    """Print how well the model does on landmark archives."""
    from edge.evaluation.clips import evaluate_archives
    from edge.evaluation.tables import evaluation_table

    _refuse_useless(options)
    settings, bundle = settings_and_bundle(options)
    if options.stream:
        return _evaluate_stream(options, settings, bundle)
    report = evaluate_archives(
        options.archives, settings, bundle, is_full=options.full, float_network=options.float
    )
    if options.json:
        print_json(report)
    else:
        print_line(evaluation_table(report))
    return 0


def compare(options: argparse.Namespace) -> int:
    """Print bundles side by side: accuracy, size, time."""
    from edge.evaluation.comparison import compare_bundles
    from edge.evaluation.tables import comparison_table

    settings = config.load(options.config, overrides=options.set)
    folders = [find_bundle(name) for name in options.bundles]
    rows = compare_bundles(folders, options.archives, settings)
    if options.json:
        for row in rows:
            print_json(row)
    else:
        print_line(comparison_table(rows))
    return 0


def _refuse_useless(options: argparse.Namespace) -> None:
    """An option that would be ignored is a misunderstanding."""
    useless = ("full", "float") if options.stream else ("seed", "rest", "rates", "broker")
    for name in useless:
        if getattr(options, name) is not None and getattr(options, name) is not False:
            raise ConfigError(f"--{name}: {'not' if options.stream else 'only'} with --stream")


def _evaluate_stream(options: argparse.Namespace, settings: Settings, bundle: Bundle) -> int:
    from edge.evaluation.broker_delay import BrokerDelay
    from edge.evaluation.live_quality import RATES, evaluate_streams
    from edge.evaluation.sign_streams import Plan
    from edge.evaluation.tables import stream_table

    plan = Plan(rest=tuple(options.rest)) if options.rest else Plan()
    shortest, longest = plan.rest
    if not 0 <= shortest <= longest <= _REST_MAX:  # never so with nan
        raise ConfigError(
            f"--rest {shortest:g} {longest:g}: the shortest first, from 0 to {_REST_MAX:g} seconds"
        )
    for rate in options.rates or ():
        if not _RATE_MIN <= rate <= _RATE_MAX:
            raise ConfigError(
                f"--rates {rate:g}: from {_RATE_MIN:g} to {_RATE_MAX:g} frames per second"
            )
    if options.seed is None:
        options.seed = _SEED
    if options.seed < 0:
        raise ConfigError(f"--seed {options.seed}: 0 or more")
    if bundle.manifest.features.kind == "hand":
        return _evaluate_spelling(options, settings, bundle)
    with BrokerDelay(settings.mqtt) if options.broker else contextlib.nullcontext() as delay:
        report = evaluate_streams(
            options.archives,
            settings,
            bundle,
            seed=options.seed,
            rates=options.rates or RATES,
            plan=plan,
            send=delay.measure if delay else None,
        )
    if options.json:
        print_json(report)
    else:
        print_line(stream_table(report))
    return 0


def _evaluate_spelling(options: argparse.Namespace, settings: Settings, bundle: Bundle) -> int:
    """Streams of spelled words from hand archives; of clip archives, what is taken for spelling."""
    from edge.evaluation.spelling import RATES, evaluate_mode, evaluate_spelling
    from edge.evaluation.tables import spelling_table
    from edge.recognition.spelling.letter_classifier import has_hands_for

    if not has_hands_for(bundle, options.archives):
        for path in options.archives:
            print_json({"file": str(path), **evaluate_mode(path, settings.spelling, bundle)})
        return 0
    report = evaluate_spelling(
        options.archives, settings.spelling, bundle, options.seed, rates=options.rates or RATES
    )
    if options.json:
        print_json(report)
    else:
        print_line(spelling_table(report))
    return 0
