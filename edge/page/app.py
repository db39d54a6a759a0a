"""Puts the page's routes and what guards them together into one application."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import FileResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from edge.page.answers import Refused
from edge.page.guard import Guard
from edge.page.routes import dictionary, live, practice, session, status, teach, trial
from edge.page.routes import settings as settings_routes

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from edge.page.context import PageContext

_STATIC: Final = Path(__file__).resolve().parent / "static"
_PARTS: Final = (session, live, settings_routes, status, dictionary, practice, teach, trial)
_CODES: Final = {400: "malformed", 404: "not_found", 405: "method"}


def make_app(page: PageContext) -> Starlette:
    """Put the page together."""
    app = Starlette(
        routes=[
            Route("/", _index),
            *(route for part in _PARTS for route in part.ROUTES),
            Mount("/static", StaticFiles(directory=_STATIC, check_dir=False)),
        ],
        middleware=[Middleware(Guard, access=page.access, settings=page.settings)],
        exception_handlers={Refused: _refuse, HTTPException: _explain},
    )
    app.router.redirect_slashes = False  # or strangers would learn which paths there are
    app.state.page = page
    app.state.practice, app.state.trials = practice.Practice(), trial.Trials()
    page.hub.listen(app.state.practice.hear)
    page.hub.listen(teach.make_listener(page))
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # else a line for each bad form
    return app


async def _index(_: Request) -> Response:
    return FileResponse(_STATIC / "index.html")


async def _refuse(_: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)  # noqa: S101 - it is registered for nothing else
    return refused.answer()


async def _explain(_: Request, error: Exception) -> Response:
    """Put what Starlette refuses into our form."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
    code = _CODES.get(error.status_code, "refused")
    return Refused(error.status_code, code, error.detail, dict(error.headers or {})).answer()
