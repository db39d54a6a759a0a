"""What the page's routes work with: settings, the device's controller, and who listens."""

from __future__ import annotations

import asyncio
import concurrent.futures
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from edge.errors import EdgeError
from edge.page.answers import Refused
from edge.recognition.learning.taught_words import folder_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import HTTPConnection

    from edge.config.settings import PageSettings, Settings
    from edge.device.controller import Controller
    from edge.page.access import Access
    from edge.page.hub import Hub
    from edge.page.logs import LogRing
    from edge.recognition.bundle import Bundle

Result = TypeVar("Result")

_PATIENCE: Final = 5.0
"""Seconds that the recognising thread may take to get to what is asked of it."""


@dataclass(frozen=True, slots=True, eq=False)
class PageContext:
    """Everything that routes share; ``context_of`` finds it."""

    settings: PageSettings
    """The section of the page."""

    controller: Controller
    """Settings in force and recognizer; ``ask`` is the way to the latter."""

    hub: Hub
    """Who watches, and what is told to them."""

    access: Access
    """Who may come in."""

    logs: LogRing
    """What was logged of late."""

    device: str
    """The device's name on the broker."""

    version: str
    """Of the program."""

    has_camera: bool
    """Whether there are pictures; not with an archive of landmarks."""

    figures: Callable[[], dict[str, object]]
    """Gives the figures of ``stats`` as they are now; quick."""

    hung: Callable[[], list[str]]
    """Names the threads that make no headway."""

    @property
    def configured(self) -> Settings:
        """Every setting in force just now."""
        return self.controller.profile.settings

    @property
    def bundle(self) -> Bundle:
        """The model in force just now."""
        return self.controller.profile.bundle

    @property
    def learning_folder(self) -> Path:
        """Where taught words are kept."""
        return folder_of(self.configured.learning)

    async def ask(self, do: Callable[[], Result]) -> Result:
        """Have something done on the recognising thread, which alone may touch the recognizer.

        Raises:
            Refused: It raised an EdgeError (422), or the thread is too busy (503).
        """
        try:
            future = self.controller.submit(do)
            return await asyncio.wait_for(asyncio.wrap_future(future), _PATIENCE)
        except EdgeError as error:
            raise Refused(422, "impossible", str(error)) from None
        except (asyncio.TimeoutError, asyncio.CancelledError, concurrent.futures.CancelledError):
            raise Refused(503, "busy", "The device is busy; try again.") from None


def context_of(connection: HTTPConnection) -> PageContext:
    """Find the context of a request or WebSocket."""
    page: PageContext = connection.app.state.page
    return page
