"""A booted machine with the service on it: its commands, its broker, its files."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
CLONE = Path("/var/tmp/clone")  # noqa: S108 - a machine of our own
MEDIA = ROOT.parent / "shared" / "media" / "words"
PATIENCE = 90.0
"""Seconds for what takes three on an idle machine."""

UNIT = "sign-edge.service"
CONFIG = Path("/etc/sign-edge/config.toml")
SECRET = Path("/etc/sign-edge/mqtt-password")
STATE = Path("/var/lib/sign-edge")
VENV = Path("/usr/lib/sign-edge/venv/bin")
HEARD = Path("/tmp/heard")  # noqa: S108
PASSWORD = "correct horse battery staple"  # noqa: S105 - of a broker that lives for minutes
ROOTS = ("/etc", "/usr", "/var", "/opt", "/root", "/home", "/srv")
"""Where an installation could leave something; of other Pythons in a home nothing is read."""
OTHERS = re.compile(
    r"/var/(log|cache|tmp|lib/(dpkg|apt|systemd|ucf|man-db|PackageKit))(/|$)|/__pycache__(/|$)"
    r"|/etc/(passwd|group|g?shadow)-$|/etc/\.pwd\.lock$"
)
"""What belongs to dpkg, systemd and the user database, and changes with every package."""


def promise(is_kept: object, what: str, measured: str) -> None:
    text = " ".join(measured.split())
    print(f"{'ok    ' if is_kept else 'BROKEN'} {what}: {text}", flush=True)
    if not is_kept:
        for command in (
            ["systemctl", "status", "--no-pager", UNIT],
            ["journalctl", "--no-pager", "-n", "60"],
        ):
            print(run(*command, check=False).stdout)
        sys.exit(1)


def wait(is_true: Callable[[], object], what: str, limit: float = 30.0) -> None:
    begun = time.monotonic()
    while not is_true() and time.monotonic() < begun + limit:
        time.sleep(0.1)
    took = time.monotonic() - begun
    promise(is_true(), what, f"after {took:.1f} s")


def run(
    *command: str, check: bool = True, text: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, env={**os.environ, **environment}
    )
    if check and done.returncode:
        promise(
            False,
            " ".join(command),
            f"exit code {done.returncode}: {done.stdout[-2000:]} {done.stderr[-2000:]}",
        )
    return done


def show(key: str) -> str:
    return run("systemctl", "show", "--value", "-p", key, UNIT).stdout.strip()


def pid() -> int:
    return int(show("MainPID"))


def is_active(limit: float = PATIENCE) -> bool:
    until = time.monotonic() + limit
    while show("ActiveState") != "active" and time.monotonic() < until:
        time.sleep(0.1)
    return show("ActiveState") == "active"


def status_text(limit: float) -> str:
    until = time.monotonic() + limit
    while "camera" not in show("StatusText") and time.monotonic() < until:
        time.sleep(0.1)
    return show("StatusText")


def configure(source: str, more: str = "") -> None:
    camera = f'[camera]\nsource = "{source}"\n'
    if more.startswith("[camera]\n"):
        camera, more = camera + more.removeprefix("[camera]\n"), ""
    elif Path(source).is_file():
        camera += "loop = true\n"
    broker = '[mqtt]\ndevice = "probe"\nusername = "edge"\nretry_max = 1.0\n'
    CONFIG.write_text(f"{camera}retry_max = 1.0\n{broker}{more}")


def clip(gloss: str) -> Path:
    return next(MEDIA.glob(f"{gloss}__*.mp4"))


def teach(word: str) -> None:
    """Teach a word by three clips: one of the model's own examples, blurred a little."""
    clips = Path("/var/tmp/clips.npz")  # noqa: S108
    code = f"""
import numpy as np
with np.load("{ROOT}/models/words/prototypes.npz") as given:
    one = {{key: given[key] for key in given.files}}
points = one["points"][: one["lengths"][0]].astype(np.float32)
blurred = points + np.random.default_rng(1).normal(0, 0.002, (3, *points.shape))
one["points"] = blurred.reshape(-1, *points.shape[1:]).astype(np.float16)
names = {{"labels": np.array(["{word}"] * 3), "signers": np.array(["owner"] * 3)}}
rest = {{key: one[key][[0] * 3] for key in ("lengths", "fps", "aspect")}}
np.savez("{clips}", points=one["points"], **names, **rest)
"""
    run(str(VENV / "python"), "-c", code)
    clips.chmod(0o644)
    learn = ("sign-edge", "learn", word, "--examples", "3", "--from", str(clips))
    done = run("runuser", "-u", "sign-edge", "--", *learn)
    clips.unlink()
    promise("known" in done.stdout, "its user teaches the service a sign", done.stdout)


def start_broker() -> None:
    folder = Path("/tmp/broker")  # noqa: S108
    folder.mkdir()
    run("mosquitto_passwd", "-b", "-c", f"{folder}/passwords", "edge", PASSWORD)
    lines = [
        "listener 1883 127.0.0.1",
        "allow_anonymous false",
        f"password_file {folder}/passwords",
        "user root",
    ]
    (folder / "conf").write_text("\n".join(lines) + "\n")
    run(
        "systemd-run",
        "--unit=broker",
        "--collect",
        shutil.which("mosquitto", path="/usr/sbin:/usr/bin") or "",
        "-c",
        f"{folder}/conf",
    )
    ear = folder / "ear"  # a file, as a command line would have the password in the journal
    ear.write_text(
        f"until mosquitto_sub {shlex.join(login())} -q 1 -t '#' -F '%U %t %p' >>{HEARD}\n"
        "do sleep 0.1; done\n"
    )
    run("systemd-run", "--unit=ear", "--collect", "/bin/sh", str(ear))
    wait(HEARD.exists, "a broker that asks for a password runs")


def login() -> tuple[str, ...]:
    return ("-h", "127.0.0.1", "-u", "edge", "-P", PASSWORD)


def publish(topic: str, payload: str) -> None:
    run("mosquitto_pub", *login(), "-q", "1", "-t", f"sign-edge/probe/{topic}", "-m", payload)


def heard(topic: str, since: float = 0.0) -> list[str]:
    """Return the payloads of the topics that end so, in order."""
    lines = [line.split(" ", 2) for line in HEARD.read_text().splitlines()]
    return [
        line[2]
        for line in lines
        if line[1].endswith(topic) and float(line[0]) >= since and len(line) == 3
    ]


def problem(since: float) -> dict[str, str]:
    return json.loads(["{}", *heard("/problem", since)][-1])


def files() -> set[str]:
    found = set()
    for root in ROOTS:
        for folder, folders, names in os.walk(root):
            found |= {f"{folder}/{name}" for name in [*folders, *names]}
            folders[:] = [name for name in folders if name != ".pyenv"]
    found = {path for path in found if not path.startswith((str(ROOT), str(CLONE)))}
    return {path for path in found if "sign-edge" in path or not OTHERS.search(path)}
