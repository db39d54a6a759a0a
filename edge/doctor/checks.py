"""Runs every check, in the order in which faults are best mended."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from edge.doctor.acceleration import check_acceleration
from edge.doctor.board import check_board
from edge.doctor.broker import check_broker
from edge.doctor.camera import check_camera, list_cameras
from edge.doctor.clock import check_clock
from edge.doctor.models import check_config, check_model, needed_bundles
from edge.doctor.packages import check_packages, check_python
from edge.doctor.page import check_page
from edge.doctor.rights import CREDENTIALS, check_access, state_of
from edge.doctor.sound import check_sound, play_test
from edge.doctor.unit import check_unit, read_unit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.config.settings import Settings
    from edge.doctor.finding import Finding


def run_checks(
    settings: Settings, config: Path | None, *, user: str | None = None, plays_sound: bool = False
) -> Iterator[Finding]:
    """Look at everything, telling each finding as it comes; takes some ten seconds.

    Args:
        settings: All of them.
        config: The file they come from, if any.
        user: Whose rights are looked at; see check_access.
        plays_sound: Whether to say a few words.

    Raises:
        ConfigError: There is no such user, or only root may ask for it.
    """
    unit = read_unit()
    rights = list(check_access(settings, config, user=user, unit=unit))  # first, to raise at once
    lend_credential(config)
    yield from check_board(state=state_of(user))
    yield check_clock()
    yield check_python()
    yield from check_packages()
    yield check_acceleration(settings.landmarks.backend)
    yield check_config(settings)
    for name, key in needed_bundles(settings):
        yield check_model(name, key)
    yield from list_cameras(settings.camera)
    yield check_camera(settings.camera, least_fps=settings.segmenter.min_fps, unit=unit)
    yield check_sound(settings.speech)
    if plays_sound:
        yield play_test(settings.speech)
    yield check_broker(settings.mqtt)
    yield check_page(settings)
    yield from rights
    yield from check_unit(unit)


def lend_credential(config: Path | None) -> None:
    """Log in as the service does: its password lies beside its configuration, for systemd to give.

    Args:
        config: The configuration; without one there is no such password.
    """
    if config is None or "CREDENTIALS_DIRECTORY" in os.environ:
        return
    folder = config.absolute().parent
    if any(os.access(folder / name, os.F_OK) for name in CREDENTIALS):
        os.environ["CREDENTIALS_DIRECTORY"] = str(folder)
