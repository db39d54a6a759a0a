"""Measures the device on streams: what it finds, says, says wrongly, and how late.

The terms are explained in docs/results/live-quality.md.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.errors import SourceError
from edge.evaluation.accuracy import share
from edge.evaluation.sign_streams import StreamPlan, make_idle_layouts, make_layouts
from edge.landmarks.archive import read_clips
from edge.messages import Declined, Landmarks, Sign
from edge.recognition.bundle import OTHER
from edge.recognition.recognizer import Recognizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from edge.config.settings import Settings
    from edge.evaluation.sign_streams import Layout, SignSpan, Stream
    from edge.recognition.bundle import Bundle

RATES: Final = (7.0, 10.0, 15.0, 30.0)
"""Frames per second at which every stream is tried; the headline is that of 15."""
_HEADLINE: Final = 15.0
_LEAST_OVERLAP: Final = 0.5
"""Share of the shorter of a sign and a decision that both must cover."""

Decision = Sign | Declined


@dataclass(frozen=True, slots=True)
class Heard:
    """A decision and how long it took, seconds, beyond the stream's own clock."""

    decision: Decision
    decided: float
    """Seconds of the stream."""

    lag: float
    """Seconds of computing, and of sending where there is a broker."""


@dataclass(slots=True)
class Score:
    """Counts over streams of one frame rate."""

    counts: Counter[str] = field(default_factory=Counter)
    onset_errors: list[float] = field(default_factory=list)
    offset_errors: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    silent_seconds: float = 0.0
    confused: Counter[tuple[str, str]] = field(default_factory=Counter)
    stray: Counter[str] = field(default_factory=Counter)

    def add(self, stream: Stream, heard: Sequence[Heard]) -> None:
        """Count one stream and everything that was decided during it."""
        signs = [span for span in stream.spans if span.label]
        self.counts["signs"] += len(signs)
        self.silent_seconds += float(stream.times[-1]) - sum(s.offset - s.onset for s in signs)
        of_sign: dict[SignSpan, list[Heard]] = {span: [] for span in signs}
        for one in heard:
            span = span_of(one.decision, signs)
            if span is not None:
                of_sign[span].append(one)
            elif isinstance(one.decision, Sign):
                self.counts["false"] += 1
                self.stray[one.decision.gloss] += 1
        for span, decided in of_sign.items():
            self._add_sign(span, [one for one in decided if one.decision.top])

    def _add_sign(self, span: SignSpan, decided: Sequence[Heard]) -> None:
        if not decided:
            self.counts["missed"] += 1
            return
        said = [one for one in decided if isinstance(one.decision, Sign)]
        best = max(decided, key=lambda one: _overlap(one.decision, span))
        guess = best.decision.top[0][0]
        self.counts["right"] += guess == span.label
        self.counts["wrong"] += guess != span.label
        if guess != span.label:
            self.confused[span.label, guess] += 1
        self.counts["doubled"] += len(said) > 1
        self.counts["said_right"] += any(one.decision.top[0][0] == span.label for one in said)
        self.counts["said_wrong"] += any(one.decision.top[0][0] != span.label for one in said)
        self.onset_errors.append(best.decision.onset - span.onset)
        self.offset_errors.append(best.decision.offset - span.offset)
        if said:
            self.delays.append(said[0].decided - span.offset)
            self.lags.append(said[0].lag)

    def report(self) -> dict[str, Any]:
        """Shares of the signs, words per hour, seconds; see docs/results/live-quality.md."""
        counts, signs = self.counts, self.counts["signs"]
        return {
            "signs": signs,
            "found": share(counts["right"] + counts["wrong"], signs),
            "missed": share(counts["missed"], signs),
            **{
                name: share(counts[name], signs)
                for name in ("right", "wrong", "doubled", "said_right", "said_wrong")
            },
            "false_words": counts["false"],
            "silent_hours": round(self.silent_seconds / 3600, 3),
            "false_per_hour": _per_hour(counts["false"], self.silent_seconds),
            "onset_error": _middle(self.onset_errors),
            "offset_error": _middle(self.offset_errors),
            "delay_median": _middle(self.delays),
            "delay_p95": _quantile(self.delays, 0.95),
            "delay_with_lag_median": _middle(
                [delay + lag for delay, lag in zip(self.delays, self.lags, strict=True)]
            ),
        }


