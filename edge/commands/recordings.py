"""Recognition over recordings."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from edge.camera import open_camera, source_kind
from edge.commands.common import print_json, print_line, settings_and_bundle
from edge.messages import Declined, Sign, Utterance
from edge.spelling_word import Letter, Spelled

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from edge.messages import Frame, Landmarks
    from edge.recognizer import Event
    from edge.settings import Settings


def replay(options: argparse.Namespace) -> int:
    """Run the pipeline over a recording on its own clock and print what it would say."""
    from edge.recognizer import Recognizer

    settings, bundle = settings_and_bundle(options, source=options.source)
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

    settings, bundle = settings_and_bundle(options)
    for path in options.files:
        for name, prediction in classify_file(path, settings, bundle):
            if options.json:
                print_json({"file": str(path), "clip": name, "top": prediction.top})
            else:
                best = ", ".join(f"{gloss} {p:.2f}" for gloss, p in prediction.top[:5])
                print_line(f"{path} {name}: {best}")
    return 0


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
