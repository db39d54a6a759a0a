"""Lessons: which examples are taken, what is told, and what is known afterwards."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.commands.lessons import learn_from_files, learn_from_source
from edge.config.settings import LearningSettings, SegmenterSettings, Settings
from edge.errors import ConfigError, SourceError
from edge.landmarks.archive import Clip, read_clips, write_clips
from edge.messages import Declined, Landmarks, Progress, Segment, Sign, feed
from edge.recognition.learning.lesson import PATIENCE, Lesson
from edge.recognition.learning.taught_words import EXAMPLES_MIN, Store
from edge.recognition.learning.teacher import Teacher
from edge.recognition.recognizer import Recognizer
from edge.recognition.segmenting.factory import make_segmenter
from edge.recognition.spelling.letter_classifier import make_classifier

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Signing
    from numpy.typing import NDArray

    from edge.recognition.bundle import Bundle


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Teach into a folder of this test."""
    return Settings(
        learning=LearningSettings(folder=str(tmp_path / "taught")),
        segmenter=SegmenterSettings(kind="hysteresis"),
    )


@pytest.fixture
def segment(signing: Signing) -> Segment:
    """One sign."""
    times, points = signing.arrays()
    return Segment(0.9, 2.6, times[10:45], points[10:45], "pause")


def at(angle: float) -> NDArray[np.float32]:
    """An embedding (2, 3) of a sign, by an angle that tells it from others."""
    views = [(np.cos(angle), np.sin(angle), 0), (np.cos(angle), 0, np.sin(angle))]
    return np.array(views, dtype=np.float32)


class Angles:
    """A lesson whose segments look as the next of some angles says."""

    def __init__(self, segment: Segment, *angles: float, want: int = 3) -> None:
        views = iter([at(angle) for angle in angles])
        self.lesson = Lesson("tea", want, lambda _: next(views), 0.0)
        self.notes = [self.lesson.push(segment, 1.0).note for _ in angles]


# Lesson


def test_like_examples_are_taken_until_there_are_enough(segment: Segment) -> None:
    lesson = Lesson("tea", 3, lambda _: at(0.1), 0.0)
    assert lesson.progress() == Progress("tea", 0, 3, "", "learning")
    assert [lesson.push(segment, 1.0).have for _ in range(3)] == [1, 2, 3]
    assert lesson.is_complete


def test_unlike_example_is_asked_for_again(segment: Segment) -> None:
    signs = Angles(segment, 0.0, 0.1, 1.5, 0.05)
    assert signs.notes == ["", "", "not like the others", ""]
    assert len(signs.lesson.segments) == 3


def test_odd_first_example_gives_way_to_two_that_agree(segment: Segment) -> None:
    signs = Angles(segment, 1.5, 0.0, 0.1, 0.05)
    assert signs.notes == ["", "not like the others", "", ""]
    assert len(signs.lesson.segments) == 3


def test_three_examples_that_all_differ_are_no_word(segment: Segment) -> None:
    signs = Angles(segment, 0.0, 1.5, 2.9, 0.0)
    assert signs.notes == ["", "not like the others", "not like the others", ""]


def test_dropped_example_counts_no_more_and_its_number_is_not_given_again(
    segment: Segment,
) -> None:
    lesson = Lesson("tea", 2, lambda _: at(0.1), 0.0, is_reviewed=True)
    lesson.push(segment, 1.0)
    lesson.push(segment, 2.0)
    assert lesson.is_reviewing
    lesson.drop(1, 3.0)
    assert (len(lesson.segments), lesson.is_reviewing) == (1, True)
    with pytest.raises(ConfigError, match="there is no example 1"):
        lesson.drop(1, 3.0)
    lesson.go_on(3.0, 0.0)
    lesson.push(segment, 4.0)
    assert [one.number for one in lesson.examples] == [2, 3]
    assert lesson.is_reviewing


