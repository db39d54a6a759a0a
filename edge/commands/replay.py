"""Adds ``sign-edge replay``: runs the pipeline over a recording and prints its words."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from edge.commands import shared_options as shared
from edge.commands.chosen_settings import settings_and_bundle
from edge.commands.output import print_json, print_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from edge.config.settings import CameraSettings
    from edge.messages import Event, Frame, Landmarks


def add_parser(commands: shared.Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "replay",
        parents=[shared.settings(), shared.machine(), shared.model()],
        help="the pipeline over a recording, no output",
    )
    parser.add_argument("source", metavar="SOURCE", help="video, folder or archive:FILE")
    parser.set_defaults(act=replay)


def replay(options: argparse.Namespace) -> int:
    """Run the pipeline over a recording on its own clock and print what it would say."""
    from edge.recognition.recognizer import Recognizer
    from edge.recognition.silence import Silence

    settings, bundle = settings_and_bundle(options, source=options.source)
    items = _read(settings.camera)
    silence = Silence()
    last = 0.0
    with Recognizer(settings, bundle) as recognizer:
        for item in items:
            last = item.time
            events = recognizer.push(item)
            silence.see(recognizer.newest_landmarks)
            silence.hear(events)
            _print_events(events, as_json=options.json)
        events = recognizer.flush(last)
        silence.hear(events)
        _print_events(events, as_json=options.json)
    if not options.json and (reason := silence.explain()):
        print_line(f"nothing was said: {reason}")
    return 0


def _read(camera: CameraSettings) -> Iterator[Frame | Landmarks]:
    from edge.camera.source import open_camera, source_kind
    from edge.landmarks.archive_player import Playback

    never = threading.Event()
    if source_kind(camera.source) == "archive":
        return Playback(camera, is_live=False).landmarks(never)
    return open_camera(camera, live_clock=False).frames(never)


def _print_events(events: Iterable[Event], *, as_json: bool) -> None:
    from edge.messages import Letter, Sign, Spelled, Utterance

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
    from dataclasses import asdict

    from edge.messages import Declined, Letter, Sign, Spelled, Utterance

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
