"""Sets the benchmark's report as tables for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edge.evaluation.report_tables import align

if TYPE_CHECKING:
    from collections.abc import Mapping

_RATIOS: Final = {
    "ratio_to_holistic": "tracker to bare Holistic, processor time of a signing frame",
    "ratio_to_mediapipe": "tracker to MediaPipe's graph",
    "ratio_to_floor": "tracker to the bare runs of its networks",
    "ratio_to_whole_floor": "tracker to those runs untrimmed",
    "idle_ratio": "idle frame to a frame of bare Holistic",
}
_AGREEMENT: Final = ("presence", "hand", "pose")


def bench_table(report: Mapping[str, Any]) -> str:
    """Set what bench gives: ratios, backends, networks, clips."""
    backends: Mapping[str, Mapping[str, Any]] = report["backends"]
    columns = ("cpu_ms", "wall_ms", "fps", "start_s", "rss_mb", "rss_peak_mb")
    stages: Mapping[str, Mapping[str, Any]] = report["stages"]
    measured = (
        f"{report['signing_frames']} signing frames of {report['frames']},"
        f" {report['cores']} cores, load {report['load']}"
    )
    return "\n\n".join(
        [
            align([(measured, ""), *((text, report[name]) for name, text in _RATIOS.items())]),
            align(
                [
                    ("signing", *columns, "s of CPU an hour", "imports"),
                    *(
                        (
                            name,
                            *(one[column] for column in columns),
                            report["hours"][name],
                            " ".join(one["imported"]) or None,
                        )
                        for name, one in backends.items()
                    ),
                ]
            ),
            align(
                [
                    ("network", "ms", "untrimmed", "runs a frame"),
                    *((name, *one.values()) for name, one in stages.items()),
                ]
            ),
            align(
                [
                    ("against MediaPipe's graph", "frames", *_AGREEMENT),
                    *(
                        (
                            Path(clip["file"]).stem,
                            clip["frames"],
                            *(clip[name] for name in _AGREEMENT),
                        )
                        for clip in report["by_clip"]
                    ),
                    (
                        "together",
                        report["frames"],
                        *(report["agreement"][name] for name in _AGREEMENT),
                    ),
                ]
            ),
        ]
    )
