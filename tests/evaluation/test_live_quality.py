"""How decisions on a stream are scored, on cases small enough to count by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edge.config.settings import Settings
from edge.errors import ArchiveError, SourceError
from edge.evaluation.live_quality import Heard, Score, evaluate_streams, span_of
from edge.evaluation.sign_streams import SignSpan, Stream, StreamPlan
from edge.landmarks.archive import Clip, read_clips, write_clips
from edge.messages import Declined, Sign
from edge.recognition.bundle import OTHER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Signing

    from edge.recognition.bundle import Bundle

BOOK = SignSpan("book", 2.0, 4.0)
TREE = SignSpan("tree", 6.0, 7.0)
MOVEMENT = SignSpan("", 8.0, 9.0)
SHARES = ("found", "missed", "right", "wrong", "doubled", "said_right", "said_wrong")


def said(gloss: str, onset: float, offset: float, decided: float = 0.0, lag: float = 0.0) -> Heard:
    """A word that was said."""
    sign = Sign(gloss, gloss, gloss, 0.9, ((gloss, 0.9), ("x", 0.1)), onset, offset, decided)
    return Heard(sign, decided, lag)


def declined(gloss: str, onset: float, offset: float) -> Heard:
    """A word that was thought of and not said; without a gloss, nothing was thought of."""
    top = ((gloss, 0.4), ("x", 0.1)) if gloss else ()
    return Heard(Declined(onset, offset, "unsure" if gloss else "too_short", top), offset, 0.0)


def score(*heard: Heard, spans: tuple[SignSpan, ...] = (BOOK, TREE, MOVEMENT)) -> dict[str, Any]:
    """Score one stream of 13 seconds, 10 of them without a sign."""
    times = np.arange(0, 13.01, 0.5)
    stream = Stream(times, np.zeros((len(times), 75, 3), dtype=np.float32), spans)
    one = Score()
    one.add(stream, heard)
    return one.report()


def shares(report: dict[str, Any]) -> dict[str, float]:
    """Shares that are not 0."""
    return {name: report[name] for name in SHARES if report[name]}


def test_words_that_are_said_rightly_are_found_and_right() -> None:
    report = score(said("book", 2.1, 4.0, 4.3), said("tree", 6.2, 7.2, 7.5))
    assert report["signs"] == 2
    assert shares(report) == {"found": 1, "right": 1, "said_right": 1}
    assert report["false_words"] == report["false_per_hour"] == 0


def test_delay_is_from_the_true_end_and_lag_comes_on_top() -> None:
    report = score(said("book", 2.1, 4.5, 4.3, 0.05), said("tree", 6.2, 7.2, 7.5, 0.15))
    assert report["delay_median"] == pytest.approx(0.4)  # 0.3 and 0.5
    assert report["delay_p95"] == pytest.approx(0.49)
    assert report["delay_with_lag_median"] == pytest.approx(0.5)  # 0.35 and 0.65
    assert report["onset_error"] == pytest.approx(0.15)
    assert report["offset_error"] == pytest.approx(0.35)


def test_wrong_word_is_found_and_wrong() -> None:
    report = score(said("car", 2.0, 4.0), said("tree", 6.0, 7.0))
    assert shares(report) == {
        "found": 1, "right": 0.5, "wrong": 0.5, "said_right": 0.5, "said_wrong": 0.5,
    }  # fmt: skip


def test_sign_that_is_declined_is_found_but_not_said() -> None:
    report = score(declined("book", 2.0, 4.0), declined("car", 6.0, 7.0))
    assert shares(report) == {"found": 1, "right": 0.5, "wrong": 0.5}
    assert report["delay_median"] is report["delay_p95"] is report["delay_with_lag_median"] is None
    assert report["onset_error"] == 0


def test_sign_about_which_nothing_was_thought_is_missed() -> None:
    report = score(declined("", 2.0, 4.0))
    assert shares(report) == {"missed": 1}
    assert report["onset_error"] is None


def test_word_said_twice_is_doubled_and_its_best_piece_counts() -> None:
    report = score(said("car", 2.0, 2.6, 3.0), said("book", 2.6, 4.0, 4.4))
    assert shares(report) == {
        "found": 0.5, "missed": 0.5, "right": 0.5, "doubled": 0.5, "said_right": 0.5,
        "said_wrong": 0.5,
    }  # fmt: skip
    assert report["onset_error"] == pytest.approx(0.6)
    assert report["delay_median"] == pytest.approx(-1.0)  # the first that was said


def test_two_pieces_of_which_one_is_declined_are_not_doubled() -> None:
    report = score(declined("car", 2.0, 2.6), said("book", 2.6, 4.0))
    assert report["doubled"] == 0


@pytest.mark.parametrize(("onset", "offset"), [(8.0, 9.0), (0.0, 1.0), (4.2, 5.8), (10.0, 12.0)])
def test_word_where_no_sign_is_made_is_false(onset: float, offset: float) -> None:
    report = score(said("book", onset, offset))
    assert report["false_words"] == 1
    assert report["false_per_hour"] == 360  # one in ten silent seconds
    assert shares(report) == {"missed": 1}


def test_declined_where_no_sign_is_made_is_nothing() -> None:
    report = score(declined("book", 8.0, 9.0), declined("", 0.0, 1.0))
    assert report["false_words"] == 0


def test_silence_is_all_but_the_signs() -> None:
    assert score()["silent_hours"] == round(10 / 3600, 3)
    assert score(said("book", 0.0, 1.0), spans=(BOOK,))["false_per_hour"] == round(3600 / 11, 2)


def test_streams_add_up() -> None:
    times = np.arange(0, 13.01, 0.5)
    stream = Stream(times, np.zeros((len(times), 75, 3), dtype=np.float32), (BOOK,))
    together = Score()
    together.add(stream, [said("book", 2.0, 4.0)])
    together.add(stream, [said("car", 2.0, 4.0), said("car", 8.0, 9.0)])
    together.add(stream, [])
    report = together.report()
    assert (report["signs"], report["false_words"]) == (3, 1)
    assert [report[name] for name in ("right", "wrong", "missed")] == 3 * [0.3333]
    assert together.confused == {("book", "car"): 1}
    assert together.stray == {"car": 1}


def test_stream_without_signs_has_no_shares() -> None:
    report = score(said("book", 8.0, 9.0), spans=(MOVEMENT,))
    assert report["signs"] == 0
    assert all(report[name] is None for name in SHARES)
    assert report["false_words"] == 1


@pytest.mark.parametrize(
    ("onset", "offset", "span"),
    [
        (2.0, 4.0, BOOK),
        (2.9, 3.1, BOOK),  # within the sign
        (0.0, 9.0, BOOK),  # the sign within it: the longer overlap
        (1.0, 3.1, BOOK),  # just more than half of the sign
        (3.4, 4.6, BOOK),  # half of the decision
        (3.5, 4.6, None),
        (0.0, 2.9, None),
        (4.0, 6.0, None),
        (3.5, 6.9, TREE),
        (6.5, 6.5, None),
    ],
)
def test_decision_is_about_the_sign_it_shares_half_with(
    onset: float, offset: float, span: SignSpan | None
) -> None:
    assert span_of(said("book", onset, offset).decision, [BOOK, TREE]) == span


def test_decision_where_there_is_no_sign_at_all_is_about_none() -> None:
    assert span_of(said("book", 1.0, 2.0).decision, []) is None


# End to end


@pytest.fixture(scope="module")
def prototypes(bundle: Bundle) -> list[Clip]:
    """Four words of the bundle."""
    words = ("computer", "drink", "help", "yes")
    return [one for one in read_clips(bundle.path / "prototypes.npz") if one.label in words]


def measure(
    path: Path,
    clips: list[Clip],
    bundle: Bundle,
    *rates: float,
    send: Callable[[Sign], float] | None = None,
) -> dict[str, Any]:
    """Write an archive and evaluate on it."""
    write_clips(path / "clips.npz", clips)
    return evaluate_streams(
        [path / "clips.npz"],
        Settings(),
        bundle,
        seed=7,
        rates=rates,
        plan=StreamPlan(rest=(0.6, 1.2)),
        send=send,
    )


def test_words_of_the_bundle_are_found_and_mostly_right(
    tmp_path: Path, prototypes: list[Clip], bundle: Bundle
) -> None:
    sent: list[str] = []

    def send(sign: Sign) -> float:
        sent.append(sign.gloss)
        return 0.25

    report = measure(tmp_path, prototypes, bundle, 10.0, 15.0, send=send)
    json.dumps(report, allow_nan=False)
    assert (report["model"], report["seed"]) == (bundle.manifest.name, 7)
    assert list(report["by_fps"]) == ["10", "15"]
    assert report["by_fps"]["15"].items() <= report.items()
    assert report["signs"] == 4
    assert report["right"] >= 0.75
    assert report["doubled"] == 0
    assert report["silent_hours"] * 3600 > 4
    assert report["delay_with_lag_median"] >= report["delay_median"] + 0.25
    assert -2 < report["delay_median"] < 1.5
    assert report["idle"] is None
    rates = report["by_fps"].values()
    said_words = sum(4 * (one["said_right"] + one["said_wrong"]) for one in rates)
    assert len(sent) == said_words + sum(one["false_words"] for one in rates)


def test_same_seed_gives_the_same_report_but_for_computing(
    tmp_path: Path, prototypes: list[Clip], bundle: Bundle
) -> None:
    first, second = (measure(tmp_path, prototypes[:2], bundle, 10.0) for _ in range(2))
    for report in (first, second):
        for part in (report, *report["by_fps"].values()):
            del part["delay_with_lag_median"]
    assert first == second
    assert first["seed"] == 7


def test_headline_is_the_first_rate_where_fifteen_is_not_tried(
    tmp_path: Path, prototypes: list[Clip], bundle: Bundle
) -> None:
    report = measure(tmp_path, prototypes[:1], bundle, 12.0, 8.0)
    assert report["by_fps"]["12"].items() <= report.items()


@pytest.mark.parametrize("label", ["nosuchword", OTHER, ""])
def test_archive_without_a_known_sign_has_only_idle_figures(
    tmp_path: Path, signing: Signing, bundle: Bundle, label: str
) -> None:
    clips = [Clip(label, "a", 15.0, signing.arrays()[1])] * 2
    report = measure(tmp_path, clips, bundle, 15.0)
    json.dumps(report, allow_nan=False)
    assert report["signs"] == 0
    assert report["found"] is None
    assert report["confused"] == []
    idle = report["idle"]["15"]
    assert idle["signs"] == 0
    assert idle["silent_hours"] > 0
    assert idle["false_per_hour"] == pytest.approx(
        idle["false_words"] / idle["silent_hours"], rel=0.5
    )


def test_empty_archive_is_refused(tmp_path: Path, prototypes: list[Clip], bundle: Bundle) -> None:
    path = tmp_path / "empty.npz"
    write_clips(path, prototypes[:1])
    with np.load(path) as whole:
        parts = {name: whole[name][:0] for name in whole.files}
    np.savez(path, **parts)
    with pytest.raises(SourceError, match="no clip"):
        evaluate_streams([path], Settings(), bundle, seed=1)
    with pytest.raises(ArchiveError, match="no such file"):
        evaluate_streams([tmp_path / "gone.npz"], Settings(), bundle, seed=1)


def test_nobody_in_any_clip_is_no_sign_and_no_crash(tmp_path: Path, bundle: Bundle) -> None:
    blank = np.full((20, 75, 3), np.nan, dtype=np.float32)
    report = measure(tmp_path, [Clip("yes", "a", 15.0, blank)], bundle, 15.0)
    assert (report["signs"], report["idle"]) == (0, None)
    assert report["false_per_hour"] is None
