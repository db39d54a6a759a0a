"""Measures how long a word takes over a real broker, from being decided to a subscriber."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from edge import __version__
from edge.errors import SourceError
from edge.mqtt.client import make_client
from edge.mqtt.payloads import sign_payload
from edge.mqtt.publisher import Publisher
from edge.mqtt.spool import MEMORY

if TYPE_CHECKING:
    from typing_extensions import Self

    from edge.config.settings import MqttSettings
    from edge.messages import Sign

DEVICE: Final = f"stream-benchmark-{os.getpid()}"
"""Two benchmarks on one broker must not count each other's words."""
_PATIENCE: Final = 5.0
"""Seconds that a connection, a subscription or a message may take."""


class BrokerDelay:
    """Publishes signs as the daemon does and listens to them; a context manager."""

    def __init__(self, settings: MqttSettings) -> None:
        """Prepare both sides.

        Raises:
            ConfigError: The host name, the login or a certificate is unusable.
        """
        self._settings = settings.model_copy(update={"device": DEVICE, "outbox": MEMORY})
        self._publisher = Publisher(self._settings, version=__version__)
        self._arrived = threading.Semaphore(0)
        self._ready = threading.Event()
        self._listener = make_client(self._settings)
        self._listener.on_message = lambda _c, _u, _m: self._arrived.release()
        self._listener.on_subscribe = lambda _c, _u, _mid, _codes, _p: self._ready.set()

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            SourceError: The broker does not answer.
        """
        where = f"{self._settings.host}:{self._settings.port}"
        try:
            self._listener.connect(self._settings.host, self._settings.port)
        except OSError as error:
            raise SourceError(f"the broker {where}: {error.strerror or error}") from None
        self._listener.loop_start()
        self._listener.subscribe(f"{self._settings.base}/{DEVICE}/sign", qos=1)
        self._publisher.start()
        until = time.monotonic() + _PATIENCE
        while not (self._ready.is_set() and self._publisher.is_connected):
            if time.monotonic() > until:
                self.__exit__()
                raise SourceError(f"the broker {where} does not let us subscribe")
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._publisher.close()
        # The broker keeps what a device last said of itself; of one that never was, nothing stays.
        topic = f"{self._settings.base}/{DEVICE}/availability"
        with contextlib.suppress(RuntimeError, ValueError):  # not connected
            self._listener.publish(topic, b"", qos=1, retain=True).wait_for_publish(_PATIENCE)
        self._listener.disconnect()
        self._listener.loop_stop()

    def measure(self, sign: Sign) -> float:
        """Publish a sign; seconds until the subscriber has it.

        Raises:
            SourceError: It never arrives.
        """
        started = time.perf_counter()
        self._publisher.publish_event(
            "sign",
            sign_payload(
                sign, model=DEVICE, segment=0, utc_of=lambda _: datetime.now(timezone.utc)
            ),
        )
        if not self._arrived.acquire(timeout=_PATIENCE):
            raise SourceError(f"a message to {self._settings.host} did not come back")
        return time.perf_counter() - started
