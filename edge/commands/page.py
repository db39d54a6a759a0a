"""Adds ``sign-edge page``: sets the page's password, or makes a token."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from edge.commands import shared_options as shared
from edge.commands.chosen_settings import load_settings
from edge.commands.output import print_line
from edge.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def add_parser(commands: shared.Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("page", help="who may see the device's page")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, act, text in (
        (
            "password",
            set_password,
            "set the page's password; asks for it, or reads a line where nobody types",
        ),
        ("token", print_token, "make and print a token for whoever collects /metrics"),
    ):
        action = actions.add_parser(name, parents=[shared.settings()], help=text)
        action.set_defaults(act=act)


def set_password(options: argparse.Namespace) -> int:
    """Ask for the page's password; its hash alone is kept."""
    from edge.page.secrets import PASSWORD, SecretFile, hash_password

    settings = load_settings(options).page
    place = SecretFile(PASSWORD, settings.password_file, "password_file")
    _tell(place.write(hash_password(_ask())), "whoever was logged in must log in again")
    return 0


def print_token(options: argparse.Namespace) -> int:
    """Make a token and print it; its hash alone is kept."""
    from edge.page import secrets

    settings = load_settings(options).page
    place = secrets.SecretFile(secrets.TOKEN, settings.token_file, "token_file")
    token = secrets.make_token()
    path = place.write(secrets.hash_token(token))
    print_line(token)
    _tell(path, "shown this once; send it as `Authorization: Bearer TOKEN`")
    return 0


def _tell(path: Path, note: str) -> None:
    """Say what was written, and to the owner of a service whether it is the service's."""
    from edge.page.secrets import SYSTEM

    if path.parent == SYSTEM:
        note += "; the service takes it at its next start: systemctl restart sign-edge"
    elif SYSTEM.is_dir():
        note += f"; this is not the service's: for that, use sudo, which writes to {SYSTEM}"
    sys.stderr.write(f"{path}: written; {note}\n")


def _ask() -> str:
    """Ask twice at a terminal; else read one line.

    Raises:
        ConfigError: The two differ.
    """
    from edge.page.secrets import MOST

    if not sys.stdin.isatty():
        return sys.stdin.readline(MOST + 2).rstrip("\r\n")
    password = getpass.getpass("Password of the page: ")
    if getpass.getpass("Once more: ") != password:
        raise ConfigError("the two passwords differ; nothing was changed")
    return password
