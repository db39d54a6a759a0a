"""Extraction on a real cluster: scheduler and workers as processes, one of them killed."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from cluster import Cluster
from extracting import ROOT, blank_videos, short_clips, until
from extras import needs

from edge.__main__ import main
from edge.dataset.extracting import workers
from edge.dataset.extracting.extractor import tools
from edge.dataset.extracting.workers import DaskWorkers
from edge.errors import ConfigError
from edge.landmarks.archive import read_clips

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [needs("distributed"), pytest.mark.usefixtures("bare_environment")]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path, ROOT) as cluster:
        yield cluster


@pytest.mark.slow
def test_cluster_gives_the_archive_of_one_machine_though_a_worker_is_killed(
    cluster: Cluster, media: Path, tmp_path: Path
) -> None:
    manifest = short_clips(media / "words", tmp_path / "m.csv", 6)
    (tmp_path / "junk.mp4").write_bytes(b"junk")
    lines = manifest.read_text().splitlines()
    manifest.write_text("\n".join([*lines, f"junk,junk,p,,,junk.mp4{',' * 7}"]) + "\n")
    first, _ = cluster.add_worker(), cluster.add_worker()
    parts = tmp_path / "far.npz.parts"

    def kill_one() -> None:
        until(lambda: len(list(parts.glob("*.npz"))) >= 1)
        first.kill()

    killer = threading.Thread(target=kill_one)
    killer.start()
    extract = ["dataset", "extract", str(manifest), "--quiet", "-o"]
    assert main([*extract, "far.npz", "--scheduler", cluster.address]) == 0
    killer.join()
    assert first.wait(10) != 0
    assert main([*extract, "near.npz", "--jobs", "1"]) == 0
    assert Path("far.npz").read_bytes() == Path("near.npz").read_bytes()
    clips = read_clips(Path("far.npz"))
    assert len(clips) == 6
    assert all(np.isfinite(clip.points[:, 0]).all() for clip in clips)
    assert "not a video" in Path("far.failures.csv").read_text()


def test_scheduler_that_goes_away_is_an_error_and_what_is_done_stays(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = blank_videos(tmp_path / "v", 40)
    cluster.add_worker()
    parts = tmp_path / "a.npz.parts"

    def end() -> None:
        until(lambda: len(list(parts.glob("*.npz"))) >= 2)
        cluster.__exit__()

    killer = threading.Thread(target=end)
    killer.start()
    extract = ["dataset", "extract", str(folder), "--quiet", "-o", "a.npz"]
    assert main([*extract, "--scheduler", cluster.address]) == 1
    killer.join()
    assert "the scheduler is gone; start again to go on" in capsys.readouterr().err
    assert len(list(parts.glob("*.npz"))) >= 2
    assert not Path("a.npz").exists()


def test_cluster_that_is_not_there_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    cluster: Cluster,
) -> None:
    monkeypatch.setattr(workers, "PATIENCE", 1.0)
    folder = blank_videos(tmp_path / "v", 1)
    extract = ["dataset", "extract", str(folder), "--quiet", "-o", "a.npz", "--scheduler"]
    assert main([*extract, cluster.address]) == 1
    assert f"{cluster.address}: has no workers" in capsys.readouterr().err
    assert main([*extract, "tcp://127.0.0.1:9"]) == 1
    assert "tcp://127.0.0.1:9: no Dask scheduler answers there" in capsys.readouterr().err
    assert main([*extract, "nothing at all"]) in (1, 2)
    assert "nothing at all" in capsys.readouterr().err


def test_worker_of_other_versions_is_refused(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.add_worker()
    ours = {**tools(), "mediapipe": "0.10.99"}
    monkeypatch.setattr(workers, "tools", lambda: ours)
    with (
        pytest.raises(ConfigError, match=r"tcp://.*: has mediapipe .*, this machine 0\.10\.99"),
        DaskWorkers(cluster.address, 3),
    ):
        pass
