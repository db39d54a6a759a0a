"""What is in an archive."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from clip_archives import body, columns_of, write, write_signed
from extras import require

from edge.__main__ import main
from edge.dataset.curating import stats as dataset_stats
from edge.dataset.progress import track
from edge.landmarks.archive import read_clips
from edge.landmarks.skeleton import LEFT_HAND, RIGHT_HAND

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Three clips of two words by two signers; the second lost a hand, the third both."""
    clips = [body(10), body(10), body(20)]
    clips[1][5:, LEFT_HAND] = np.nan
    clips[2][:, LEFT_HAND] = clips[2][:5, RIGHT_HAND] = np.nan
    columns = {
        **columns_of([10, 10, 20]),
        "labels": np.array(["book", "yes", "book"]),
        "fps": np.array([10, 20, 20]),
        "splits": np.array(["train", "val", "train"]),
    }
    return write(tmp_path / "a.npz", columns, clips)


def test_everything_is_counted(archive: Path) -> None:
    found = dataset_stats.measure_archive(archive).summary()
    assert (found["clips"], found["frames"], found["seconds"]) == (3, 40, 2.5)
    assert (found["words"], found["signers"]) == (2, 2)
    assert found["splits"] == {"train": 2, "val": 1}
    assert found["presence"] == pytest.approx(
        {"body": 1, "left": 15 / 40, "right": 35 / 40, "hand": 35 / 40}
    )
    assert (found["fps"]["least"], found["fps"]["median"]) == (10, 20)
    assert (found["length_frames"]["median"], found["length_seconds"]["most"]) == (10, 1)
    assert found["clips_by_word"]["most"] == 2
    assert found["signers_by_word"] == {"least": 1, "p5": 1, "median": 1, "p95": 1, "most": 1}


def test_words_and_signers_have_their_rows(archive: Path) -> None:
    stats = dataset_stats.measure_archive(archive)
    assert stats.table("labels") == [
        {"label": "book", "clips": 2, "seconds": 2.0, "hand": pytest.approx(25 / 30, abs=1e-4)},
        {"label": "yes", "clips": 1, "seconds": 0.5, "hand": 1.0},
    ]
    assert [row["signer"] for row in stats.table("signers")] == ["p0", "p1"]


def test_figures_of_recordings_are_those_of_their_clips(archives: Path) -> None:
    path = archives / "wlasl100-val.npz"
    stats, clips = dataset_stats.measure_archive(path), read_clips(path)
    found = stats.summary()
    assert found["frames"] == sum(len(clip.points) for clip in clips)
    left = [np.isfinite(clip.points[:, LEFT_HAND, 0]).any(axis=1) for clip in clips]
    assert found["presence"]["left"] == pytest.approx(np.concatenate(left).mean(), abs=1e-4)
    assert found["signers"] == len({clip.signer for clip in clips})


def test_table_shows_what_is_asked_for(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "stats", str(archive)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(archive)
    assert "clips                     3" in lines
    assert (
        "length frames             least 10.0, p5 10.0, median 10.0, p95 19.0, most 20.0" in lines
    )
    assert any(line.split()[:2] == ["book", "2"] for line in lines)


def test_many_words_are_cut_unless_all_are_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_signed(tmp_path / "a.npz", [f"word {i}" for i in range(25)], ["x"] * 25)
    main(["dataset", "stats", str(path)])
    assert "... and 5 more; --all shows them" in capsys.readouterr().out
    main(["dataset", "stats", str(path), "--all"])
    said = capsys.readouterr().out
    assert "more; --all" not in said
    assert "word 24" in said


def test_plots_are_pictures_and_the_same_again(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require("matplotlib")
    folder = tmp_path / "plots"
    arguments = ["dataset", "stats", str(archive), "--plots", str(folder), "--json"]
    assert main(arguments) == 0
    drawn = [folder / name for name in dataset_stats.PLOTS]
    assert json.loads(capsys.readouterr().out)["plots"] == [str(path) for path in drawn]
    for path in drawn:
        picture = cv2.imread(str(path))
        assert picture is not None
        assert picture.std() > 10
    before = [path.read_bytes() for path in drawn]
    assert main(arguments) == 2
    assert main([*arguments, "--force"]) == 0
    assert [path.read_bytes() for path in drawn] == before


def test_several_archives_have_their_own_lines_and_folders(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_signed(tmp_path / "b.npz", ["w"], ["x"])
    assert main(["dataset", "stats", str(archive), str(other), "--json"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["file"], second["file"]) == (str(archive), str(other))
    assert (first["clips"], second["clips"]) == (3, 1)


def test_empty_archive_has_no_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.npz", columns_of([]), [])
    assert main(["dataset", "stats", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["clips"], found["fps"], found["by_word"]) == (0, None, [])


def test_device_without_the_extra_counts_but_draws_nothing(archive: Path, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "for name in ('tqdm', 'matplotlib', 'PIL', 'av', 'tensorflow'): sys.modules[name] = None\n"
        "from edge.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", program, "dataset", "stats", str(archive)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "clips                     3" in done.stdout
    plots = tmp_path / "plots"
    done = subprocess.run(
        [*command, "--plots", str(plots)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "sign-edge: this needs matplotlib: scripts/setup --extras train\n"
    assert not plots.exists()


class Terminal(io.StringIO):
    """Somebody looks at this."""

    def isatty(self) -> bool:
        return True


def test_progress_is_shown_to_whoever_looks_and_did_not_ask_for_quiet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require("tqdm")
    for screen, quiet in ((io.StringIO(), False), (Terminal(), True)):
        monkeypatch.setattr(sys, "stderr", screen)
        assert list(track(range(3), 3, "clip", quiet=quiet)) == [0, 1, 2]
        assert screen.getvalue() == ""
    looked_at = Terminal()
    monkeypatch.setattr(sys, "stderr", looked_at)
    assert list(track(range(3), 3, "clip", "a.npz")) == [0, 1, 2]
    assert "a.npz: 100%" in looked_at.getvalue()
    assert "3/3" in looked_at.getvalue()
    assert "clip/s" in looked_at.getvalue()
