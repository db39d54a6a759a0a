"""Child processes: what they import, what they are given, and that nothing is left of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from patience import eventually

from edge.system.processes import Child, environment, module_command

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]

TOLD = """
import json, os, sys
print(json.dumps({
    "given": sys.stdin.read(),
    "arguments": sys.argv[1:],
    "open": sorted(int(name) for name in os.listdir("/proc/self/fd")),
    "variables": dict(os.environ),
    "path": sys.path,
    "session": os.getsid(0),
    "number": os.getpid(),
}))
"""
WAITS = """
import subprocess, sys, time
print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
if "obeys" in sys.argv:
    sys.stdin.read()
    sys.exit()
time.sleep(60)
"""
BECOMES = """
import os, sys
from edge.system.processes import go_on_as
os.set_inheritable(os.open(__file__, os.O_RDONLY), True)
go_on_as("told", "again")
"""
STARTS = """
import sys, time
from edge.system.processes import Child
child = Child("waits")
print(child.output.readline().decode(), flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let modules be found of which the program has none."""
    folder = tmp_path / "modules"
    folder.mkdir()
    modules = {"told": TOLD, "waits": WAITS, "starts": STARTS, "becomes": BECOMES}
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(folder)


def is_running(number: int) -> bool:
    """Tell whether a process lives; a zombie does not."""
    try:
        stat = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def open_file(tmp_path: Path) -> Iterator[int]:
    """A file that a child would inherit, were it not kept from that."""
    number = os.open(tmp_path / "open", os.O_CREAT | os.O_RDONLY)
    os.set_inheritable(number, True)
    yield number
    os.close(number)


def test_child_gets_what_is_named_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, open_file: int, tmp_path: Path
) -> None:
    for name in ("LC_TIME", "GST_DEBUG", "OTHER", "SIGN_EDGE_MQTT__USERNAME", "PYTHONPATH"):
        monkeypatch.setenv(name, name)
    with Child("told", "a b", variables=environment("GST_*"), folder=str(tmp_path)) as child:
        told = json.loads(child.finish({"word": "ja"}).printed)
    assert json.loads(told["given"]) == {"word": "ja"}
    assert told["arguments"] == ["a b"]
    assert open_file not in told["open"]
    assert told["session"] == told["number"]
    variables = told["variables"]
    assert {"PATH", "LC_TIME", "GST_DEBUG"} <= set(variables)
    assert not {"OTHER", "SIGN_EDGE_MQTT__USERNAME", "PYTHONPATH"} & set(variables)
    with Child("told", descriptors=[open_file]) as child:
        told = json.loads(child.finish().printed)
    assert open_file in told["open"]
    assert "GST_DEBUG" not in told["variables"]


def test_child_imports_from_where_we_do_but_not_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, link = tmp_path / "here", tmp_path / "link"
    here.mkdir()
    link.symlink_to(here)
    monkeypatch.chdir(here)
    for folder in ("", ".", str(here), str(link)):
        monkeypatch.syspath_prepend(folder)
    with Child("told") as child:
        path = json.loads(child.finish().printed)["path"]
    assert not {"", ".", str(here), str(link)} & set(path)
    assert str(tmp_path / "modules") in path
    folders = {folder for folder in sys.path if Path(folder).is_absolute()}  # no import hooks
    assert folders - {str(here), str(link)} <= set(path)
    assert Path(ROOT) in map(Path, path)


def test_checkout_may_be_the_current_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    with Child("told") as child:
        assert json.loads(child.finish().printed)["path"][0] == str(ROOT)


def test_command_runs_a_module_that_need_not_end_with_us() -> None:
    done = subprocess.run(module_command("edge", "--version"), capture_output=True, check=True)
    assert done.stdout.startswith(b"sign-edge ")


def test_process_goes_on_as_another_module_without_its_open_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTHER", "kept")
    with subprocess.Popen(
        module_command("becomes"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as process:
        told = json.loads(process.communicate()[0])
    assert told["number"] == process.pid
    assert told["arguments"] == ["again"]
    assert told["variables"]["OTHER"] == "kept"
    assert len(told["open"]) == 4  # the standard ones, and that by which they are listed


def test_child_whose_parent_has_gone_already_does_nothing() -> None:
    done = subprocess.run(
        module_command("told", parent=1), capture_output=True, check=False, stdin=subprocess.DEVNULL
    )
    assert (done.returncode, done.stdout) == (1, b"")


@pytest.mark.parametrize("argument", ["obeys", "hangs"])
def test_end_leaves_neither_the_child_nor_what_it_started(argument: str) -> None:
    child = Child("waits", argument)
    grandchild = int(child.output.readline())
    begun = time.monotonic()
    child.end(60.0 if argument == "obeys" else 0.1)
    assert time.monotonic() - begun < 30
    assert eventually(lambda: not is_running(grandchild))
    child.end()
    child.kill()


def test_kill_ends_whoever_reads() -> None:
    with Child("waits", "hangs") as child:
        grandchild = int(child.output.readline())
        child.kill()
        assert child.output.read() == b""
    assert eventually(lambda: not is_running(grandchild))


def test_child_that_takes_too_long_is_told_and_ended() -> None:
    with Child("waits", "hangs") as child:
        grandchild = int(child.output.readline())
        with pytest.raises(TimeoutError):
            child.finish(within=0.1)
    assert eventually(lambda: not is_running(grandchild))


def test_child_tells_its_code_and_its_last_words() -> None:
    with Child("no_such_module", stderr=subprocess.PIPE) as child:
        done = child.finish()
    assert done.code == 1
    assert "no_such_module" in done.said.splitlines()[-1]


def test_child_is_killed_with_us() -> None:
    with subprocess.Popen(module_command("starts"), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        child = next(iter(_children_of(process.pid)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert eventually(lambda: not is_running(child))


def _children_of(number: int) -> list[int]:
    listed = [task / "children" for task in Path(f"/proc/{number}/task").iterdir()]
    return [int(child) for path in listed for child in path.read_text().split()]
