"""Holds what the page's routes work with: settings, the device, and those who watch."""

from __future__ import annotations

import asyncio
import concurrent.futures
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from edge.errors import EdgeError
from edge.page.answers import Refused
from edge.recognition.learning.taught_words import folder_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import HTTPConnection

    from edge.config.settings import PageSettings, Settings
    from edge.device.choices import Choices
    from edge.device.device_state import DeviceState
    from edge.device.lesson_control import LessonControl
    from edge.device.orders import Order
    from edge.device.profile import Profile
    from edge.page.access import Access
    from edge.page.hub import Hub
    from edge.page.logs import LogRing
    from edge.recognition.bundle import Bundle

Result = TypeVar("Result")

_PATIENCE: Final = 5.0
"""Seconds that the recognising thread may take to get to what is asked of it."""


class Device(Protocol):
    """All that the page may ask of the device; edge.device.controller answers."""

    @property
    def profile(self) -> Profile:
        """The settings in force, and what there is to choose from."""

    @property
    def state(self) -> DeviceState:
        """Whether anything is recognised just now."""

    @property
    def is_recognising(self) -> bool:
        """Whether the owner has recognition switched on."""

    @property
    def lesson(self) -> LessonControl:
        """The teaching of words; for what is submitted alone."""

    def carry_out(self, order: Order) -> None:
        """Carry out an order soon."""

    def choose(self, newer: Choices | None) -> None:
        """Take choices of the owner, None to forget all; for what is submitted alone."""

    def submit(self, do: Callable[[], Result]) -> concurrent.futures.Future[Result]:
        """Have something done on the inference thread."""


@dataclass(frozen=True, slots=True, eq=False)
class PageContext:
    """Everything that routes share; ``context_of`` finds it."""

    settings: PageSettings
    """The section of the page."""

    device: Device
    """What recognises; ``ask`` has something done where that happens."""

    hub: Hub
    """Who watches, and what is told to them."""

    access: Access
    """Who may come in."""

    logs: LogRing
    """What was logged in the last minutes."""

    device_name: str
    """Its name on the broker."""

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
        return self.device.profile.settings

    @property
    def bundle(self) -> Bundle:
        """The model in force just now."""
        return self.device.profile.bundle

    @property
    def learning_folder(self) -> Path:
        """Where taught words are kept."""
        return folder_of(self.configured.learning)

    async def ask(self, do: Callable[[], Result]) -> Result:
        """Have something done on the inference thread, which alone may touch the recognizer.

        Raises:
            Refused: It raised an EdgeError (422), or the thread is too busy (503).
        """
        try:
            future = self.device.submit(do)
            return await asyncio.wait_for(asyncio.wrap_future(future), _PATIENCE)
        except EdgeError as error:
            raise Refused(422, "impossible", str(error)) from None
        except (asyncio.TimeoutError, asyncio.CancelledError, concurrent.futures.CancelledError):
            raise Refused(503, "busy", "The device is busy; try again.") from None


def context_of(connection: HTTPConnection) -> PageContext:
    """Find the context of a request or WebSocket."""
    page: PageContext = connection.app.state.page
    return page
