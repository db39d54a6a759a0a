"""Tells those who watch the page live what happens; costs almost nothing while nobody does."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import TYPE_CHECKING, Final

from edge.messages import Declined, Frame, Sign, StateChange
from edge.mqtt.payloads import encode
from edge.page.shown_frame import ShownFrame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edge.messages import Event, Landmarks

_EVENTS_MAX: Final = 200
"""Messages that may wait for a watcher who is slow; the oldest are dropped."""
_STEP: Final = 1 / 15
"""Seconds from one shown frame to the next, on the average."""
_EARLY: Final = 0.03
"""Seconds by which a frame may come early and still be shown."""
_RESTING: Final = 0.2
"""Seconds without landmarks, as nothing moves, after which the bare picture is shown again."""
_FPS_WINDOW: Final = 30
"""Frames over which the rate is measured."""


class Watcher:
    """One browser's queue: every message in order, and the newest frame only."""

    def __init__(self, *, wants_picture: bool) -> None:
        """Make it on the event loop that reads it."""
        self.wants_picture = wants_picture
        self.is_over = False
        """Whether nothing will come any more."""
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._messages: deque[str] = deque(maxlen=_EVENTS_MAX)
        self._frame: ShownFrame | None = None

    def tell(self, message: str) -> None:
        """Queue a message; from any thread."""
        self._messages.append(message)
        self._wake()

    def show(self, frame: ShownFrame) -> None:
        """Queue a frame in place of the one that waits, if any does; from any thread."""
        self._frame = frame
        self._wake()

    def end(self) -> None:
        """Say that nothing will come any more; from any thread."""
        self.is_over = True
        self._wake()

    async def wait(self) -> tuple[list[str], ShownFrame | None]:
        """Wait for news: messages in order, then the newest frame."""
        await self._news.wait()
        self._news.clear()
        messages = [self._messages.popleft() for _ in range(len(self._messages))]
        frame, self._frame = self._frame, None
        return messages, frame

    def _wake(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)


class Hub:
    """Keeps the newest state, problems and figures; hands on everything to those who watch."""

    def __init__(self, version: str) -> None:
        """Start with nobody watching; the version stands in the state, as on MQTT."""
        self.vocabulary: tuple[str, ...] = ()
        """Words that are known just now."""
        self._lock = threading.Lock()
        self._watchers: tuple[Watcher, ...] = ()
        self._listeners: list[Callable[[Event], None]] = []
        self._state: dict[str, object] = {"version": version}
        self._problems: dict[str, str] = {}
        self._stats: dict[str, object] = {}
        self._times: deque[float] = deque(maxlen=_FPS_WINDOW)
        self._landmarks: Landmarks | None = None
        self._shown_at = self._due = float("-inf")

    @property
    def is_watched(self) -> bool:
        """Whether anybody watches."""
        return bool(self._watchers)

    @property
    def watchers(self) -> tuple[Watcher, ...]:
        """Those who watch."""
        return self._watchers

    @property
    def state(self) -> dict[str, object]:
        """The state as on MQTT."""
        with self._lock:
            return dict(self._state)

    @property
    def problems(self) -> dict[str, str]:
        """What is wrong now, by area."""
        return dict(self._problems)

    @property
    def stats(self) -> dict[str, object]:
        """The newest figures; empty before the first."""
        return dict(self._stats)

    def add(self, watcher: Watcher) -> None:
        """Let somebody watch, and greet them with what holds."""
        with self._lock:
            self._watchers = (*self._watchers, watcher)
            watcher.tell(_message("hello", {**self._state, "glosses": len(self.vocabulary)}))
            watcher.tell(_message("problem", self._problems))
            if self._stats:
                watcher.tell(_message("stats", self._stats))

    def remove(self, watcher: Watcher) -> None:
        """Somebody watches no more."""
        with self._lock:
            self._watchers = tuple(one for one in self._watchers if one is not watcher)
            if not self._watchers:
                self._times.clear()

    def close(self) -> None:
        """Send everybody away."""
        for watcher in self._watchers:
            watcher.end()

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Have a function called with every event, on the thread that recognises."""
        self._listeners.append(listener)

    def tell(self, kind: str, fields: Mapping[str, object]) -> None:
        """Send a message of a kind; from any thread."""
        if self._watchers:
            message = _message(kind, fields)
            for watcher in self._watchers:
                watcher.tell(message)

    def tell_state(self, fields: Mapping[str, object]) -> None:
        """Merge fields into the state; those who watch hear of it where that changed it."""
        with self._lock:
            state = {**self._state, **fields}
            is_news, self._state = state != self._state, state
        if is_news:
            self.tell("state", state)

    def tell_problems(self, problems: Mapping[str, str]) -> None:
        """Say what is wrong now, by area."""
        self._problems = dict(problems)
        self.tell("problem", self._problems)

    def tell_stats(self, stats: Mapping[str, object]) -> None:
        """Give figures of the moment."""
        self._stats = dict(stats)
        self.tell("stats", self._stats)

    def deliver(self, events: Sequence[Event], forms: Mapping[str, tuple[str, str]]) -> None:
        """Tell of what was recognised, or was not; forms name (display, spoken) of a gloss."""
        for event in events:
            for listener in self._listeners:
                listener(event)
            if not self._watchers:
                continue
            if isinstance(event, StateChange):
                onset = event.time if event.state == "signing" else None
                self.tell("segment", {"state": event.state, "onset": onset})
            elif isinstance(event, Sign | Declined):
                is_said = isinstance(event, Sign)
                top = [[gloss, forms.get(gloss, (gloss,))[0], p] for gloss, p in event.top]
                reason = "" if isinstance(event, Sign) else event.reason
                self.tell("top", {"candidates": top, "said": is_said, "reason": reason})

    def show(self, item: Frame | Landmarks, newest: Landmarks | None) -> None:
        """Show a frame, if it is time for one.

        Args:
            item: As it came from the source.
            newest: The newest landmarks, of this item or, where nothing moves, of an earlier one.
        """
        if not self._watchers or newest is None:
            return
        if newest is not self._landmarks:
            self._landmarks = newest
            self._times.append(newest.time)
        elif item.time - self._shown_at < _RESTING:
            return
        if item.time < self._due - _EARLY:
            return
        self._shown_at = item.time
        self._due = max(self._due, item.time) + _STEP
        image = item.image if isinstance(item, Frame) else None
        shown = ShownFrame(item.time, newest.points, image, self._fps)
        for watcher in self._watchers:
            watcher.show(shown)

    @property
    def _fps(self) -> float:
        """Frames searched for landmarks a second, over the last _FPS_WINDOW."""
        times = list(self._times)
        span = times[-1] - times[0] if len(times) > 1 else 0.0
        return round((len(times) - 1) / span, 1) if span > 0 else 0.0


def _message(kind: str, fields: Mapping[str, object]) -> str:
    return encode({"type": kind, **fields}).decode()
