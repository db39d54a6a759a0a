"""The source while it is wanted: opened, let go of, opened again; always a sign of life."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from daemons import archive
from patience import AGES, PROMPT, eventually

from edge.config.settings import CameraSettings
from edge.device.capture_thread import CaptureThread
from edge.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path


class Run:
    """A source read on a thread of its own, and what it said."""

    def __init__(self, source: str, *, is_wanted: bool = True, **camera: object) -> None:
        self.states: list[tuple[bool, str]] = []
        settings = CameraSettings.model_validate({"source": source, **camera})
        self.capture = CaptureThread(settings, lambda is_up, why: self.states.append((is_up, why)))
        self.capture.want(is_wanted)
        self.error: SourceError | None = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.capture.run()
        except SourceError as error:
            self.error = error

    def gives(self, within: float = AGES) -> bool:
        """Tell whether something new comes."""
        self.capture.slot.get(0.05)
        return self.capture.slot.get(within) is not None

    def close(self) -> float:
        """End it, and return how many seconds that took."""
        begun = time.monotonic()
        self.capture.close()
        self.thread.join(AGES)
        assert not self.thread.is_alive()
        return time.monotonic() - begun


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for index in range(5):
        cv2.imwrite(str(folder / f"{index}.png"), np.full((48, 64, 3), 40 * index, np.uint8))
    return folder


def test_source_is_let_go_of_while_it_is_not_wanted_and_taken_up_again(images: Path) -> None:
    run = Run(str(images), loop=True)
    assert run.gives()
    for _ in range(2):
        run.capture.want(False)
        assert eventually(lambda: run.states[-1] == (False, ""))
        assert not run.gives(0.4)
        assert not run.capture.slot.is_over
        assert run.capture.heart.is_alive
        run.capture.want(True)
        assert run.gives()
        assert run.states[-1] == (True, "64x48 recording")
    assert run.close() < PROMPT
    assert run.capture.slot.is_over


def test_source_that_is_not_wanted_at_the_start_is_opened_later() -> None:
    run = Run(archive("yes"), is_wanted=False)
    assert not run.capture.has_pictures
    assert not run.gives(0.5)
    run.capture.want(True)
    assert run.gives()
    assert run.close() < PROMPT


def test_recording_that_has_ended_is_over_and_a_resting_one_is_not(images: Path) -> None:
    run = Run(str(images), loop=False, fps=50)
    run.thread.join(AGES)
    assert not run.thread.is_alive()
    assert run.capture.slot.get(0) is not None
    assert run.capture.slot.is_over
    run.capture.close()


def test_recording_that_is_gone_when_it_is_wanted_again_is_an_error(images: Path) -> None:
    run = Run(str(images), loop=True)
    assert run.gives()
    run.capture.want(False)
    assert eventually(lambda: run.states[-1] == (False, ""))
    for image in images.iterdir():
        image.unlink()
    run.capture.want(True)
    run.thread.join(AGES)
    assert run.error is not None
    assert str(images) in str(run.error)
    run.capture.close()


def test_missing_camera_beats_while_it_is_waited_for_and_ends_at_once() -> None:
    run = Run("http://127.0.0.1:1/", retry_max=600.0)
    assert eventually(lambda: bool(run.states) and not run.states[-1][0])
    run.capture.heart._due = 0.0
    assert eventually(lambda: run.capture.heart.is_alive)
    run.capture.want(False)
    assert eventually(lambda: run.states[-1] == (False, ""))
    run.capture.want(True)
    assert eventually(lambda: run.states[-1] != (False, ""))
    assert run.close() < PROMPT


def test_closing_while_the_source_rests_ends_the_thread(images: Path) -> None:
    run = Run(str(images), loop=True, is_wanted=False)
    assert eventually(lambda: run.states == [(False, "")])
    assert run.close() < PROMPT
