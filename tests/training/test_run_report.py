"""What is drawn and tabled of a finished run; TensorFlow is not needed, matplotlib is."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from extras import needs

from edge.training.run_report import count_confusions, read_log, write_curves, write_report

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = needs("matplotlib")
LOG = """epoch,accuracy,loss,val_accuracy,val_loss
0,0.25,3.0,NA,NA
1,0.50,2.0,0.4,2.5
1,0.55,1.9,0.45,2.4
2,0.75,1.0,NA,NA
"""
CLASSES = ["a", "b", "c", "d", "e", "f", "never"]
TARGETS = np.array([0, 0, 0, 1, 1, 2, 3, 4, 5], dtype=np.int32)
TAKEN = np.array([0, 1, 1, 1, 0, 2, 3, 4, 0])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with its log."""
    (tmp_path / "log.csv").write_text(LOG)
    return tmp_path


def logits_of(taken: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    """Logits whose best is as given, the other classes in the order of their numbers."""
    logits = np.tile(-np.arange(len(CLASSES), dtype=np.float32), (len(taken), 1))
    logits[np.arange(len(taken)), taken] = 9.0
    return logits


def shape_of(path: Path) -> tuple[int, ...]:
    """Height, width and channels of a picture."""
    image = cv2.imread(str(path))
    assert image is not None
    assert image.std() > 1  # something is drawn
    return image.shape


def test_confusions_are_counted_by_what_it_was_and_what_it_was_taken_for() -> None:
    matrix = count_confusions(TARGETS, logits_of(TAKEN))
    assert matrix.sum() == len(TARGETS)
    assert matrix[0].tolist() == [1, 2, 0, 0, 0, 0, 0]
    assert matrix[1].tolist() == [1, 1, 0, 0, 0, 0, 0]
    assert matrix[:, 0].tolist() == [1, 1, 0, 0, 0, 1, 0]


def test_classes_are_tabled_with_the_figures_of_a_count_by_hand(run: Path) -> None:
    write_report(run, CLASSES, TARGETS, logits_of(TAKEN))
    with (run / "classes.csv").open(newline="") as file:
        rows = {row["class"]: row for row in csv.DictReader(file)}
    assert list(rows) == CLASSES
    a = rows["a"]
    assert (a["clips"], a["top1"], a["recall"], a["precision"]) == (
        "3", "0.3333", "0.3333", "0.3333"
    )  # fmt: skip
    assert (a["f1"], a["taken_for"], a["times"]) == ("0.3333", "b", "2")
    assert (rows["b"]["precision"], rows["b"]["recall"]) == ("0.3333", "0.5000")
    assert (rows["b"]["f1"], rows["c"]["f1"]) == ("0.4000", "1.0000")
    assert (rows["c"]["taken_for"], rows["c"]["times"]) == ("", "")
    assert rows["f"]["top5"] == "0.0000"  # behind a, b, c, d and e
    assert rows["a"]["top5"] == "1.0000"


def test_class_without_examples_has_no_shares(run: Path) -> None:
    write_report(run, CLASSES, TARGETS, logits_of(TAKEN))
    last = (run / "classes.csv").read_text().splitlines()[-1]
    assert last == "never,0,,,,,,,"


def test_confused_pairs_are_listed_most_frequent_first(run: Path) -> None:
    write_report(run, CLASSES, TARGETS, logits_of(TAKEN))
    lines = (run / "confused.md").read_text().splitlines()
    assert lines[0].startswith("Most confused: 4 of 9 ")
    assert lines[4:] == [
        "| a | b | 2 | 67% of 3 |",
        "| b | a | 1 | 50% of 2 |",
        "| f | a | 1 | 100% of 1 |",
    ]


@pytest.mark.parametrize("count", [2, 26, 130])
def test_confusion_picture_grows_with_the_classes(run: Path, count: int) -> None:
    classes = [f"class {index}" for index in range(count)]
    logits = np.eye(count, dtype=np.float32)
    write_report(run, classes, np.arange(count), logits)
    height, width, _ = shape_of(run / "confusion.png")
    assert min(height, width) > 15 * count  # pixels for a label's line
    assert max(height, width) < 4000


def test_log_of_a_resumed_run_keeps_the_later_of_two_equal_epochs(run: Path) -> None:
    log = read_log(run / "log.csv")
    assert log["epoch"].tolist() == [0, 1, 2]
    assert log["loss"].tolist() == [3.0, 1.9, 1.0]
    np.testing.assert_array_equal(log["val_accuracy"], [np.nan, 0.45, np.nan])


def test_curves_have_a_panel_more_where_the_rate_was_logged(run: Path) -> None:
    write_curves(run)
    narrow = shape_of(run / "curves.png")
    (run / "log.csv").write_text("epoch,accuracy,learning_rate,loss\n0,0.1,0.01,3\n1,0.2,0.001,2\n")
    write_curves(run)
    wide = shape_of(run / "curves.png")
    assert wide[1] > 1.4 * narrow[1]


def test_column_without_any_value_is_left_out(run: Path) -> None:
    (run / "log.csv").write_text("epoch,accuracy,loss,val_loss\n0,0.1,3,NA\n1,0.2,2,NA\n")
    assert set(read_log(run / "log.csv")) == {"epoch", "accuracy", "loss"}
