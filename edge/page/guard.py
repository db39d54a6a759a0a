"""What every request passes first: host, origin, session, CSRF token, rate, size; and headers."""

from __future__ import annotations

import asyncio
import time
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders

from edge.limits import TokenBucket
from edge.page.access import Access, is_loopback
from edge.page.answers import Refused

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from edge.settings import PageSettings

_OPEN: Final = frozenset({"/", "/favicon.ico", "/api/session", "/api/login", "/healthz"})
"""What may be seen without a session; and everything below /static/."""
_HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BODY_MAX: Final = 65_536
"""Bytes of a request, but for a video."""
_BODY_TIME: Final = 15.0
"""Seconds in which a request must have come whole."""
_VIDEO_TIME: Final = 300.0
"""Seconds in which a video must have come."""
_FORM_SPARE: Final = 65_536
"""Bytes of a form around its video."""
_UPLOAD: Final = "/api/trial"
_CLOSE: Final = {"Connection": "close"}
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
CLOSE_LOGIN: Final = 4401
"""WebSocket: log in first."""


class Guard:
    """The outermost layer of the page; for one event loop."""

    def __init__(self, app: ASGIApp, access: Access, settings: PageSettings) -> None:
        """Guard an application."""
        self._app = app
        self._access = access
        self._bucket = TokenBucket(settings.request_rate)
        self._video_max = settings.upload_mb * 2**20 + _FORM_SPARE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] == "websocket":
            await self._watch(scope, receive, send)
        elif scope["type"] == "http":
            answer = _with_headers(scope["path"], send)
            is_begun = False

            async def note(message: Message) -> None:
                nonlocal is_begun
                is_begun = True
                await answer(message)

            try:
                self._check(scope)
                await self._app(scope, self._limited(scope, receive), note)
            except Refused as refused:
                if is_begun:
                    raise
                await refused.answer()(scope, receive, answer)

    async def _watch(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a WebSocket pass, or close it; from elsewhere it does not even open."""
        headers = Headers(scope=scope)
        try:
            self._check_place(headers)
            self._check_rate()
        except Refused:
            await send({"type": "websocket.close", "code": 1008})
            return
        if self._access.needs_login and self._access.session_of(cookie_of(scope)) is None:
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": CLOSE_LOGIN, "reason": "log in first"})
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers, path = Headers(scope=scope), scope["path"]
        self._check_place(headers)
        if not path.startswith("/static/"):
            self._check_rate()
        session = self._access.session_of(cookie_of(scope))
        is_open = path in _OPEN or path.startswith("/static/")
        if session is None and not is_open and self._access.needs_login:
            authorization = headers.get("authorization", "")
            if not (path == "/metrics" and self._access.is_scraper(authorization)):
                raise Refused(401, "login", "Log in first.")
        if scope["method"] not in _HARMLESS:
            token = headers.get("x-csrf-token", "")
            if not self._access.has_csrf(token, session):
                raise Refused(403, "csrf", "This did not come from the page; load it again.")

    def _check_place(self, headers: Headers) -> None:
        """Refuse other sites, also those that have our address by their own name server."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._access.is_local and not is_loopback(_name_of(f"//{host}")):
            raise Refused(403, "host", "The page is reached as http://localhost on this machine.")
        if origin is not None and origin.lower().partition("://")[2] != host.lower():
            raise Refused(403, "origin", "This did not come from the page.")
        if headers.get("sec-fetch-site", "none") in ("cross-site", "same-site"):
            is_link = headers.get("sec-fetch-mode") == "navigate"
            if not is_link:
                raise Refused(403, "origin", "This did not come from the page.")

    def _check_rate(self) -> None:
        if not self._bucket.take():
            raise Refused(
                429, "too_many", "Too many requests; wait a moment.", {"Retry-After": "5"}
            )

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """Have a body end that is too large or too slow."""
        is_video = scope["path"] == _UPLOAD
        left = self._video_max if is_video else _BODY_MAX
        until = time.monotonic() + (_VIDEO_TIME if is_video else _BODY_TIME)
        given = Headers(scope=scope).get("content-length", "")
        too_large = Refused(413, "too_large", "That is too large.", _CLOSE)
        if given.isdecimal() and int(given[:20]) > left:
            raise too_large
        is_whole = False

        async def limited() -> Message:
            nonlocal left, is_whole
            if is_whole:  # what comes now is that they went away
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(0.0, until - time.monotonic()))
            except asyncio.TimeoutError:
                raise Refused(408, "too_slow", "That came too slowly.", _CLOSE) from None
            left -= len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if left < 0:
                raise too_large
            return message

        return limited


def _name_of(address: str) -> str:
    """Find the host in an address; empty where that makes no sense."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def cookie_name(scope: Scope) -> str:
    """Name our cookie; those of other services on this host have other names."""
    server = scope.get("server") or ("", 0)
    return "__Host-sign-edge" if scope["scheme"] in ("https", "wss") else f"sign-edge-{server[1]}"


def cookie_of(scope: Scope) -> str:
    """Find what our cookie holds; empty where there is none."""
    try:
        cookies = SimpleCookie(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return ""
    morsel = cookies.get(cookie_name(scope))
    return morsel.value if morsel is not None else ""


def _with_headers(path: str, send: Send) -> Send:
    is_ours = path.startswith(("/api/", "/metrics", "/healthz"))

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store" if is_ours else "no-cache")
        await send(message)

    return sending
