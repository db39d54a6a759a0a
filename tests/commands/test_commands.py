"""The commands' output, line by line, and what they do not import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from patience import AGES

from edge.__main__ import main
from edge.landmarks.archive import Clip, read_clips, write_clips

if TYPE_CHECKING:
    from conftest import Signing

pytestmark = pytest.mark.usefixtures("bare_environment")

ROOT = Path(__file__).resolve().parents[2]
PROTOTYPES = ROOT / "models" / "words" / "prototypes.npz"
VIDEO = ROOT.parent / "shared" / "media" / "words" / "drink__wlasl_115__69302.mp4"
SPOKEN = ["yes", "no", "help", "eat", "drink", "computer"]


def lines_of(capfd: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """Run a command that must succeed and return the JSON objects it prints."""
    assert main([*arguments, "--json"]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert all(isinstance(line, dict) for line in lines)
    return lines


def prototypes_of(*glosses: str) -> list[Clip]:
    """Return the model's own examples of some words."""
    return [clip for gloss in glosses for clip in read_clips(PROTOTYPES) if clip.label == gloss]


def assert_is_ranking(top: list[tuple[str, float]]) -> None:
    """Check (gloss, probability) pairs, best first."""
    glosses, probabilities = zip(*top, strict=True)
    assert len(set(glosses)) == len(glosses) == 10
    assert all(0 <= probability <= 1 for probability in probabilities)
    assert sorted(probabilities, reverse=True) == list(probabilities)
    assert sum(probabilities) <= 1.001


# replay


