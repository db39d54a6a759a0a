"""Draws the learning curves and confusions of a finished run, as pictures and tables."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_TRAINING: Final[dict[str, Any]] = {"color": "#0072B2", "linestyle": "-", "label": "training"}
_VALIDATION: Final[dict[str, Any]] = {"color": "#D55E00", "linestyle": "--", "label": "validation"}
"""Blue and vermilion of Okabe and Ito's palette, which colour-blind people tell apart."""
_DPI: Final = 120
_FEW_CLASSES: Final = 40
"""Up to this many, a cell has room for its count."""
_PAIRS: Final = 40
"""How many confusions are listed."""


def write_report(
    run: Path,
    classes: Sequence[str],
    targets: NDArray[np.integer[Any]],
    logits: NDArray[np.floating[Any]],
) -> None:
    """Write curves.png, confusion.png, classes.csv and confused.md into a run folder.

    Args:
        run: The folder; its log.csv is what the curves are drawn from.
        classes: Labels in the order of the network's outputs.
        targets: (N,) class indices of the validation examples.
        logits: (N, K) what the network gives for them.
    """
    write_curves(run)
    matrix = count_confusions(targets, logits)
    _draw_confusion(run / "confusion.png", classes, matrix)
    _write_classes(run / "classes.csv", classes, matrix, targets, logits)
    _write_confused(run / "confused.md", classes, matrix)


def write_curves(run: Path) -> None:
    """Draw loss, accuracy and, where it was logged, the learning rate, over the epochs."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    log = read_log(run / "log.csv")
    rate = next((log[name] for name in ("learning_rate", "lr") if name in log), None)
    panels = 3 if rate is not None else 2
    figure = Figure(figsize=(4.6 * panels, 3.8), dpi=_DPI, layout="constrained")
    axes: list[Axes] = list(figure.subplots(1, panels))
    epochs = log["epoch"] + 1
    _draw_curve(axes[0], epochs, log, "loss", 1.0)
    axes[0].set(title="Loss", ylabel="cross-entropy (nats per example)")
    _draw_curve(axes[1], epochs, log, "accuracy", 100.0)
    axes[1].set(title="Accuracy", ylabel="top-1 (% of examples)", ylim=(0, 100))
    if rate is not None:
        axes[2].plot(epochs, rate, color="#009E73")
        axes[2].set(title="Learning rate", ylabel="rate (per step)", yscale="log")
    for axis in axes:
        axis.set(xlabel="epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False)
    remark = ": training examples are augmented, validation ones not" if "val_loss" in log else ""
    figure.suptitle(f"{run.resolve().name}{remark}")
    figure.savefig(run / "curves.png")


def read_log(path: Path) -> dict[str, NDArray[np.float64]]:
    """Read what Keras's CSVLogger wrote; of an epoch that a resumed run did twice, the last.

    Returns:
        Column -> (E,) values in the order of the epochs, NaN where nothing was measured;
        columns without any value are left out.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = {int(row["epoch"]): row for row in csv.DictReader(file)}
    names = next(iter(rows.values()), {})
    columns = {
        name: np.array([_number(rows[epoch].get(name)) for epoch in sorted(rows)]) for name in names
    }
    return {name: values for name, values in columns.items() if np.isfinite(values).any()}


def count_confusions(
    targets: NDArray[np.integer[Any]], logits: NDArray[np.floating[Any]]
) -> NDArray[np.intp]:
    """Count (K, K): row what it was, column what it was taken for."""
    matrix = np.zeros((logits.shape[1],) * 2, dtype=np.intp)
    np.add.at(matrix, (targets, logits.argmax(axis=1)), 1)
    return matrix


def _number(text: str | None) -> float:
    return float("nan") if text in (None, "", "NA") else float(text)


def _draw_curve(
    axis: Axes,
    epochs: NDArray[np.float64],
    log: Mapping[str, NDArray[np.float64]],
    name: str,
    scale: float,
) -> None:
    for column, style in ((name, _TRAINING), (f"val_{name}", _VALIDATION)):
        if column in log:
            measured = np.isfinite(log[column])  # some runs validate only now and then
            axis.plot(epochs[measured], log[column][measured] * scale, **style)


