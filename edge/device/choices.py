"""Lays what the owner chose over the configuration, until it is changed or forgotten.

A choice that does not fit any more, such as a model that was removed, is left out with a
warning, and the configuration holds.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.config.faults import first_fault
from edge.config.options import Options
from edge.config.owner_settings import PLACES
from edge.config.settings import Cooldown, Hand, Mode, Share, Volume
from edge.errors import ConfigError
from edge.recognition.bundle import list_bundles
from edge.speech.voices import list_voices, name_of

if TYPE_CHECKING:
    from edge.config.settings import Settings

logger = logging.getLogger(__name__)

Switch = Literal["ON", "OFF"]
Name = Annotated[str, Field(min_length=1, max_length=2000)]


class Choices(BaseModel):
    """What was chosen, each as it is sent; None where the configuration holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recognition: Switch | None = None
    speech: Switch | None = None
    mode: Mode | None = None
    threshold: Share | None = None
    cooldown: Cooldown | None = None
    volume: Volume | None = None
    voice: Name | None = None
    model: Name | None = None
    dominant_hand: Hand | None = None

    def merged(self, newer: Choices) -> Choices:
        """Let newer choices beat these."""
        return self.model_copy(update=newer.model_dump(exclude_none=True))

    def without_models(self) -> Choices:
        """Leave out what makes a model be loaded."""
        return self.model_copy(update={"model": None, "mode": None})

    def over(self, settings: Settings, options: Options) -> Settings:
        """Lay the choices over the configuration."""
        sections: dict[str, dict[str, object]] = {}
        for name, value in self.model_dump(exclude_none=True).items():
            if name not in PLACES:
                continue
            if fault := fault_of(name, value, options):
                logger.warning("a choice of the owner is left out: %s", fault)
                continue
            section, key = PLACES[name]
            sections.setdefault(section, {})[key] = _to_setting(name, value, options)
        return settings.model_copy(
            update={
                section: getattr(settings, section).model_copy(update=values)
                for section, values in sections.items()
            }
        )


def read_choice(name: str, text: str, options: Options) -> Choices:
    """Read one choice as it was sent.

    Raises:
        ConfigError: The value does not fit.
    """
    try:
        choice = Choices.model_validate({name: text})
    except ValidationError as error:
        raise ConfigError(first_fault(error)) from None
    if fault := fault_of(name, text, options):
        raise ConfigError(fault)
    return choice


def fault_of(name: str, value: Any, options: Options) -> str:  # noqa: ANN401 - any choice's
    """Say why a value is not to be had on this machine; empty where it is."""
    known = {"model": options.models, "voice": tuple(options.voices)}.get(name, (value,))
    return "" if value in known else f"{name} = {str(value)[:60]!r}: there is none of that name"


def find_options(settings: Settings) -> Options:
    """Look for models and voices; those that are configured are always among them."""
    models = dict.fromkeys([*list_bundles("segment"), settings.classifier.bundle])
    return Options(tuple(models), list_voices(settings.speech))


def describe(settings: Settings, options: Options, *, is_recognising: bool) -> dict[str, str]:
    """Say what holds just now, as it is published."""
    values = {name: getattr(getattr(settings, part), key) for name, (part, key) in PLACES.items()}
    values |= {
        "recognition": is_recognising,
        "voice": name_of(settings.speech.voice, options.voices),
    }
    return {name: _to_text(values[name]) for name in Choices.model_fields}


def _to_setting(name: str, value: object, options: Options) -> object:
    if name == "voice":
        return options.voices[str(value)]
    return value == "ON" if name == "speech" else value


def _to_text(value: object) -> str:
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    return f"{value:g}" if isinstance(value, float) else str(value)
