"""Tells how the device is: problems and what to do, the log, figures for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.page.answers import Refused, json_answer
from edge.page.context import context_of
from edge.page.guard import cookie_of
from edge.page.metrics import registry_of

if TYPE_CHECKING:
    from edge.page.context import PageContext

_MINUTES: Final = 5
_MINUTES_MAX: Final = 1440
_ADVICE: Final = {
    "camera": "See that the camera is plugged in and that no other program uses it; "
    "`sign-edge check` tells more.",
    "broker": "See that the broker runs and that [mqtt] in the configuration names it; "
    "words are kept until it is back.",
    "outbox": "See that there is room on the disk and that the service may write to its folder.",
    "speech": "See that a loudspeaker is connected and that [speech] names it; "
    "`sign-edge check --sound` says a few words.",
    "fps": "Too few pictures reach the recogniser: give it more light, end other programs, "
    "or let the board cool down.",
    "settings": "See that there is room on the disk; until then, what you choose lasts only until "
    "the next start.",
    "page": "See that no other program uses the page's port, and that page.host is an address of "
    "this machine.",
    "threads": "Restart the device; if it happens again, send the log of these minutes along when "
    "you report it.",
}
"""Area of a problem -> what its owner can do."""
_ELSE: Final = "`sign-edge check` on the device names every fault and what to do."


def problems_of(page: PageContext) -> dict[str, str]:
    """What is wrong now, by area; threads that hang among it."""
    problems = page.hub.problems
    if hung := page.hung():
        problems["threads"] = f"no headway in {' or '.join(hung)}"
    return problems


async def _health(request: Request) -> Response:
    page = context_of(request)
    stats = page.figures()
    return json_answer(
        {
            "problems": [
                {"area": area, "text": text, "advice": _ADVICE.get(area, _ELSE)}
                for area, text in problems_of(page).items()
            ],
            "stats": stats,
            "state": page.hub.state,
            "uptime": stats["uptime"],
        }
    )


async def _logs(request: Request) -> Response:
    minutes = request.query_params.get("minutes", str(_MINUTES))
    if not (minutes.isascii() and minutes.isdecimal() and 1 <= int(minutes[:9]) <= _MINUTES_MAX):
        raise Refused(422, "minutes", f"minutes is a whole number from 1 to {_MINUTES_MAX}.")
    return json_answer(context_of(request).logs.since(60.0 * int(minutes)))


async def _metrics(request: Request) -> Response:
    registry = registry_of(context_of(request))
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _healthz(request: Request) -> Response:
    """Say whether all is well; what is wrong, only to those who are let in."""
    page = context_of(request)
    problems = problems_of(page)
    if not problems:
        return json_answer({"status": "ok"})
    answer: dict[str, object] = {"status": "ill"}
    if not page.access.needs_login or page.access.session_of(cookie_of(request.scope)):
        answer["problems"] = sorted(problems)
    return json_answer(answer, 503)


ROUTES: Final = [
    Route("/api/health", _health),
    Route("/api/logs", _logs),
    Route("/metrics", _metrics),
    Route("/healthz", _healthz),
]
