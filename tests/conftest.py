"""What several tests need: the shipped bundle, a signer made of numbers, recorded clips."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from broker import Broker, Subscriber
from extras import missed
from hypothesis import settings
from numpy.typing import NDArray

from edge.landmarks.skeleton import INDEX, LEFT_HAND, POINTS, RIGHT_HAND
from edge.messages import Landmarks
from edge.recognition.bundle import Bundle, find_bundle, read_bundle

# OpenCV reads it at its first use of FFmpeg, whichever test that is in.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

# A slow machine is no fault; what must be quick is measured where it matters.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
UNIT = 0.2
"""Width of the signer's shoulders, image widths."""
MIDDLE = np.array([0.5, 0.4])
"""Between the signer's shoulders, image widths."""
BODY = {
    "nose": (0, -0.75),
    "mouth_left": (0.1, -0.6),
    "mouth_right": (-0.1, -0.6),
    "left_shoulder": (0.5, 0),
    "right_shoulder": (-0.5, 0),
    "left_elbow": (0.65, 0.9),
    "right_elbow": (-0.65, 0.9),
    "left_wrist": (0.6, 1.7),
    "right_wrist": (-0.6, 1.7),
    "left_hip": (0.35, 1.6),
    "right_hip": (-0.35, 1.6),
}
"""Where they are at rest, shoulder widths from the middle; the signer faces the camera."""
RISE = 0.3
"""Seconds in which a hand comes up, and in which it goes down again."""


@dataclass(frozen=True)
class Signing:
    """A signer's clip: the right hand comes up, waves and goes to rest."""

    signs: tuple[tuple[float, float], ...] = ((1.0, 2.5),)
    """(start, end) in seconds, at rest before and after."""

    length: float = 5.0
    """Seconds."""

    fps: float = 15.0
    """Frames per second."""

    held: tuple[float, float] = (0.0, 0.0)
    """(start, end) in which the hand stands still where it is."""

    lost: tuple[float, float] = (0.0, 0.0)
    """(start, end) in which the hand is not seen, though the arm is."""

    absent: tuple[float, float] = (0.0, 0.0)
    """(start, end) in which nobody is seen."""

    rest: float = 1.7
    """Shoulder widths below the shoulders at which the hand rests."""

    is_rest_seen: bool = False
    """Whether the resting hand itself is seen."""

    waves: float = 1.5
    """Per second; 0 holds the raised hand still."""

    trembling: float = 0.0
    """Shoulder widths, standard deviation of every point."""

    is_both: bool = False
    """Whether the left hand does the same, as a mirror would."""

    def landmarks(self, start: float = 0.0) -> list[Landmarks]:
        """Make the clip; its first frame is at start."""
        noise = np.random.default_rng(1)
        times = np.arange(round(self.length * self.fps)) / self.fps
        clip = []
        for time in times.tolist():
            points = self._points(time)
            points += noise.normal(0, self.trembling * UNIT, points.shape).astype(np.float32)
            clip.append(Landmarks(start + time, points))
        return clip

    def arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Make the clip as (T,) times and (T, 75, 3) points."""
        clip = self.landmarks()
        return np.array([one.time for one in clip]), np.stack([one.points for one in clip])

    def but(self, **changes: object) -> Signing:
        """Change something."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def _points(self, time: float) -> NDArray[np.float32]:
        points = np.full((POINTS, 3), np.nan, dtype=np.float32)
        if self.absent[0] <= time < self.absent[1]:
            return points
        points[:33] = (MIDDLE[0], MIDDLE[1] + UNIT, 0)
        for name, at in BODY.items():
            points[INDEX[name], :2] = MIDDLE + np.multiply(at, UNIT)
        lift, x = self._gesture(time)
        is_seen = (self.is_rest_seen or lift > 0.2) and not self.lost[0] <= time < self.lost[1]
        wrist = np.array([0.6 + x, self.rest - lift * (self.rest + 0.1)])
        for side, sign in ((RIGHT_HAND, -1), (LEFT_HAND, 1)):
            if sign > 0 and not self.is_both:
                continue
            at = MIDDLE + UNIT * wrist * [sign, 1]
            points[INDEX["left_wrist" if sign > 0 else "right_wrist"], :2] = at
            if is_seen:
                points[side] = hand_at(at, sign)
        return points

    def _gesture(self, time: float) -> tuple[float, float]:
        """How far up the hand is, 0 to 1, and how far aside, shoulder widths."""
        if self.held[0] <= time < self.held[1]:
            time = self.held[0]
        for start, end in self.signs:
            if start <= time < end:
                share = min(time - start, end - time, RISE) / RISE
                lift = float(1 - np.cos(np.pi * share)) / 2
                return lift, 0.4 * lift * float(np.sin(2 * np.pi * self.waves * (time - start)))
        return 0.0, 0.0


def hand_at(wrist: NDArray[np.float64], sign: int) -> NDArray[np.float32]:
    """Make an open hand, (21, 3); sign is 1 for the left one, -1 for the right one."""
    hand = np.zeros((21, 3), dtype=np.float32)
    for finger in range(5):
        for joint in range(4):
            reach = 0.15 + 0.07 * joint
            angle = 0.9 - 0.3 * finger + 0.05 * joint * joint
            hand[1 + 4 * finger + joint] = (
                -sign * reach * np.sin(angle),
                -reach * np.cos(angle),
                -0.02 * joint,
            )
    hand *= UNIT
    hand[:, :2] += wrist
    return hand


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which extras would let more tests run."""
    skipped = terminalreporter.stats.get("skipped", ())
    for extra, count in missed(str(report.longrepr) for report in skipped).items():
        terminalreporter.write_line(
            f"{count} tests or files of tests skipped: the extra {extra} is not installed;"
            f" scripts/test --extras {extra} installs it and runs them"
        )


@pytest.fixture
def bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a folder with an empty configuration, without settings from around us."""
    for name in list(os.environ):
        if name.startswith("SIGN_EDGE_") or name == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(name)
    (tmp_path / "config.toml").touch()
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep state, ours and that of children, away from the user's own and from other tests'."""
    folder = tmp_path / "state"
    monkeypatch.setenv("STATE_DIRECTORY", str(folder))
    return folder


@pytest.fixture(autouse=True)
def _no_broker_is_left() -> Iterator[None]:
    """Stop the brokers that a test has started, where it fails, too."""
    before = set(Broker.running)
    yield
    for broker in Broker.running - before:
        broker.stop()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that is all of PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture(scope="session")
def signing() -> Signing:
    """One sign of one and a half seconds in five, at 15 frames per second."""
    return Signing()


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    """The words that are shipped."""
    return read_bundle(find_bundle("words"))


@pytest.fixture(scope="session")
def media() -> Path:
    """Recorded videos, where there are any."""
    return _shared("media")


@pytest.fixture(scope="session")
def archives() -> Path:
    """Landmark archives, where there are any."""
    return _shared("data")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """Start a real broker on a free port."""
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def subscriber(broker: Broker) -> Iterator[Subscriber]:
    """Subscribe to everything."""
    subscriber = Subscriber(broker.port)
    yield subscriber
    subscriber.close()


def _shared(name: str) -> Path:
    if not (SHARED / name).is_dir():
        pytest.skip("../shared is not there")
    return SHARED / name
