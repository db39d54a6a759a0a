"""Checks the cameras: lists them, and measures what the configured one gives."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, Final

from edge.doctor.finding import Finding, output_of
from edge.errors import EdgeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edge.camera.attached import Attached
    from edge.config.settings import CameraSettings
    from edge.doctor.unit import Unit

CAMERA_TIME: Final = 8.0
"""Seconds for a camera's first picture and its frame rate."""
_ENOUGH: Final = 2.0
"""Seconds of pictures from which the frame rate is told."""
_DARK: Final = 40
"""Mean brightness, of 255, below which MediaPipe loses hands."""
_GLARING: Final = 225
"""Mean brightness above which skin is as white as the wall behind it."""
_SLOW: Final = 0.7
"""Share of the frame rate asked for, below which it is worth a word."""
_LISTERS: Final = ("rpicam-hello", "libcamera-hello")


@dataclass(slots=True)
class _Watched:
    """What was seen of a camera."""

    times: list[float] = field(default_factory=list)
    """Seconds, of each picture."""

    lights: list[float] = field(default_factory=list)
    """Mean brightness of each, 0 to 255."""

    opened: str = ""
    """How it was opened."""

    complaint: str = ""
    """Why it gave no picture."""

    @property
    def has_rate(self) -> bool:
        """Whether a frame rate can be told."""
        return len(self.times) > 1 and self.times[-1] > self.times[0]

    @property
    def fps(self) -> float:
        """Frames per second."""
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])

    @property
    def light(self) -> float:
        """Mean brightness, once exposure has settled."""
        return fmean(self.lights[len(self.lights) // 2 :])


def list_cameras(settings: CameraSettings) -> Iterable[Finding]:
    """Name the cameras there are, each with what to write for camera.source."""
    try:
        from edge.camera.attached import attached_cameras, ribbon_cameras
    except ImportError:
        return
    attached = attached_cameras()
    sensors = next(filter(None, (output_of(name, "--list-cameras") for name in _LISTERS)), "")
    named = [f"{one.title or 'camera'}: {one.source}" for one in attached]
    named += [f"{sensor}: picamera" for sensor in ribbon_cameras(sensors)]
    text = f"there are {'; '.join(named)}" if named else "no camera is attached"
    yield Finding("camera", True, text, steadier_source(settings.source, attached))


def steadier_source(source: str, attached: Sequence[Attached]) -> str:
    """Advise a name that outlives replugging, where the configured one does not."""
    from edge.camera.webcam import device_path

    if not source.isdecimal() and not source.startswith("/dev/video"):
        return ""
    for one in attached:
        if one.stable and one.node == device_path(source):
            return f'set camera.source = "{one.stable}"; numbers change with every plugging in'
    return ""


def check_camera(
    settings: CameraSettings,
    *,
    least_fps: float,
    unit: Unit | None = None,
    limit: float = CAMERA_TIME,
) -> Finding:
    """Open the source and measure it.

    Args:
        settings: The camera section.
        least_fps: Frames per second below which nothing is recognised.
        unit: The installed service, which may have the camera.
        limit: Seconds for all of it.
    """
    try:
        from edge.camera.live import without_secrets
        from edge.camera.source import source_kind
        from edge.landmarks.archive_player import Playback

        name = without_secrets(settings.source)
        kind = source_kind(settings.source)
        if kind == "archive":
            clips = Playback(settings, is_live=False).clips
            return Finding("camera", True, f"{name}: {len(clips)} clips")
        watched = _watch(settings, limit)
    except (EdgeError, ImportError) as error:
        return Finding("camera", False, str(error), "correct camera.source")
    if not watched.has_rate:
        return _blind(name, watched.complaint or f"no moving picture within {limit:g} s", unit)
    return judge_camera(
        f"{watched.opened or name}: {watched.fps:.1f} frames per second, "
        f"mean light {watched.light:.0f} of 255",
        watched.fps,
        watched.light,
        settings=settings,
        least_fps=least_fps,
    )


def judge_camera(
    text: str, fps: float, light: float, *, settings: CameraSettings, least_fps: float
) -> Finding:
    """Tell from rate and light whether hands will be found, and what would help.

    Args:
        text: What was measured.
        fps: Frames per second.
        light: Mean brightness, 0 to 255.
        settings: The camera section.
        least_fps: Frames per second below which nothing is recognised.
    """
    may_slow = settings.exposure == "auto"
    steady = 'set camera.exposure = "steady"' if may_slow else "ask for fewer pixels (camera.width)"
    if fps < least_fps:
        advice = f"{least_fps:g} are needed; {steady}, add light, try another USB socket"
        return Finding("camera", False, text, advice)
    if light < _DARK:
        more = "" if may_slow else ', or set camera.exposure = "auto"'
        return Finding("camera", False, text, f"too dark to find hands; add light{more}")
    if light > _GLARING:
        return Finding("camera", False, text, "too bright: turn the camera away from the window")
    if fps < _SLOW * settings.fps:
        return Finding("camera", True, text, f"{settings.fps:g} were asked for; {steady}")
    return Finding("camera", True, text)


def _blind(name: str, complaint: str, unit: Unit | None) -> Finding:
    """Tell a camera that the service uses from one that is missing."""
    if unit is not None and unit.is_active and "does not exist" not in complaint:
        is_seeing = not unit.status.startswith("no camera")
        text = f"{name}: not measured, for the running service has it ({unit.status or 'silent'})"
        if is_seeing:
            return Finding("camera", True, text, "to measure it: sudo systemctl stop sign-edge")
        complaint = unit.status
    advice = (
        "plug it in, choose one of those listed as camera.source, join the group video; "
        "only one program may use it: systemctl stop sign-edge"
    )
    return Finding("camera", False, f"{name}: {complaint}", advice)


def _watch(settings: CameraSettings, limit: float) -> _Watched:
    """Read pictures for a while."""
    from edge.camera.source import open_camera

    watched = _Watched()
    stop = threading.Event()
    timer = threading.Timer(limit, stop.set)
    timer.daemon = True

    def note(is_up: bool, reason: str) -> None:
        if is_up:
            watched.opened = reason
        else:
            watched.complaint = reason
            stop.set()  # the daemon would try again; an owner wants to hear of it

    timer.start()
    try:
        with open_camera(settings, live_clock=True, on_state=note) as camera:
            for frame in camera.frames(stop):
                watched.times.append(frame.time)
                watched.lights.append(float(frame.image[::8, ::8].mean()))
                if frame.time - watched.times[0] >= _ENOUGH:
                    stop.set()
    finally:
        timer.cancel()
    return watched
