"""The README's commands, pasted into a fresh clone.

A block's mark says what it needs. A block marked ``sh`` runs as it stands. In ``sh camera`` a
recording takes the camera's place. Of ``sh root`` and ``sh data`` nothing runs: every program of
the repository must know its options, and every file must be there.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from broker import MOSQUITTO
from daemons import free_port
from documents import README, ROOT, blocks, sign_edge, spans, tracked, understand

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LINES_MAX: Final = 110
WIDTH_MAX: Final = 110
RECORDING: Final = "archive:models/words/prototypes.npz#yes,help"
SYSTEM: Final = {"sudo", "journalctl", "systemctl"}
"""Programs of the system."""
ARCHIVES: Final = {"letters-val.npz", "rooms.npz", "wlasl100-val.npz", "words-val.npz"}
"""Measured on, and not in the repository."""


def lines_marked(mark: str) -> list[str]:
    """Read the commands of the blocks with a mark, without comments."""
    lines = [line for block in blocks(README) if block.mark == mark for line in block.lines]
    commands = [part for line in lines for part in line.split("#")[0].split("&&")]
    return [command.strip() for command in commands]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the repository as a clone would have it, with this one's environment."""
    venv = Path(sys.prefix)
    if venv != ROOT / ".venv":
        pytest.skip("these tests do not run from .venv")
    folder = tmp_path_factory.mktemp("clone")
    for path in tracked():
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    (folder / ".venv").symlink_to(venv)
    # Set-up would make the copy what the environment imports, under the feet of all other tests.
    (folder / "scripts" / "setup").write_text("#!/bin/sh\nexit 0\n")
    return folder


def paste(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line by the shell."""
    ours = ("SIGN_EDGE_", "CREDENTIALS_", "STATE_DIRECTORY")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    environment = {**inherited, "PYTHONPATH": str(folder), "STATE_DIRECTORY": f"{folder}/state"}
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_readme_is_one_page() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LINES_MAX
    assert [line for line in lines if len(line) > WIDTH_MAX] == []


def test_every_block_says_what_it_needs() -> None:
    assert {block.mark for block in blocks(README)} == {"", "sh", "sh camera", "sh data", "sh root"}
    assert [line.split("#")[0].strip() for line in lines_marked("sh")] == [
        "scripts/demo",
        "scripts/test",
    ], "each of them is run below"


@pytest.mark.slow
@pytest.mark.skipif(
    MOSQUITTO is None or shutil.which("espeak-ng") is None,
    reason="mosquitto or espeak-ng is not installed",
)
def test_demo_succeeds(clone: Path) -> None:
    shown = paste("scripts/demo", clone)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "11 different words received of 11 played" in shown.stdout


def test_test_explains_itself(clone: Path) -> None:
    """Its run is the run of these tests; here it says what it would do, and does nothing."""
    shown = paste("scripts/test --help", clone)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stdout.startswith("usage: scripts/test")
    assert "passed" not in shown.stdout


@pytest.mark.slow
def test_commands_with_a_camera_work_with_a_recording(clone: Path) -> None:
    setup, check, run = lines_marked("sh camera")
    assert_is_set_up(setup)
    checked = paste(check, clone)
    assert checked.returncode in (0, 1), checked.stderr  # 1 where this machine lacks something
    assert "camera:" in checked.stdout
    if not (ROOT / ".venv" / "bin" / "uvicorn").exists():
        pytest.skip("the extra web is not installed")
    assert "--source 0" in run
    played = run.replace("--source 0", f"--source '{RECORDING}'")
    free = {
        "page.port": str(free_port()),
        "mqtt.port": str(free_port()),
        "speech.device": f"file:{clone}",
    }
    played += "".join(f" --set {key}={value}" for key, value in free.items())
    shown = paste(played, clone)
    assert shown.returncode == 0, shown.stderr
    assert "the page is at" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_commands_of_the_service_are_there(clone: Path) -> None:
    for line in lines_marked("sh root"):
        assert shlex.split(line)[0] in SYSTEM
        assert_is_understood(line, clone)
    told = " ".join(lines_marked("sh root"))
    for unit in re.findall(r"systemctl \w+ (\S+)", told):
        assert (ROOT / "deploy" / "systemd" / f"{unit}.service").is_file()
    packaged = (ROOT / "deploy" / "debian" / "postinst").read_text(encoding="utf-8")
    for path in re.findall(r" (/etc/\S+)", told):
        assert path in packaged


def test_commands_of_training_fit_each_other(clone: Path) -> None:
    setup, extract, train, export, run = lines_marked("sh data")
    assert_is_set_up(setup)
    for line in (extract, train, export, run):
        assert_is_understood(line, clone)
    extracted, trained, exported, ran = (
        understand(sign_edge(line) or []) for line in (extract, train, export, run)
    )
    assert extracted.output.parent == trained.data
    assert (ROOT / trained.recipe).is_file()
    assert exported.runs == [Path("runs") / trained.recipe.stem]
    assert ran.set == [f"classifier.bundle={exported.bundle}"]


def test_commands_within_the_text_are_there(clone: Path) -> None:
    """In the table, ``evaluate`` stands for the whole command; that line itself has no archive."""
    commands = [re.sub(r"^evaluate ", "sign-edge evaluate ", span) for span in spans(README)]
    commands = [one for one in commands if re.match(r"sign-edge |scripts/", one)]
    measured = [one for one in commands if "evaluate" in one or "measure" in one]
    assert len(measured) >= 6, "the table of figures"
    for command in commands:
        assert_is_understood(command, clone)
    named = {word for command in commands for word in command.split() if word.endswith(".npz")}
    assert named <= ARCHIVES


def test_settings_and_topics_within_the_text_are_there() -> None:
    settings = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))
    named = [span for span in spans(README) if re.fullmatch(r"[a-z]+\.[a-z_]+", span)]
    assert named
    for span in named:
        section, _, key = span.partition(".")
        assert key in settings[section], span


def assert_is_set_up(line: str) -> None:
    """Check that scripts/setup knows the extra; whoever runs these tests has run it."""
    program, option, extra = line.split()
    assert (program, option) == ("scripts/setup", "--extras")
    tree = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert extra in tree["project"]["optional-dependencies"]


def assert_is_understood(line: str, clone: Path) -> None:
    """Check that a command's program is there and knows its options."""
    arguments = sign_edge(line)
    if arguments is not None:
        understand(arguments)
        return
    words = [word for word in shlex.split(line) if word not in SYSTEM]
    if not words or "/" not in words[0] or words[0].startswith("/"):
        return  # a program of the system alone
    assert (ROOT / words[0]).is_file(), line
    options = [word for word in words[1:] if word.startswith("--")]
    if options:
        told = paste(f"{words[0]} --help", clone)
        assert told.returncode == 0, told.stderr
        assert all(option in told.stdout for option in options), line
