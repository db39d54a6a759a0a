"""Makes the options that several commands share, and checks the values of options."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no other name

SOURCES = "camera, URL, video, folder or archive:FILE"
"""What ``--source`` takes."""


def settings() -> argparse.ArgumentParser:
    """Make ``--config FILE`` and ``--set SECTION.KEY=VALUE``."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (TOML)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="one setting; beats environment and file",
    )
    return parser


def machine() -> argparse.ArgumentParser:
    """Make ``--json``."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--json", action="store_true", help="one JSON value per line")
    return parser


def model() -> argparse.ArgumentParser:
    """Make ``--model NAME``."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--model", metavar="NAME", help="bundle, by name or path")
    return parser


def broker() -> argparse.ArgumentParser:
    """Make ``--host HOST`` and ``--port PORT``."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--host", metavar="HOST", help="the broker; default: mqtt.host")
    parser.add_argument("--port", metavar="PORT", help="default: mqtt.port")
    return parser


def output(what: str = "archive to write") -> argparse.ArgumentParser:
    """Make ``--output FILE`` and ``--force``."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help=f"the {what}"
    )
    parser.add_argument("--force", action="store_true", help="though the output exists")
    return parser


def progress() -> argparse.ArgumentParser:
    """Make ``--quiet``."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")
    return parser


def fraction(text: str) -> float:
    """Read a number from 0 to 1."""
    value = positive(text)
    if value > 1:
        raise argparse.ArgumentTypeError(f"{text!r} is above 1")
    return value


def positive(text: str) -> float:
    """Read a finite number from 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0")
    return value


def whole(text: str) -> int:
    """Read a whole number from 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)
