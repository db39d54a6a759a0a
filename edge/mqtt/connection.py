"""Keeps the connection to the broker, and says what is wrong while it is away."""

from __future__ import annotations

import logging
import math
import sys
import threading
import time
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from edge.mqtt.client import connect, make_client
from edge.system.backoff import Backoff
from edge.system.heartbeat import Heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable

    from paho.mqtt.reasoncodes import ReasonCode

    from edge.config.settings import MqttSettings

logger = logging.getLogger(__name__)

_HANG: Final = 20.0
"""Seconds without a sign of paho's thread, which gives one each second, after which it hangs."""
_CONNECT: Final = 120.0
"""Seconds for which a try to connect may keep that thread: names, a TCP handshake, a TLS one."""
_RETRY_FIRST: Final = 1.0
"""Seconds, at most, before the first try to connect again; doubles with each failure."""


class State(Enum):
    """How the connection stands."""

    CONNECTING = auto()
    """The broker has not answered yet, or a connection that stood has just gone."""

    UP = auto()
    """The broker has accepted us."""

    FAILING = auto()
    """A try has failed; others follow."""

    CLOSED = auto()
    """It is over."""


class Connection:
    """The connection; everything but ``close`` happens on paho's thread."""

    def __init__(
        self,
        settings: MqttSettings,
        client_id: str,
        *,
        on_up: Callable[[], None],
        on_down: Callable[[], None],
        on_problem: Callable[[str], None] | None,
    ) -> None:
        """Make the client.

        Args:
            settings: The broker.
            client_id: Unique on the broker.
            on_up: Called when the broker has accepted us; nothing of earlier is on its way.
            on_down: Called when the connection has gone; nothing may be sent until it is up.
            on_problem: Called with what is wrong with the broker, or empty when that is over.

        Raises:
            ConfigError: The host name, the login or a certificate is unusable.
        """
        self._settings = settings
        self._on_up = on_up
        self._on_down = on_down
        self._on_problem = on_problem
        self._problem = ""
        self._backoff = Backoff(_RETRY_FIRST, settings.retry_max)
        self._connected_at = math.inf
        self._state = State.CONNECTING
        self._changing = threading.Lock()
        self.heart = Heartbeat(_HANG)
        """Beats with paho's thread."""
        self.client = make_client(settings, client_id)
        self.client.on_round = self.heart.beat
        self.client.on_connect = lambda _c, _u, _flags, reason, _p: self._when_answered(reason)
        self.client.on_connect_fail = lambda _c, _u: self._when_unreachable()
        self.client.on_disconnect = lambda _c, _u, _flags, reason, _p: self._when_gone(reason)

    @property
    def is_up(self) -> bool:
        """Whether the broker has accepted us and the connection stands."""
        return self._state is State.UP

    @property
    def address(self) -> str:
        """The broker, for people."""
        return f"{self._settings.host}:{self._settings.port}"

    def start(self) -> None:
        """Connect in the background and keep reconnecting."""
        self.heart.beat(_CONNECT)
        connect(self.client, self._settings)
        self.client.loop_start()

    def close(self, timeout: float) -> None:
        """Disconnect within ``timeout`` seconds."""
        self._become(State.CLOSED)
        self.client.disconnect()
        # loop_stop waits without limit, and a connection attempt may hang for seconds.
        stopper = threading.Thread(target=self._stop, name="mqtt-stop", daemon=True)
        stopper.start()
        stopper.join(timeout)

    def tell_problem(self, what: str) -> None:
        """Report what is wrong with the broker, or that nothing is any more; on changes only."""
        if what != self._problem:
            self._problem = what
            if self._on_problem is not None:
                self._on_problem(what)

    def _stop(self) -> None:
        self.client.loop_stop()
        self.client.reinitialise()  # closes sockets that paho keeps for itself

    def _become(self, state: State) -> State:
        """Change to a state, unless closed; return the one before."""
        with self._changing:
            before = self._state
            if before is not State.CLOSED:
                self._state = state
            return before

    def _when_answered(self, reason: ReasonCode) -> None:
        if self._state is State.CLOSED:
            self.client.disconnect()
        elif reason.is_failure:
            self._report_failure(f"refuses us: {reason}")
        else:
            logger.info("connected to the broker %s", self.address)
            # Who owns a message sends it again; paho would send old states, too, and overtake.
            self.client.drop_out_messages()
            self._become(State.UP)
            self._connected_at = time.monotonic()
            self.tell_problem("")
            self._on_up()

    def _when_unreachable(self) -> None:
        self._plan_retry()
        cause = sys.exc_info()[1]  # paho calls us while it handles it, and does not hand it over
        self._report_failure(f"cannot be reached: {cause}" if cause else "cannot be reached")

    def _when_gone(self, reason: ReasonCode) -> None:
        was_up = self.is_up
        if was_up:
            self._become(State.CONNECTING)
        self._on_down()
        self._plan_retry()
        if was_up:
            self._report_failure(f"has gone: {reason}")

    def _plan_retry(self) -> None:
        # Two clients of one name drive each other out at once: such a connection has not worked.
        wait = self._backoff.next(time.monotonic() - self._connected_at)
        self._connected_at = math.inf
        self.heart.beat(wait + _CONNECT)
        self.client.reconnect_delay_set(wait, wait)  # type: ignore[arg-type]  # fractions do, too

    def _report_failure(self, what: str) -> None:
        is_news = self._become(State.FAILING) in (State.CONNECTING, State.UP)
        level = logging.WARNING if is_news else logging.DEBUG
        logger.log(level, "the broker %s %s; trying again", self.address, what)
        self.tell_problem(f"{self.address} {what}")
