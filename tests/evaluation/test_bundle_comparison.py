"""Bundles side by side, and the command that prints them."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edge.__main__ import main
from edge.config.settings import Settings
from edge.errors import ArchiveError, BundleError
from edge.evaluation.bundle_comparison import compare_bundles, relative_times
from edge.evaluation.clips import evaluate_archives
from edge.landmarks.archive import read_clips, write_clips
from edge.tflite import Network

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.recognition.bundle import Bundle

SETTINGS = Settings()


class Busy(Network):
    """A network that only takes its time."""

    def __init__(self, rounds: int) -> None:
        self._rounds = rounds
        self.runs = 0

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Small."""
        return (1, 4, 2)

    def run(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Count up to rounds."""
        assert values.shape == (4, 2)
        self.runs += 1
        return np.array([sum(range(self._rounds))], dtype=np.float32)


@pytest.fixture
def described(bundle: Bundle, tmp_path: Path) -> Path:
    """Copy the shipped bundle and state in its manifest what the comparison reads there."""
    folder = tmp_path / "other-name"
    folder.mkdir()
    shutil.copyfile(bundle.model_path, folder / "model.tflite")
    manifest: dict[str, Any] = json.loads((bundle.path / "model.json").read_text("utf-8"))
    recipe = {"architecture": {"name": "conv1d"}}
    manifest["training"] = {"recipes": [recipe, recipe], "parameters": 1234}
    manifest["metrics"]["int8_against_float"] = {"int8_top1": 0.75, "float_top1": 0.76}
    (folder / "model.json").write_text(json.dumps(manifest), "utf-8")
    return folder


@pytest.fixture
def archive(bundle: Bundle, tmp_path: Path) -> Path:
    """Write a few of the model's own examples."""
    path = tmp_path / "clips.npz"
    write_clips(path, read_clips(bundle.path / "prototypes.npz")[:5])
    return path


def test_rows_hold_what_each_bundle_is_and_does(
    bundle: Bundle, described: Path, archive: Path
) -> None:
    first, second = compare_bundles([described, bundle.path], [archive], SETTINGS, repetitions=2)
    assert list(first) == list(second)
    assert (first["name"], second["name"]) == ("other-name", bundle.path.name)
    assert (first["architecture"], first["parameters"]) == ("2 x conv1d", 1234)
    assert first["int8_minus_float"] == -0.01
    figures = evaluate_archives([archive], SETTINGS, bundle)
    for row in (first, second):
        for column in ("clips", "top1", "top5", "macro_top1"):
            assert row[column] == figures[column]
        assert row["kilobytes"] == round(bundle.model_path.stat().st_size / 1000, 1)
    assert min(first["time"], second["time"]) == 1.0


def test_what_is_not_known_is_none(described: Path) -> None:
    manifest = json.loads((described / "model.json").read_text("utf-8"))
    manifest["training"], manifest["metrics"] = {}, {}
    (described / "model.json").write_text(json.dumps(manifest), "utf-8")
    (row,) = compare_bundles([described], [], SETTINGS, repetitions=1)
    unknown = {key for key, value in row.items() if value is None}
    assert unknown == {
        "architecture", "parameters", "clips", "top1", "top5", "macro_top1", "int8_minus_float"
    }  # fmt: skip


def test_slower_network_takes_a_multiple_of_the_fastest_ones_time() -> None:
    networks = [Busy(rounds) for rounds in (60_000, 3_000)]
    slow, fast = relative_times(networks, 15)
    assert fast == 1.0
    assert slow > 5
    assert networks[0].runs == networks[1].runs > 15  # some to warm up


def test_folder_that_is_no_bundle_is_refused_before_anything_is_measured(
    bundle: Bundle, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match=r"model\.json"):
        compare_bundles([bundle.path, tmp_path], [tmp_path / "gone.npz"], SETTINGS)


def test_missing_archive_is_refused_by_name(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"gone\.npz"):
        compare_bundles([bundle.path], [tmp_path / "gone.npz"], SETTINGS, repetitions=1)


def test_command_prints_a_line_or_an_object_for_each_bundle(
    described: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "config.toml").touch()
    monkeypatch.chdir(tmp_path)
    assert main(["compare", str(described), "words"]) == 0
    head, *lines = capfd.readouterr().out.splitlines()
    assert head.split()[:3] == ["name", "architecture", "parameters"]
    assert [line.split()[0] for line in lines] == ["other-name", "words"]
    assert main(["compare", str(described), "words", "--json"]) == 0
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [row["name"] for row in rows] == ["other-name", "words"]
