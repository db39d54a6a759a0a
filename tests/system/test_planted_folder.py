"""Nothing that lies in the current folder is run by any process that the program starts."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from broker import MOSQUITTO
from daemons import Daemon, archive, wait_for_words
from patience import AGES, eventually

from edge.camera.source import open_camera
from edge.config.settings import CameraSettings, Settings, SpeechSettings
from edge.dataset.worker_pool import spread
from edge.doctor.acceleration import check_acceleration
from edge.errors import EdgeError
from edge.evaluation.bench.start_process import measure_start
from edge.speech.loudspeaker import Speech

if TYPE_CHECKING:
    from broker import Broker, Subscriber

PLANTED = ("json", "os", "re", "runpy", "site", "sitecustomize", "struct", "cv2", "numpy", "ctypes")
"""Modules that a process may well import first."""


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder full of modules; each that is run leaves its name in this file."""
    file = tmp_path / "ran"
    file.touch()
    folder = tmp_path / "planted"
    for package in ("edge", "multiprocessing"):
        (folder / package).mkdir(parents=True)
    paths = [folder / f"{name}.py" for name in PLANTED]
    paths += [folder / name / "__init__.py" for name in ("edge", "multiprocessing")]
    for path in paths:
        line = f"open({str(file)!r}, 'a').write({path.stem + ' '!r} + __name__ + '\\n')\n"
        path.write_text(line)
    monkeypatch.chdir(folder)
    return file


def test_folder_would_be_run_by_a_careless_process(ran: Path) -> None:
    subprocess.run([sys.executable, "-m", "edge"], capture_output=True, check=False)
    assert "edge" in ran.read_text()


def test_camera(ran: Path) -> None:
    settings = CameraSettings.model_validate({"source": "/dev/no-such-camera"})
    reasons: list[str] = []
    stop = threading.Event()

    def note(is_up: bool, reason: str) -> None:
        reasons.append(f"{is_up} {reason}")
        stop.set()

    with open_camera(settings, live_clock=True, on_state=note) as camera:
        assert list(camera.frames(stop)) == []
    assert "does not exist" in reasons[0]
    assert ran.read_text() == ""


def test_loudspeaker(ran: Path, programs: Path, tmp_path: Path) -> None:
    engine = programs / "espeak-ng"
    engine.write_text("#!/bin/sh\necho no such voice >&2\nexit 3\n")
    engine.chmod(0o755)
    speech = Speech(SpeechSettings(device=f"file:{tmp_path / 'sounds'}"))
    speech.say("one", time.monotonic())
    stop = threading.Event()
    thread = threading.Thread(target=speech.run, args=(stop,))
    thread.start()
    try:
        assert eventually(lambda: speech.failed == 1)
    finally:
        stop.set()
        thread.join()
    assert speech.problem == "espeak-ng: no such voice"
    assert ran.read_text() == ""


def test_check_of_acceleration(ran: Path) -> None:
    assert check_acceleration("tracker").ok
    assert ran.read_text() == ""


def test_bench(ran: Path, tmp_path: Path) -> None:
    video = write_grey(tmp_path / "grey.mp4")
    with pytest.raises(EdgeError, match="nobody is seen in it"):
        measure_start("tracker", video, Settings())
    assert ran.read_text() == ""


def test_trial_of_a_video(ran: Path, tmp_path: Path) -> None:
    pytest.importorskip("starlette", reason="needs the extra web")
    from edge.page.routes import trial
    from edge.recognition.bundle import find_bundle

    class Browser:
        async def receive(self) -> dict[str, str]:
            await asyncio.sleep(AGES)
            return {"type": "http.disconnect"}

    task = trial.make_task(Settings(), find_bundle("words"), tmp_path)
    with write_grey(tmp_path / "grey.mp4").open("rb") as video:
        task |= {"descriptor": video.fileno(), "seconds_max": 0.1}
        browser: Any = Browser()
        answer = asyncio.run(trial._recognise(browser, task))
    assert answer["error"]["code"] == "too_long"
    assert ran.read_text() == ""


@pytest.mark.skipif(sys.version_info < (3, 11), reason="multiprocessing of 3.10 looks there first")
def test_processes_of_data_sets(ran: Path) -> None:
    assert list(spread(abs, [-1, -2, -3], jobs=2)) == [1, 2, 3]
    assert ran.read_text() == ""


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_daemon_that_is_restarted(
    ran: Path, tmp_path: Path, broker: Broker, subscriber: Subscriber
) -> None:
    # As pip writes it; python -m would be the careless process above.
    entry = tmp_path / "sign-edge"
    entry.write_text("import sys\nfrom edge.__main__ import main\nsys.exit(main())\n")
    daemon = Daemon(tmp_path, broker.port, archive("yes"))
    daemon.program = [sys.executable, str(entry)]
    daemon.current = ran.parent / "planted"
    try:
        daemon.start()
        for runs in range(1, 4):
            assert eventually(lambda runs=runs: daemon.log.count("ready: ") == runs), daemon.log  # type: ignore[misc]
            assert wait_for_words(subscriber)
            if runs < 3:
                subscriber.publish("sign-edge/test/command", "restart")
        daemon.end(signal.SIGTERM)
        assert ran.read_text() == "", daemon.log
    finally:
        daemon.clean_up()


def write_grey(path: Path) -> Path:
    """Write half a second without anybody in it."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for _ in range(5):
        writer.write(np.full((48, 64, 3), 128, np.uint8))
    writer.release()
    return path
