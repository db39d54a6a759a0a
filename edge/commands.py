"""The commands, each a thin function over the library; takes parsed options, returns exit code."""

from __future__ import annotations

import contextlib
import faulthandler
import importlib.util
import json
import logging
import os
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edge import config
from edge.bundle import find_bundle, read_bundle
from edge.camera import open_camera, source_kind
from edge.errors import ConfigError, DependencyError, SourceError
from edge.journal import set_up_logging
from edge.messages import Declined, Sign, Utterance
from edge.spelling_word import Letter, Spelled

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from edge.bundle import Bundle
    from edge.messages import Frame, Landmarks
    from edge.recognizer import Event
    from edge.settings import Settings

_SEED: Final = 7
"""Of streams, unless another is wanted."""
_REST_MAX: Final = 60.0
"""Seconds between the signs of a stream."""
_RATE_MIN: Final = 1.0
_RATE_MAX: Final = 120.0
"""Frames per second of a stream."""
_LISTEN_MAX: Final = 3600.0
"""Seconds that the monitor listens for one table."""
_PAPER: Final = 200
"""Characters of a line where no terminal has a width."""


def run(options: argparse.Namespace) -> int:
    """Run the daemon until SIGTERM, SIGINT or the end of a recording."""
    overrides = _overrides(options)

    def read() -> tuple[Settings, Bundle]:
        settings = config.load(options.config, overrides=overrides)
        return settings, read_bundle(find_bundle(settings.classifier.bundle))

    settings, bundle = read()
    set_up_logging(settings.health.log_level, settings.mqtt.device_id)
    faulthandler.enable()  # systemd's watchdog aborts; leave stacks in the journal
    from edge.pipeline import Pipeline

    pipeline = Pipeline(settings, bundle, read)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: pipeline.stop())
    signal.signal(signal.SIGHUP, lambda *_: pipeline.reload())
    pipeline.run()
    if pipeline.is_restart_wanted:
        os.execv(sys.executable, [sys.executable, "-m", "edge", *sys.argv[1:]])  # noqa: S606
    return 0


def check(options: argparse.Namespace) -> int:
    """Name every fault of this installation; exit code 0 when there is none, else 1."""
    from edge.doctor.checks import run_checks

    settings = config.load(options.config, overrides=options.set)
    logging.basicConfig(level=logging.CRITICAL)  # findings say it all
    path = options.config or config.default_path()
    is_sound = True
    for finding in run_checks(settings, path, user=options.user, plays_sound=options.sound):
        is_sound = is_sound and finding.ok
        if options.json:
            _print_json(asdict(finding))
            continue
        mark = ("note " if finding.advice else "ok   ") if finding.ok else "FAULT"
        advice = f" - {finding.advice}" if finding.advice else ""
        _print(f"{mark} {finding.area}: {finding.text}{advice}")
    return 0 if is_sound else 1


def replay(options: argparse.Namespace) -> int:
    """Run the pipeline over a recording on its own clock and print what it would say."""
    from edge.recognizer import Recognizer

    settings, bundle = _settings_and_bundle(options, source=options.source)
    items = _recording(settings)
    recognizer = Recognizer(settings, bundle)
    last = 0.0
    try:
        for item in items:
            last = item.time
            _print_events(recognizer.push(item), as_json=options.json)
        _print_events(recognizer.flush(last), as_json=options.json)
    finally:
        recognizer.close()
    return 0


def classify(options: argparse.Namespace) -> int:
    """Print the top-k of each isolated clip."""
    from edge.evaluation import classify_file

    settings, bundle = _settings_and_bundle(options)
    for path in options.files:
        for name, prediction in classify_file(path, settings, bundle):
            if options.json:
                _print_json({"file": str(path), "clip": name, "top": prediction.top})
            else:
                best = ", ".join(f"{gloss} {p:.2f}" for gloss, p in prediction.top[:5])
                _print(f"{path} {name}: {best}")
    return 0


def learn(options: argparse.Namespace) -> int:
    """Teach a word by a few examples; exit code 1 where there were not enough."""
    from edge.lessons import learn_from_files, learn_from_source

    settings, bundle = _settings_and_bundle(options, source=options.source)
    if options.files:
        steps = learn_from_files(options.word, options.files, options.examples, settings, bundle)
    else:
        steps = learn_from_source(options.word, options.examples, settings, bundle)
    is_known = False
    for step in steps:
        is_known = step.state == "known"
        if options.json:
            _print_json(asdict(step))
        else:
            note = f" ({step.note})" if step.note else ""
            _print(f"{step.state}: {step.word}, {step.have} of {step.want}{note}")
    return 0 if is_known else 1


