"""The package: what is in it, its unit, its manual, and whom its installer refuses.

Whether it installs and runs is shown by scripts/prove/systemd, on a real systemd.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from documents import links
from patience import AGES
from program_modules import load_program

from edge import __version__
from edge.__main__ import make_parser
from edge.config.settings import MqttSettings
from edge.mqtt.credentials import read_login
from edge.page.secrets import PASSWORD, SecretFile

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd" / "sign-edge.service"
SCORE = 2.0
"""Worst that `systemd-analyze security` may say."""


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=AGES,
        check=False,
    )


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


# The package


@pytest.fixture(scope="module", params=["amd64", "arm64"])
def package(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the package, without wheels."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("not installed: dpkg-deb")
    folder = tmp_path_factory.mktemp("package")
    built = run(DEPLOY / "build-deb", "--arch", request.param, "--output", folder)
    assert built.returncode == 0, built.stderr
    path = Path(built.stdout.strip())
    assert path.name == f"sign-edge_{__version__}_{request.param}.deb"
    return path


def test_package_brings_what_it_is_set_up_from_and_the_service(package: Path) -> None:
    listing = run("dpkg-deb", "-c", package).stdout.splitlines()
    assert all(" root/root " in line for line in listing)
    names = {line.split()[5].removeprefix("./") for line in listing}
    sources = ["pyproject.toml", "constraints.txt", "config.toml", "scripts/setup"]
    sources += [str(path.relative_to(ROOT)) for path in (ROOT / "edge").rglob("*.py")]
    sources += [str(path.relative_to(ROOT)) for path in (ROOT / "models").glob("*/model.*")]
    assert {f"usr/share/sign-edge/{name}" for name in sources} <= names
    assert {
        "etc/sign-edge/",
        "usr/bin/sign-edge",
        "usr/lib/systemd/system/sign-edge.service",
        "usr/lib/sysusers.d/sign-edge.conf",
        "usr/lib/udev/rules.d/70-sign-edge.rules",
        "usr/share/bash-completion/completions/sign-edge",
        "usr/share/doc/sign-edge/examples/sign-edge-mosquitto.conf",
        "usr/share/fish/vendor_completions.d/sign-edge.fish",
        "usr/share/man/man1/sign-edge.1.gz",
        "usr/share/zsh/vendor-completions/_sign-edge",
    } <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_package_brings_what_its_documents_link_to(package: Path, tmp_path: Path) -> None:
    unpacked = run("dpkg-deb", "-x", package, tmp_path)
    assert unpacked.returncode == 0, unpacked.stderr
    read = [tmp_path / "usr/share/doc/sign-edge/README.md"]
    read += (tmp_path / "usr/share/sign-edge/docs").rglob("*.md")
    assert len(read) > 10
    assert (tmp_path / "usr/share/doc/sign-edge/docs/README.md").is_file()
    for path in read:
        for link in links(path):
            target = path.resolve().parent / link.partition("#")[0]
            assert ":" in link or target.exists(), f"{path.name}: {link}"


def test_package_says_what_it_needs_and_its_scripts_parse(package: Path, tmp_path: Path) -> None:
    architecture = package.stem.rpartition("_")[2]
    fields = run("dpkg-deb", "-f", package).stdout
    assert f"\nArchitecture: {architecture}\n" in fields
    assert f"\nVersion: {__version__}\n" in fields
    assert "python3 (>= 3.10), python3-venv" in fields
    needs = "libc6 (>= 2.34), libgcc-s1, libstdc++6 (>= 12)"
    assert needs in fields, "ai-edge-litert's libraries for arm64, whatever its wheel's name says"
    assert "@" not in fields.replace("sign-edge@localhost", "")
    run("dpkg-deb", "-e", package, tmp_path)
    for name in ("preinst", "postinst", "prerm", "postrm"):
        script = tmp_path / name
        assert script.stat().st_mode & 0o777 == 0o755
        assert "@FIND_PYTHON@" not in script.read_text(encoding="utf-8")
        assert run("sh", "-n", script).stderr == ""


@needs("dpkg-deb")
def test_package_bundles_the_wheels_of_its_architecture_only(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for tags in ("py3-none-any", "cp311-cp311-manylinux2014_x86_64"):
        (wheels / f"one-1-{tags}.whl").touch()
    refused = run(DEPLOY / "build-deb", "--arch", "arm64", "--wheels", wheels, "--output", tmp_path)
    assert refused.returncode == 2
    assert f"no wheels for aarch64 in {wheels}" in refused.stderr
    (wheels / "one-1-cp311-cp311-manylinux2014_aarch64.whl").touch()
    built = run(DEPLOY / "build-deb", "--arch", "arm64", "--wheels", wheels, "--output", tmp_path)
    names = re.findall(r"wheels/(\S+\.whl)", run("dpkg-deb", "-c", built.stdout.strip()).stdout)
    assert sorted(names) == [
        "one-1-cp311-cp311-manylinux2014_aarch64.whl",
        "one-1-py3-none-any.whl",
    ]


def test_installed_copies_get_every_model_bundle() -> None:
    tree = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    installed = tree["tool"]["setuptools"]["data-files"]
    shipped = {path.parent.name for path in (ROOT / "models").glob("*/model.json")}
    assert {f"share/sign-edge/models/{name}" for name in shipped} <= set(installed)


# pip's import comes after another test's of distutils, which setuptools dislikes.
@pytest.mark.filterwarnings("ignore:Setuptools is replacing distutils:UserWarning")
def test_wheels_are_those_of_the_device_and_not_of_this_machine() -> None:
    fetch_wheels = load_program("deploy/fetch-wheels")
    for python, needs_tomli in (("3.10", True), ("3.11", False), ("3.12", False)):
        target = fetch_wheels.Target("arm64", python)
        pinned = fetch_wheels.pins(target)
        assert re.fullmatch(r"numpy==1\.\S+( +--hash=sha256:[0-9a-f]{64} *)+", pinned["numpy"])
        needed = [fetch_wheels.Requirement(text) for text in fetch_wheels.roots()[0]]
        names = {one.name for one in needed if target.needs(one)}
        assert names <= set(pinned)
        assert "ai-edge-litert" in names
        assert "tflite-runtime" not in names, "the tests' alone"
        assert ("tflite-runtime" in pinned) == (python != "3.12"), "it has no wheel for 3.12"
        assert ("tomli" in names) is needs_tomli


# The unit


@needs("systemd-analyze")
def test_unit_is_understood_whole(tmp_path: Path) -> None:
    text = UNIT.read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=(\S+)", text, re.MULTILINE)
    unit = tmp_path / "sign-edge.service"
    unit.write_text(text.replace(command, "/bin/true"), encoding="utf-8")
    verdict = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
    assert "sign-edge" not in verdict.stderr, verdict.stderr


@needs("systemd-analyze")
def test_unit_is_hardened() -> None:
    verdict = run("systemd-analyze", "security", "--offline=true", "--no-pager", UNIT)
    found = re.search(r"exposure level for \S+: ([\d.]+)", verdict.stdout)
    if found is None:
        pytest.skip(f"systemd-analyze knows no --offline here: {verdict.stderr.strip()}")
    assert float(found[1]) <= SCORE


def test_unit_runs_what_the_package_installs() -> None:
    text = UNIT.read_text(encoding="utf-8")
    venv = re.findall(r"^venv=(\S+)", (DEPLOY / "debian" / "postinst").read_text(), re.MULTILINE)
    command = f"{venv[0]}/bin/sign-edge run --config /etc/sign-edge/config.toml"
    assert f"\nExecStart={command}\n" in text
    assert f"exec {venv[0]}/bin/sign-edge " in (DEPLOY / "sign-edge").read_text(encoding="utf-8")
    user = re.findall(r"^User=(\S+)", text, re.MULTILINE)
    sysusers = (DEPLOY / "systemd" / "sysusers.conf").read_text(encoding="utf-8")
    assert re.findall(r"^u (\S+)", sysusers, re.MULTILINE) == user == ["sign-edge"]
    groups = re.findall(r"^SupplementaryGroups=(.+)", text, re.MULTILINE)[0].split()
    assert sorted(re.findall(r"^m sign-edge (\S+)", sysusers, re.MULTILINE)) == sorted(groups)


@needs("systemd-sysusers")
def test_user_of_the_service_gets_its_groups(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    made = run("systemd-sysusers", f"--root={tmp_path}", DEPLOY / "systemd" / "sysusers.conf")
    assert made.returncode == 0, made.stderr
    users = (tmp_path / "etc" / "passwd").read_text(encoding="utf-8")
    assert re.search(r"^sign-edge:.*:/var/lib/sign-edge:\S*nologin$", users, re.MULTILINE)
    groups = (tmp_path / "etc" / "group").read_text(encoding="utf-8")
    members = re.findall(r"^(\w+):[^:]*:\d+:sign-edge$", groups, re.MULTILINE)
    assert sorted(members) == ["audio", "render", "video"]


@pytest.mark.usefixtures("bare_environment")
def test_blank_credentials_of_the_unit_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = UNIT.read_text(encoding="utf-8")
    defaults = dict(re.findall(r"^SetCredential=([^:]+):(.*)$", text, re.MULTILINE))
    assert set(defaults) == {"mqtt-username", "mqtt-password", "page-password", "page-token"}
    for name, value in defaults.items():
        (tmp_path / name).write_text(value.replace("\\n", "\n"), encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_login(MqttSettings()) == ("", None)
    assert SecretFile(PASSWORD, "", "password_file").read() == ""
    assert read_login(MqttSettings(username="kitchen")) == ("kitchen", None)
    (tmp_path / "mqtt-password").write_text("secret\n", encoding="utf-8")
    assert read_login(MqttSettings(username="kitchen")) == ("kitchen", "secret")


# The manual and the completions


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    return {name for action in parser._actions for name in action.option_strings}


@pytest.fixture(scope="module")
def manuals() -> ModuleType:
    return load_program("deploy/make-manuals")


def test_manual_page_has_every_command_and_option(manuals: ModuleType) -> None:
    remedy = "run deploy/make-manuals"
    assert manuals.page(make_parser()) == manuals.PAGE.read_text(encoding="utf-8"), remedy
    page = manuals.PAGE.read_text(encoding="utf-8").replace("\\-", "-")
    commands = list(manuals.commands(make_parser()))
    assert {"run", "check", "mqtt remove"} <= {name for name, _, _ in commands}
    for name, _, parser in commands:
        _, _, section = page.partition(f"\n.SS {name}\n")
        section = section.partition("\n.S")[0]
        for option in options_of(parser) - {"-h", "--help"}:
            assert f"\\fB{option}\\fR" in section, f"{name} {option}: {remedy}"


@needs("man", "groff")
def test_manual_page_is_set_without_a_complaint() -> None:
    shown = run("man", "--warnings", "-l", DEPLOY / "sign-edge.1", MANWIDTH="100", LC_ALL="C.UTF-8")
    assert shown.stderr == ""
    assert "/etc/sign-edge/mqtt-password" in shown.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_those_of_the_command_line(manuals: ModuleType, shell: str) -> None:
    text = (DEPLOY / "completions" / f"sign-edge.{shell}").read_text(encoding="utf-8")
    for name, _, parser in manuals.commands(make_parser()):
        assert name.split()[-1] in text
        for option in options_of(parser) - {"-h"}:
            shown = f"-l {option[2:]}" if shell == "fish" else option
            assert shown in text, f"{name} {option}: run deploy/make-manuals"
    if importlib.util.find_spec("shtab") is not None:
        assert manuals.completion(make_parser(), shell) == text, "run deploy/make-manuals"


@needs("bash")
def test_bash_completes_commands_and_options() -> None:
    def completed(*words: str) -> list[str]:
        script = f"""
            source {DEPLOY}/completions/sign-edge.bash
            function=$(complete -p sign-edge | sed 's/.* -F \\([^ ]*\\) .*/\\1/')
            COMP_WORDS=({" ".join(words)}) COMP_CWORD={len(words) - 1}
            $function sign-edge "{words[-1]}" "{words[-2]}"
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        return run("bash", "-c", script).stdout.split()

    assert completed("sign-edge", "mo") == ["monitor"]
    assert completed("sign-edge", "evaluate", "--str") == ["--stream"]
    assert completed("sign-edge", "monitor", "--order", "t") == ["trouble"]