@pytest.fixture
def events(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What replay says of six words."""
    return lines_of(capfd, "replay", f"archive:{PROTOTYPES}#{','.join(SPOKEN)}")


def test_replay_prints_each_word_with_its_times_and_candidates(
    events: list[dict[str, Any]],
) -> None:
    signs = [event for event in events if event["type"] == "sign"]
    assert [sign["gloss"] for sign in signs] == SPOKEN
    for sign in signs:
        assert sign.keys() >= {"gloss", "probability", "top", "onset", "offset", "decided"}
        assert sign["onset"] < sign["offset"] <= sign["decided"] < sign["offset"] + 1.5
        assert 0.4 <= sign["probability"] <= 1
        assert sign["top"][0] == [sign["gloss"], sign["probability"]]
        assert_is_ranking(sign["top"])
    assert all(a["offset"] <= b["onset"] for a, b in pairwise(signs))


def test_replay_prints_the_sentence_once_after_its_last_word(
    events: list[dict[str, Any]],
) -> None:
    signs = [event for event in events if event["type"] == "sign"]
    (utterance,) = [event for event in events if event["type"] == "utterance"]
    assert events.index(utterance) > events.index(signs[-1])
    assert utterance.keys() >= {"text", "glosses", "onset", "offset"}
    assert utterance["text"] == " ".join(SPOKEN)
    assert utterance["glosses"] == SPOKEN
    assert (utterance["onset"], utterance["offset"]) == (signs[0]["onset"], signs[-1]["offset"])


def test_replay_prints_states_in_turn_and_ends_idle(events: list[dict[str, Any]]) -> None:
    states = [event for event in events if event["type"] == "state"]
    assert all(state.keys() == {"type", "time", "state"} for state in states)
    assert [state["state"] for state in states] == ["signing", "idle"] * len(SPOKEN)
    times = [state["time"] for state in states]
    assert sorted(times) == times
    assert {event["type"] for event in events} <= {"sign", "utterance", "state", "declined"}


def test_replay_says_the_same_each_time(
    events: list[dict[str, Any]], capfd: pytest.CaptureFixture[str]
) -> None:
    again = lines_of(capfd, "replay", f"archive:{PROTOTYPES}#{','.join(SPOKEN)}")
    assert again == events


def test_replay_declines_all_below_the_threshold(capfd: pytest.CaptureFixture[str]) -> None:
    source = f"archive:{PROTOTYPES}#{','.join(SPOKEN)}"
    events = lines_of(capfd, "replay", source, "--set", "classifier.threshold=1.0")
    declined = [event for event in events if event["type"] == "declined"]
    assert {event["type"] for event in events} == {"state", "declined"}
    assert len(declined) == len(SPOKEN)
    assert {event["reason"] for event in declined} == {"unsure"}


def test_replay_for_people_says_why_nothing_was_said(capfd: pytest.CaptureFixture[str]) -> None:
    strict = ["--set", "classifier.threshold=1.0"]
    assert main(["replay", f"archive:{PROTOTYPES}#yes", *strict]) == 0
    printed = capfd.readouterr().out
    assert printed.startswith("nothing was said: not sure enough at ")
    assert "the likeliest are yes" in printed


def test_replay_for_people_shows_words_and_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", f"archive:{PROTOTYPES}#yes,no"]) == 0
    first, second, sentence = capfd.readouterr().out.splitlines()
    assert "yes (0." in first
    assert "no (" in second
    assert "“yes no”" in sentence


# classify


def test_classify_prints_a_line_for_each_clip_of_an_archive(
    capfd: pytest.CaptureFixture[str],
) -> None:
    lines = lines_of(capfd, "classify", str(PROTOTYPES))
    clips = read_clips(PROTOTYPES)
    assert len(lines) == len(clips)
    for line, clip in zip(lines, clips, strict=True):
        assert line.keys() == {"file", "clip", "top"}
        assert line["file"] == str(PROTOTYPES)
        assert line["clip"] == clip.name
        assert_is_ranking(line["top"])
    best = {clip.label: line["top"][0][0] for line, clip in zip(lines, clips, strict=True)}
    assert [best[gloss] for gloss in SPOKEN] == SPOKEN


def test_classify_takes_several_files_and_numbers_clips_without_names(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for path, glosses in zip(paths, (("yes", "no"), ("eat",)), strict=True):
        clips = prototypes_of(*glosses)
        write_clips(path, [Clip(c.label, c.signer, c.fps, c.points) for c in clips])
    lines = lines_of(capfd, "classify", *map(str, paths))
    assert [(line["file"], line["clip"], line["top"][0][0]) for line in lines] == [
        (str(paths[0]), "0", "yes"),
        (str(paths[0]), "1", "no"),
        (str(paths[1]), "0", "eat"),
    ]


def test_classify_recognises_a_video(capfd: pytest.CaptureFixture[str]) -> None:
    if not VIDEO.is_file():
        pytest.skip(f"{VIDEO} is not here")
    (line,) = lines_of(capfd, "classify", str(VIDEO))
    assert line.keys() == {"file", "clip", "top"}
    assert line["file"] == str(VIDEO)
    assert line["top"][0][0] == "drink"
    assert_is_ranking(line["top"])


def test_classify_stops_at_the_first_bad_file_after_the_good_ones(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.npz", tmp_path / "bad.npz"
    write_clips(good, prototypes_of("yes"))
    assert main(["classify", "--json", str(good), str(bad)]) == 1
    out, err = capfd.readouterr()
    assert json.loads(out)["top"][0][0] == "yes"
    assert err.splitlines() == [f"sign-edge: {bad}: no such file"]


# evaluate


def test_evaluate_counts_right_wrong_and_unknown(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    yes, no, eat = prototypes_of("yes", "no", "eat")
    clips = [
        yes,
        no,
        Clip("no", "b", eat.fps, eat.points),  # really "eat"
        Clip("nosuchword", "b", eat.fps, eat.points),
    ]
    path = tmp_path / "clips.npz"
    write_clips(path, clips)
    (report,) = lines_of(capfd, "evaluate", str(path), "--model", "words")
    assert report.keys() >= {
        "model", "clips", "top1", "top5", "macro_top1", "declined", "per_label", "unknown_label"
    }  # fmt: skip
    assert report["model"] == "words"
    assert report["clips"] == 3
    assert report["unknown_label"] == 1
    assert report["top1"] == pytest.approx(2 / 3, abs=1e-4)
    assert report["macro_top1"] == pytest.approx(3 / 4)
    assert report["top1"] <= report["top5"] <= 1
    assert report["declined"] == 0
    assert report["per_label"] == {
        "no": {"clips": 2, "top1": 0.5},
        "yes": {"clips": 1, "top1": 1.0},
    }


def test_evaluate_ranks_before_it_declines(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "clips.npz"
    write_clips(path, prototypes_of("yes", "no"))
    (report,) = lines_of(capfd, "evaluate", str(path), "--set", "classifier.threshold=1.0")
    assert report["top1"] == 1
    assert report["declined"] == 1


def test_evaluate_puts_several_archives_into_one_report(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = [str(tmp_path / f"{gloss}.npz") for gloss in ("yes", "no")]
    for path, gloss in zip(paths, ("yes", "no"), strict=True):
        write_clips(Path(path), prototypes_of(gloss))
    (report,) = lines_of(capfd, "evaluate", *paths)
    assert report["clips"] == 2
    assert set(report["per_label"]) == {"yes", "no"}


def test_evaluate_of_nothing_known_has_no_shares(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "clips.npz"
    blank = np.full((12, 75, 3), np.nan, np.float32)
    write_clips(path, [Clip("nosuchword", "a", 15.0, blank)])
    (report,) = lines_of(capfd, "evaluate", str(path))
    assert (report["clips"], report["unknown_label"]) == (0, 1)
    assert report["top1"] is report["top5"] is report["macro_top1"] is report["declined"] is None
    assert report["per_label"] == {}


# learn, forget, signs


@pytest.fixture
def lesson(tmp_path: Path, signing: Signing) -> Path:
    """Four clips of a movement that is no shipped word; taught words go into the test's folder."""
    _, points = signing.arrays()
    path = tmp_path / "lesson.npz"
    write_clips(path, [Clip("wave", "a", 15.0, points)] * 4)
    # What moves here has learnt from nobody; it is cut by height and speed of the hands.
    (tmp_path / "config.toml").write_text(
        f"[learning]\nfolder = '{tmp_path / 'taught'}'\n[segmenter]\nkind = 'hysteresis'\n"
    )
    return path


def test_learnt_word_is_classified_replayed_listed_and_forgotten(
    lesson: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    *_, end = lines_of(capfd, "learn", "Wave", "--from", str(lesson))
    assert (end["word"], end["have"], end["state"]) == ("wave", 4, "known")

    for line in lines_of(capfd, "classify", str(lesson)):
        assert line["top"][0][0] == "wave"
    events = lines_of(capfd, "replay", f"archive:{lesson}")
    assert {e["gloss"] for e in events if e["type"] == "sign"} == {"wave"}

    signs = lines_of(capfd, "signs")
    (wave,) = [sign for sign in signs if not sign["is_shipped"]]
    assert wave == {
        "gloss": "wave", "display": "wave", "spoken": "wave", "is_shipped": False, "examples": 4,
    }  # fmt: skip
    assert "other" not in {sign["gloss"] for sign in signs}

    assert main(["forget", "wave"]) == 0
    assert capfd.readouterr().out == "forgotten: wave\n"
    assert all(sign["is_shipped"] for sign in lines_of(capfd, "signs"))
    assert main(["forget", "wave"]) == 1
    assert "not among the taught words" in capfd.readouterr().err


def test_word_is_learnt_from_a_source(lesson: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ["learn", "wave", "--source", f"archive:{lesson}", "--examples", "3"]
    assert main([*arguments, "--set", "segmenter.kind=hysteresis"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "learning: wave, 0 of 3"
    assert lines[-1] == "known: wave, 3 of 3"


def test_evaluate_measures_the_bundle_without_taught_words(
    lesson: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines_of(capfd, "learn", "wave", "--from", str(lesson))
    (report,) = lines_of(capfd, "evaluate", str(lesson))
    assert (report["clips"], report["unknown_label"]) == (0, 4)


@pytest.mark.parametrize("word", ["", "x" * 41, "other", "a\x07"])
def test_unusable_word_is_refused_with_exit_code_two(
    word: str, lesson: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["learn", word, "--from", str(lesson)]) == 2
    assert main(["forget", word]) == 2
    assert all(line.startswith("sign-edge: ") for line in capfd.readouterr().err.splitlines())


# check


def test_check_prints_findings_as_json(capfd: pytest.CaptureFixture[str]) -> None:
    code = main(["check", "--json", "--set", f"camera.source=archive:{PROTOTYPES}"])
    findings = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert findings
    assert all(finding.keys() >= {"area", "ok", "text", "advice"} for finding in findings)
    assert code == (0 if all(finding["ok"] for finding in findings) else 1)


# Imports

REPORT = "import sys, json; print(json.dumps(sorted({n.partition('.')[0] for n in sys.modules})))"


def run_python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=AGES,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["run", "--help"], ["dataset", "import", "--help"], ["nonsense"]],
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from edge.__main__ import main\n"
        "try:\n    main(sys.argv[1:])\n"
        f"except SystemExit:\n    {REPORT}\n"
    )
    ended = run_python(program, *arguments)
    modules = set(json.loads(ended.stdout.splitlines()[-1]))
    heavy = {"numpy", "cv2", "mediapipe", "pydantic", "paho", "tensorflow", "rich"}
    heavy |= {"ai_edge_litert", "tflite_runtime"}
    assert "edge" in modules
    assert not modules & heavy


def test_daemon_on_an_archive_loads_neither_mediapipe_nor_tensorflow() -> None:
    program = f"import sys\nfrom edge.__main__ import main\ncode = main(sys.argv[1:])\n{REPORT}"
    settings = ["mqtt.enabled=false", "speech.enabled=false", "camera.archive_rest=0.6"]
    given = [f"--set={setting}" for setting in settings]
    ended = run_python(program, "run", "--source", f"archive:{PROTOTYPES}#yes", *given)
    assert ended.returncode == 0, ended.stderr
    modules = set(json.loads(ended.stdout.splitlines()[-1]))
    assert "numpy" in modules
    assert not modules & {"mediapipe", "tensorflow", "jax", "torch", "keras"}
