"""Finds what an uploaded clip shows: words, segments on a time line, and telling moments.

Runs in the child process of ``edge.page.trial_process``; nothing here is imported by the daemon.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from edge.camera.pacing import least_step
from edge.camera.source import open_camera
from edge.errors import SourceError
from edge.landmarks.archive import Clip
from edge.landmarks.skeleton import LEFT_HAND, LEFT_SHOULDER, POSE, RIGHT_HAND, RIGHT_SHOULDER
from edge.messages import Prediction, Segment, Sign, feed
from edge.page.skeletons import to_json_points
from edge.recognition.clips import make_clip_segmenter, predict
from edge.recognition.composer import Composer
from edge.recognition.learning.teacher import Teacher
from edge.recognition.segmenting.factory import make_segmenter
from edge.recognition.spelling.letter_classifier import make_classifier

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.config.settings import Settings
    from edge.messages import Declined, Landmarks
    from edge.recognition.bundle import Bundle
    from edge.recognition.classifying.classifier import Classifier

_SIDE_MAX: Final = 4096
"""Pixels of a picture's longer side."""
_ROUNDING: Final = 1.0
"""Seconds by which a container may err about its length."""
_MOMENTS_MAX: Final = 6
_MOMENTS_MIN: Final = 2
_DIFFERENT: Final = 0.35
"""Shoulder widths, mean over the points of the hands, by which another posture differs."""


class TrialError(Exception):
    """A clip that cannot be tried; ``code`` is for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A clip after the landmarker."""

    landmarks: list[Landmarks]
    """At the daemon's own rate, at least one."""

    frames: int
    """Pictures in the file."""

    seconds: float
    """How long they last."""

    width: int
    """Pixels."""

    height: int
    """Pixels."""


def try_clip(path: Path, settings: Settings, bundle: Bundle, seconds_max: float) -> dict[str, Any]:
    """Watch and recognise a clip, in the form in which the page tells of it.

    Args:
        path: A video.
        settings: The daemon's own of landmarks, segmenter, classifier, composer and learning.
        bundle: What to recognise with.
        seconds_max: Length beyond which a clip is refused.

    Raises:
        TrialError: It is no video, too long, too large, or nobody is in it.
        SetupError: The models do not work here.
    """
    watched = watch(path, settings, seconds_max)
    wanted = settings.classifier
    classifier = make_classifier(bundle, threshold=wanted.threshold, hand=wanted.dominant_hand)
    forms = Teacher(settings.learning, classifier, bundle.forms).forms

    def named(top: tuple[tuple[str, float], ...]) -> list[list[object]]:
        return [[gloss, forms.get(gloss, (gloss,))[0], p] for gloss, p in top]

    span = watched.landmarks[-1].time - watched.landmarks[0].time
    fps = (len(watched.landmarks) - 1) / span if span > 0 else settings.camera.fps
    clip = Clip("", "", fps, np.stack([one.points for one in watched.landmarks]))
    segmenter = make_clip_segmenter(settings.segmenter, classifier)
    pieces = segments_of(watched.landmarks, settings, classifier)
    composer = Composer(settings.composer, forms)
    events = [one for piece in pieces if isinstance(piece, Prediction) for one in
              composer.push(piece, piece.offset)]  # fmt: skip
    aspect = watched.width / watched.height
    return {
        "seconds": round(watched.seconds, 3),
        "fps": round(watched.frames / max(watched.seconds, 1e-3), 2),
        "width": watched.width,
        "height": watched.height,
        "frames": watched.frames,
        "top": named(predict(clip, segmenter, classifier).top),
        "segments": [
            {
                "onset": round(max(0.0, piece.onset), 3),
                "offset": round(min(piece.offset, watched.seconds), 3),
                "top": named(piece.top),
                "said": isinstance(piece, Prediction) and piece.is_accepted,
                "reason": piece.reason,
            }
            for piece in pieces
        ],
        "key_frames": [
            {"time": round(one.time, 3), "points": to_json_points(one.points * (1, aspect, 1))}
            for one in telling_moments(watched.landmarks)
        ],
        "words": [one.display for one in events if isinstance(one, Sign)],
    }


