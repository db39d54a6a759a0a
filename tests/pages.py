"""A real page for tests: a server on a free port, a real controller, a thread that steers it.

A file of tests that imports this is skipped as a whole where the extra web is not installed.
"""

from __future__ import annotations

import contextlib
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from broker import free_port
from extras import WEB, require
from patience import AGES

from edge.config.settings import Settings
from edge.device.controller import Controller
from edge.device.newest_slot import NewestSlot
from edge.device.statistics import Statistics
from edge.page.hub import Hub
from edge.page.start import make_hub, make_server
from edge.system.sensors import Sensors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from edge.recognition.bundle import Bundle

require(*WEB)

ROOT = Path(__file__).resolve().parent.parent
ARCHIVE = f"archive:{ROOT / 'models' / 'words' / 'prototypes.npz'}"


class Page:
    """One device's page; what the inference thread does otherwise, a thread of ours does."""

    def __init__(self, bundle: Bundle, **sections: Mapping[str, object]) -> None:
        """Serve it; settings by section, without broker and sound where these are not named."""
        self.port = free_port()
        given: dict[str, Mapping[str, object]] = {
            "camera": {"source": ARCHIVE},
            "mqtt": {"enabled": False, "device": "test"},
            "speech": {"engine": "none"},
            **sections,
        }
        given["page"] = {"enabled": True, "port": self.port, **given.get("page", {})}
        self.settings = Settings.model_validate(given)
        self.commands: list[str] = []
        self.hung: list[str] = []
        hub = make_hub(self.settings)
        assert hub is not None
        self.hub: Hub = hub
        self.controller = Controller(self.settings, bundle, self.commands.append, hub)
        slot: NewestSlot[Any] = NewestSlot()
        recognizer, news = self.controller.recognizer, self.controller.news
        statistics = Statistics(recognizer, news, slot, Sensors(), lambda: 15.0)
        figures = partial(statistics.look, "page")
        self.server = make_server(self.settings, hub, self.controller, figures, lambda: self.hung)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self.server.run, name="page"),
            threading.Thread(target=self._steer, name="inference"),
        ]
        self.controller.start()
        for thread in self._threads:
            thread.start()
        scheme = "https" if self.settings.page.cert_file else "http"
        self.address = f"{scheme}://127.0.0.1:{self.port}"
        self._wait()

    @property
    def socket_address(self) -> str:
        """Where the live view is."""
        return f"{self.address.replace('http', 'ws', 1)}/api/live"

    @contextlib.contextmanager
    def client(self, *, has_token: bool = True) -> Iterator[httpx.Client]:
        """Make a browser's client, which has asked for the session first."""
        with httpx.Client(base_url=self.address, timeout=AGES, verify=False) as client:  # noqa: S501
            if has_token:
                client.headers["X-CSRF-Token"] = client.get("/api/session").json()["csrf"]
            yield client

    def until(self, is_true: Callable[[], bool], within: float = AGES) -> bool:
        """Wait until something is true."""
        end = time.monotonic() + within
        while not is_true() and time.monotonic() < end:
            time.sleep(0.01)
        return is_true()

    def close(self) -> None:
        """End in order, once; nothing may be left of it."""
        if self._stop.is_set():
            return
        self.server.close()
        self._stop.set()
        for thread in self._threads:
            thread.join(AGES)
            assert not thread.is_alive(), thread.name
        self.controller.news.close()
        self.controller.recognizer.close()

    def _steer(self) -> None:
        while not self._stop.wait(0.01):
            self.controller.apply()

    def _wait(self) -> None:
        with httpx.Client(verify=False) as client:  # noqa: S501 - our own certificate
            for _ in range(500):
                with contextlib.suppress(httpx.TransportError):
                    client.get(f"{self.address}/healthz")
                    return
                time.sleep(0.02)
        raise AssertionError(f"no page: {self.server.problem}")


@contextlib.contextmanager
def serving(bundle: Bundle, **sections: Mapping[str, object]) -> Iterator[Page]:
    """Serve a page for a while."""
    page = Page(bundle, **sections)
    try:
        yield page
    finally:
        page.close()
