"""Adds ``sign-edge record``: records one's own words to an archive, each take after a countdown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands import shared_options as shared
from edge.commands.chosen_settings import load_settings, source_overrides
from edge.commands.output import print_json, print_line
from edge.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from edge.dataset.recorder import Step


def add_parser(commands: shared.Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "record",
        parents=[shared.settings(), shared.machine()],
        help="one's own words, for training, to an archive",
    )
    parser.add_argument("words", nargs="+", metavar="WORD")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="archive; is added to"
    )
    parser.add_argument("--takes", type=int, default=5, metavar="N", help="of a word (default 5)")
    parser.add_argument(
        "--seconds", type=float, default=3.0, metavar="S", help="of a take (default 3, at most 10)"
    )
    parser.add_argument(
        "--countdown", type=float, default=3.0, metavar="S", help="before each (default 3)"
    )
    parser.add_argument("--signer", default="me", metavar="NAME", help="who signs (default me)")
    parser.add_argument(
        "--video", type=Path, metavar="FOLDER", help="keep videos as well (extra train)"
    )
    parser.add_argument(
        "--source", metavar="SRC", help="camera, URL, video or folder (default: camera.source)"
    )
    parser.set_defaults(act=record)


def record(options: argparse.Namespace) -> int:
    """Record one's own words, each take after a countdown."""
    from edge.camera.source import source_kind
    from edge.commands.source_frames import read_frames
    from edge.dataset.recorder import RecordingPlan, check_plan, record_words

    for name, least, most in (("takes", 1, 100), ("seconds", 0.5, 10), ("countdown", 0, 60)):
        if not least <= getattr(options, name) <= most:
            raise ConfigError(
                f"--{name} = {getattr(options, name)}: must be from {least} to {most}"
            )
    if options.video is not None:
        from edge.system.optional_packages import need

        need("av")
    settings = load_settings(options, *source_overrides(options))
    if source_kind(settings.camera.source) == "archive":
        raise ConfigError(f"{settings.camera.source}: an archive holds landmarks already")
    plan = check_plan(
        RecordingPlan(
            words=tuple(options.words),
            takes=options.takes,
            seconds=options.seconds,
            countdown=options.countdown,
            signer=options.signer,
            output=options.output,
            videos=options.video,
        )
    )
    frames = read_frames(settings.camera, "stop it first")
    for step in record_words(plan, frames, settings.landmarks):
        if options.json:
            print_json(step)
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
