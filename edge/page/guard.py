"""Checks every request: host, origin, session, CSRF token, rate, size; and adds headers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders

from edge.page.access import Access, is_loopback
from edge.page.answers import Refused
from edge.system.rate_limits import TokenBucket

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from edge.config.settings import PageSettings

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
_LINGER: Final = 2.0
"""Seconds for which the rest of a refused request is still read, and thrown away."""
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
            answer, body = _with_headers(scope["path"], send), _Body(receive)
            is_begun = False

            async def note(message: Message) -> None:
                nonlocal is_begun
                is_begun = True
                await answer(message)

            try:
                self._check(scope)
                self._limit(scope, body)
                await self._app(scope, body.receive, note)
            except Refused as refused:
                if is_begun:
                    raise
                await _refuse(refused, scope, body, answer)

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

    def _limit(self, scope: Scope, body: _Body) -> None:
        """Have a body end that is too large or too slow."""
        is_video = scope["path"] == _UPLOAD
        body.left = self._video_max if is_video else _BODY_MAX
        body.until = time.monotonic() + (_VIDEO_TIME if is_video else _BODY_TIME)
        given = Headers(scope=scope).get("content-length", "")
        if given.isdecimal() and int(given[:20]) > body.left:
            raise _too_large()


class _Body:
    """What a request brings: so many bytes, until so late."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_whole = False
        self.left = 0
        self.until = 0.0

    async def receive(self) -> Message:
        """Take the next piece, or hear that they went away.

        Raises:
            Refused: It is too large, or has not come in time.
        """
        if self._is_whole:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._take(), max(0.0, self.until - time.monotonic()))
        except asyncio.TimeoutError:
            raise Refused(408, "too_slow", "That came too slowly.", _CLOSE) from None
        self.left -= len(message.get("body", b""))
        if self.left < 0:
            raise _too_large()
        return message

    async def drain(self) -> None:
        """Read and throw away what is still being sent."""
        while not self._is_whole:
            await self._take()

    async def _take(self) -> Message:
        message = await self._receive()
        self._is_whole = not message.get("more_body", False)
        return message


async def _refuse(refused: Refused, scope: Scope, body: _Body, answer: Send) -> None:
    """Answer a refusal; a connection closed while they still send would lose them the answer."""

    async def hold(message: Message) -> None:
        is_body = message["type"] == "http.response.body"
        await answer({**message, "more_body": True} if is_body else message)

    await refused.answer()(scope, body.receive, hold)
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(body.drain(), _LINGER)
    await answer({"type": "http.response.body", "body": b"", "more_body": False})


def _too_large() -> Refused:
    return Refused(413, "too_large", "That is too large.", _CLOSE)


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
