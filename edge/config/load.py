"""Configuration: file, environment and command line -> settings, read once and checked.

Command line beats environment (``SIGN_EDGE_SECTION__KEY``) beats file beats default.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from edge.config.faults import shortened, shown
from edge.config.ranges import bounds_of, choices_of, field_of
from edge.config.settings import Settings
from edge.config.toml_text import line_of, parse_value, read_toml, split_override
from edge.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

    from edge.config.settings import MqttSettings

ENVIRONMENT_PREFIX: Final = "SIGN_EDGE_"
DEFAULT_PATHS: Final = (Path("config.toml"), Path("/etc/sign-edge/config.toml"))


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
    tree, text = read_toml(path)
    given = {}
    for section, values in tree.items():
        if not isinstance(values, dict):
            line = line_of(text, section)
            raise ConfigError(
                f"{path}:{line}: {shown(section)} must stand in a section or be one, "
                f"like [camera]; sections: {', '.join(Settings.model_fields)}"
            )
        given[section, ""] = _Given(None, f"{path}:{line_of(text, section)}")
        for key, value in values.items():
            given[section, key] = _Given(value, f"{path}:{line_of(text, section, key)}")
    return given


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
        (section, *rest), text = split_override(override)
        key = ".".join(rest)
        if not key:
            raise ConfigError(f"--set {shown(override)}: expected section.key=value")
        origin = f"--set {shown(f'{section}.{key}')}"
        given[section, key] = _Given(_parse(section, key, text), origin)
    return given


def _parse(section: str, key: str, text: str) -> object:
    """Read a value given as text; where a string is due, it is one."""
    field = Settings.model_fields.get(section)
    model: Any = field.annotation if field else None
    known = model.model_fields.get(key) if model else None
    if known is not None and isinstance(known.default, str):
        return text
    return parse_value(text)


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
    name = shown(section if key is None else f"{section}.{key}")
    if error["type"] == "extra_forbidden":
        allowed = Settings.model_fields if key is None else _keys_of(section)
        kind = "section" if key is None else "key"
        return f"{origin}: unknown {kind} {name}; allowed: {', '.join(allowed)}"
    value = shortened(repr(error["input"]))
    if key is not None and (limits := _limits_of(section, key)):
        return f"{origin}: {name} = {value}: must be {limits}"
    message = error["msg"].removeprefix("Value error, ")  # of our own validators
    message = message[:1].lower() + message[1:]
    return f"{origin}: {name} = {value}: {message}"


def _limits_of(section: str, key: str) -> str:
    """Say in words what a setting may be; empty where its type has no words."""
    if choices := choices_of(section, key):
        return "one of " + ", ".join(choices)
    nouns: dict[Any, str] = {bool: "true or false", int: "a whole number", float: "a number"}
    noun = nouns.get(field_of(section, key).annotation)
    if noun is None:
        return ""
    words = {"ge": "at least", "gt": "above", "le": "at most"}
    bounds = [f"{words[name]} {value}" for name, value in bounds_of(section, key).items()]
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
        raise ConfigError(f"{origin}: mqtt.{name} = {shown(repr(value))} needs {needed}")
    for name, other in (("cert_file", "key_file"), ("key_file", "cert_file")):
        value = getattr(settings.page, name)
        if value and not getattr(settings.page, other):
            origin = given["page", name].origin if ("page", name) in given else "settings"
            raise ConfigError(f"{origin}: page.{name} = {shown(repr(value))} needs page.{other}")


def _needs(mqtt: MqttSettings) -> Iterator[tuple[str, str]]:
    """Name each setting of the broker that is set without what it needs, and that."""
    for name in ("ca_file", "cert_file", "key_file", "insecure_tls"):
        if getattr(mqtt, name) and not mqtt.tls:  # or a password would go out in the clear
            yield name, "mqtt.tls = true"
    for name, other in (("cert_file", "key_file"), ("key_file", "cert_file")):
        if getattr(mqtt, name) and not getattr(mqtt, other):
            yield name, f"mqtt.{other}"
