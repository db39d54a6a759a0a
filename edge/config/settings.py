"""Settings by section: names, types, ranges and defaults; read by ``edge.config.load``.

``config.toml`` lists every one with its default, and a test keeps the two in step.
"""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from edge.config.hours import read_days, read_hours

if TYPE_CHECKING:
    from collections.abc import Callable

Share = Annotated[float, Field(ge=0, le=1)]
Cooldown = Annotated[float, Field(ge=0, le=10)]
Volume = Annotated[int, Field(ge=0, le=100)]
Mode = Literal["words", "letters", "both"]
Hand = Literal["auto", "right", "left"]
TopicPart = Annotated[str, Field(pattern=r"^[^/+#\x00-\x1f\x7f]+$", max_length=64)]
TopicName = Annotated[str, Field(pattern=r"^[^+#\x00-\x1f\x7f]*$", max_length=200)]


def _read_by(read: Callable[[str], object]) -> AfterValidator:
    """Take a text as it is where a function can read it."""

    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class CameraSettings(_Section):
    """Where frames come from."""

    source: Annotated[str, Field(min_length=1, max_length=2000)] = "0"
    width: Annotated[int, Field(ge=64, le=4096)] = 640
    height: Annotated[int, Field(ge=64, le=4096)] = 480
    fps: Annotated[float, Field(gt=0, le=120)] = 30.0
    exposure: Literal["steady", "auto", "manual"] = "steady"
    exposure_ms: Annotated[float, Field(ge=0.1, le=1000)] = 10.0
    open_deadline: Annotated[float, Field(ge=1, le=120)] = 15.0
    frame_deadline: Annotated[float, Field(ge=0.5, le=120)] = 5.0
    retry_max: Annotated[float, Field(ge=0.5, le=600)] = 30.0
    loop: bool = False
    archive_rest: Annotated[float, Field(ge=0, le=60)] = 1.5


class GateSettings(_Section):
    """When nothing moves, nothing is computed."""

    enabled: bool = True
    idle_fps: Annotated[float, Field(ge=1, le=30)] = 5.0
    luminance: Annotated[int, Field(ge=1, le=128)] = 12
    area: Annotated[float, Field(gt=0, le=1)] = 0.004
    hold: Annotated[float, Field(ge=0.5, le=60)] = 3.0


class LandmarkSettings(_Section):
    """How landmarks are found."""

    backend: Literal["tracker", "mediapipe"] = "tracker"
    max_fps: Annotated[float, Field(ge=5, le=60)] = 15.0
    target_fps: Annotated[float, Field(ge=5, le=60)] = 12.0
    min_detection: Share = 0.5
    min_tracking: Share = 0.5


class SegmenterSettings(_Section):
    """When a sign starts and ends."""

    kind: Literal["boundary", "hysteresis", "sliding"] = "boundary"
    bundle: Annotated[str, Field(min_length=1, max_length=2000)] = "boundary"
    enter: Share = 0.5
    exit: Share = 0.5
    split: Share = 0.4
    hold: Annotated[float, Field(ge=0, le=1)] = 0.05
    margin: Annotated[float, Field(ge=0, le=1)] = 0.0
    unseen_time: Annotated[float, Field(ge=0.05, le=5)] = 1.0
    raised: Annotated[float, Field(ge=-3, le=1)] = -1.05
    enter_speed: Annotated[float, Field(gt=0, le=20)] = 1.0
    exit_speed: Annotated[float, Field(gt=0, le=20)] = 0.5
    rest_time: Annotated[float, Field(ge=0.05, le=5)] = 1.0
    away_time: Annotated[float, Field(ge=0.05, le=5)] = 0.3
    padding: Annotated[float, Field(ge=0, le=2)] = 0.3
    min_length: Annotated[float, Field(ge=0.05, le=5)] = 0.35
    max_length: Annotated[float, Field(ge=0.5, le=20)] = 5.0
    min_fps: Annotated[float, Field(ge=1, le=15)] = 5.0


class ClassifierSettings(_Section):
    """Which model recognises, and how sure it must be."""

    bundle: Annotated[str, Field(min_length=1, max_length=2000)] = "words"
    threshold: Share = 0.0
    early: Share = 0.97
    dominant_hand: Hand = "auto"
    threads: Annotated[int, Field(ge=1, le=16)] = 1


class SpellingSettings(_Section):
    """Fingerspelling: whether it is read, when a letter is one, and when a word is over."""

    mode: Mode = "words"
    bundle: Annotated[str, Field(min_length=1, max_length=2000)] = "letters"
    dwell: Annotated[float, Field(ge=0.05, le=2)] = 0.15
    rest: Annotated[float, Field(ge=0.2, le=10)] = 0.8
    still: Annotated[float, Field(gt=0, le=10)] = 1.0
    release: Annotated[float, Field(gt=0, le=5)] = 0.2
    slide: Annotated[float, Field(gt=0, le=5)] = 0.35
    sure: Share = 0.9
    model_weight: Annotated[float, Field(ge=0, le=2)] = 0.4


