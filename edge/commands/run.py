"""Adds ``sign-edge run``: runs the daemon."""

from __future__ import annotations

import faulthandler
import signal
import sys
from typing import TYPE_CHECKING

from edge.commands import shared_options as shared
from edge.commands.chosen_settings import load_settings, source_overrides

if TYPE_CHECKING:
    import argparse

    from edge.config.settings import Settings
    from edge.recognition.bundle import Bundle


def add_parser(commands: shared.Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("run", parents=[shared.settings()], help="the daemon")
    parser.add_argument("--source", metavar="SRC", help=shared.SOURCES)
    parser.set_defaults(act=run)


def run(options: argparse.Namespace) -> int:
    """Run the daemon until SIGTERM, SIGINT or the end of a recording."""
    from edge.recognition.bundle import find_bundle, read_bundle
    from edge.system.journal import set_up_logging

    def read() -> tuple[Settings, Bundle]:
        settings = load_settings(options, *source_overrides(options))
        return settings, read_bundle(find_bundle(settings.classifier.bundle))

    settings, bundle = read()
    set_up_logging(settings.health.log_level, settings.mqtt.device_id)
    faulthandler.enable()  # systemd's watchdog aborts; leave stacks in the journal
    from edge.pipeline import Pipeline
    from edge.system.processes import go_on_as

    pipeline = Pipeline(settings, bundle, read)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: pipeline.stop())
    signal.signal(signal.SIGHUP, lambda *_: pipeline.reload())
    pipeline.run()
    if pipeline.is_restart_wanted:
        go_on_as("edge", *sys.argv[1:])
    return 0
