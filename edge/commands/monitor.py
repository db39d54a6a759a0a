"""Adds ``sign-edge monitor``: shows a table of all devices on a broker."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from edge.commands import shared_options as shared
from edge.commands.chosen_settings import broker_overrides, load_settings
from edge.commands.output import print_json
from edge.errors import ConfigError

if TYPE_CHECKING:
    import argparse

_LISTEN_MAX: Final = 3600.0
"""Seconds that the monitor listens for one table."""
_PAPER: Final = 200
"""Characters of a line where no terminal has a width."""


def add_parser(commands: shared.Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "monitor",
        parents=[shared.settings(), shared.machine(), shared.broker()],
        help="a live table of all devices on a broker",
    )
    parser.add_argument("--order", choices=("trouble", "name"), default="trouble")
    parser.add_argument("--once", action="store_true", help="print one table and end")
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="with --once: how long to listen (default 3)"
    )
    parser.set_defaults(act=monitor)


def monitor(options: argparse.Namespace) -> int:
    """Show every device on a broker, live or once."""
    from rich.console import Console

    from edge.mqtt.monitor import snapshot, table_of, watch

    settings = load_settings(options, *broker_overrides(options)).mqtt
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
            print_json(row)
    else:
        width = None if sys.stdout.isatty() else _PAPER
        Console(width=width).print(table_of(rows, f"{settings.host}:{settings.port}"))
    return 0