def evaluate_streams(
    paths: Iterable[Path],
    settings: Settings,
    bundle: Bundle,
    *,
    seed: int,
    rates: Sequence[float] = RATES,
    plan: StreamPlan | None = None,
    send: Callable[[Sign], float] | None = None,
) -> dict[str, Any]:
    """Measure live quality on seeded streams made of archives.

    Args:
        paths: Clip archives. Clips of labels that the bundle does not know, and of OTHER, are
            movement that is no sign.
        settings: Of everything between landmarks and words.
        bundle: What to recognise with.
        seed: Of the streams.
        rates: Frames per second to try.
        plan: How the streams are made.
        send: Sends a sign and waits until it has arrived; seconds it took.

    Returns:
        The figures at 15 frames per second (or the first rate), ``by_fps`` for each rate, and
        ``idle``: the same of streams of other movement alone.

    Raises:
        ArchiveError: A file is no clip archive.
        SourceError: There is no clip.
    """
    plan = plan or StreamPlan()
    clips = [clip for path in paths for clip in read_clips(path)]
    known = set(bundle.glosses) - {OTHER}
    signs = [clip for clip in clips if clip.label in known]
    others = [clip for clip in clips if clip.label not in known]
    if not clips:
        raise SourceError("no clip to make streams of")
    with Recognizer(as_shipped(settings), bundle) as recognizer:
        layouts = list(make_layouts(signs, others, plan, seed))
        idle = list(make_idle_layouts(others, plan, seed))
        by_fps = {f"{rate:g}": _measure(recognizer, layouts, rate, send) for rate in rates}
        headline = by_fps.get(f"{_HEADLINE:g}") or next(iter(by_fps.values()))
        still = {f"{rate:g}": _measure(recognizer, idle, rate, None).report() for rate in rates}
    return {
        "model": bundle.manifest.name,
        "seed": seed,
        **headline.report(),
        "confused": [[*pair, count] for pair, count in headline.confused.most_common(12)],
        "stray": headline.stray.most_common(12),
        "by_fps": {rate: score.report() for rate, score in by_fps.items()},
        "idle": still if idle else None,
    }


def as_shipped(settings: Settings) -> Settings:
    """Settings under which no word is known that the owner has taught."""
    nowhere = settings.learning.model_copy(update={"folder": "/nonexistent"})
    return settings.model_copy(update={"learning": nowhere})


def _measure(
    recognizer: Recognizer,
    layouts: Sequence[Layout],
    rate: float,
    send: Callable[[Sign], float] | None,
) -> Score:
    score = Score()
    for layout in layouts:
        stream = layout.render(rate)
        recognizer.reset()
        score.add(stream, list(listen(recognizer, stream, send)))
    return score


def listen(
    recognizer: Recognizer, stream: Stream, send: Callable[[Sign], float] | None
) -> Iterable[Heard]:
    """Run a recognizer over a stream; everything that it decides, in order."""
    for moment, points in zip(stream.times.tolist(), stream.points, strict=True):
        started = time.perf_counter()
        events = recognizer.push(Landmarks(moment, points))
        took = time.perf_counter() - started
        yield from _heard(events, moment, took, send)
    yield from _heard(recognizer.flush(float(stream.times[-1])), float(stream.times[-1]), 0.0, send)


def _heard(
    events: Iterable[object], moment: float, took: float, send: Callable[[Sign], float] | None
) -> Iterable[Heard]:
    for event in events:
        if isinstance(event, Sign | Declined):
            sent = send(event) if send is not None and isinstance(event, Sign) else 0.0
            yield Heard(event, moment, took + sent)


def span_of(decision: Decision, signs: Sequence[SignSpan]) -> SignSpan | None:
    """The sign that a decision is about, if about any."""
    best = max(signs, key=lambda span: _overlap(decision, span), default=None)
    if best is None:
        return None
    shorter = min(best.offset - best.onset, decision.offset - decision.onset)
    return best if _overlap(decision, best) >= _LEAST_OVERLAP * max(shorter, 1e-6) else None


def _overlap(decision: Decision, span: SignSpan) -> float:
    return max(0.0, min(decision.offset, span.offset) - max(decision.onset, span.onset))


def _per_hour(count: int, seconds: float) -> float | None:
    return round(count * 3600 / seconds, 2) if seconds else None


def _middle(values: Sequence[float]) -> float | None:
    return _quantile(values, 0.5)


def _quantile(values: Sequence[float], share_below: float) -> float | None:
    return round(float(np.quantile(values, share_below)), 3) if values else None
