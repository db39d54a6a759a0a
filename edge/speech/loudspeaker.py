"""Says words aloud, in a child process that is killed when it hangs.

At most ``speech.queue`` texts wait; when there are more, the oldest is dropped. A text already
waiting is not queued twice, and one that waited longer than ``speech.max_age`` is dropped. All
drops are counted.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import threading
import time
from collections import deque
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from edge.speech.speaking_process import Manner
from edge.system.processes import Child, environment
from edge.system.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.config.settings import SpeechSettings

logger = logging.getLogger(__name__)

_LOOK: Final = 0.1  # seconds between looks at the stop event
_VARIABLES: Final = (
    "ALSA_*",
    "ESPEAK_DATA_PATH",
    "HOME",  # ~/.asoundrc
    "PIPEWIRE_*",
    "PULSE_*",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",  # sockets of PipeWire and PulseAudio
)
"""Variables of the environment that engines and loudspeakers are found by."""


class Speech:
    """The loudspeaker. ``say`` from any thread; ``run`` is the body of the speech thread."""

    def __init__(
        self,
        settings: SpeechSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        on_text: Callable[[str], None] | None = None,
    ) -> None:
        """Start with nothing to say; no process is started before there is.

        Args:
            settings: Engine, device, limits.
            clock: Seconds; the one that ``say`` is given.
            on_text: Called on the thread of ``run`` with each text when it is about to be said.
        """
        self._settings = settings
        self._clock = clock
        self._on_text = on_text
        self._waiting: deque[tuple[str, float]] = deque()
        self._changed = threading.Condition()
        self._child: Child | None = None
        self._manner: Manner | None = None
        self._child_lock = threading.Lock()
        self._is_closed = False
        self._problem = ""
        self.is_speaking = False
        self.said = self.dropped = self.failed = self.timeouts = 0

    def configure(self, settings: SpeechSettings) -> None:
        """Take new settings from the next text on; switched off, what waits is not said."""
        with self._changed:
            self._settings = settings
            if not settings.enabled:
                self._waiting.clear()

    @property
    def problem(self) -> str:
        """Why the last text was not said, one line; empty after a success."""
        return self._problem

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being said or waits to be."""
        return not (self.is_speaking or self._waiting)

    def say(self, text: str, now: float) -> None:
        """Queue a text (cleaned, and cut to MAX_TEXT characters); never blocks."""
        text = clean(text)
        if not text or not self._settings.enabled or self._settings.engine == "none":
            return
        with self._changed:
            if any(waiting == text for waiting, _ in self._waiting):
                return
            self._waiting.append((text, now))
            while len(self._waiting) > self._settings.queue:
                self._waiting.popleft()
                self.dropped += 1
            self._changed.notify()

    def run(self, stop: threading.Event) -> None:
        """Speak until ``stop`` is set or ``close`` is called; never raises for want of sound."""
        try:
            while not self._is_over(stop):
                text = self._next()
                if text is None:
                    continue
                self.is_speaking = True
                if self._on_text is not None:
                    self._on_text(text)
                try:
                    self._note(self._speak(text, stop), stop)
                finally:
                    self.is_speaking = False
        finally:
            self._kill()

    def close(self) -> None:
        """Fall silent at once; ``run`` ends within a tenth of a second and leaves no process."""
        with self._changed:
            self._is_closed = True
            self._waiting.clear()
            self._changed.notify_all()
        with self._child_lock:  # run() reaps it, for it may be reading its pipe
            if self._child is not None:
                self._child.kill()

    def _is_over(self, stop: threading.Event) -> bool:
        return self._is_closed or stop.is_set()

    def _next(self) -> str | None:
        with self._changed:
            if not self._waiting:
                self._changed.wait(_LOOK)
            while self._waiting:
                text, since = self._waiting.popleft()
                if self._clock() - since <= self._settings.max_age:
                    return text
                self.dropped += 1
        return None

    def _speak(self, text: str, stop: threading.Event) -> str:
        """Say a text; return why it was not said, or nothing."""
        try:
            child = self._started()
            if child is None:
                return "closed"
            child.send(text)
            answer = self._answer(child.output.fileno(), stop)
        except (OSError, ValueError) as error:  # it died, or close() took it
            self._kill()
            return f"the speaking process cannot be reached ({error})"
        if answer is None:
            self._kill()
            if self._is_over(stop):
                return "closed"
            self.timeouts += 1
            engine, timeout = self._settings.engine, self._settings.timeout
            return f"{engine} was not done within {timeout:g} s and was killed"
        if not answer:
            self._kill()
            return "the speaking process died"
        return str(json.loads(answer))

    def _answer(self, descriptor: int, stop: threading.Event) -> bytes | None:
        """Read a line; None where there is none in time, empty where the process died."""
        deadline = time.monotonic() + self._settings.timeout
        answer = b""
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while not self._is_over(stop) and time.monotonic() < deadline:
                if not selector.select(_LOOK):
                    continue
                chunk = os.read(descriptor, 4096)
                answer += chunk
                if not chunk:
                    return b""
                if answer.endswith(b"\n"):
                    return answer
        return None

    def _note(self, reason: str, stop: threading.Event) -> None:
        if reason and self._is_over(stop):
            return
        if reason:
            self.failed += 1
            level = logging.DEBUG if reason == self._problem else logging.WARNING
            logger.log(level, "speech failed: %s", reason)
        else:
            self.said += 1
            if self._problem:
                logger.info("speech works again")
        self._problem = reason

    def _started(self) -> Child | None:
        settings = self._settings
        manner = Manner(
            settings.engine,
            settings.device,
            settings.voice,
            settings.rate,
            settings.volume,
        )
        if manner != self._manner:
            self._kill()
        with self._child_lock:
            if self._child is None and not self._is_closed:
                variables = environment(*_VARIABLES)
                self._child = Child("edge.speech.speaking_process", variables=variables)
                self._child.send(asdict(manner))
                self._manner = manner
            return self._child

    def _kill(self) -> None:
        with self._child_lock:
            child, self._child = self._child, None
        if child is not None:
            child.end()
