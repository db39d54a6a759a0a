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
    "compare": "evaluation",
    "dataset": "dataset",
    "evaluate": "evaluation",
    "export": "training",
    "forget": "taught_words",
    "learn": "taught_words",
    "monitor": "broker",
    "mqtt": "broker",
    "page": "page",
    "record": "recordings",
    "replay": "recordings",
    "run": "daemon",
    "signs": "taught_words",
    "train": "training",
}
"""Which module holds each command."""


def find(name: str) -> Callable[[argparse.Namespace], int]:
    """Import a command's module, and no other's, and return its function."""
    module = importlib.import_module(f"edge.commands.{_MODULES[name]}")
    command: Callable[[argparse.Namespace], int] = getattr(module, name)
    return command