def test_unlike_example_may_be_kept_and_an_unfit_one_may_not(segment: Segment) -> None:
    signs = Angles(segment, 0.0, 0.1, 1.5, want=5)
    signs.lesson.keep(3, 2.0)
    assert len(signs.lesson.segments) == 3
    signs.lesson.push(Declined(0, 0.1, "too_short"), 3.0)
    with pytest.raises(ConfigError, match="example 4 cannot be kept: too short"):
        signs.lesson.keep(4, 4.0)


def test_dropped_odd_example_is_not_brought_back_by_one_like_it(segment: Segment) -> None:
    views = iter([at(0.0), at(1.5), at(1.5)])
    lesson = Lesson("tea", 3, lambda _: next(views), 0.0)
    lesson.push(segment, 1.0)
    assert lesson.push(segment, 2.0).note == "not like the others"
    lesson.drop(2, 2.5)
    assert lesson.push(segment, 3.0).note == "not like the others"
    assert [one.number for one in lesson.examples if one.is_good] == [1]


def test_nothing_counts_during_the_countdown(segment: Segment) -> None:
    lesson = Lesson("tea", 3, lambda _: at(0.0), 100.0, countdown=3.0)
    assert lesson.countdown(101.0) == 2.0
    assert not lesson.is_awaited(replace(segment, onset=102.4))
    assert lesson.is_awaited(replace(segment, onset=102.6))  # hands leave their rest early
    assert lesson.countdown(104.0) == 0.0
    assert not lesson.is_overdue(103 + PATIENCE - 0.1)
    assert lesson.is_overdue(103 + PATIENCE)


def test_unfit_examples_do_not_pile_up(segment: Segment) -> None:
    lesson = Lesson("tea", 3, lambda _: at(0.0), 0.0)
    lesson.push(segment, 1.0)
    for _ in range(50):
        lesson.push(Declined(0, 0.1, "too_short"), 1.0)
    assert len(lesson.examples) == 11
    assert len(lesson.segments) == 1


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ("declined", "too short"),
        ("low_fps", "too few frames"),
        ("one frame", "too short"),
        ("max_length", "too long"),
        ("thirty seconds", "too long"),
        ("no hand", "no hand seen"),
    ],
)
def test_unfit_example_is_told_and_not_taken(segment: Segment, change: str, note: str) -> None:
    handless = segment.points.copy()
    handless[:, 33:] = np.nan
    items: dict[str, Segment | Declined] = {
        "declined": Declined(0, 0.1, "too_short"),
        "low_fps": Declined(0, 0.1, "low_fps"),
        "one frame": replace(segment, times=segment.times[:1], points=segment.points[:1]),
        "max_length": replace(segment, cause="max_length"),
        "thirty seconds": replace(segment, times=segment.times * 15),
        "no hand": replace(segment, points=handless),
    }
    lesson = Lesson("tea", 3, lambda _: at(0.0), 0.0)
    progress = lesson.push(items[change], 1.0)
    assert (progress.note, progress.have, lesson.segments) == (note, 0, [])
    assert progress.spoken == f"{note}, again please"


def test_patience_ends_a_minute_after_the_last_sign(segment: Segment) -> None:
    lesson = Lesson("tea", 3, lambda _: at(0.0), 100.0)
    assert not lesson.is_overdue(100 + PATIENCE - 0.1)
    assert lesson.is_overdue(100 + PATIENCE)
    lesson.push(segment, 130.0)
    assert not lesson.is_overdue(130 + PATIENCE - 0.1)


@pytest.mark.parametrize(
    ("progress", "spoken"),
    [
        (Progress("tea", 0, 5, "", "learning"), "sign tea"),
        (Progress("tea", 3, 5, "", "learning"), "2 more"),
        (Progress("tea", 5, 5, "", "known"), "I know tea"),
        (Progress("tea", 0, 0, "", "forgotten"), "tea is forgotten"),
        (Progress("tea", 2, 5, "paused", "failed"), "I gave up tea"),
    ],
)
def test_prompts_are_short(progress: Progress, spoken: str) -> None:
    assert progress.spoken == spoken
    assert progress.is_over == (progress.state != "learning")


