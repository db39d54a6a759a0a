"""Adds ``sign-edge evaluate``: measures a bundle on landmark archives, or on streams of them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.commands import shared_options as shared
from edge.commands.chosen_settings import settings_and_bundle
from edge.commands.output import print_json, print_line
from edge.errors import ConfigError

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


def add_parser(commands: shared.Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "evaluate",
        parents=[shared.settings(), shared.machine(), shared.model()],
        help="accuracy on landmark archives",
    )
    parser.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE")
    parser.add_argument(
        "--full", action="store_true", help="also mirrored and at lower frame rates; slower"
    )
    parser.add_argument(
        "--float", type=Path, metavar="FILE", help="the same network before quantization"
    )
    parser.add_argument(
        "--stream", action="store_true", help="live quality on seeded streams made of the archives"
    )
    parser.add_argument("--seed", type=int, help="of the streams (default 7)")
    parser.add_argument(
        "--rest",
        type=float,
        nargs=2,
        default=None,
        metavar=("SHORTEST", "LONGEST"),
        help="seconds between signs of a stream (default 0.3 3)",
    )
    parser.add_argument(
        "--rates", type=float, nargs="+", metavar="FPS", help="of a stream (default 7 10 15 30)"
    )
    parser.add_argument(
        "--broker",
        action="store_true",
        help="with --stream: also time every word to a subscriber of the configured broker",
    )
    parser.set_defaults(act=evaluate)


def evaluate(options: argparse.Namespace) -> int:
    """Print how well the model does on landmark archives."""
    from edge.evaluation.clips import evaluate_archives
    from edge.evaluation.report_tables import evaluation_table

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


def _refuse_useless(options: argparse.Namespace) -> None:
    """An option that would be ignored is a misunderstanding."""
    useless = ("full", "float") if options.stream else ("seed", "rest", "rates", "broker")
    for name in useless:
        if getattr(options, name) is not None and getattr(options, name) is not False:
            raise ConfigError(f"--{name}: {'not' if options.stream else 'only'} with --stream")


def _evaluate_stream(options: argparse.Namespace, settings: Settings, bundle: Bundle) -> int:
    from edge.evaluation.broker_delay import BrokerDelay
    from edge.evaluation.live_quality import RATES, evaluate_streams
    from edge.evaluation.report_tables import stream_table
    from edge.evaluation.sign_streams import StreamPlan

    plan = StreamPlan(rest=tuple(options.rest)) if options.rest else StreamPlan()
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
    from edge.evaluation.report_tables import spelling_table
    from edge.evaluation.spelling import RATES, evaluate_mode, evaluate_spelling
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
