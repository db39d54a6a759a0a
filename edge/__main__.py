"""The command line: parses, calls one function of edge.commands, turns errors into exit codes."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final

from edge import __version__
from edge.commands import (
    bench,
    check,
    classify,
    compare,
    dataset,
    evaluate,
    export,
    forget,
    learn,
    monitor,
    mqtt,
    page,
    record,
    replay,
    run,
    signs,
    train,
)
from edge.errors import EdgeError

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS: Final = (
    run,
    check,
    replay,
    classify,
    evaluate,
    bench,
    learn,
    forget,
    signs,
    monitor,
    mqtt,
    page,
    compare,
    train,
    export,
    record,
    dataset,
)
"""In the order of ``--help``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 fine, 1 a fault, 2 bad configuration."""
    options = make_parser().parse_args(arguments)
    try:
        return int(options.act(options))
    except EdgeError as error:
        text = " ".join(str(error).splitlines())  # a file's name may hold line breaks
        print(f"{_mark()}{text}", file=sys.stderr)  # noqa: T201 - the command's own output
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as with `| head`
        sys.stderr.close()
        return 0


def _mark() -> str:
    """Say whose error it is, or to the journal, which knows that, how bad it is."""
    from edge.system.journal import is_in_journal

    return "<3>" if is_in_journal() else "sign-edge: "


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of all commands; each says by ``act`` which function runs it."""
    parser = argparse.ArgumentParser(
        prog="sign-edge",
        description="Watches a camera, recognises signs, publishes and says them.",
    )
    parser.add_argument("--version", action="version", version=f"sign-edge {__version__}")
    choices = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_parser(choices)
    return parser


if __name__ == "__main__":
    sys.exit(main())
