"""The commands: each a thin function that takes parsed options and returns an exit code."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

_MODULES: Final = {
    "bench": "bench",
    "check": "daemon",
    "classify": "recordings",
    "compare": "quality",
    "dataset": "dataset",
    "evaluate": "quality",
    "export": "training",
    "forget": "words",
    "learn": "words",
    "monitor": "broker",
    "mqtt": "broker",
    "page": "page",
    "record": "recordings",
    "replay": "recordings",
    "run": "daemon",
    "signs": "words",
    "train": "training",
}
"""Which module holds each command."""


def find(name: str) -> Callable[[argparse.Namespace], int]:
    """Import a command's module, and no other's, and return its function."""
    module = importlib.import_module(f"edge.commands.{_MODULES[name]}")
    command: Callable[[argparse.Namespace], int] = getattr(module, name)
    return command