# Teacher


@pytest.fixture
def teacher(settings: Settings, bundle: Bundle) -> Teacher:
    """Teach the shipped network."""
    return Teacher(settings.learning, make_classifier(bundle))


def states(steps: list[Progress]) -> list[tuple[int, str]]:
    """List (examples, state)."""
    return [(step.have, step.state) for step in steps]


def test_lesson_makes_a_word_known_now_and_at_the_next_start(
    teacher: Teacher, settings: Settings, bundle: Bundle, segment: Segment
) -> None:
    assert states(teacher.learn("Blub", 0.0, 3)) == [(0, "learning")]
    assert states(teacher.push(segment, 1.0)) == [(1, "learning")]
    assert states(teacher.push(segment, 2.0)) == [(2, "learning")]
    assert states(teacher.push(segment, 3.0)) == [(3, "learning"), (3, "known")]
    assert not teacher.is_teaching
    assert teacher.push(segment, 4.0) == []
    later = make_classifier(bundle)
    Teacher(settings.learning, later)
    assert dict(later.taught) == {"blub": 3}
    assert later.classify_together([segment]).top[0][0] == "blub"


def test_spoken_form_is_taught_and_forgotten_with_the_word(
    settings: Settings, bundle: Bundle, segment: Segment
) -> None:
    teacher = Teacher(settings.learning, make_classifier(bundle), bundle.forms)
    for word, display in (("blub", "blub"), ("thank you", bundle.forms["thank you"][0])):
        teacher.learn(word, 0.0, 3, spoken="bloob")
        for _ in range(3):
            teacher.push(segment, 1.0)
        assert teacher.forms[word] == (display, "bloob")
    later = Teacher(settings.learning, make_classifier(bundle), bundle.forms)
    assert later.forms["blub"] == ("blub", "bloob")
    later.forget("blub")
    later.forget("thank you")
    assert later.forms == bundle.forms


def test_examples_that_nobody_looks_at_are_given_up(teacher: Teacher, segment: Segment) -> None:
    teacher.learn("blub", 0.0, 3, is_reviewed=True)
    for _ in range(3):
        teacher.push(segment, 1.0)
    assert teacher.view(2.0, is_signing=True).state == "reviewing"
    assert not teacher.is_teaching
    assert teacher.tick(600.9) == []
    (end,) = teacher.tick(601.0)
    assert (end.state, end.note) == ("failed", "the examples were not looked at for ten minutes")
    assert teacher.view(602.0, is_signing=False).state == "idle"
    assert teacher.store.read() == {}


def test_forgotten_word_is_not_recognised_any_more(teacher: Teacher, segment: Segment) -> None:
    teacher.learn("blub", 0.0, 3)
    for _ in range(3):
        teacher.push(segment, 1.0)
    assert states(teacher.obey("forget", "blub", 2.0)) == [(0, "forgotten")]
    assert dict(teacher._classifier.taught) == {}
    assert teacher.store.read() == {}
    (again,) = teacher.obey("forget", "blub", 3.0)
    assert (again.state, again.note) == ("failed", "'blub' is not among the taught words")


def test_lesson_that_nobody_attends_is_given_up(teacher: Teacher, segment: Segment) -> None:
    teacher.learn("blub", 0.0)
    teacher.push(segment, 10.0)
    assert teacher.tick(69.0) == []
    (end,) = teacher.tick(70.0)
    assert (end.state, end.have, end.want) == ("failed", 1, 5)
    assert teacher.tick(71.0) == []
    assert teacher.store.read() == {}


