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
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from edge.errors import ConfigError
from edge.schedule import read_days, read_hours

if sys.version_info >= (3, 11):
    import tomllib
else:  # Debian 12 and newer ship 3.11; 3.10 is for laptops
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

ENVIRONMENT_PREFIX: Final = "SIGN_EDGE_"
DEFAULT_PATHS: Final = (Path("config.toml"), Path("/etc/sign-edge/config.toml"))
_SHOWN_MAX: Final = 80

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

    max_fps: Annotated[float, Field(ge=5, le=60)] = 15.0
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
    health: HealthSettings = HealthSettings()


@dataclass(frozen=True, slots=True)
class _Given:
    """A value and where it was given."""

    value: object
    origin: str


def default_path() -> Path | None:
    """Name the file that is read where none is given: the first of DEFAULT_PATHS there is."""
    return next((path for path in DEFAULT_PATHS if path.is_file()), None)


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
    path = path or default_path()
    given: dict[tuple[str, str], _Given] = {}
    for source in (
        _from_file(path) if path is not None else {},
        _from_environment(os.environ if environment is None else environment),
        _from_overrides(overrides),
    ):
        for name, item in source.items():
            given.pop(name, None)  # so that the order, too, is that of priority
            given[name] = item
    tree: dict[str, dict[str, object]] = {}
    for (section, key), item in given.items():
        values = tree.setdefault(section, {})
        if item.value is not None:  # None stands for the section itself
            values[key] = item.value
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_explain(error.errors()[0], given)) from None
    _check_pairs(settings, given)
    return settings


def _from_file(path: Path) -> dict[tuple[str, str], _Given]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from None
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers too long, arrays too deep, bad TOML
        raise ConfigError(_explain_toml(path, text, error)) from None
    given = {}
    for section, values in tree.items():
        if not isinstance(values, dict):
            line = _line_of(text, section)
            raise ConfigError(
                f"{path}:{line}: {_shown(section)} must stand in a section or be one, "
                f"like [camera]; sections: {', '.join(Settings.model_fields)}"
            )
        given[section, ""] = _Given(None, f"{path}:{_line_of(text, section)}")
        for key, value in values.items():
            given[section, key] = _Given(value, f"{path}:{_line_of(text, section, key)}")
    return given


def _explain_toml(path: Path, text: str, error: Exception) -> str:
    """Say what the parser said, with its line in the usual place."""
    reason = str(error)
    found = re.search(r" \(at line (\d+), column (\d+)\)$", reason)
    if found:
        return f"{path}:{found[1]}: not valid TOML: {reason[: found.start()]}, column {found[2]}"
    last = len(text.splitlines()) or 1
    reason = reason.removesuffix(" (at end of document)")
    return f"{path}:{last}: not valid TOML: {reason}"


def _line_of(text: str, *wanted: str) -> int:
    """Find the line of a section or of a key in one; tomllib tells lines for bad syntax only."""
    current: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[{1,2}([^\[\]]+)\]", line):
            names = current = _names(header[1])
        elif pair := re.match(r"\s*((?:[\w-]|\"[^\"]*\"|'[^']*'|\s*\.\s*)+?)\s*=", line):
            names = current + _names(pair[1])
        else:
            continue
        if names[: len(wanted)] == wanted:
            return number
    return 1


def _names(dotted: str) -> tuple[str, ...]:
    """Split a TOML key at its dots; ours hold none in quotes."""
    return tuple(name.strip().strip("\"'") for name in dotted.split("."))


def _from_environment(environment: Mapping[str, str]) -> dict[tuple[str, str], _Given]:
    given = {}
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        section, separator, key = name[len(ENVIRONMENT_PREFIX) :].lower().partition("__")
        if separator and section and key:
            given[section, key] = _Given(_parse(section, key, text), name)
        elif separator or section.partition("_")[0] in Settings.model_fields:  # nearly a setting
            raise ConfigError(
                f"{name}: expected {ENVIRONMENT_PREFIX}SECTION__KEY, with two underscores; "
                f"sections: {', '.join(Settings.model_fields)}"
            )
    return given