def forget(options: argparse.Namespace) -> int:
    """Forget a taught word."""
    from edge.taught import Store, check_word, folder_of

    settings = config.load(options.config, overrides=options.set)
    word, folder = check_word(options.word), folder_of(settings.learning)
    if not Store(folder).remove(word):
        raise SourceError(f"{word!r} is not among the taught words in {folder}")
    _print(f"forgotten: {word}")
    return 0


def signs(options: argparse.Namespace) -> int:
    """List every word that is known, shipped and taught."""
    from edge.taught import list_signs

    settings, bundle = _settings_and_bundle(options)
    for sign in list_signs(settings.learning, bundle):
        if options.json:
            _print_json(asdict(sign))
        else:
            taught = f"  taught by {sign.examples} examples" if sign.examples else ""
            _print(f"{sign.display}{taught}")
    return 0


def monitor(options: argparse.Namespace) -> int:
    """Show every device on a broker, live or once."""
    from rich.console import Console

    from edge.monitor import snapshot, table_of, watch

    settings = config.load(options.config, overrides=_broker_overrides(options)).mqtt
    if not 0 < options.seconds <= _LISTEN_MAX:  # never so with nan
        raise ConfigError(f"--seconds {options.seconds:g}: above 0, at most {_LISTEN_MAX:g}")
    if options.json and not options.once:
        raise ConfigError("--json needs --once")
    if not options.once:
        watch(settings, Console(), options.order)
        return 0
    rows = snapshot(settings, options.seconds, options.order)
    if options.json:
        for row in rows:
            _print_json(asdict(row))
    else:
        width = None if sys.stdout.isatty() else _PAPER
        Console(width=width).print(table_of(rows, f"{settings.host}:{settings.port}"))
    return 0


def mqtt(options: argparse.Namespace) -> int:
    """Have the broker forget a device, the only action so far."""
    from edge.removal import remove

    overrides = _broker_overrides(options)
    if options.device is not None:
        overrides.append(f"mqtt.device={options.device}")
    settings = config.load(options.config, overrides=overrides).mqtt
    topics = remove(settings, is_forced=options.force)
    for topic in topics:
        _print(f"cleared: {topic}")
    if not topics:
        _print(f"nothing is kept of {settings.base}/{settings.device_id}")
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """Print how well the model does on landmark archives."""
    from edge.evaluation import evaluate_archives
    from edge.tables import evaluation_table

    _refuse_useless(options)
    settings, bundle = _settings_and_bundle(options)
    if options.stream:
        return _evaluate_stream(options, settings, bundle)
    report = evaluate_archives(
        options.archives, settings, bundle, is_full=options.full, float_network=options.float
    )
    if options.json:
        _print_json(report)
    else:
        _print(evaluation_table(report))
    return 0


def _refuse_useless(options: argparse.Namespace) -> None:
    """An option that would be ignored is a misunderstanding."""
    useless = ("full", "float") if options.stream else ("seed", "rest", "rates", "broker")
    for name in useless:
        if getattr(options, name) is not None and getattr(options, name) is not False:
            raise ConfigError(f"--{name}: {'not' if options.stream else 'only'} with --stream")


def _evaluate_stream(options: argparse.Namespace, settings: Settings, bundle: Bundle) -> int:
    from edge.echo import Echo
    from edge.live_quality import RATES, evaluate_streams
    from edge.streams import Plan
    from edge.tables import stream_table

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
    with Echo(settings.mqtt) if options.broker else contextlib.nullcontext() as echo:
        report = evaluate_streams(
            options.archives,
            settings,
            bundle,
            seed=options.seed,
            rates=options.rates or RATES,
            plan=plan,
            send=echo.send if echo else None,
        )
    if options.json:
        _print_json(report)
    else:
        _print(stream_table(report))
    return 0


