"""Standard error while C++ libraries load."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from edge import tflite as runtime
from edge.system.native_log import native_log_silenced

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
from patience import AGES

ROOT = Path(__file__).parents[2]
LOAD = """
import pathlib, sys
from edge.tflite import Network
Network(pathlib.Path("models/words/model.tflite"))
print("loaded", file=sys.stderr or sys.stdout)
"""


def load(**environment: str) -> subprocess.CompletedProcess[str]:
    """Load the network that is shipped in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", LOAD],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=AGES,
        check=True,
    )


def test_runtime_loads_a_network_without_a_word() -> None:
    assert load().stderr == "loaded\n"


def test_runtime_may_say_that_it_uses_xnnpack_where_that_is_asked_for() -> None:
    said = load(SIGN_EDGE_NATIVE_LOG="1").stderr
    assert "Created TensorFlow Lite XNNPACK delegate" in said
    assert said.endswith("loaded\n")


def test_network_loads_without_a_standard_error() -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, LOAD],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=AGES,
        check=True,
    )
    assert done.stdout == "loaded\n"


def test_silence_ends_with_its_last_user(capfd: pytest.CaptureFixture[str]) -> None:
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with native_log_silenced():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other, name="other")
    with native_log_silenced():
        thread.start()
        assert inside.wait(10)
        os.write(2, b"one ")
    os.write(2, b"two ")
    leave.set()
    thread.join(AGES)
    os.write(2, b"three")
    assert capfd.readouterr().err == "three"


def test_silence_ends_with_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(KeyError), native_log_silenced():
        os.write(2, b"one")
        raise KeyError
    os.write(2, b"two")
    assert capfd.readouterr().err == "two"


def test_only_the_first_network_is_loaded_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    entered = []

    @contextlib.contextmanager
    def counted() -> Iterator[None]:
        entered.append(True)
        yield

    monkeypatch.setattr(runtime, "native_log_silenced", counted)
    monkeypatch.setattr(runtime, "_has_spoken", threading.Event())
    network = ROOT / "models" / "words" / "model.tflite"
    for _ in range(3):
        runtime.Network(network)
    assert len(entered) == 1
