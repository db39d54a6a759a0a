"""The report of `bench --json`: what each backend costs, and how far they agree."""

from __future__ import annotations

import math
import os
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.errors import SourceError
from edge.evaluation.bench.backend_comparison import Comparison
from edge.evaluation.bench.contenders import CONTENDERS
from edge.evaluation.bench.frames import searched_frames
from edge.evaluation.bench.idle import idle_cost
from edge.evaluation.bench.start_process import measure_start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from edge.config.settings import Settings
    from edge.evaluation.bench.backend_comparison import ClipResult, FrameTimes
    from edge.evaluation.bench.contenders import ContenderName
    from edge.evaluation.bench.floor import Floor

_HOUR: Final = 3600.0
_SIGNING: Final = 0.05
"""Share of a day in which a person signs."""


def measure_backends(
    paths: Sequence[Path], settings: Settings, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Compare the backends on videos and report.

    Args:
        paths: Videos of people who sign.
        settings: Of camera, gate and landmarks; the backend is ignored.
        tell: Told what is done next.

    Raises:
        SourceError: A file is no video, or nobody signs in any.
        DependencyError: MediaPipe or a runtime is missing or does not fit.
        ConfigError: The gate is switched off.
    """
    for path in paths:
        next(searched_frames(path, settings))  # a bad file is known before minutes are spent
    still = next(searched_frames(paths[0], settings)).image
    idle = idle_cost(still, settings)
    with Comparison(settings) as comparison:
        clips = comparison.run(paths, lambda path: tell(path.name))
        signing = [frame for clip in clips for frame in clip.signing]
        if not signing:
            raise SourceError(f"{', '.join(map(str, paths))}: no hand is seen in any frame")
        report = _costs(signing, comparison.floor)
    seen = next(clip.path for clip in clips if clip.signing)
    for name in CONTENDERS:
        tell(f"start of {name}")
        start = asdict(measure_start(name, seen, settings))
        report["backends"][name] |= {key: _rounded(value, 2) for key, value in start.items()}
    own = report["backends"]["tracker"]
    frame = _cpu(signing, "holistic")
    return {
        "clips": len(clips),
        "frames": sum(len(clip.frames) for clip in clips),
        "signing_frames": len(signing),
        "cores": os.cpu_count(),
        "load": _rounded(os.getloadavg()[0], 1),
        **report,
        "idle_ms": _rounded(1000 * idle),
        "idle_ratio": _rounded(idle / frame, 5),
        "rss_mb": own["rss_mb"],
        "start_s": own["start_s"],
        "hours": {
            name: _rounded(_hour(_cpu(signing, name), idle, settings), 1) for name in CONTENDERS[:2]
        }
        | {"holistic": _rounded(_HOUR * _searched(settings) * frame, 1)},  # which has no gate
        "agreement": _agreement(clips),
        "by_clip": [_clip(clip) for clip in clips],
    }


def _costs(signing: Sequence[FrameTimes], floor: Floor) -> dict[str, Any]:
    """Give ratios, backends and stages over the frames in which a person signs."""
    runs: Counter[Any] = sum((frame.runs for frame in signing), start=Counter())
    own = sum(frame.elapsed["tracker"].cpu for frame in signing)
    return {
        "ratio_to_holistic": _rounded(
            own / sum(frame.elapsed["holistic"].cpu for frame in signing)
        ),
        "ratio_to_mediapipe": _rounded(
            own / sum(frame.elapsed["mediapipe"].cpu for frame in signing)
        ),
        "ratio_to_floor": _rounded(own / floor.seconds(runs)),
        "ratio_to_whole_floor": _rounded(own / floor.seconds(runs, is_whole=True)),
        "fps": _rounded(len(signing) / own, 1),
        "backends": {
            name: {
                "cpu_ms": _rounded(1000 * _cpu(signing, name), 2),
                "wall_ms": _rounded(1000 * _mean(frame.elapsed[name].wall for frame in signing), 2),
                "fps": _rounded(1 / _cpu(signing, name), 1),
            }
            for name in CONTENDERS
        },
        "stages": {
            name: {
                "ms": _rounded(1000 * floor.seconds({name: 1}), 2),
                "whole_ms": _rounded(1000 * floor.seconds({name: 1}, is_whole=True), 2),
                "per_frame": _rounded(count / len(signing)),
            }
            for name, count in runs.most_common()
        },
    }


def _hour(frame: float, idle: float, settings: Settings) -> float:
    """Seconds of processor time in an hour in which a person signs now and then."""
    return _HOUR * (_SIGNING * _searched(settings) * frame + settings.camera.fps * idle)


def _searched(settings: Settings) -> float:
    """Frames per second that are searched while a person signs."""
    return min(settings.landmarks.max_fps, settings.camera.fps)


def _agreement(clips: Sequence[ClipResult]) -> dict[str, float | None]:
    """Put the clips together: presence over all hands, distances as medians over clips."""
    each = [clip.agreement for clip in clips]
    hands, same = sum(one.hands for one in each), sum(one.same for one in each)
    return {
        "presence": _rounded(same / hands),
        "hand": _rounded(_median(one.hand for one in each)),
        "pose": _rounded(_median(one.pose for one in each)),
    }


def _clip(clip: ClipResult) -> dict[str, Any]:
    agreement, signing = clip.agreement, clip.signing
    ratio = _cpu(signing, "tracker") / _cpu(signing, "holistic") if signing else math.nan
    return {
        "file": str(clip.path),
        "frames": len(clip.frames),
        "signing_frames": len(signing),
        "presence": _rounded(agreement.presence),
        "hand": _rounded(agreement.hand),
        "pose": _rounded(agreement.pose),
        "ratio_to_holistic": _rounded(ratio),
    }


def _cpu(frames: Sequence[FrameTimes], name: ContenderName) -> float:
    """Mean processor time of a frame, seconds."""
    return _mean(frame.elapsed[name].cpu for frame in frames)


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _median(values: Iterable[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return float(np.median(finite)) if finite else math.nan


def _rounded(value: Any, digits: int = 4) -> Any:  # noqa: ANN401 - numbers, or names as they are
    """Round a number; None where there is none, for JSON knows no NaN."""
    if not isinstance(value, float):
        return value
    return round(value, digits) if math.isfinite(value) else None
