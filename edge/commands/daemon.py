"""The daemon, and what is wrong with its installation."""

from __future__ import annotations

import faulthandler
import logging
import signal
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from edge.commands.output import print_json, print_line
from edge.commands.settings import overrides_of
from edge.config import load as config
from edge.recognition.bundle import find_bundle, read_bundle
from edge.system.journal import set_up_logging
from edge.system.processes import go_on_as

if TYPE_CHECKING:
    import argparse

    from edge.config.settings import Settings
    from edge.recognition.bundle import Bundle


def run(options: argparse.Namespace) -> int:
    """Run the daemon until SIGTERM, SIGINT or the end of a recording."""
    overrides = overrides_of(options)

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
        go_on_as("edge", *sys.argv[1:])
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
            print_json(asdict(finding))
            continue
        mark = ("note " if finding.advice else "ok   ") if finding.ok else "FAULT"
        advice = f" - {finding.advice}" if finding.advice else ""
        print_line(f"{mark} {finding.area}: {finding.text}{advice}")
    return 0 if is_sound else 1
