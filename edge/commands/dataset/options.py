"""Options that several commands over data sets share, as parents of their parsers."""

from __future__ import annotations

import argparse
import math
from pathlib import Path


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


def machine() -> argparse.ArgumentParser:
    """Make ``--json``."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--json", action="store_true", help="one JSON value per line")
    return parser


def settings() -> argparse.ArgumentParser:
    """Make ``--config FILE`` and ``--set SECTION.KEY=VALUE``."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (TOML)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="one setting"
    )
    return parser


def share(text: str) -> float:
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
