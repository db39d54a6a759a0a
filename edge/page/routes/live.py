"""Serves the live view: one WebSocket to each browser that watches."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from edge.page.context import context_of
from edge.page.guard import CLOSE_LOGIN, cookie_of
from edge.page.hub import Watcher

if TYPE_CHECKING:
    from edge.page.access import Access
    from edge.page.shown_frame import ShownFrame

_WATCHERS_MAX: Final = 8
"""Browsers that may watch at once; each has its own copy of every picture sent."""
_SEND_TIME: Final = 10.0
"""Seconds that a browser may take for one message before it is given up."""
_LOOK: Final = 5.0
"""Seconds between two looks at whether a session lasts."""
_CLOSE_FULL: Final = 1013
"""Try again later (RFC 6455's registry)."""
_CLOSE_END: Final = 1001
"""Going away."""


class _Wish(BaseModel):
    """What a browser may say."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["picture"]
    wanted: bool


async def watch(socket: WebSocket) -> None:
    """Send everything that happens, until one of us goes away."""
    page = context_of(socket)
    await socket.accept()
    if len(page.hub.watchers) >= _WATCHERS_MAX:
        await socket.close(_CLOSE_FULL, "too many watch")
        return
    wants = socket.query_params.get("picture", "0") == "1"
    watcher = Watcher(wants_picture=wants and page.settings.pictures)
    page.hub.add(watcher)
    listening = asyncio.create_task(_listen(socket, watcher, may_see=page.settings.pictures))
    looked_at = time.monotonic()
    listening.add_done_callback(lambda _: watcher.end())
    try:
        with contextlib.suppress(asyncio.TimeoutError, WebSocketDisconnect, RuntimeError):
            while True:
                messages, frame = await watcher.wait()
                if watcher.is_over:
                    break
                if time.monotonic() - looked_at > _LOOK:
                    looked_at = time.monotonic()
                    if not _may_stay(socket, page.access):
                        await socket.close(CLOSE_LOGIN, "log in first")
                        return
                await _send(socket, messages, frame, with_picture=watcher.wants_picture)
            await socket.close(_CLOSE_END)
    finally:
        page.hub.remove(watcher)
        listening.cancel()


def _may_stay(socket: WebSocket, access: Access) -> bool:
    """Whether the session lasts, where one is needed."""
    return not access.needs_login or access.session_of(cookie_of(socket.scope)) is not None


async def _send(
    socket: WebSocket, messages: list[str], frame: ShownFrame | None, *, with_picture: bool
) -> None:
    for message in messages:
        await asyncio.wait_for(socket.send_text(message), _SEND_TIME)
    if frame is None:
        return
    text = frame.text(with_picture=with_picture)
    await asyncio.wait_for(socket.send_text(text), _SEND_TIME)
    if with_picture and (picture := frame.jpeg):
        await asyncio.wait_for(socket.send_bytes(picture), _SEND_TIME)


async def _listen(socket: WebSocket, watcher: Watcher, *, may_see: bool) -> None:
    """Hear whether a picture is wanted, until the browser goes away or says something else."""
    with contextlib.suppress(WebSocketDisconnect, ValidationError, KeyError):
        while True:
            wish = _Wish.model_validate_json(await socket.receive_text())
            watcher.wants_picture = wish.wanted and may_see


ROUTES: Final = [WebSocketRoute("/api/live", watch)]
