"""What a race has shown, as `bench --json` gives it."""

from __future__ import annotations

import math
import os
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.errors import SourceError
from edge.evaluation.bench.contenders import WHO
from edge.evaluation.bench.frames import frames_of
from edge.evaluation.bench.idle import idle_cost
from edge.evaluation.bench.race import Race
from edge.evaluation.bench.start_process import measure_start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from edge.config.settings import Settings
    from edge.evaluation.bench.contenders import Who
    from edge.evaluation.bench.floor import Floor
    from edge.evaluation.bench.race import Heat, Round

_HOUR: Final = 3600.0
_SIGNING: Final = 0.05
"""Share of a day in which somebody signs."""


def measure(
    paths: Sequence[Path], settings: Settings, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Race the backends over videos and report.

    Args:
        paths: Videos of people who sign.
        settings: Of camera, gate and landmarks; the backend is of no account.
        tell: Told what is done next.

    Raises:
        SourceError: A file is no video, or nobody signs in any.
        DependencyError: MediaPipe or a runtime is missing or does not fit.
        ConfigError: The gate is switched off.
    """
    for path in paths:
        next(frames_of(path, settings))  # a bad file is known before minutes are spent
    still = next(frames_of(paths[0], settings)).image
    idle = idle_cost(still, settings)
    with Race(settings) as race:
        rounds = race.run(paths, lambda path: tell(path.name))
        signing = [heat for clip in rounds for heat in clip.signing]
        if not signing:
            raise SourceError(f"{', '.join(map(str, paths))}: no hand is seen in any frame")
        report = _costs(signing, race.floor)
    seen = next(clip.path for clip in rounds if clip.signing)
    for who in WHO:
        tell(f"start of {who}")
        start = asdict(measure_start(who, seen, settings))
        report["backends"][who] |= {name: _rounded(value, 2) for name, value in start.items()}
    own = report["backends"]["tracker"]
    frame = _cpu(signing, "holistic")
    return {
        "clips": len(rounds),
        "frames": sum(len(clip.heats) for clip in rounds),
        "signing_frames": len(signing),
        "cores": os.cpu_count(),
        "load": _rounded(os.getloadavg()[0], 1),
        **report,
        "idle_ms": _rounded(1000 * idle),
        "idle_ratio": _rounded(idle / frame, 5),
        "rss_mb": own["rss_mb"],
        "start_s": own["start_s"],
        "hours": {who: _rounded(_hour(_cpu(signing, who), idle, settings), 1) for who in WHO[:2]}
        | {"holistic": _rounded(_HOUR * _searched(settings) * frame, 1)},  # which has no gate
        "agreement": _agreement(rounds),
        "by_clip": [_clip(clip) for clip in rounds],
    }


def _costs(signing: Sequence[Heat], floor: Floor) -> dict[str, Any]:
    """Give ratios, backends and stages over the frames in which somebody signs."""
    runs: Counter[Any] = sum((heat.runs for heat in signing), start=Counter())
    own = sum(heat.took["tracker"].cpu for heat in signing)
    return {
        "ratio_to_holistic": _rounded(own / sum(heat.took["holistic"].cpu for heat in signing)),
        "ratio_to_mediapipe": _rounded(own / sum(heat.took["mediapipe"].cpu for heat in signing)),
        "ratio_to_floor": _rounded(own / floor.seconds(runs)),
        "ratio_to_whole_floor": _rounded(own / floor.seconds(runs, is_whole=True)),
        "fps": _rounded(len(signing) / own, 1),
        "backends": {
            who: {
                "cpu_ms": _rounded(1000 * _cpu(signing, who), 2),
                "wall_ms": _rounded(1000 * _mean(heat.took[who].wall for heat in signing), 2),
                "fps": _rounded(1 / _cpu(signing, who), 1),
            }
            for who in WHO
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
    """Seconds of processor time in an hour in which somebody signs now and then."""
    return _HOUR * (_SIGNING * _searched(settings) * frame + settings.camera.fps * idle)


def _searched(settings: Settings) -> float:
    """Frames per second that are searched while somebody signs."""
    return min(settings.landmarks.max_fps, settings.camera.fps)


def _agreement(rounds: Sequence[Round]) -> dict[str, float | None]:
    """Put the clips together: presence over all hands, distances as medians over clips."""
    each = [clip.agreement for clip in rounds]
    hands, same = sum(one.hands for one in each), sum(one.same for one in each)
    return {
        "presence": _rounded(same / hands),
        "hand": _rounded(_median(one.hand for one in each)),
        "pose": _rounded(_median(one.pose for one in each)),
    }


def _clip(clip: Round) -> dict[str, Any]:
    agreement, signing = clip.agreement, clip.signing
    ratio = _cpu(signing, "tracker") / _cpu(signing, "holistic") if signing else math.nan
    return {
        "file": str(clip.path),
        "frames": len(clip.heats),
        "signing_frames": len(signing),
        "presence": _rounded(agreement.presence),
        "hand": _rounded(agreement.hand),
        "pose": _rounded(agreement.pose),
        "ratio_to_holistic": _rounded(ratio),
    }


def _cpu(heats: Sequence[Heat], who: Who) -> float:
    """Mean processor time of a frame, seconds."""
    return _mean(heat.took[who].cpu for heat in heats)


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
