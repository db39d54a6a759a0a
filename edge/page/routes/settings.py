"""Shows and changes settings and takes commands, by the same rules as MQTT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.device.choices import describe, read_choice
from edge.device.orders import Command, make_command
from edge.errors import ConfigError
from edge.mqtt.home_assistant import describe_settings
from edge.page.answers import Refused, json_answer, read_body
from edge.page.context import context_of

if TYPE_CHECKING:
    from edge.page.context import PageContext

_LONGEST: Final = 2000
"""Characters of a value."""


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid")

    value: StrictBool | StrictInt | StrictFloat | Annotated[StrictStr, Field(max_length=_LONGEST)]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=_LONGEST)]
    argument: Annotated[str, Field(max_length=_LONGEST)] = ""


def _list(page: PageContext) -> list[dict[str, Any]]:
    """Describe each setting and say what it is now; a switch is ``ON`` or ``OFF``."""
    profile, is_recognising = page.device.profile, page.device.is_recognising
    texts = describe(profile.settings, profile.options, is_recognising=is_recognising)
    settings = []
    for name, fields in describe_settings(profile.options).items():
        kind = fields["platform"]
        setting: dict[str, Any] = {"name": name, "kind": kind, "value": texts[name]}
        if kind == "number":
            setting["value"] = float(texts[name])
            setting |= {"min": fields["min"], "max": fields["max"], "step": fields["step"]}
            setting["unit"] = fields.get("unit_of_measurement", "")
        elif kind == "select":
            setting["options"] = fields["options"]
        settings.append({**setting, "needs_restart": False})
    return settings


def _find(page: PageContext, name: str) -> dict[str, Any]:
    for setting in _list(page):
        if setting["name"] == name:
            return setting
    raise Refused(404, "setting", "There is no such setting.")


async def _show(request: Request) -> Response:
    return json_answer(_list(context_of(request)))


async def _change(request: Request) -> Response:
    page, name = context_of(request), request.path_params["name"]
    _find(page, name)
    value = (await read_body(request, _Value)).value
    text = ("ON" if value else "OFF") if isinstance(value, bool) else str(value)
    try:
        choice = read_choice(name, text, page.device.profile.options)
    except ConfigError as error:
        raise Refused(422, "value", str(error)) from None
    await page.ask(lambda: page.device.choose(choice))
    return json_answer(_find(page, name))


async def _restore(request: Request) -> Response:
    page = context_of(request)
    await page.ask(lambda: page.device.choose(None))
    return json_answer(_list(page))


async def _command(request: Request) -> Response:
    page = context_of(request)
    wanted = await read_body(request, _Command)
    try:
        command: Command = make_command(wanted.name, wanted.argument)
    except ConfigError as error:
        raise Refused(422, "command", str(error)) from None
    page.device.carry_out(command)
    return json_answer({"name": command.name}, 202)


ROUTES: Final = [
    Route("/api/settings", _show),
    Route("/api/settings/defaults", _restore, methods=["POST"]),
    Route("/api/settings/{name}", _change, methods=["PUT"]),
    Route("/api/command", _command, methods=["POST"]),
]
