"""Serves the page in a thread of its own, and tries again where its port is taken."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import h11
import uvicorn

from edge.errors import ConfigError
from edge.page.app import make_app
from edge.system.heartbeat import Heartbeat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import BaseRoute

    from edge.config.settings import PageSettings
    from edge.page.context import PageContext

logger = logging.getLogger(__name__)

_RETRY: Final = 10.0
"""Seconds between two tries to listen."""
_HANG: Final = 20.0
"""Seconds without a turn of the event loop after which the page counts as hung."""
_BEAT: Final = 1.0
"""Seconds between two looks of the loop at whether to end; it is woken for that, too."""
_TICKS: Final = 10
"""Of uvicorn's, in that time: at each tenth it sets the clock of its answers."""
_CONNECTIONS_MAX: Final = 64
_BACKLOG: Final = 64
_GRACE: Final = 1
"""Seconds that requests under way are given at the end."""


class PageServer:
    """The page of one device; ``run`` is the body of the thread ``page``."""

    def __init__(self, page: PageContext) -> None:
        """Prepare it; nobody can come before ``run``.

        Raises:
            ConfigError: Certificate and key are unusable.
        """
        check_certificate(page.settings)
        self._page = page
        self._trouble = ""
        self._heart = Heartbeat(_HANG)
        self._stop = threading.Event()
        self._server: _Server | None = None
        self._app = make_app(page)
        logging.getLogger("uvicorn.error").addFilter(_is_news)

    @property
    def problem(self) -> str:
        """Why nobody can see the page; empty where they can."""
        is_hung = self._server is not None and not self._heart.is_alive
        return self._trouble or ("the page does not answer" if is_hung else "")

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Every route that is served."""
        routes: Sequence[BaseRoute] = self._app.routes
        return routes

    def run(self) -> None:
        """Serve until ``close`` is called."""
        with self._page.logs:
            while not self._stop.is_set():
                listening = self._listen()
                if listening is None:
                    self._stop.wait(_RETRY)
                else:
                    with listening:
                        self._serve(listening)

    def close(self) -> None:
        """Ask for the end, from any thread; ``run`` returns within two seconds."""
        self._stop.set()
        if self._server is not None:
            self._server.stop()
        self._page.hub.close()

    def _note(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            logger.warning("the page cannot be served: %s", trouble)
        self._trouble = trouble

    def _listen(self) -> socket.socket | None:
        settings = self._page.settings
        try:
            return _listen(settings)
        except OSError as error:
            where = f"page.host = {settings.host!r}, page.port = {settings.port}"
            self._note(f"{where}: {error.strerror or error}")
            return None

    def _serve(self, listening: socket.socket) -> None:
        settings = self._page.settings
        server = _Server(
            uvicorn.Config(
                self._app,
                lifespan="off",
                ws="websockets-sansio",
                ws_max_size=1024,
                ws_per_message_deflate=False,  # costs more than it saves: pictures are compressed
                loop="asyncio",
                http="h11",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,  # anybody may write X-Forwarded-For
                server_header=False,
                limit_concurrency=_CONNECTIONS_MAX,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=_GRACE,
                ssl_certfile=settings.cert_file or None,
                ssl_keyfile=settings.key_file or None,
            ),
            self._heart,
        )
        self._heart.beat()
        self._server = server
        if self._stop.is_set():
            return
        scheme = "https" if settings.cert_file else "http"
        logger.info("the page is at %s://%s:%d", scheme, settings.host, settings.port)
        if not settings.cert_file and not self._page.access.is_local:
            logger.warning("the page's password and pictures are not encrypted; see page.cert_file")
        self._note("")
        asyncio.run(server.serve_on(listening))


class _Server(uvicorn.Server):
    """A server whose heart beats with its loop, once a second instead of uvicorn's ten times."""

    def __init__(self, config: uvicorn.Config, heart: Heartbeat) -> None:
        super().__init__(config)
        self._heart = heart
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()

    def stop(self) -> None:
        """Ask for the end; from any thread."""
        self.should_exit = True
        with contextlib.suppress(RuntimeError):  # it has ended meanwhile
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._end.set)

    async def serve_on(self, listening: socket.socket) -> None:
        """Serve until the end; what a watcher has not read by then is dropped."""
        await self.serve([listening])
        for connection in list(self.server_state.connections):
            if (transport := getattr(connection, "transport", None)) is not None:
                transport.abort()
        await asyncio.sleep(0)  # closes them

    async def main_loop(self) -> None:
        """Beat until the end."""
        self._loop = asyncio.get_running_loop()
        ticks = 0
        while not await self.on_tick(ticks):
            self._heart.beat()
            ticks += _TICKS
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._end.wait(), _BEAT)


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out that we cannot answer a client whose own nonsense has ended its connection.

    uvicorn has answered that with 400 by then, and takes our answer for a fault of ours.
    """
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, h11.LocalProtocolError) and "MUST_CLOSE" in str(error))


def _listen(settings: PageSettings) -> socket.socket:
    """Listen on the first address of the host.

    Raises:
        OSError: The port is taken, or the host is none of ours.
    """
    family, _, _, _, address = socket.getaddrinfo(
        settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def check_certificate(settings: PageSettings) -> None:
    """Raise ConfigError where encryption is wanted and cannot be had."""
    for key in ("cert_file", "key_file"):
        path = getattr(settings, key)
        try:
            if path:
                Path(path).open("rb").close()
        except OSError as error:
            raise ConfigError(f"page.{key} = {path}: {error.strerror}") from None
    if settings.cert_file:
        try:
            # Of a key with a passphrase, the terminal would be asked; a service has none.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(settings.cert_file, settings.key_file, password="")
        except (OSError, ValueError):
            both = f"{settings.cert_file} and page.key_file = {settings.key_file}"
            raise ConfigError(f"page.cert_file = {both}: no PEM that fits") from None
