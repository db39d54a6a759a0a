"""A real Chromium that looks at the real page of a real daemon, and axe-core that judges it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from daemons import Daemon, archive, free_port
from patience import AGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

ROOT: Final = Path(__file__).resolve().parent.parent
CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
AXE: Final = ROOT / ".cache" / "node_modules" / "axe-core" / "axe.min.js"
PARTS: Final = ("live", "try", "dictionary", "practise", "teach", "settings")
WAIT: Final = 60_000
"""Milliseconds that anything may take, on a machine with other work."""
_ARGUMENTS: Final = (
    "--use-fake-device-for-media-stream",  # a camera that shows a test picture
    "--use-fake-ui-for-media-stream",  # and is allowed
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
)
_GRAVE: Final = ("serious", "critical")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless one."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_ARGUMENTS))
        yield browser
        browser.close()


class Site:
    """A daemon whose page is on."""

    def __init__(self, folder: Path, broker_port: int, source: str = "") -> None:
        """Write its configuration."""
        self.port = free_port()
        self.daemon = Daemon(folder, broker_port, source or archive("yes", "no", "help"))
        self.daemon.environment["STATE_DIRECTORY"] = str(folder / "state")
        self.daemon.settings |= {"page.enabled": "true", "page.port": str(self.port)}

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/"

    def set_password(self, password: str) -> None:
        """Have the page ask for one."""
        environment = {**os.environ, **self.daemon.environment, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "edge", "page", "password", "--config"]
        subprocess.run(
            [*command, str(self.daemon.config)],
            input=f"{password}\n".encode(),
            env=environment,
            cwd=self.daemon.folder,
            check=True,
            capture_output=True,
        )

    def start(self) -> None:
        """Start it and wait until the page is there."""
        self.daemon.start()
        assert self.daemon.logged("the page is at"), self.daemon.log

    def stop(self) -> None:
        """Kill it; it must not have stumbled."""
        log = self.daemon.log
        self.daemon.clean_up()
        assert "Traceback" not in log, log


class Visit:
    """One person's look at the page."""

    def __init__(self, page: Page, address: str) -> None:
        """Listen for what goes wrong in the browser."""
        self.page = page
        self.address = address
        self.faults: list[str] = []
        page.set_default_timeout(WAIT)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._hear)

    def open(self, part: str) -> None:
        """Open a part by its address."""
        self.page.goto(f"{self.address}#{part}")
        self.page.wait_for_selector(f".part.{part.partition('/')[0]}")

    def text(self, selector: str) -> str:
        """Read what stands somewhere."""
        return self.page.inner_text(selector)

    def wait_for_text(self, selector: str, text: str) -> None:
        """Wait until something says something."""
        self.page.locator(selector, has_text=text).first.wait_for()

    def drawn(self, selector: str) -> str:
        """Return a canvas' picture, once there is one; two are equal where nothing has moved."""
        canvas = self.page.locator(selector).first
        picture: str = canvas.evaluate("canvas => canvas.toDataURL()")
        return picture

    def has_colour(self, selector: str, red: int, green: int, blue: int) -> bool:
        """Whether a canvas shows a colour anywhere."""
        found: bool = self.page.eval_on_selector(
            selector,
            """(canvas, [r, g, b]) => {
                const {width, height} = canvas;
                const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
                for (let i = 0; i < data.length; i += 4)
                    if (data[i] === r && data[i + 1] === g && data[i + 2] === b) return true;
                return false;
            }""",
            [red, green, blue],
        )
        return found

    def moves(self, selector: str, within: float = AGES) -> bool:
        """Whether a canvas changes."""
        before, until = self.drawn(selector), time.monotonic() + within
        while self.drawn(selector) == before and time.monotonic() < until:
            self.page.wait_for_timeout(50)
        return self.drawn(selector) != before

    def flaws(self) -> list[str]:
        """What axe-core finds serious or critical just now."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        return [
            f"{one['id']}: {json.dumps([node['target'] for node in one['nodes']])}"
            for one in found["violations"]
            if one["impact"] in _GRAVE
        ]

    def is_too_wide(self) -> bool:
        """Whether one must scroll sideways."""
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        return wide

    def _hear(self, message: Any) -> None:  # noqa: ANN401 - playwright's ConsoleMessage
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(message.text)


@contextlib.contextmanager
def visit(
    browser: Browser,
    address: str,
    *,
    is_phone: bool = False,
    **more: Any,  # noqa: ANN401 - options of playwright's
) -> Iterator[Visit]:
    """Look at a page with a browser of one's own, in English; nothing may go wrong in it."""
    size: Any = {"width": 390, "height": 844} if is_phone else {"width": 1280, "height": 800}
    options = {"viewport": size, "device_scale_factor": 2 if is_phone else 1, "locale": "en-GB"}
    context = browser.new_context(**{**options, **more})
    guest = Visit(context.new_page(), address)
    try:
        yield guest
    finally:
        context.close()
    assert guest.faults == []
