"""Who may see the page."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from edge.commands.output import print_line
from edge.config import load as config
from edge.errors import ConfigError
from edge.page.secrets import (
    MOST,
    PASSWORD,
    SYSTEM,
    TOKEN,
    SecretFile,
    hash_password,
    hash_token,
    make_token,
)

if TYPE_CHECKING:
    import argparse


def page(options: argparse.Namespace) -> int:
    """Set the page's password, or make a token; the hash alone is kept."""
    settings = config.load(options.config, overrides=options.set).page
    if options.action == "password":
        place = SecretFile(PASSWORD, settings.password_file, "password_file")
        line = hash_password(_ask())
    else:
        place = SecretFile(TOKEN, settings.token_file, "token_file")
        token = make_token()
        line = hash_token(token)
    path = place.write(line)
    if options.action == "token":
        print_line(token)
        note = "shown this once; send it as `Authorization: Bearer TOKEN`"
    else:
        note = "whoever was logged in must log in again"
    if path.parent == SYSTEM:
        note += "; the service takes it at its next start: systemctl restart sign-edge"
    elif SYSTEM.is_dir():
        note += f"; this is not the service's: for that, use sudo, which writes to {SYSTEM}"
    sys.stderr.write(f"{path}: written; {note}\n")
    return 0


def _ask() -> str:
    """Ask twice at a terminal; else read one line.

    Raises:
        ConfigError: The two differ.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline(MOST + 2).rstrip("\r\n")
    password = getpass.getpass("Password of the page: ")
    if getpass.getpass("Once more: ") != password:
        raise ConfigError("the two passwords differ; nothing was changed")
    return password