def _from_overrides(overrides: Sequence[str]) -> dict[tuple[str, str], _Given]:
    given = {}
    for override in overrides:
        name, separator, text = override.partition("=")
        section, _, key = name.strip().partition(".")
        if not (separator and section and key):
            raise ConfigError(f"--set {_shown(override)}: expected section.key=value")
        origin = f"--set {_shown(name.strip())}"
        given[section, key] = _Given(_parse(section, key, text.strip()), origin)
    return given


def _parse(section: str, key: str, text: str) -> object:
    """Read a value given as text the way TOML would, or as plain text where a string is due."""
    field = Settings.model_fields.get(section)
    model: Any = field.annotation if field else None
    known = model.model_fields.get(key) if model else None
    if known is not None and isinstance(known.default, str):
        return text
    try:
        values = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return values["value"] if len(values) == 1 else text


def _explain(error: ErrorDetails, given: Mapping[tuple[str, str], _Given]) -> str:
    location = [str(part) for part in error["loc"]]
    section, key = location[0], location[1] if len(location) > 1 else None
    origin = next(
        (
            item.origin
            for (have_section, have_key), item in given.items()
            if have_section == section and key in (None, have_key)
        ),
        "settings",
    )
    name = _shown(section if key is None else f"{section}.{key}")
    if error["type"] == "extra_forbidden":
        allowed = Settings.model_fields if key is None else _keys_of(section)
        kind = "section" if key is None else "key"
        return f"{origin}: unknown {kind} {name}; allowed: {', '.join(allowed)}"
    value = repr(error["input"])
    value = value if len(value) <= _SHOWN_MAX else f"{value[:_SHOWN_MAX]}…"
    if key is not None and (limits := _limits_of(section, key)):
        return f"{origin}: {name} = {value}: must be {limits}"
    message = error["msg"].removeprefix("Value error, ")  # of our own validators
    message = message[:1].lower() + message[1:]
    return f"{origin}: {name} = {value}: {message}"


def _shown(name: str) -> str:
    """Keep a name from the outside to one line of sensible length."""
    shown = name if name.isprintable() else repr(name)
    return shown if len(shown) <= _SHOWN_MAX else f"{shown[:_SHOWN_MAX]}…"


def _limits_of(section: str, key: str) -> str:
    """Say in words what a setting may be; empty where its type has no words."""
    model: Any = Settings.model_fields[section].annotation
    field = model.model_fields[key]
    if get_origin(field.annotation) is Literal:
        return "one of " + ", ".join(get_args(field.annotation))
    noun = {bool: "true or false", int: "a whole number", float: "a number"}.get(field.annotation)
    if noun is None:
        return ""
    words = {"Ge": "at least {}", "Gt": "above {}", "Le": "at most {}"}
    bounds = [
        words[type(limit).__name__].format(getattr(limit, type(limit).__name__.lower()))
        for limit in field.metadata
        if type(limit).__name__ in words
    ]
    return ", ".join([noun, *bounds])


def _keys_of(section: str) -> Sequence[str]:
    model: Any = Settings.model_fields[section].annotation
    return list(model.model_fields)


def _check_pairs(settings: Settings, given: Mapping[tuple[str, str], _Given]) -> None:
    segmenter = settings.segmenter
    for low, high in (("exit_speed", "enter_speed"), ("min_length", "max_length")):
        if getattr(segmenter, low) > getattr(segmenter, high):
            item = [given[name] for name in given if name[1] in (low, high)][-1]
            raise ConfigError(
                f"{item.origin}: segmenter.{low} = {getattr(segmenter, low)} must not be above "
                f"segmenter.{high} = {getattr(segmenter, high)}"
            )
    for name, needed in _needs(settings.mqtt):
        origin = given["mqtt", name].origin if ("mqtt", name) in given else "settings"
        value = getattr(settings.mqtt, name)
        raise ConfigError(f"{origin}: mqtt.{name} = {_shown(repr(value))} needs {needed}")


def _needs(mqtt: MqttSettings) -> Iterator[tuple[str, str]]:
    """Name each setting of the broker that is set without what it needs, and that."""
    for name in ("ca_file", "cert_file", "key_file", "insecure_tls"):
        if getattr(mqtt, name) and not mqtt.tls:  # or a password would go out in the clear
            yield name, "mqtt.tls = true"
    for name, other in (("cert_file", "key_file"), ("key_file", "cert_file")):
        if getattr(mqtt, name) and not getattr(mqtt, other):
            yield name, f"mqtt.{other}"
