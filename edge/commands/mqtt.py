"""Adds ``sign-edge mqtt``: removes what the broker keeps of a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.commands import shared_options as shared
from edge.commands.chosen_settings import broker_overrides, load_settings
from edge.commands.output import print_line

if TYPE_CHECKING:
    import argparse


def add_parser(commands: shared.Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("mqtt", help="what the broker keeps")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    remove = actions.add_parser(
        "remove",
        parents=[shared.settings(), shared.broker()],
        help="have broker and Home Assistant forget a device",
    )
    remove.add_argument("--device", metavar="NAME", help="default: mqtt.device")
    remove.add_argument("--force", action="store_true", help="though the device is online")
    remove.set_defaults(act=remove_device)


def remove_device(options: argparse.Namespace) -> int:
    """Have the broker forget a device."""
    from edge.mqtt.removal import remove

    overrides = broker_overrides(options)
    if options.device is not None:
        overrides.append(f"mqtt.device={options.device}")
    settings = load_settings(options, *overrides).mqtt
    topics = remove(settings, is_forced=options.force)
    for topic in topics:
        print_line(f"cleared: {topic}")
    if not topics:
        print_line(f"nothing is kept of {settings.base}/{settings.device_id}")
    return 0
