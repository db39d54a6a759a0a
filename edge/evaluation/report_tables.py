"""Sets reports as short tables for people; machines take the JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HARDEST: Final = 10
"""How many labels an evaluation lists."""


def align(rows: Sequence[Sequence[object]]) -> str:
    """Set rows in columns: the first to the left, the others to the right; None is a dash."""
    texts = [[_text(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if place else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in texts
    )


def evaluation_table(report: Mapping[str, Any]) -> str:
    """Set what evaluate gives: shares by source, other conditions, what is hard."""
    sources: Mapping[str, Mapping[str, Any]] = report.get("by_source", {})
    named = {**sources, "together": report} if len(sources) != 1 else sources
    columns = ("clips", "top1", "top5", "macro_top1", "declined", "said_wrong", "unknown_label")
    parts = [
        align(
            [
                (f"model {report['model']}", *columns),
                *((name, *(row.get(column) for column in columns)) for name, row in named.items()),
            ]
        ),
        align([(name, value) for name, value in _conditions(report)]),
    ]
    if lost := report.get("lost"):
        parts.append(align([("where clips are lost", "clips"), *lost.items()]))
    if confused := report.get("confused"):
        parts.append(
            align([("signed", "said", "clips"), *((one, two, n) for one, two, n in confused)])
        )
    if hardest := _hardest(report.get("per_label", {})):
        parts.append(align([("hardest", "clips", "top1"), *hardest]))
    return "\n\n".join(parts)


def stream_table(report: Mapping[str, Any]) -> str:
    """Set what evaluate --stream gives: a column for each frame rate, then the confusions."""
    by_fps: Mapping[str, Mapping[str, Any]] = report["by_fps"]
    names = list(next(iter(by_fps.values())))
    parts = [
        align(
            [
                (f"model {report['model']}", *(f"{rate}/s" for rate in by_fps)),
                *((name, *(one[name] for one in by_fps.values())) for name in names),
            ]
        )
    ]
    if idle := report["idle"]:
        columns = ("false_words", "silent_hours", "false_per_hour")
        rows = ((f"{rate}/s", *(one[name] for name in columns)) for rate, one in idle.items())
        parts.append(align([("other movement alone", *columns), *rows]))
    if confused := report["confused"]:
        parts.append(align([("signed", "taken for", "signs"), *confused]))
    return "\n\n".join(parts)


def spelling_table(report: Mapping[str, Any]) -> str:
    """Set what evaluate --stream gives of letters: all together, then by rate, source, person."""
    groups = {"together": report, **report["by_fps"], **report["by_source"], **report["by_signer"]}
    columns = ("letters", "raw", "error_rate", "words_right")
    rows = [(name, *(one.get(column) for column in columns)) for name, one in groups.items()]
    parts = [align([(f"model {report['model']}", *columns), *rows])]
    if confused := report.get("confused"):
        parts.append(align([("signed", "read", "times"), *confused]))
    return "\n\n".join(parts)


def comparison_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Set what compare gives, one line for each bundle."""
    columns = tuple(rows[0])
    return align([columns, *([row[column] for column in columns] for row in rows)])


def _conditions(report: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Give the figures of the other conditions, as far as they were measured."""
    found: list[tuple[str, Any]] = [("calibration_error", report.get("calibration_error"))]
    if report.get("unknown_said") is not None:
        found.append(("unknown labels said as some word", report["unknown_said"]))
    if "mirrored" in report:
        found.append(("top1 mirrored", report["mirrored"]))
    for rate, one in report.get("by_fps", {}).items():
        found.append((f"top1 at {rate} frames/s (really {_text(one['fps'])})", one["top1"]))
    for name, value in report.get("float", {}).items():
        found.append((f"float network: {name}", value))
    return found


def _hardest(per_label: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, int, float]]:
    rows = [(label, one["clips"], one["top1"]) for label, one in per_label.items()]
    return sorted((row for row in rows if row[2] < 1), key=lambda row: row[2])[:_HARDEST]


def _text(value: object) -> str:
    return "-" if value is None else str(value)
