"""A private broker, a network camera and the daemon between them; for what measures it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
CLIP = ROOT.parent / "shared" / "media" / "words" / "drink__wlasl_115__69302.mp4"
"""A recorded sign that the model knows."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(*command: str | Path, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program; end it afterwards."""
    process = subprocess.Popen([str(part) for part in command], **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def broker(folder: Path) -> Iterator[int]:
    """Run mosquitto and give its port."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        sys.exit("mosquitto is not installed")
    port = free_port()
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", "persistence false"]
    lines += ["user root"] * (os.getuid() == 0)
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    with running(program, "-c", folder / "mosquitto.conf", stderr=subprocess.DEVNULL):
        wait_for_port(port)
        yield port


@contextlib.contextmanager
def camera(video: Path) -> Iterator[str]:
    """Show a video, again and again, as a network camera; give its address."""
    port = free_port()
    with running(sys.executable, ROOT / "scripts" / "make" / "film", video, str(port)):
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}/"


def wait_for_port(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


class Ear:
    """Hears what the device says."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[float, str, dict[str, object]]] = []
        """Arrival (seconds, monotonic), last part of the topic, payload."""
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        is_subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: is_subscribed.set()
        self._client.on_message = lambda _c, _u, message: self._take(message)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        leaves = ("state", "sign", "stats")
        self._client.subscribe([(f"sign-edge/bench/{leaf}", 1) for leaf in leaves])
        is_subscribed.wait(5)

    def close(self) -> None:
        """Hear no more."""
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, message: mqtt.MQTTMessage) -> None:
        leaf = message.topic.rpartition("/")[2]
        if not message.retain:  # of an earlier run
            self.heard.append((time.monotonic(), leaf, json.loads(message.payload)))


@contextlib.contextmanager
def daemon(
    folder: Path, port: int, source: str, *settings: str, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the daemon with state of its own; its log is in the folder."""
    given = [f"camera.source={source}", f"mqtt.port={port}", "mqtt.device=bench", *settings]
    options = [part for setting in given for part in ("--set", setting)]
    (folder / "config.toml").touch()
    own = {"STATE_DIRECTORY": str(folder / "state"), "PYTHONPATH": str(ROOT), **environment}
    with (
        (folder / "log").open("ab") as log,
        running(
            sys.executable,
            *("-m", "edge", "run", "--config", folder / "config.toml"),
            *options,
            cwd=folder,
            stderr=log,
            env={**os.environ, **own},
        ) as process,
    ):
        yield process
