"""What is on the broker."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from edge.commands.output import print_json, print_line
from edge.commands.settings import broker_overrides_of
from edge.config import load as config
from edge.errors import ConfigError

if TYPE_CHECKING:
    import argparse


_LISTEN_MAX: Final = 3600.0
"""Seconds that the monitor listens for one table."""
_PAPER: Final = 200
"""Characters of a line where no terminal has a width."""


def monitor(options: argparse.Namespace) -> int:
    """Show every device on a broker, live or once."""
    from rich.console import Console

    from edge.mqtt.monitor import snapshot, table_of, watch

    settings = config.load(options.config, overrides=broker_overrides_of(options)).mqtt
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
            print_json(asdict(row))
    else:
        width = None if sys.stdout.isatty() else _PAPER
        Console(width=width).print(table_of(rows, f"{settings.host}:{settings.port}"))
    return 0


def mqtt(options: argparse.Namespace) -> int:
    """Have the broker forget a device, the only action so far."""
    from edge.mqtt.removal import remove

    overrides = broker_overrides_of(options)
    if options.device is not None:
        overrides.append(f"mqtt.device={options.device}")
    settings = config.load(options.config, overrides=overrides).mqtt
    topics = remove(settings, is_forced=options.force)
    for topic in topics:
        print_line(f"cleared: {topic}")
    if not topics:
        print_line(f"nothing is kept of {settings.base}/{settings.device_id}")
    return 0