def watch(path: Path, settings: Settings, seconds_max: float) -> Watched:
    """Find the landmarks of a video, at the daemon's own rate.

    Raises:
        TrialError: It is no video, too long, too large, or nobody is in it.
        DependencyError: MediaPipe does not work here.
    """
    camera = settings.camera.model_copy(update={"source": str(path), "loop": False})
    step = least_step(settings.landmarks.max_fps)
    found: list[Landmarks] = []
    frames, last, period = 0, 0.0, 1 / camera.fps
    size = (0, 0)
    try:
        with open_camera(camera, live_clock=False) as source:
            _check(_promised_seconds(path) - _ROUNDING, (), seconds_max)
            from edge.landmarks.landmarker import (
                Landmarker,  # MediaPipe, for a clip that is worth it
            )

            with Landmarker(settings.landmarks) as landmarker:
                for frame in source.frames(threading.Event()):
                    _check(frame.time, frame.image.shape, seconds_max)
                    period = frame.time - last or period
                    frames, last = frames + 1, frame.time
                    size = (frame.image.shape[1], frame.image.shape[0])
                    if not found or frame.time - found[-1].time >= step:
                        found += landmarker.push(frame)
    except SourceError:
        raise TrialError("not_a_video", "This file is not a video that can be read.") from None
    if not any(np.isfinite(one.points[POSE]).any() for one in found):
        raise TrialError("nobody", "Nobody can be seen in this video.")
    return Watched(found, frames, last + period, *size)


def segments_of(
    landmarks: list[Landmarks], settings: Settings, classifier: Classifier
) -> list[Prediction | Declined]:
    """Cut as the daemon does, and say of each piece what it would."""
    segmenter = make_segmenter(settings.segmenter, classifier)
    decided: list[Prediction | Declined] = []
    for piece in feed(segmenter, landmarks):
        decided += classifier.push(piece) if isinstance(piece, Segment) else [piece]
    return decided


def telling_moments(landmarks: list[Landmarks]) -> list[Landmarks]:
    """Choose 2 to 6 moments that differ the most in where the hands are, in order of time.

    The first is the one in the middle of those with a hand; each other is the one that differs
    most from those chosen (Gonzalez 1985), until none differs by _DIFFERENT.
    """
    hands = [LEFT_HAND.start, RIGHT_HAND.start]
    shown = [one for one in landmarks if np.isfinite(one.points[hands, 0]).any()]
    if len(shown) < _MOMENTS_MIN:
        return landmarks[:: max(1, len(landmarks) - 1)][:_MOMENTS_MIN]
    postures = np.stack([_posture(one.points) for one in shown])  # (T, 42, 2)
    chosen = [len(shown) // 2]
    apart = _difference(postures, postures[chosen[0]])
    while len(chosen) < _MOMENTS_MAX:
        furthest = int(apart.argmax())
        if furthest in chosen or (apart[furthest] < _DIFFERENT and len(chosen) >= _MOMENTS_MIN):
            break
        chosen.append(furthest)
        apart = np.minimum(apart, _difference(postures, postures[furthest]))
    return [shown[index] for index in sorted(chosen)]


def _promised_seconds(path: Path) -> float:
    """Length that the container states; 0 where it states none."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        fps = capture.get(cv2.CAP_PROP_FPS)
        return max(0.0, capture.get(cv2.CAP_PROP_FRAME_COUNT)) / fps if fps > 0 else 0.0
    finally:
        capture.release()


def _check(time: float, shape: tuple[int, ...], seconds_max: float) -> None:
    if time > seconds_max:
        raise TrialError("too_long", f"The video is longer than {seconds_max:g} seconds.")
    if max(shape[:2], default=0) > _SIDE_MAX:
        raise TrialError("too_large_picture", f"The pictures have more than {_SIDE_MAX} pixels.")


def _posture(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where the hands are, (42, 2) in shoulder widths from between the shoulders."""
    shoulders = points[[LEFT_SHOULDER, RIGHT_SHOULDER], :2]
    width = float(np.hypot(*(shoulders[0] - shoulders[1])))
    placed: NDArray[np.float32] = (points[POSE.stop :, :2] - shoulders.mean(axis=0)) / max(
        width, 1e-3
    )
    return placed


def _difference(postures: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean distance (T,) of the points; one that only one of them shows counts as far apart."""
    apart = np.hypot(*np.moveaxis(postures - other, -1, 0))
    unlike = np.isfinite(postures[..., 0]) != np.isfinite(other[..., 0])
    means: NDArray[np.float32] = np.where(unlike, 2 * _DIFFERENT, np.nan_to_num(apart)).mean(axis=1)
    return means
