"""Settings: read once, checked, frozen, handed down by section.

Command line beats environment (``SIGN_EDGE_SECTION__KEY``) beats file beats default. The
ranges live in the types below; ``config.toml`` lists every setting with its default, and a
test keeps the two in step.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:  # Debian 12 and newer ship 3.11; 3.10 is for laptops
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails

ENVIRONMENT_PREFIX: Final = "SIGN_EDGE_"
DEFAULT_PATHS: Final = (Path("config.toml"), Path("/etc/sign-edge/config.toml"))

Seconds = Annotated[float, Field(ge=0, le=3600)]
Share = Annotated[float, Field(ge=0, le=1)]
TopicPart = Annotated[str, Field(pattern=r"^[^/+#\x00-\x1f\x7f]+$", max_length=64)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class CameraSettings(_Section):
    """Where frames come from."""

    source: Annotated[str, Field(min_length=1, max_length=2000)] = "0"
    width: Annotated[int, Field(ge=64, le=4096)] = 640
    height: Annotated[int, Field(ge=64, le=4096)] = 480
    fps: Annotated[float, Field(gt=0, le=120)] = 30.0
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

    max_fps: Annotated[float, Field(ge=5, le=60)] = 15.0
    min_detection: Share = 0.5
    min_tracking: Share = 0.5


class SegmenterSettings(_Section):
    """When a sign starts and ends."""

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
    threads: Annotated[int, Field(ge=1, le=16)] = 1


class ComposerSettings(_Section):
    """How signs become words and utterances."""

    cooldown: Annotated[float, Field(ge=0, le=10)] = 0.3
    pause: Annotated[float, Field(ge=0.2, le=60)] = 2.0


class MqttSettings(_Section):
    """The broker."""

    enabled: bool = True
    host: Annotated[str, Field(min_length=1, max_length=255)] = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    base: TopicPart = "sign-edge"
    device: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]*$", max_length=64)] = ""
    username: Annotated[str, Field(max_length=255)] = ""
    password_file: Annotated[str, Field(max_length=2000)] = ""
    keepalive: Annotated[int, Field(ge=5, le=3600)] = 30
    retry_max: Annotated[float, Field(ge=1, le=3600)] = 30.0
    queue: Annotated[int, Field(ge=1, le=100_000)] = 1000

    @property
    def device_id(self) -> str:
        """The configured device name, or the host's with what MQTT forbids replaced."""
        return (
            self.device
            or re.sub(r"[^a-zA-Z0-9_-]", "-", socket.gethostname())[:64]
            or "device"
        )


class SpeechSettings(_Section):
    """The loudspeaker."""

    enabled: bool = True
    engine: Literal["espeak", "pyttsx3", "piper", "none"] = "espeak"
    device: Annotated[str, Field(max_length=2000)] = "default"
    voice: Annotated[str, Field(max_length=2000)] = ""
    rate: Annotated[int, Field(ge=80, le=450)] = 160
    volume: Annotated[int, Field(ge=0, le=100)] = 80
    queue: Annotated[int, Field(ge=1, le=50)] = 3
    max_age: Annotated[float, Field(ge=0.5, le=60)] = 3.0
    timeout: Annotated[float, Field(ge=1, le=60)] = 10.0


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
    composer: ComposerSettings = ComposerSettings()
    mqtt: MqttSettings = MqttSettings()
    speech: SpeechSettings = SpeechSettings()
    health: HealthSettings = HealthSettings()


@dataclass(frozen=True, slots=True)
class _Given:
    """A value and where it was given."""

    value: object
    origin: str


