"""Checks that the service's user may read, use and write what the service needs."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.doctor.finding import Finding
from edge.doctor.models import needed_bundles
from edge.doctor.reach import Need, out_of_reach
from edge.errors import ConfigError, EdgeError
from edge.speech.speaking_process import FILE_PREFIX
from edge.system.paths import state_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.config.settings import Settings
    from edge.doctor.unit import Unit

SERVICE_USER: Final = "sign-edge"
CREDENTIALS: Final = ("mqtt-password", "page-password", "page-token", "mqtt-username")
"""What the unit hands the service, beside the configuration; the first one is secret."""
_SERVICE_STATE: Final = Path("/var/lib/sign-edge")


def check_access(
    settings: Settings,
    config: Path | None,
    *,
    user: str | None,
    unit: Unit | None = None,
    root: Path = Path("/"),
) -> Iterable[Finding]:
    """Look whether the service's user, or the user who runs this, may reach what is needed.

    Args:
        settings: All of them.
        config: The file they come from, if any.
        user: Whose rights; None for the service's user where root asks and there is one, else
            for oneself.
        unit: The installed service.
        root: Where dev is.

    Raises:
        ConfigError: There is no such user, or only root may ask for it.
    """
    entry = _entry_of(user)
    is_service = entry.pw_name == SERVICE_USER
    state = state_of(user)
    needs = [one for one in _needs(settings, config, state, root) if _is_there(one.path)]
    yield from _open_credential(config)
    groups = _groups_of(entry, unit)
    hidden = unit.hidden if unit is not None and is_service else ()
    faults = [
        *(_denied(one, entry.pw_name) for one in out_of_reach(needs, entry, groups)),
        *(_unseen(one) for one in needs if any(one.path.is_relative_to(at) for at in hidden)),
    ]
    yield from faults
    if not faults:
        names = ", ".join(sorted(_group_name(number) for number in groups)) or "none"
        text = f"{entry.pw_name} may reach all of {len(needs)} files, devices and folders"
        yield Finding("access", True, f"{text}; groups {names}")


def state_of(user: str | None) -> Path:
    """Name the folder in which that user's state is kept; user as in check_access."""
    return _SERVICE_STATE if _entry_of(user).pw_name == SERVICE_USER else state_folder()


def _entry_of(user: str | None) -> pwd.struct_passwd:
    """Find the user whose rights are asked for."""
    own = pwd.getpwuid(os.getuid())
    if user is None:
        try:
            return pwd.getpwnam(SERVICE_USER) if os.getuid() == 0 else own
        except KeyError:
            return own
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise ConfigError(f"--user {user}: there is no such user") from None
    if os.getuid() not in (0, entry.pw_uid):
        raise ConfigError(f"--user {user}: only root may ask; run it with sudo")
    return entry


def _groups_of(entry: pwd.struct_passwd, unit: Unit | None) -> list[int]:
    """Take the user's own groups and those that the unit adds."""
    groups = set(os.getgrouplist(entry.pw_name, entry.pw_gid))
    known = {group.gr_name: group.gr_gid for group in grp.getgrall()}
    added = unit.groups if unit is not None and entry.pw_name == SERVICE_USER else ()
    return sorted(groups | {known[name] for name in added if name in known})


def _needs(settings: Settings, config: Path | None, state: Path, root: Path) -> Iterable[Need]:
    yield Need(Path(sys.executable), "x", "the program")
    yield Need(Path(__file__).parent, "rx", "the program")
    if config is not None:
        yield Need(config.absolute(), "r", "the configuration")
    for key in ("password_file", "ca_file", "cert_file", "key_file"):
        if path := getattr(settings.mqtt, key):
            yield Need(Path(path).absolute(), "r", f"mqtt.{key}")
    yield from _bundle_needs(settings)
    yield from _device_needs(settings, root)
    folders = {
        "state": str(state),
        "mqtt.outbox": settings.mqtt.outbox.replace(":memory:", ""),
        "learning.folder": settings.learning.folder,
        "speech.device": settings.speech.device.partition(FILE_PREFIX)[2],
    }
    for purpose, folder in folders.items():
        if folder:
            yield Need(Path(folder).expanduser().absolute(), "wx", purpose)


def _bundle_needs(settings: Settings) -> Iterable[Need]:
    try:
        from edge.recognition.bundle import find_bundle
    except ImportError:
        return
    for name, key in needed_bundles(settings):
        with contextlib.suppress(EdgeError):  # the model's own check tells it
            yield Need(find_bundle(name, key).absolute() / "model.tflite", "r", key)


def _device_needs(settings: Settings, root: Path) -> Iterable[Need]:
    try:
        from edge.camera.webcam import device_path
    except ImportError:
        return
    source = settings.camera.source
    if source == "picamera":
        for pattern in ("video*", "media*", "dma_heap/*"):
            yield from (Need(path, "rw", "the camera") for path in root.glob(f"dev/{pattern}"))
    elif source.isdecimal() or source.startswith("/dev/"):
        yield Need(device_path(source).resolve(), "rw", "the camera")
    speech = settings.speech
    if speech.enabled and speech.engine != "none" and not speech.device.startswith(FILE_PREFIX):
        for pattern in ("pcmC*p", "controlC*"):
            yield from (Need(path, "rw", "sound") for path in root.glob(f"dev/snd/{pattern}"))


def _denied(need: Need, user: str) -> Finding:
    """Say what is missing; for devices, which group has it."""
    verb = {"rw": "use", "wx": "write", "r": "read"}.get(need.modes, "run")
    text = f"{user} may not {verb} {need.path} ({need.purpose})"
    about = need.path.stat()
    group = _group_name(about.st_gid)
    if verb == "use":
        advice = f"sudo usermod -aG {group} {user}, then sudo systemctl restart sign-edge"
        if about.st_mode & 0o060 != 0o060 or group == "root":
            advice = "no group has it: a udev rule with GROUP and MODE=0660 is missing"
    elif verb == "run":
        advice = "install it where everybody may read it: deploy/install.sh does"
    elif verb == "write":
        advice = f"sudo chown -R {user} {need.path}"
    else:
        advice = f"sudo chgrp {user} {need.path} && sudo chmod g+r {need.path}; and its folders"
    return Finding("access", False, text, advice)


def _unseen(need: Need) -> Finding:
    text = f"the service's sandbox hides {need.path} ({need.purpose})"
    return Finding("access", False, text, "move it, best to /etc/sign-edge or /var/lib/sign-edge")


def _open_credential(config: Path | None) -> Iterable[Finding]:
    """The unit's secrets are read by systemd, as root; nobody else need see them."""
    folder = config.absolute().parent if config is not None else None
    for name in CREDENTIALS[:3] if folder is not None else ():
        path = Path(folder or "", name)
        try:
            is_open = bool(path.stat().st_mode & 0o077)
        except OSError:  # none, or not for us to see
            continue
        if is_open:
            text = f"{path} can be read by others than root"
            advice = f"sudo chown root: {path} && sudo chmod 600 {path}"
            yield Finding("access", False, text, advice)


def _is_there(path: Path) -> bool:
    """Tell whether there is anything to ask about; what is out of our own sight counts."""
    try:
        return path.exists()
    except PermissionError:
        return True


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
