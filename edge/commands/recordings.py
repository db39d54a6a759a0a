"""Recognition over recordings, and new recordings."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from edge.camera.source import open_camera, source_kind
from edge.commands.output import print_json, print_line
from edge.commands.settings import overrides_of, settings_and_bundle
from edge.config import load as config
from edge.errors import ConfigError
from edge.messages import Declined, Letter, Sign, Spelled, Utterance

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from edge.config.settings import Settings
    from edge.dataset.recorder import Step
    from edge.messages import Event, Frame, Landmarks


def replay(options: argparse.Namespace) -> int:
    """Run the pipeline over a recording on its own clock and print what it would say."""
    from edge.recognition.recognizer import Recognizer

    settings, bundle = settings_and_bundle(options, source=options.source)
    items = _recording(settings)
    last = 0.0
    with Recognizer(settings, bundle) as recognizer:
        for item in items:
            last = item.time
            _print_events(recognizer.push(item), as_json=options.json)
        _print_events(recognizer.flush(last), as_json=options.json)
    return 0


def classify(options: argparse.Namespace) -> int:
    """Print the top-k of each isolated clip."""
    from edge.evaluation.clips import classify_file

    settings, bundle = settings_and_bundle(options)
    for path in options.files:
        for name, prediction in classify_file(path, settings, bundle):
            if options.json:
                print_json({"file": str(path), "clip": name, "top": prediction.top})
            else:
                best = ", ".join(f"{gloss} {p:.2f}" for gloss, p in prediction.top[:5])
                print_line(f"{path} {name}: {best}")
    return 0


def record(options: argparse.Namespace) -> int:
    """Record one's own words, each take after a countdown."""
    from edge.commands.lessons import frames_of
    from edge.dataset.recorder import Plan, check_plan, record

    for name, least, most in (("takes", 1, 100), ("seconds", 0.5, 10), ("countdown", 0, 60)):
        if not least <= getattr(options, name) <= most:
            raise ConfigError(
                f"--{name} = {getattr(options, name)}: must be from {least} to {most}"
            )
    if options.video is not None:
        from edge.dataset.packages import need

        need("av")
    settings = config.load(options.config, overrides=overrides_of(options))
    if source_kind(settings.camera.source) == "archive":
        raise ConfigError(f"{settings.camera.source}: an archive holds landmarks already")
    plan = check_plan(
        Plan(
            words=tuple(options.words),
            takes=options.takes,
            seconds=options.seconds,
            countdown=options.countdown,
            signer=options.signer,
            output=options.output,
            videos=options.video,
        )
    )
    frames = frames_of(settings.camera, "stop it first")
    for step in record(plan, frames, settings.landmarks):
        if options.json:
            print_json(asdict(step))
        else:
            print_line(_text_of(step, plan.takes))
    return 0


def _text_of(step: Step, takes: int) -> str:
    what = f"{step.word}, {step.take} of {takes}"
    if step.state == "countdown":
        return f"{what}: {step.left}"
    if step.state == "sign":
        return f"{what}: sign now"
    if step.state == "unseen":
        return f"{what}: nobody is seen, again please"
    note = "" if step.hands else "; no hand is seen"
    return f"{what}: kept as {step.name}, {step.frames} frames, {step.fps:.1f} a second{note}"


def _recording(settings: Settings) -> Iterator[Frame | Landmarks]:
    never = threading.Event()
    if source_kind(settings.camera.source) == "archive":
        from edge.landmarks.archive_player import Playback

        return Playback(settings.camera, is_live=False).landmarks(never)
    return open_camera(settings.camera, live_clock=False).frames(never)


def _print_events(events: Iterable[Event], *, as_json: bool) -> None:
    for event in events:
        fields = _fields_of(event)
        if as_json:
            print_json(fields)
        elif isinstance(event, Sign):
            print_line(f"{event.onset:8.2f}  {event.display} ({event.probability:.2f})")
        elif isinstance(event, Letter):
            print_line(f"{event.onset:8.2f}  {event.letter} ({event.probability:.2f})")
        elif isinstance(event, Utterance | Spelled):
            print_line(f"{event.onset:8.2f}  “{event.text}”")


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
