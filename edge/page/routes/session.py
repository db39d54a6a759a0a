"""Logs people in and out, and tells what the page must know before anything else."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.page.access import SESSION_AGE
from edge.page.answers import json_answer, read_body
from edge.page.context import context_of
from edge.page.guard import cookie_name, cookie_of
from edge.page.secrets import MOST


class _Login(BaseModel):
    model_config = ConfigDict(extra="forbid")

    password: Annotated[str, Field(max_length=MOST)]


async def _tell(request: Request) -> Response:
    """Say who is asking, and what the page may show; strangers hear nothing of the device."""
    page = context_of(request)
    session = page.access.session_of(cookie_of(request.scope))
    needs_login = page.access.needs_login
    answer: dict[str, object] = {
        "authenticated": session is not None or not needs_login,
        "needs_login": needs_login,
        "csrf": page.access.csrf if session is None else session.csrf,
        "language": page.settings.language,
    }
    if answer["authenticated"]:
        answer |= {
            "pictures": page.settings.pictures and page.has_camera,
            "camera": page.has_camera,
            "device": page.device_name,
            "version": page.version,
            "mode": page.configured.spelling.mode,
            "upload_mb": page.settings.upload_mb,
            "upload_seconds": page.settings.upload_seconds,
        }
    return json_answer(answer)


async def _log_in(request: Request) -> Response:
    page = context_of(request)
    login = await read_body(request, _Login)
    address = request.client.host if request.client else ""
    page.access.log_out(cookie_of(request.scope))
    cookie, _ = await asyncio.to_thread(page.access.log_in, login.password, address)
    answer = Response(status_code=204)
    answer.set_cookie(
        cookie_name(request.scope),
        cookie,
        max_age=round(SESSION_AGE),
        httponly=True,
        samesite="strict",
        secure=request.scope["scheme"] == "https",
    )
    return answer


async def _log_out(request: Request) -> Response:
    context_of(request).access.log_out(cookie_of(request.scope))
    answer = Response(status_code=204)
    answer.delete_cookie(
        cookie_name(request.scope),
        httponly=True,
        samesite="strict",
        secure=request.scope["scheme"] == "https",
    )
    return answer


ROUTES: Final = [
    Route("/api/session", _tell),
    Route("/api/login", _log_in, methods=["POST"]),
    Route("/api/logout", _log_out, methods=["POST"]),
]
