"""Reports as text."""

from __future__ import annotations

from edge.evaluation.report_tables import align, comparison_table, evaluation_table

SHARES = {
    "clips": 4,
    "top1": 0.75,
    "top5": 1.0,
    "macro_top1": 0.8,
    "declined": 0.25,
    "said_wrong": None,
    "unknown_label": 2,
}
REPORT = {
    "model": "words",
    **SHARES,
    "calibration_error": 0.03,
    "confused": [["please", "my", 11]],
    "per_label": {"yes": {"clips": 3, "top1": 1.0}, "no": {"clips": 1, "top1": 0.0}},
    "by_source": {"a.npz": SHARES},
}


def test_columns_are_aligned_and_what_is_missing_is_a_dash() -> None:
    assert align([("a", "bbb"), ("cc", None), ("d", 0.5)]) == "a   bbb\ncc    -\nd   0.5"


def test_one_source_is_not_repeated_as_the_whole() -> None:
    first = evaluation_table(REPORT).split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in first] == ["model", "a.npz"]
    two = evaluation_table({**REPORT, "by_source": {"a.npz": SHARES, "b.npz": SHARES}})
    first = two.split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in first] == ["model", "a.npz", "b.npz", "together"]
    assert first[1].split()[1:] == ["4", "0.75", "1.0", "0.8", "0.25", "-", "2"]


def test_only_labels_with_a_fault_are_called_hard() -> None:
    assert evaluation_table(REPORT).splitlines()[-1].split() == ["no", "1", "0.0"]


def test_conditions_are_listed_as_far_as_they_were_measured() -> None:
    assert "mirrored" not in evaluation_table(REPORT)
    full = {
        **REPORT,
        "mirrored": 0.7,
        "by_fps": {"10": {"fps": 7.5, "top1": 0.5}},
        "float": {"top1": 0.76, "same_top1": 0.99},
    }
    lines = [" ".join(line.split()) for line in evaluation_table(full).splitlines()]
    assert "top1 mirrored 0.7" in lines
    assert "top1 at 10 frames/s (really 7.5) 0.5" in lines
    assert "float network: same_top1 0.99" in lines


def test_report_without_the_newer_figures_is_still_a_table() -> None:
    assert "words" in evaluation_table({"model": "words", **SHARES})


def test_comparison_has_a_line_for_each_bundle() -> None:
    rows: list[dict[str, object]] = [{"name": "a", "time": 1.0}, {"name": "long", "time": None}]
    assert comparison_table(rows).splitlines() == ["name  time", "a      1.0", "long     -"]
