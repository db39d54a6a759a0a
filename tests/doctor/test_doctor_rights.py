"""The doctor's look at what the service's user may reach; the kernel is asked, as that user."""

from __future__ import annotations

import os
import pwd
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.config.settings import MqttSettings, Settings, SpeechSettings
from edge.doctor.checks import lend_credential
from edge.doctor.reach import Need, out_of_reach
from edge.doctor.rights import check_access
from edge.doctor.unit import Unit
from edge.errors import ConfigError

if TYPE_CHECKING:
    from edge.doctor.finding import Finding

NOBODY = "nobody"
only_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may ask for other users")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give a folder that everybody may enter."""
    ours = Path(tempfile.gettempdir())
    for folder in (tmp_path, *tmp_path.parents):  # more of them where tests run side by side
        if ours in folder.parents:
            folder.chmod(0o755)
    return tmp_path


def faults_of(settings: Settings, config: Path | None, **more: object) -> list[Finding]:
    """Return what nobody may not, the program itself apart: it lies where the tests run."""
    found = check_access(settings, config, user=NOBODY, **more)  # type: ignore[arg-type]
    return [one for one in found if not one.ok and "(the program)" not in one.text]


def test_own_rights_are_looked_at_by_default(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.touch()
    own = pwd.getpwuid(os.getuid()).pw_name
    (finding,) = check_access(Settings(), config, user=own, root=tmp_path)
    assert finding.ok, finding.text
    assert finding.text.startswith(f"{own} may reach all of ")


def test_user_who_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="there is no such user"):
        list(check_access(Settings(), None, user="no-such-user"))


@only_root
def test_configuration_that_the_user_may_not_read_is_a_fault(place: Path) -> None:
    config = place / "config.toml"
    config.touch()
    config.chmod(0o644)
    assert faults_of(Settings(), config) == []
    config.chmod(0o640)
    (fault,) = faults_of(Settings(), config)
    assert fault.text == f"nobody may not read {config} (the configuration)"
    assert f"chgrp nobody {config}" in fault.advice


@only_root
def test_file_in_a_folder_that_is_closed_counts_as_out_of_reach(place: Path) -> None:
    folder = place / "closed"
    folder.mkdir(mode=0o700)
    path = folder / "ca.crt"
    path.touch()
    settings = Settings(mqtt=MqttSettings(ca_file=str(path)))
    (fault,) = faults_of(settings, None)
    assert "mqtt.ca_file" in fault.text


@only_root
def test_folder_that_the_user_may_not_write_is_a_fault(place: Path) -> None:
    said = place / "said"
    said.mkdir(mode=0o755)
    settings = Settings(speech=SpeechSettings(device=f"file:{said}"))
    (fault,) = faults_of(settings, None)
    assert f"nobody may not write {said}" in fault.text
    os.chown(said, pwd.getpwnam(NOBODY).pw_uid, -1)
    assert faults_of(settings, None) == []


@only_root
def test_sound_card_of_a_group_that_the_user_lacks_names_the_group(place: Path) -> None:
    card = place / "dev/snd/pcmC0D0p"
    card.parent.mkdir(parents=True)
    card.touch()
    card.chmod(0o660)
    os.chown(card, 0, 29)  # audio, on every Debian
    (fault,) = faults_of(Settings(), None, root=place)
    assert fault.text == f"nobody may not use {card} (sound)"
    assert fault.advice.startswith("sudo usermod -aG audio nobody")
    card.chmod(0o600)
    (fault,) = faults_of(Settings(), None, root=place)
    assert "udev rule" in fault.advice


@only_root
def test_groups_given_count(place: Path) -> None:
    path = place / "device"
    path.touch()
    path.chmod(0o660)
    os.chown(path, 0, 44)
    entry, need = pwd.getpwnam(NOBODY), Need(path, "rw", "the camera")
    assert out_of_reach([need], entry, [entry.pw_gid]) == [need]
    assert out_of_reach([need], entry, [entry.pw_gid, 44]) == []


def test_password_that_others_can_read_is_a_fault(tmp_path: Path) -> None:
    config, password = tmp_path / "config.toml", tmp_path / "mqtt-password"
    config.touch()
    password.write_text("secret\n")
    password.chmod(0o640)
    own = pwd.getpwuid(os.getuid()).pw_name
    faults = [one for one in check_access(Settings(), config, user=own) if not one.ok]
    assert [str(password) in fault.text for fault in faults] == [True]
    assert f"chmod 600 {password}" in faults[0].advice
    assert "secret" not in str(faults)
    password.chmod(0o600)
    assert all(one.ok for one in check_access(Settings(), config, user=own))


def test_doctor_logs_in_with_the_password_that_systemd_hands_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "elsewhere")
    config = tmp_path / "config.toml"
    (tmp_path / "mqtt-password").write_text("secret\n")
    lend_credential(config)
    assert os.environ["CREDENTIALS_DIRECTORY"] == "elsewhere"
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    lend_credential(None)
    assert "CREDENTIALS_DIRECTORY" not in os.environ
    lend_credential(config)
    assert os.environ["CREDENTIALS_DIRECTORY"] == str(tmp_path)


@only_root
def test_file_that_the_sandbox_hides_is_a_fault(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.doctor.rights.SERVICE_USER", NOBODY)
    config = place / "config.toml"
    config.touch()
    service = Unit("active", "", "", groups=(), hidden=(str(place),), has_cpuinfo=True)
    (fault,) = faults_of(Settings(), config, unit=service)
    assert f"sandbox hides {config}" in fault.text
    assert "/etc/sign-edge" in fault.advice
