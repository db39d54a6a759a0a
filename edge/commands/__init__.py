"""The commands: each a thin function that takes parsed options and returns an exit code."""

from edge.commands.broker import monitor, mqtt
from edge.commands.daemon import check, run
from edge.commands.page import page
from edge.commands.quality import compare, evaluate
from edge.commands.recordings import classify, replay
from edge.commands.training import export, train
from edge.commands.words import forget, learn, signs

__all__ = [
    "check",
    "classify",
    "compare",
    "evaluate",
    "export",
    "forget",
    "learn",
    "monitor",
    "mqtt",
    "page",
    "replay",
    "run",
    "signs",
    "train",
]
