"""Settings by section: names, types, ranges and defaults; read by ``edge.config.load``.

``config.toml`` lists every one with its default, and says of it what the text below it says here;
a test keeps the two in step.
"""

from __future__ import annotations

from edge.config.settings.device import HealthSettings, PowerSettings, ScheduleSettings
from edge.config.settings.input import CameraSettings, GateSettings, LandmarkSettings
from edge.config.settings.output import MqttSettings, PageSettings, SpeechSettings
from edge.config.settings.recognition import (
    ClassifierSettings,
    ComposerSettings,
    LearningSettings,
    SegmenterSettings,
    SpellingSettings,
)
from edge.config.settings.types import Cooldown, Hand, Mode, Section, Share, Volume

__all__ = [
    "CameraSettings",
    "ClassifierSettings",
    "ComposerSettings",
    "Cooldown",
    "GateSettings",
    "Hand",
    "HealthSettings",
    "LandmarkSettings",
    "LearningSettings",
    "Mode",
    "MqttSettings",
    "PageSettings",
    "PowerSettings",
    "ScheduleSettings",
    "SegmenterSettings",
    "Settings",
    "Share",
    "SpeechSettings",
    "SpellingSettings",
    "Volume",
]


class Settings(Section):
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
