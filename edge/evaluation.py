"""Isolated clips through the classifier: what it says, and how often that is right."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.archive import is_hand_archive, read_clips
from edge.camera import open_camera
from edge.classifier import Classifier
from edge.errors import SourceError
from edge.messages import Landmarks, Segment
from edge.segmenter import Segmenter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from edge.archive import Clip
    from edge.bundle import Bundle
    from edge.config import Settings
    from edge.messages import Declined, Prediction


def classify_file(
    path: Path, settings: Settings, bundle: Bundle
) -> Iterator[tuple[str, Prediction]]:
    """Classify each clip of an archive, or a video as one clip.

    Yields:
        The clip's name (its place in the archive, counted from 0, where it has none; the
        file's name for a video) and what the classifier says.

    Raises:
        SourceError: The file cannot be read.
    """
    clips = _read_archive(path) if path.suffix == ".npz" else [_read_video(path, settings)]
    classifier = Classifier(bundle, threshold=settings.classifier.threshold)
    for index, clip in enumerate(clips):
        yield clip.name or str(index), predict(clip, settings, classifier)


def predict(clip: Clip, settings: Settings, classifier: Classifier) -> Prediction:
    """Classify an isolated clip: its longest segment, or all of it where there is none."""
    segment = longest_segment(clip, settings)
    if segment is None:
        return classifier.classify(clip.times, clip.points, 0.0, len(clip.points) / clip.fps)
    return classifier.classify(segment.times, segment.points, segment.onset, segment.offset)


def longest_segment(clip: Clip, settings: Settings) -> Segment | None:
    """Cut a clip as the daemon would and keep the longest piece."""
    segmenter = Segmenter(settings.segmenter.model_copy(update={"max_length": 20.0}))
    pieces: list[Segment | Declined] = []
    for time, points in zip(clip.times.tolist(), clip.points, strict=True):
        pieces += segmenter.push(Landmarks(time, points))
    pieces += segmenter.flush()
    segments = [piece for piece in pieces if isinstance(piece, Segment)]
    return max(segments, key=lambda segment: segment.offset - segment.onset, default=None)


def evaluate_archives(paths: Iterable[Path], settings: Settings, bundle: Bundle) -> dict[str, Any]:
    """Measure accuracy; top-k before declining, unknown labels counted apart.

    Raises:
        ArchiveError: A file is no clip archive.
    """
    classifier = Classifier(bundle, threshold=settings.classifier.threshold)
    known = set(bundle.glosses)
    counts: Counter[str] = Counter()
    per_label: defaultdict[str, list[int]] = defaultdict(list)
    confused: Counter[tuple[str, str]] = Counter()
    for path in paths:
        for clip in _read_archive(path):
            if clip.label not in known:
                counts["unknown_label"] += 1
                continue
            prediction = predict(clip, settings, classifier)
            ranked = [gloss for gloss, _ in prediction.top]
            per_label[clip.label].append(int(ranked[0] == clip.label))
            if ranked[0] != clip.label:
                confused[clip.label, ranked[0]] += 1
            counts["top5"] += clip.label in ranked[:5]
            counts["declined"] += not prediction.is_accepted
            counts["wrong"] += prediction.is_accepted and ranked[0] != clip.label
    hits = [hit for label in per_label.values() for hit in label]
    clips = len(hits)
    return {
        "model": bundle.manifest.name,
        "clips": clips,
        "top1": _share(sum(hits), clips),
        "top5": _share(counts["top5"], clips),
        "macro_top1": round(float(np.mean([np.mean(h) for h in per_label.values()])), 4)
        if clips
        else None,
        "declined": _share(counts["declined"], clips),
        "said_wrong": _share(counts["wrong"], clips),
        "unknown_label": counts["unknown_label"],
        "confused": [[*pair, count] for pair, count in confused.most_common(12)],
        "per_label": {
            label: {"clips": len(hits), "top1": _share(sum(hits), len(hits))}
            for label, hits in sorted(per_label.items())
        },
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _read_archive(path: Path) -> list[Clip]:
    if is_hand_archive(path):
        raise SourceError(f"{path}: a hand archive needs a letters bundle, which this is not")
    return read_clips(path)


def _read_video(path: Path, settings: Settings) -> Clip:
    from edge.archive import Clip
    from edge.landmarker import Landmarker

    camera = settings.camera.model_copy(update={"source": str(path)})
    interval = 0.7 / settings.landmarks.max_fps
    found: list[Landmarks] = []
    with open_camera(camera, live_clock=False) as source:  # a bad file fails before MediaPipe loads
        landmarker = Landmarker(settings.landmarks)
        try:
            for frame in source.frames(threading.Event()):
                if not found or frame.time - found[-1].time >= interval:
                    found += landmarker.push(frame)
        finally:
            landmarker.close()
    span = found[-1].time - found[0].time
    fps = (len(found) - 1) / span if span > 0 else settings.camera.fps
    return Clip("", "", fps, np.stack([one.points for one in found]), path.name)
