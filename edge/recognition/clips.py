"""Isolated clips: read from archives and videos, cut, classified."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.camera.pacing import least_step, spaced
from edge.camera.source import open_camera
from edge.errors import SourceError
from edge.landmarks.archive import Clip, is_hand_archive, read_clips
from edge.messages import Segment, feed
from edge.recognition.segmenting.factory import make_segmenter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edge.config.settings import SegmenterSettings, Settings
    from edge.messages import Prediction
    from edge.recognition.classifying.classifier import Classifier
    from edge.recognition.segmenting.segmenter import Segmenter


_LONGEST_SIGN: Final = 20.0
"""Seconds; an isolated sign is not cut where the daemon would lose patience."""
_MARGIN: Final = 0.3
"""Seconds kept on either side at least. Around an isolated sign its own way up and down is seen;
in a stream it is the next sign, and any margin costs accuracy (docs/results/experiments.md)."""


def read_file(path: Path, settings: Settings) -> list[Clip]:
    """Read the clips of an archive, or a video as one clip.

    Raises:
        SourceError: The file cannot be read.
    """
    return read_archive(path) if path.suffix == ".npz" else [_read_video(path, settings)]


def make_clip_segmenter(settings: SegmenterSettings, classifier: Classifier | None) -> Segmenter:
    """Make the segmenter that the settings name, for signs that stand alone, however long they are.

    Args:
        settings: The daemon's own.
        classifier: As make_segmenter takes it.

    Raises:
        BundleError: Its network is missing or unfit.
        ConfigError: It needs a classifier, and there is none.
        DependencyError: No TFLite runtime works here.
    """
    alone = {"max_length": _LONGEST_SIGN, "margin": max(settings.margin, _MARGIN)}
    return make_segmenter(settings.model_copy(update=alone), classifier)


def predict(clip: Clip, segmenter: Segmenter, classifier: Classifier) -> Prediction:
    """Classify an isolated clip: all its segments together, or all of it where there is none.

    Teaching clips repeat their one sign; what is seen several times is known better.
    """
    return classify_pieces(clip, cut(clip, segmenter), classifier)


def classify_pieces(clip: Clip, pieces: Sequence[Segment], classifier: Classifier) -> Prediction:
    """Classify what a clip was cut into; all of it where that is nothing."""
    return classifier.classify_together(pieces or [whole_clip(clip)])


def whole_clip(clip: Clip) -> Segment:
    """All of a clip as one segment."""
    return Segment(0.0, len(clip.points) / clip.fps, clip.times, clip.points, "stop")


def cut(clip: Clip, segmenter: Segmenter) -> list[Segment]:
    """Cut a clip into the signs that the segmenter sees."""
    segmenter.reset()
    pieces = feed(segmenter, clip.landmarks())
    return [piece for piece in pieces if isinstance(piece, Segment)]


def longest_segment(clip: Clip, segmenter: Segmenter) -> Segment | None:
    """Cut a clip and keep the longest piece, for one example to a clip."""
    segments = cut(clip, segmenter)
    return max(segments, key=lambda segment: segment.offset - segment.onset, default=None)


def read_archive(path: Path) -> list[Clip]:
    """Read a clip archive; a hand archive is refused."""
    if is_hand_archive(path):
        raise SourceError(f"{path}: a hand archive needs a letters bundle, which this is not")
    return read_clips(path)


def _read_video(path: Path, settings: Settings) -> Clip:
    from edge.landmarks.landmarker import Landmarker

    camera = settings.camera.model_copy(update={"source": str(path)})
    step = least_step(settings.landmarks.max_fps)
    with (
        open_camera(camera, live_clock=False) as source,  # a bad file fails before MediaPipe loads
        Landmarker(settings.landmarks) as landmarker,
    ):
        found = list(feed(landmarker, spaced(source.frames(threading.Event()), step)))
    span = found[-1].time - found[0].time
    fps = (len(found) - 1) / span if span > 0 else settings.camera.fps
    return Clip("", "", fps, np.stack([one.points for one in found]), path.name)
