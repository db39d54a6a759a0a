"""The command line: parses, calls one function of edge.commands, turns errors into exit codes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge import __version__
from edge.commands import dataset, find
from edge.errors import EdgeError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 fine, 1 a fault, 2 bad configuration."""
    options = _parser().parse_args(arguments)
    try:
        return find(options.command)(options)
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


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, metavar="FILE", help="settings (TOML)")
    common.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="one setting; beats environment and file",
    )
    machine = argparse.ArgumentParser(add_help=False)
    machine.add_argument("--json", action="store_true", help="one JSON value per line")
    model = argparse.ArgumentParser(add_help=False)
    model.add_argument("--model", metavar="NAME", help="bundle, by name or path")
    parser = argparse.ArgumentParser(
        prog="sign-edge",
        description="Watches a camera, recognises signs, publishes and says them.",
    )
    parser.add_argument("--version", action="version", version=f"sign-edge {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", parents=[common], help="the daemon")
    run.add_argument("--source", metavar="SRC", help="camera, URL, video, folder or archive:FILE")
    check = commands.add_parser(
        "check", parents=[common, machine], help="name every fault of this installation"
    )
    check.add_argument("--sound", action="store_true", help="also say a few words")
    check.add_argument(
        "--user", metavar="NAME", help="whose rights (default for root: sign-edge, else oneself)"
    )
    replay = commands.add_parser(
        "replay",
        parents=[common, machine, model],
        help="the pipeline over a recording, no output",
    )
    replay.add_argument("source", metavar="SOURCE", help="video, folder or archive:FILE")
    classify = commands.add_parser(
        "classify", parents=[common, machine, model], help="top-k of isolated clips"
    )
    classify.add_argument("files", nargs="+", type=Path, metavar="FILE", help="video or archive")
    evaluate = commands.add_parser(
        "evaluate",
        parents=[common, machine, model],
        help="accuracy on landmark archives",
    )
    evaluate.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE")
    evaluate.add_argument(
        "--full", action="store_true", help="also mirrored and at lower frame rates; slower"
    )
    evaluate.add_argument(
        "--float", type=Path, metavar="FILE", help="the same network before quantization"
    )
    evaluate.add_argument(
        "--stream", action="store_true", help="live quality on seeded streams made of the archives"
    )
    evaluate.add_argument("--seed", type=int, help="of the streams (default 7)")
    evaluate.add_argument(
        "--rest",
        type=float,
        nargs=2,
        default=None,
        metavar=("SHORTEST", "LONGEST"),
        help="seconds between signs of a stream (default 0.3 3)",
    )
    evaluate.add_argument(
        "--rates", type=float, nargs="+", metavar="FPS", help="of a stream (default 7 10 15 30)"
    )
    evaluate.add_argument(
        "--broker",
        action="store_true",
        help="with --stream: also time every word to a subscriber of the configured broker",
    )
    bench = commands.add_parser(
        "bench",
        parents=[common, machine],
        help="what finding landmarks costs, beside MediaPipe on the same frames",
    )
    bench.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="video of somebody who signs"
    )
    learn = commands.add_parser(
        "learn", parents=[common, machine, model], help="teach a word by a few examples"
    )
    learn.add_argument("word", metavar="WORD")
    learn.add_argument("--examples", type=int, choices=range(3, 11), metavar="N", help="3 to 10")
    learn.add_argument("--source", metavar="SRC", help="camera, URL, video, folder or archive:FILE")
    learn.add_argument(
        "--from",
        dest="files",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="archives or videos, each clip an example, instead of the source",
    )
    forget = commands.add_parser("forget", parents=[common], help="forget a taught word")
    forget.add_argument("word", metavar="WORD")
    commands.add_parser(
        "signs", parents=[common, machine, model], help="list every word that is known"
    )
    monitor = commands.add_parser(
        "monitor", parents=[common, machine], help="a live table of all devices on a broker"
    )
    _add_broker(monitor)
    monitor.add_argument("--order", choices=("trouble", "name"), default="trouble")
    monitor.add_argument("--once", action="store_true", help="print one table and end")
    monitor.add_argument(
        "--seconds", type=float, default=3.0, help="with --once: how long to listen (default 3)"
    )
    mqtt = commands.add_parser("mqtt", help="what the broker keeps")
    actions = mqtt.add_subparsers(dest="action", required=True, metavar="ACTION")
    remove = actions.add_parser(
        "remove", parents=[common], help="have broker and Home Assistant forget a device"
    )
    _add_broker(remove)
    remove.add_argument("--device", metavar="NAME", help="default: mqtt.device")
    remove.add_argument("--force", action="store_true", help="though the device is online")
    page = commands.add_parser("page", help="who may see the device's page")
    actions = page.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, text in (
        ("password", "set the page's password; asks for it, or reads a line where nobody types"),
        ("token", "make and print a token for whoever collects /metrics"),
    ):
        actions.add_parser(action, parents=[common], help=text)
    compare = commands.add_parser(
        "compare", parents=[common, machine], help="several bundles side by side"
    )
    compare.add_argument("bundles", nargs="+", metavar="BUNDLE", help="by name or path")
    compare.add_argument(
        "--archives", nargs="+", type=Path, default=[], metavar="ARCHIVE", help="to evaluate on"
    )
    train = commands.add_parser("train", help="train a network by a recipe (extra train)")
    train.add_argument(
        "recipe", type=Path, metavar="RECIPE", help="TOML file, as in models/recipes"
    )
    train.add_argument("--data", type=Path, default=Path(), metavar="DIR", help="its archives")
    train.add_argument("--run", type=Path, metavar="DIR", help="default: runs/ and its name")
    train.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="one value of the recipe; beats the file",
    )
    export = commands.add_parser("export", help="make a bundle of finished runs (extra train)")
    export.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="several: their mean")
    export.add_argument("--bundle", type=Path, required=True, metavar="DIR")
    export.add_argument("--data", type=Path, metavar="DIR", help="default: where train found it")
    _add_record(commands, [common, machine])
    dataset.add_parsers(commands)
    return parser


def _add_record(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    parents: list[argparse.ArgumentParser],
) -> None:
    record = commands.add_parser(
        "record", parents=parents, help="one's own words, for training, to an archive"
    )
    record.add_argument("words", nargs="+", metavar="WORD")
    record.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="archive; is added to"
    )
    record.add_argument("--takes", type=int, default=5, metavar="N", help="of a word (default 5)")
    record.add_argument(
        "--seconds", type=float, default=3.0, metavar="S", help="of a take (default 3, at most 10)"
    )
    record.add_argument(
        "--countdown", type=float, default=3.0, metavar="S", help="before each (default 3)"
    )
    record.add_argument("--signer", default="me", metavar="NAME", help="who signs (default me)")
    record.add_argument(
        "--video", type=Path, metavar="FOLDER", help="keep videos as well (extra train)"
    )
    record.add_argument(
        "--source", metavar="SRC", help="camera, URL, video or folder (default: camera.source)"
    )


def _add_broker(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", metavar="HOST", help="the broker; default: mqtt.host")
    parser.add_argument("--port", metavar="PORT", help="default: mqtt.port")


if __name__ == "__main__":
    sys.exit(main())
