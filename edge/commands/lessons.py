"""Teaches a word from a camera, a recording, or clips, for ``sign-edge learn``."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from edge.camera.source import source_kind
from edge.commands.source_frames import read_frames
from edge.landmarks.archive_player import Playback
from edge.messages import Progress
from edge.recognition.clips import longest_segment, make_clip_segmenter, read_file
from edge.recognition.learning.taught_words import EXAMPLES_MAX, check_word, to_segment
from edge.recognition.learning.teacher import Teacher
from edge.recognition.recognizer import Recognizer
from edge.recognition.spelling.letter_classifier import make_classifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from edge.config.settings import CameraSettings, Settings
    from edge.messages import Frame, Landmarks
    from edge.recognition.bundle import Bundle


def learn_from_files(
    word: str, files: Sequence[Path], examples: int | None, settings: Settings, bundle: Bundle
) -> Iterator[Progress]:
    """Take each clip for an example: of an archive those of the word, or all; a video is one.

    Raises:
        ConfigError: The word is unusable, there is no room, or the model cannot learn.
        SourceError: A file cannot be read.
    """
    clips = [clip for path in files for clip in read_file(path, settings)]
    known = check_word(word)
    clips = [clip for clip in clips if clip.label == known] or clips
    classifier = make_classifier(bundle, threshold=settings.classifier.threshold)
    teacher = Teacher(settings.learning, classifier)
    segmenter = make_clip_segmenter(settings.segmenter, classifier)
    yield from teacher.learn(word, 0.0, examples or EXAMPLES_MAX)
    for clip in clips:
        if teacher.is_teaching:
            yield from teacher.push(longest_segment(clip, segmenter) or to_segment(clip), 0.0)
    yield from teacher.finish()


def learn_from_source(
    word: str, examples: int | None, settings: Settings, bundle: Bundle
) -> Iterator[Progress]:
    """Take each sign that is seen for an example until there are enough.

    Raises:
        ConfigError: The word is unusable, there is no room, or the model cannot learn.
        SourceError: The source does not open, or goes away.
    """
    last: float | None = None
    with Recognizer(settings, bundle) as recognizer:
        for item in _items(settings.camera):
            if last is None:
                yield from recognizer.teacher.learn(word, item.time, examples)
            last = item.time
            yield from (e for e in recognizer.push(item) if isinstance(e, Progress))
            if not recognizer.teacher.is_teaching:
                return
        if last is not None:
            yield from (e for e in recognizer.flush(last) if isinstance(e, Progress))
            yield from recognizer.teacher.stop("the source has ended")


def _items(camera: CameraSettings) -> Iterator[Frame | Landmarks]:
    """Read the source; a camera that is not there is no reason to wait."""
    if source_kind(camera.source) == "archive":
        yield from Playback(camera, is_live=False).landmarks(threading.Event())
        return
    yield from read_frames(camera, "send it the MQTT command 'learn WORD', or stop it first")
