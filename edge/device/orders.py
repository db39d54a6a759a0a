"""Reads what is asked of the device over MQTT, ``<setting>/set`` and ``command``, or on its page.

Everything is checked before anything is done: size and form in edge.mqtt.inbox, rate, name and
value here. What is refused has no effect but one line in the log for each kind of fault and minute.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.config.faults import first_fault
from edge.config.options import Options
from edge.device.choices import Choices, read_choice
from edge.errors import ConfigError
from edge.recognition.learning.taught_words import check_word
from edge.system.rate_limits import TokenBucket
from edge.system.text import MAX_TEXT, clean

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

CommandName = Literal[
    "pause",
    "resume",
    "repeat",
    "say",
    "learn",
    "forget",
    "reload",
    "restart",
    "test_sound",
    "defaults",
]
_WITH_WORDS: Final = ("say", "learn", "forget")


class Command(BaseModel):
    """One thing to do now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: CommandName
    """What to do."""

    argument: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    """What to say, or the word to learn or forget; empty with every other command."""


Order = Command | Choices


class OrderReader:
    """Turns messages into orders; for one thread."""

    def __init__(
        self, rate: int, options: Options, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start patient.

        Args:
            rate: Messages a minute; those beyond are refused, right or wrong.
            options: What models and voices may be chosen.
            clock: Seconds.
        """
        self.options = options
        self._bucket = TokenBucket(rate, clock=clock)

    def read(self, topic: str, payload: bytes) -> Order | None:
        """Read a message; None where it is refused.

        Args:
            topic: Below the device's root.
            payload: Valid UTF-8 of limited size, as edge.mqtt.inbox lets it pass.
        """
        try:
            self._check_rate()
            return _read_order(topic, payload.decode().strip(), self.options)
        except _RefusedError as error:
            once = {"once": error.kind}
            logger.warning("what was asked over MQTT was refused: %s", error, extra=once)
            return None

    def _check_rate(self) -> None:
        if not self._bucket.take():
            raise _RefusedError("rate", "there are too many of them")


class _RefusedError(Exception):
    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


def _read_order(topic: str, text: str, options: Options) -> Order:
    if topic == "command":
        return _read_command(text)
    name, _, verb = topic.rpartition("/")
    if verb != "set" or name not in Choices.model_fields:
        raise _RefusedError("setting", "there is no such setting")
    try:
        return read_choice(name, text, options)
    except ConfigError as error:
        raise _RefusedError("value", str(error)) from None


def make_command(name: str, argument: str) -> Command:
    """Make a command, where there is one of that name and the argument suits it.

    Raises:
        ConfigError: Saying why not.
    """
    try:
        return _read_command(f"{name} {argument}" if argument else name)
    except _RefusedError as error:
        raise ConfigError(str(error)) from None


def _read_command(text: str) -> Command:
    name, _, argument = text.partition(" ")
    if name not in get_args(CommandName):
        raise _RefusedError("command", "there is no such command")
    try:
        if name == "say":
            argument = clean(argument)
        elif name in ("learn", "forget"):
            argument = check_word(argument)
        command = Command.model_validate({"name": name, "argument": argument})
    except ConfigError as error:
        raise _RefusedError("word", f"{name}: {error}") from None
    except ValidationError as error:
        raise _RefusedError("argument", f"{name}: {first_fault(error)}") from None
    if bool(command.argument) != (name in _WITH_WORDS):
        what = "needs words" if name in _WITH_WORDS else "takes no words"
        raise _RefusedError("argument", f"{name} {what}")
    return command