# The installer


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Make a folder for PATH with the usual tools and with nothing that tells of the machine."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "cat", "dirname", "env", "head", "readlink", "sh", "uname"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return folder


def pretend(machine: Path, name: str, script: str) -> None:
    path = machine / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def pretend_python(machine: Path, version: str, bits: int = 64) -> None:
    """Put a Python there that says that it is another one."""
    lie = (
        f"import struct, sys; sys.version_info = tuple(map(int, '{version}'.split('.'))); "
        f"struct.calcsize = lambda _: {bits // 8}; exec(sys.argv[1])"
    )
    pretend(
        machine,
        "python3",
        f'if [ "$1" = --version ]; then echo "Python {version}"; exit; fi\n'
        f'exec {sys.executable} -c "{lie}" "$2"',
    )


def install(machine: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return run(DEPLOY / "install.sh", *options, PATH=str(machine), PYTHON="")


@pytest.mark.parametrize("architecture", ["armhf", "armel", "i386"])
def test_installer_refuses_32_bit_systems(machine: Path, architecture: str) -> None:
    pretend(machine, "dpkg", f"echo {architecture}")
    pretend_python(machine, "3.11.2")
    refused = install(machine)
    assert refused.returncode == 1
    assert refused.stderr == (
        f"sign-edge: this system is {architecture}; MediaPipe has packages for 64-bit ones only "
        "(arm64 or amd64), so install a 64-bit system\n"
    )


@pytest.mark.parametrize(("version", "bits"), [("3.9.2", 64), ("3.13.1", 64), ("3.11.2", 32)])
def test_installer_refuses_other_pythons(machine: Path, version: str, bits: int) -> None:
    pretend(machine, "dpkg", "echo arm64")
    pretend_python(machine, version, bits)
    refused = install(machine)
    assert refused.returncode == 1
    assert "Python 3.10, 3.11 or 3.12 is needed, 64-bit" in refused.stderr
    assert f"{machine}/python3 is Python {version}" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_installer_refuses_a_machine_without_python_or_dpkg(machine: Path) -> None:
    assert "this system has no dpkg" in install(machine).stderr
    pretend(machine, "dpkg", "echo arm64")
    refused = install(machine)
    assert refused.returncode == 1
    assert "python3 is not there" in refused.stderr


@pytest.mark.parametrize("version", ["3.10.12", "3.11.2", "3.12.3"])
def test_supported_pythons_are_found(machine: Path, version: str) -> None:
    pretend(machine, "dpkg", "echo arm64")
    pretend_python(machine, version)
    script = f". {DEPLOY}/debian/find-python.sh; check_machine && find_python"
    found = run("sh", "-c", script, PATH=str(machine), PYTHON="")
    assert found.stdout == f"{machine}/python3\n", found.stderr


def test_package_refuses_the_same_before_it_is_unpacked(machine: Path, package: Path) -> None:
    tools = machine.parent / "control"
    run("dpkg-deb", "-e", package, tools)
    pretend(machine, "dpkg", "echo arm64")
    pretend_python(machine, "3.13.1")
    refused = run(tools / "preinst", "install", PATH=str(machine), PYTHON="")
    assert refused.returncode == 1
    assert "Python 3.10, 3.11 or 3.12 is needed" in refused.stderr
    pretend_python(machine, "3.11.2")
    assert run(tools / "preinst", "install", PATH=str(machine), PYTHON="").returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to get that far")
def test_uninstalling_what_is_not_installed_is_no_fault(machine: Path) -> None:
    pretend(machine, "dpkg", "echo amd64")
    pretend(machine, "dpkg-query", "exit 1")
    done = install(machine, "--uninstall")
    assert (done.returncode, done.stderr) == (0, "install: sign-edge is not installed\n")


def test_installer_explains_itself(machine: Path) -> None:
    assert install(machine, "--frobnicate").returncode == 2
    absent = install(machine, "--wheels", "/nowhere")
    assert (absent.returncode, absent.stderr) == (1, "install: --wheels /nowhere: no such folder\n")