def test_forgetting_the_word_that_is_taught_ends_its_lesson(teacher: Teacher) -> None:
    teacher.learn("blub", 0.0)
    assert states(teacher.obey("forget", "blub", 1.0)) == [(0, "forgotten")]
    assert not teacher.is_teaching


def test_command_that_fails_leaves_the_lesson(teacher: Teacher) -> None:
    teacher.learn("blub", 0.0)
    assert teacher.obey("learn", "\x00", 1.0) == []
    assert teacher.obey("forget", "unknown", 1.0) == []
    assert teacher.is_teaching


def test_word_that_is_taken_for_a_shipped_one_is_told(teacher: Teacher, bundle: Bundle) -> None:
    (clip,) = [c for c in read_clips(bundle.path / "prototypes.npz") if c.label == "drink"]
    sign = Segment(0, len(clip.points) / clip.fps, clip.times, clip.points, "pause")
    teacher.learn("beverage", 0.0, 3)
    *_, end = [step for _ in range(3) for step in teacher.push(sign, 1.0)]
    assert end.state == "known"
    assert end.note == "looks like 'drink', which will often win"


def test_store_that_cannot_be_written_is_told(
    settings: Settings, bundle: Bundle, segment: Segment, tmp_path: Path
) -> None:
    (tmp_path / "taught").touch()  # a file where the folder should be
    teacher = Teacher(settings.learning, make_classifier(bundle))
    teacher.learn("blub", 0.0, 3)
    *_, end = [step for _ in range(3) for step in teacher.push(segment, 1.0)]
    assert end.state == "failed"
    assert "cannot be written" in end.note


def test_bundle_of_letters_cannot_learn(settings: Settings) -> None:
    from edge.recognition.bundle import find_bundle, read_bundle

    teacher = Teacher(settings.learning, make_classifier(read_bundle(find_bundle("letters"))))
    with pytest.raises(ConfigError, match="cannot learn"):
        teacher.learn("blub", 0.0)


# Recognizer


def stream(signing: Signing, signs: int, start: float = 0.0) -> list[Landmarks]:
    """Sign the same several times."""
    every = 4.0
    spans = tuple((1 + every * i, 2.5 + every * i) for i in range(signs))
    return signing.but(signs=spans, length=every * signs + 2).landmarks(start)


def test_segments_go_to_the_lesson_and_then_to_the_word(
    settings: Settings, bundle: Bundle, signing: Signing
) -> None:
    recognizer = Recognizer(settings, bundle)
    recognizer.teacher.learn("blub", 0.0, 3)
    events = [event for item in stream(signing, 3) for event in recognizer.push(item)]
    lesson = [event for event in events if isinstance(event, Progress)]
    assert states(lesson) == [(1, "learning"), (2, "learning"), (3, "learning"), (3, "known")]
    assert not [event for event in events if isinstance(event, Sign)]
    later = [event for item in stream(signing, 1, 100.0) for event in recognizer.push(item)]
    (sign,) = [event for event in later if isinstance(event, Sign)]
    assert (sign.gloss, sign.display, sign.spoken) == ("blub", "blub", "blub")
    assert sign.top[0] == ("blub", sign.probability)
    recognizer.close()


def test_lesson_runs_out_while_nobody_signs(
    settings: Settings, bundle: Bundle, signing: Signing
) -> None:
    recognizer = Recognizer(settings, bundle)
    recognizer.teacher.learn("blub", 0.0)
    idle = signing.but(signs=(), length=62.0, fps=5.0).landmarks()
    events = [event for item in idle for event in recognizer.push(item)]
    assert [event.state for event in events if isinstance(event, Progress)] == ["failed"]
    recognizer.close()


def test_shipped_examples_are_looked_at_one_by_one(teacher: Teacher, segment: Segment) -> None:
    classifier = teacher._classifier
    assert classifier._matcher._anchors is None
    teacher.learn("blub", 0.0, 3)
    for _ in range(5):
        teacher.tick(1.0)
    assert len(classifier._anchors) == 5
    for _ in range(3):
        teacher.push(segment, 2.0)
    assert classifier._matcher._anchors is not None
    assert len(classifier._matcher._anchors) == len(classifier._anchors) > 100