def load(
    path: Path | None = None,
    *,
    overrides: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings.

    Args:
        path: A TOML file; without one the first of DEFAULT_PATHS that exists, if any.
        overrides: ``section.key=value`` from the command line.
        environment: Variables to look in; the process's own by default.

    Raises:
        ConfigError: Naming file and line (or variable, or option), key and allowed values.
    """
    if path is None:
        path = next(
            (candidate for candidate in DEFAULT_PATHS if candidate.is_file()), None
        )
    given: dict[tuple[str, str], _Given] = {}
    if path is not None:
        given.update(_from_file(path))
    given.update(_from_environment(os.environ if environment is None else environment))
    given.update(_from_overrides(overrides))
    tree: dict[str, dict[str, object]] = {}
    for (section, key), item in given.items():
        tree.setdefault(section, {})[key] = item.value
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_explain(error.errors()[0], given)) from None
    _check_pairs(settings, given)
    return settings


def _from_file(path: Path) -> dict[tuple[str, str], _Given]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from None
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    given = {}
    for section, values in tree.items():
        if not isinstance(values, dict):
            line = _line_of(text, "", section)
            raise ConfigError(
                f"{path}:{line}: {section} must stand in a section, like [camera]"
            )
        if not values and section not in Settings.model_fields:
            given[section, ""] = _Given({}, f"{path}:{_line_of(text, section, '')}")
        for key, value in values.items():
            given[section, key] = _Given(
                value, f"{path}:{_line_of(text, section, key)}"
            )
    return given


def _line_of(text: str, section: str, key: str) -> int:
    """Find a key's line; tomllib tells lines for syntax errors only."""
    current = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\s*([\w-]+)\s*\]", line):
            current = header[1]
            if not key and current == section:
                return number
        elif current == section and re.match(
            rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line
        ):
            return number
    return 1


def _from_environment(environment: Mapping[str, str]) -> dict[tuple[str, str], _Given]:
    given = {}
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        section, separator, key = (
            name[len(ENVIRONMENT_PREFIX) :].lower().partition("__")
        )
        if separator:
            given[section, key] = _Given(_parse(section, key, text), name)
    return given


def _from_overrides(overrides: Sequence[str]) -> dict[tuple[str, str], _Given]:
    given = {}
    for override in overrides:
        name, separator, text = override.partition("=")
        section, dot, key = name.strip().partition(".")
        if not (separator and dot):
            raise ConfigError(f"--set {override}: expected section.key=value")
        given[section, key] = _Given(
            _parse(section, key, text.strip()), f"--set {override}"
        )
    return given


def _parse(section: str, key: str, text: str) -> object:
    """Read a value given as text the way TOML would, or as plain text where a string is due."""
    field = Settings.model_fields.get(section)
    model = field.annotation if field else None
    if (
        isinstance(model, type)
        and issubclass(model, BaseModel)
        and key in model.model_fields
    ):
        if isinstance(model.model_fields[key].default, str):
            return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _explain(error: ErrorDetails, given: Mapping[tuple[str, str], _Given]) -> str:
    location = [str(part) for part in error["loc"]]
    section, key = location[0], location[1] if len(location) > 1 else ""
    origin = next(
        (
            item.origin
            for (have_section, have_key), item in given.items()
            if have_section == section and key in ("", have_key)
        ),
        "settings",
    )
    name = f"{section}.{key}".rstrip(".")
    if error["type"] == "extra_forbidden":
        allowed = Settings.model_fields if not key else _keys_of(section)
        kind = "key" if key else "section"
        return f"{origin}: unknown {kind} {name}; allowed: {', '.join(allowed)}"
    message = error["msg"][:1].lower() + error["msg"][1:]
    return f"{origin}: {name} = {error['input']!r}: {message}"


def _keys_of(section: str) -> Sequence[str]:
    model: Any = Settings.model_fields[section].annotation
    return list(model.model_fields)


def _check_pairs(settings: Settings, given: Mapping[tuple[str, str], _Given]) -> None:
    segmenter = settings.segmenter
    for low, high in (("exit_speed", "enter_speed"), ("min_length", "max_length")):
        if getattr(segmenter, low) > getattr(segmenter, high):
            item = given.get(("segmenter", low)) or given[("segmenter", high)]
            raise ConfigError(
                f"{item.origin}: segmenter.{low} = {getattr(segmenter, low)} must not be above "
                f"segmenter.{high} = {getattr(segmenter, high)}"
            )
