"""What is looked at: camera, movement, landmarks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge.config.settings.types import Section, Share


class CameraSettings(Section):
    """Where frames come from."""

    source: Annotated[str, Field(min_length=1, max_length=2000)] = "0"
    """0 or /dev/v4l/by-id/... (USB), picamera, gstreamer:PIPELINE, an rtsp:// or http://
    address, a video, a folder of images, archive:FILE."""

    width: Annotated[int, Field(ge=64, le=4096)] = 640
    """Pixels asked of a camera; it may give others."""

    height: Annotated[int, Field(ge=64, le=4096)] = 480
    """Pixels asked of a camera."""

    fps: Annotated[float, Field(gt=0, le=120)] = 30.0
    """Frames per second asked of a camera, and the speed of a folder of images."""

    exposure: Literal["steady", "auto", "manual"] = "steady"
    """Steady keeps the frame rate in the dark, auto lets the camera lower it for more light,
    manual takes exposure_ms."""

    exposure_ms: Annotated[float, Field(ge=0.1, le=1000)] = 10.0
    """Manual: milliseconds a picture is exposed; 10 and 20 do not flicker under lamps at 50 Hz."""

    open_deadline: Annotated[float, Field(ge=1, le=120)] = 15.0
    """How long a camera may take to its first frame."""

    frame_deadline: Annotated[float, Field(ge=0.5, le=120)] = 5.0
    """How long a running camera may send nothing before it is reopened."""

    retry_max: Annotated[float, Field(ge=0.5, le=600)] = 30.0
    """Longest wait between two tries to reopen a camera."""

    loop: bool = False
    """Whether a recording starts again at its end."""

    archive_rest: Annotated[float, Field(ge=0, le=60)] = 1.5
    """Pause between the clips of an archive."""


class GateSettings(Section):
    """When nothing moves, nothing is computed."""

    enabled: bool = True
    """Whether to rest while nothing moves; false looks for landmarks in every frame."""

    idle_fps: Annotated[float, Field(ge=1, le=30)] = 5.0
    """Frames per second examined at rest."""

    luminance: Annotated[int, Field(ge=1, le=128)] = 12
    """Change of brightness, of 255, that counts as movement; raise it for a noisy camera."""

    area: Annotated[float, Field(gt=0, le=1)] = 0.004
    """Share of the picture that must change."""

    hold: Annotated[float, Field(ge=0.5, le=60)] = 3.0
    """Stillness after which the gate closes."""


class LandmarkSettings(Section):
    """How landmarks are found."""

    backend: Literal["tracker", "mediapipe"] = "tracker"
    """Tracker runs MediaPipe's networks only where needed, mediapipe runs its whole graph:
    three times the work."""

    max_fps: Annotated[float, Field(ge=5, le=60)] = 15.0
    """Frames per second searched for landmarks at most; fewer spare the processor, below 10
    words are lost."""

    target_fps: Annotated[float, Field(ge=5, le=60)] = 12.0
    """Tracker: frames per second of signing below which it takes smaller networks, less often."""

    min_detection: Share = 0.5
    """Confidence at which a person or hand counts as found."""

    min_tracking: Share = 0.5
    """Confidence below which a found person or hand is searched for anew."""