# Files and sources


def test_clips_of_the_word_teach_it(
    settings: Settings, bundle: Bundle, signing: Signing, tmp_path: Path
) -> None:
    _, points = signing.arrays()
    still = signing.but(signs=()).arrays()[1]
    path = tmp_path / "clips.npz"
    write_clips(path, [*[Clip("blub", "a", 15, points)] * 4, Clip("rest", "a", 15, still)])
    *_, end = learn_from_files("Blub", [path], None, settings, bundle)
    assert (end.word, end.have, end.state) == ("blub", 4, "known")
    ((word, examples),) = Store(tmp_path / "taught").read().items()
    assert (word, len(examples)) == ("blub", 4)


@pytest.mark.parametrize("kind", ["boundary", "hysteresis"])
def test_clips_that_teach_are_cut_by_the_segmenter_that_the_settings_name(
    kind: str, settings: Settings, bundle: Bundle, archives: Path, tmp_path: Path
) -> None:
    chosen = SegmenterSettings.model_validate({"kind": kind, "margin": 0.3})
    segmenter = make_segmenter(chosen, None)
    clips = read_clips(archives / "wlasl100-val.npz")[:8]
    spans = set()
    for clip in clips:
        segmenter.reset()
        pieces = [one for one in feed(segmenter, clip.landmarks()) if isinstance(one, Segment)]
        longest = max(pieces, key=lambda one: one.offset - one.onset)
        spans.add(round(longest.times[-1] - longest.times[0], 3))
    path = tmp_path / "clips.npz"
    write_clips(path, [replace(clip, label="blub") for clip in clips])
    settings = settings.model_copy(update={"segmenter": chosen})
    *_, end = learn_from_files("blub", [path], None, settings, bundle)
    assert end.state == "known"
    examples = Store(tmp_path / "taught").read()["blub"]
    assert len(examples) >= 5
    assert {round(one.times[-1] - one.times[0], 3) for one in examples} <= spans


def test_too_few_clips_teach_nothing(
    settings: Settings, bundle: Bundle, signing: Signing, tmp_path: Path
) -> None:
    _, points = signing.arrays()
    path = tmp_path / "clips.npz"
    write_clips(path, [Clip("", "a", 15, points)] * 2)
    *_, end = learn_from_files("blub", [path], None, settings, bundle)
    assert end.state == "failed"
    assert f"{EXAMPLES_MIN} are needed" in end.note
    assert not (tmp_path / "taught").exists()


def test_source_that_ends_early_teaches_nothing(
    settings: Settings, bundle: Bundle, signing: Signing, tmp_path: Path
) -> None:
    _, points = signing.arrays()
    path = tmp_path / "clips.npz"
    write_clips(path, [Clip("", "a", 15, points)] * 2)
    camera = settings.camera.model_copy(update={"source": f"archive:{path}"})
    settings = settings.model_copy(update={"camera": camera})
    steps = list(learn_from_source("blub", 3, settings, bundle))
    assert states(steps) == [(0, "learning"), (1, "learning"), (2, "learning"), (2, "failed")]
    assert steps[-1].note == "the source has ended"


@pytest.mark.skipif(os.path.exists("/dev/video0"), reason="there is a camera")  # noqa: PTH110
def test_camera_that_is_not_free_is_told_with_the_way_out(
    settings: Settings, bundle: Bundle
) -> None:
    camera = settings.camera.model_copy(update={"source": "/dev/video0"})
    settings = settings.model_copy(update={"camera": camera})
    with pytest.raises(SourceError, match="it holds the camera: send it the MQTT command"):
        list(learn_from_source("blub", 3, settings, bundle))