def _draw_confusion(path: Path, classes: Sequence[str], matrix: NDArray[np.intp]) -> None:
    """Draw the shares of each row; classes that are neither signed nor said are left out."""
    from matplotlib.figure import Figure

    kept = np.flatnonzero(matrix.sum(axis=0) + matrix.sum(axis=1))
    matrix = matrix[np.ix_(kept, kept)]
    totals = matrix.sum(axis=1, keepdims=True)
    shares = 100 * matrix / np.maximum(totals, 1)
    few = len(kept) <= _FEW_CLASSES
    size = 1.8 + len(kept) * (0.27 if few else 0.15)
    figure = Figure(figsize=(size + 0.6, size), dpi=_DPI, layout="constrained")
    axis = figure.subplots()
    # Nothing is white, and the least share is already tinted.
    shown = np.where(matrix > 0, shares, np.nan)
    image = axis.imshow(shown, cmap="Blues", vmin=-25, vmax=100, interpolation="nearest")
    for row in np.flatnonzero(totals == 0):  # classes of which there is no example
        axis.axhspan(row - 0.5, row + 0.5, color="#dddddd")
    names = [classes[index] for index in kept]
    rows = [f"{name} ({total})" for name, total in zip(names, totals[:, 0], strict=True)]
    font = 8 if few else 7
    axis.set_xticks(range(len(kept)), names, rotation=90, fontsize=font)
    axis.set_yticks(range(len(kept)), rows, fontsize=font)
    axis.set_xticks(np.arange(0.5, len(kept)), minor=True)
    axis.set_yticks(np.arange(0.5, len(kept)), minor=True)
    axis.grid(which="minor", color="#eeeeee", linewidth=0.4)
    axis.tick_params(which="minor", length=0)
    if few:
        _write_counts(axis, matrix, shares)
    right = int(np.trace(matrix))
    axis.set(xlabel="taken for", ylabel="was (examples)")
    axis.set_title(f"{right} of {matrix.sum()} right ({right / max(1, matrix.sum()):.1%})")
    bar = figure.colorbar(image, label="share of the row (%)", shrink=0.5, pad=0.02, aspect=30)
    bar.ax.set_ylim(0, 100)
    figure.savefig(path, bbox_inches="tight")


def _write_counts(axis: Axes, matrix: NDArray[np.intp], shares: NDArray[np.float64]) -> None:
    for row, column in zip(*np.nonzero(matrix), strict=True):
        axis.text(
            column,
            row,
            str(matrix[row, column]),
            ha="center",
            va="center",
            fontsize=6,
            color="white" if shares[row, column] > 55 else "black",
        )


def _write_classes(
    path: Path,
    classes: Sequence[str],
    matrix: NDArray[np.intp],
    targets: NDArray[np.integer[Any]],
    logits: NDArray[np.floating[Any]],
) -> None:
    """Write one line for each class; shares that have no denominator stay empty."""
    ranks = (logits > logits[np.arange(len(targets)), targets][:, None]).sum(axis=1)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(
            ["class", "clips", "top1", "top5", "precision", "recall", "f1", "taken_for", "times"]
        )
        for index, name in enumerate(classes):
            clips, said = int(matrix[index].sum()), int(matrix[:, index].sum())
            right = int(matrix[index, index])
            others = np.where(np.arange(len(classes)) == index, 0, matrix[index])
            worst = int(others.argmax())
            recall = _share(right, clips)
            table.writerow(
                [
                    name,
                    clips,
                    recall,  # of one class's clips, top-1 and recall are the same
                    _share(int((ranks[targets == index] < 5).sum()), clips),
                    _share(right, said),
                    recall,
                    _share(2 * right, clips + said),
                    classes[worst] if others[worst] else "",
                    others[worst] or "",
                ]
            )


def _write_confused(path: Path, classes: Sequence[str], matrix: NDArray[np.intp]) -> None:
    wrong = matrix * ~np.eye(len(matrix), dtype=bool)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_PAIRS]
    lines = [
        f"Most confused: {wrong.sum()} of {matrix.sum()} examples are taken for another class.",
        "",
        "| was | taken for | examples | of its examples |",
        "|---|---|---:|---:|",
    ]
    for row, column in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if count := wrong[row, column]:
            whole = matrix[row].sum()
            lines.append(
                f"| {classes[row]} | {classes[column]} | {count} | {count / whole:.0%} of {whole} |"
            )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else ""
