"""Training and export as their user starts them, on people made of numbers."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from extras import needs

from edge.landmarks.archive import Clip, write_clips
from edge.recognition.bundle import OTHER, read_bundle
from edge.recognition.classifying.classifier import Classifier

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Signing

pytestmark = [needs("tensorflow"), pytest.mark.slow]

RECIPE = """
[data]
known = ["signs.npz"]
holdout = 0.25
[architecture]
name = "conv1d"
options = { width = 16 }
[schedule]
epochs = 20
batch = 8
rate = 0.01
averaging = 0.5
"""


def clips(signing: Signing) -> list[Clip]:
    """Three signs that differ in their waving and hands, by eight people of various heights."""
    kinds = {
        "still": {"waves": 0.0},
        "wave": {"waves": 2.0},
        "both": {"waves": 0.0, "is_both": True},
    }
    found = []
    for person in range(8):
        for label, kind in kinds.items():
            for again in range(2):
                length = 1.3 + 0.1 * person + 0.1 * again
                one = signing.but(**kind, signs=((0.5, 0.5 + length),), length=3.0, trembling=0.01)
                found.append(Clip(label, f"p{person}", 15.0, one.arrays()[1], ""))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, signing: Signing) -> Path:
    folder = tmp_path_factory.mktemp("training")
    write_clips(folder / "signs.npz", clips(signing))
    (folder / "small.toml").write_text(RECIPE)
    return folder


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "edge", *arguments]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=environment(),
    )


def environment() -> dict[str, str]:
    from edge import __file__ as package

    root = os.path.dirname(os.path.dirname(package))  # noqa: PTH120 - for PYTHONPATH
    return {**os.environ, "PYTHONPATH": root}


def epochs(path: Path) -> list[int]:
    with path.open() as file:
        return [int(row["epoch"]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def finished(folder: Path) -> Path:
    """A run that was killed midway and started again."""
    log = folder / "runs/small/log.csv"
    train = command("train", "small.toml", "--data", ".")
    with subprocess.Popen(
        train, cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 120
        while not (log.exists() and len(epochs(log)) >= 2):
            assert process.poll() is None, "ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert not (folder / "runs/small/model.keras").exists()
    again = run(folder, "train", "small.toml", "--data", ".")
    assert again.returncode == 0, again.stderr
    return folder / "runs/small"


def test_killed_run_goes_on_where_it_stopped(finished: Path) -> None:
    found = epochs(finished / "log.csv")
    assert found[-1] == 19
    assert len(found) <= 21  # at most the epoch that was under way is done twice
    assert sorted(set(found)) == list(range(20))


def test_run_folder_holds_what_is_needed_to_judge_it(finished: Path) -> None:
    for name in ("curves.png", "confusion.png"):
        assert (finished / name).read_bytes().startswith(b"\x89PNG")
    with (finished / "classes.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {"still", "wave", "both"} <= {next(iter(row.values())) for row in rows}
    assert (finished / "confused.md").exists()


def test_other_recipe_does_not_go_on_in_the_same_folder(finished: Path) -> None:
    folder = finished.parent.parent
    other = run(folder, "train", "small.toml", "--data", ".", "--set", "seed=2")
    assert other.returncode == 2
    assert "recipe.json" in other.stderr
    assert len(other.stderr.splitlines()) == 1


def test_exported_bundle_tells_the_signs_apart(finished: Path, signing: Signing) -> None:
    folder = finished.parent.parent
    result = run(folder, "export", "runs/small", "--bundle", "models/small")
    assert result.returncode == 0, result.stderr
    bundle = read_bundle(folder / "models/small")
    assert bundle.glosses == ("both", OTHER, "still", "wave")
    assert (folder / "models/small/README.md").read_text().startswith("# Model card: small")
    assert (folder / "models/small/prototypes.npz").exists()
    figures = json.loads((folder / "models/small/model.json").read_text())["metrics"]
    assert figures["int8_against_float"]["same_top1"] >= 0.75
    classifier = Classifier(bundle)
    right = [
        classifier.classify(clip.times, clip.points, 0.0, 1.0).top[0][0] == clip.label
        for clip in clips(signing)
    ]
    assert np.mean(right) > 0.8


def test_second_run_starts_from_the_first(finished: Path) -> None:
    folder = finished.parent.parent
    changes = ("schedule.start=small", "schedule.epochs=1", "schedule.rate=1e-9")
    options = [part for change in changes for part in ("--set", change)]
    result = run(folder, "train", "small.toml", "--data", ".", "--run", "runs/next", *options)
    assert result.returncode == 0, result.stderr
    accuracy = []
    for name in ("small", "next"):
        with (folder / "runs" / name / "log.csv").open() as file:
            accuracy.append(float(list(csv.DictReader(file))[-1]["val_accuracy"]))
    assert accuracy[1] == pytest.approx(accuracy[0], abs=0.2)


def test_unfinished_run_is_no_bundle(folder: Path) -> None:
    (folder / "runs/empty").mkdir(parents=True)
    result = run(folder, "export", "runs/empty", "--bundle", "models/none")
    assert result.returncode == 2
    assert "model.keras: no such file" in result.stderr