class ComposerSettings(_Section):
    """How signs become words and utterances."""

    cooldown: Cooldown = 0.3
    pause: Annotated[float, Field(ge=0.2, le=60)] = 2.5


class LearningSettings(_Section):
    """Words that the owner teaches."""

    folder: Annotated[str, Field(max_length=2000)] = ""
    examples: Annotated[int, Field(ge=3, le=10)] = 5


class MqttSettings(_Section):
    """The broker."""

    enabled: bool = True
    host: Annotated[str, Field(min_length=1, max_length=255)] = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    protocol: Literal["5", "3.1.1"] = "5"
    base: TopicPart = "sign-edge"
    device: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]*$", max_length=64)] = ""
    username: Annotated[str, Field(max_length=255)] = ""
    password_file: Annotated[str, Field(max_length=2000)] = ""
    tls: bool = False
    ca_file: Annotated[str, Field(max_length=2000)] = ""
    cert_file: Annotated[str, Field(max_length=2000)] = ""
    key_file: Annotated[str, Field(max_length=2000)] = ""
    insecure_tls: bool = False
    keepalive: Annotated[int, Field(ge=5, le=3600)] = 30
    retry_max: Annotated[float, Field(ge=1, le=3600)] = 30.0
    outbox: Annotated[str, Field(max_length=2000)] = ""
    queue: Annotated[int, Field(ge=1, le=100_000)] = 1000
    queue_age: Annotated[float, Field(ge=1, le=2_592_000)] = 86400.0
    expiry: Annotated[float, Field(ge=0, le=2_592_000)] = 3600.0
    discovery: bool = True
    discovery_prefix: Annotated[TopicName, Field(min_length=1)] = "homeassistant"
    birth_topic: TopicName = "homeassistant/status"
    birth_jitter: Annotated[float, Field(ge=0, le=300)] = 5.0
    command_rate: Annotated[int, Field(ge=1, le=6000)] = 60

    @property
    def device_id(self) -> str:
        """The configured device name, or the host's with what MQTT forbids replaced."""
        return self.device or re.sub(r"[^a-zA-Z0-9_-]", "-", socket.gethostname())[:64] or "device"


class SpeechSettings(_Section):
    """The loudspeaker."""

    enabled: bool = True
    engine: Literal["espeak", "pyttsx3", "piper", "none"] = "espeak"
    device: Annotated[str, Field(max_length=2000)] = "default"
    voice: Annotated[str, Field(max_length=2000)] = ""
    rate: Annotated[int, Field(ge=80, le=450)] = 160
    volume: Volume = 80
    queue: Annotated[int, Field(ge=1, le=50)] = 3
    max_age: Annotated[float, Field(ge=0.5, le=60)] = 3.0
    timeout: Annotated[float, Field(ge=1, le=60)] = 10.0


class PowerSettings(_Section):
    """When to work more slowly."""

    hot_temperature: Annotated[float, Field(ge=30, le=120)] = 75.0
    margin: Annotated[float, Field(ge=1, le=30)] = 5.0
    hot_fps: Annotated[float, Field(ge=5, le=60)] = 6.0
    battery_fps: Annotated[float, Field(ge=5, le=60)] = 8.0
    hold: Annotated[float, Field(ge=0, le=3600)] = 60.0


class ScheduleSettings(_Section):
    """When to listen."""

    hours: Annotated[str, Field(max_length=200), _read_by(read_hours)] = ""
    days: Annotated[str, Field(max_length=200), _read_by(read_days)] = ""


class PageSettings(_Section):
    """The page: whether there is one, who may see it, and how much they may ask."""

    enabled: bool = False
    host: Annotated[str, Field(min_length=1, max_length=255)] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8470
    password_file: Annotated[str, Field(max_length=2000)] = ""
    token_file: Annotated[str, Field(max_length=2000)] = ""
    cert_file: Annotated[str, Field(max_length=2000)] = ""
    key_file: Annotated[str, Field(max_length=2000)] = ""
    pictures: bool = True
    language: Annotated[str, Field(pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})?)?$")] = ""
    request_rate: Annotated[int, Field(ge=60, le=1_000_000)] = 1200
    upload_mb: Annotated[int, Field(ge=1, le=500)] = 50
    upload_seconds: Annotated[float, Field(ge=1, le=300)] = 30.0


class HealthSettings(_Section):
    """What is reported, and how often."""

    stats_interval: Annotated[float, Field(ge=1, le=3600)] = 60.0
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(_Section):
    """Every setting."""

    camera: CameraSettings = CameraSettings()
    gate: GateSettings = GateSettings()
    landmarks: LandmarkSettings = LandmarkSettings()
    segmenter: SegmenterSettings = SegmenterSettings()
    classifier: ClassifierSettings = ClassifierSettings()
    spelling: SpellingSettings = SpellingSettings()
    composer: ComposerSettings = ComposerSettings()
    learning: LearningSettings = LearningSettings()
    mqtt: MqttSettings = MqttSettings()
    speech: SpeechSettings = SpeechSettings()
    power: PowerSettings = PowerSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    page: PageSettings = PageSettings()
    health: HealthSettings = HealthSettings()