def _evaluate_spelling(options: argparse.Namespace, settings: Settings, bundle: Bundle) -> int:
    """Streams of spelled words from hand archives; of clip archives, what is taken for spelling."""
    from edge.letters import has_hands_for
    from edge.spelling_evaluation import RATES, evaluate_mode, evaluate_spelling
    from edge.tables import spelling_table

    if not has_hands_for(bundle, options.archives):
        for path in options.archives:
            _print_json({"file": str(path), **evaluate_mode(path, settings.spelling, bundle)})
        return 0
    report = evaluate_spelling(
        options.archives, settings.spelling, bundle, options.seed, rates=options.rates or RATES
    )
    if options.json:
        _print_json(report)
    else:
        _print(spelling_table(report))
    return 0


def train(options: argparse.Namespace) -> int:
    """Train a network."""
    _need_training()
    from edge.training.recipe import read_recipe
    from edge.training.train import train as train_run

    run = options.run or Path("runs") / options.recipe.stem
    train_run(read_recipe(options.recipe, options.set), options.data, run)
    _print(f"trained: {run}")
    return 0


def export(options: argparse.Namespace) -> int:
    """Make a bundle of finished runs."""
    _need_training()
    from edge.training.export import export as export_bundle

    figures = export_bundle(options.runs, options.bundle, options.data)
    for name, report in figures.items():
        values = {key: value for key, value in report.items() if isinstance(value, int | float)}
        _print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in values.items()))
    _print(
        f"exported: {options.bundle}; try: sign-edge run --set classifier.bundle={options.bundle}"
    )
    return 0


def _need_training() -> None:
    if importlib.util.find_spec("tensorflow") is None:
        raise DependencyError("training needs TensorFlow: scripts/setup --extras train")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # CUDA that is not there is no news


def compare(options: argparse.Namespace) -> int:
    """Print bundles side by side: accuracy, size, time."""
    from edge.comparison import compare_bundles
    from edge.tables import comparison_table

    settings = config.load(options.config, overrides=options.set)
    folders = [find_bundle(name) for name in options.bundles]
    rows = compare_bundles(folders, options.archives, settings)
    if options.json:
        for row in rows:
            _print_json(row)
    else:
        _print(comparison_table(rows))
    return 0


def _settings_and_bundle(
    options: argparse.Namespace, *, source: str | None = None
) -> tuple[Settings, Bundle]:
    overrides = list(options.set)
    if source is not None:
        overrides.append(f"camera.source={source}")
    if options.model:
        overrides.append(f"classifier.bundle={options.model}")
    settings = config.load(options.config, overrides=overrides)
    logging.basicConfig(level=logging.WARNING, format="sign-edge: %(message)s")
    return settings, read_bundle(find_bundle(settings.classifier.bundle))


def _overrides(options: argparse.Namespace) -> list[str]:
    source = [f"camera.source={options.source}"] if options.source else []
    return [*options.set, *source]


def _broker_overrides(options: argparse.Namespace) -> list[str]:
    given = {"host": options.host, "port": options.port}
    return [*options.set, *(f"mqtt.{key}={value}" for key, value in given.items() if value)]


def _recording(settings: Settings) -> Iterator[Frame | Landmarks]:
    never = threading.Event()
    if source_kind(settings.camera.source) == "archive":
        from edge.playback import Playback

        return Playback(settings.camera, is_live=False).landmarks(never)
    return open_camera(settings.camera, live_clock=False).frames(never)


def _print_events(events: Iterable[Event], *, as_json: bool) -> None:
    for event in events:
        fields = _fields_of(event)
        if as_json:
            _print_json(fields)
        elif isinstance(event, Sign):
            _print(f"{event.onset:8.2f}  {event.display} ({event.probability:.2f})")
        elif isinstance(event, Letter):
            _print(f"{event.onset:8.2f}  {event.letter} ({event.probability:.2f})")
        elif isinstance(event, Utterance | Spelled):
            _print(f"{event.onset:8.2f}  “{event.text}”")


def _fields_of(event: Event) -> dict[str, Any]:
    fields = asdict(event)
    for key in ("onset", "offset", "decided", "time"):
        if key in fields:
            fields[key] = round(fields[key], 3)
    kinds = {
        Sign: "sign",
        Utterance: "utterance",
        Declined: "declined",
        Letter: "letter",
        Spelled: "utterance",
    }
    return {"type": kinds.get(type(event), "state"), **fields}


def _print_json(value: object) -> None:
    _print(json.dumps(value, ensure_ascii=False))


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the command's own output
