"""Lets people in: sessions behind a password, which loopback may do without."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edge.errors import ConfigError
from edge.page.answers import Refused
from edge.page.secrets import PASSWORD, TOKEN, SecretFile, check_hash, is_password, is_token
from edge.system.rate_limits import TokenBucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.config.settings import PageSettings

logger = logging.getLogger(__name__)

SESSION_AGE: Final = 7 * 86400.0
"""Seconds after which one must log in again."""
_SESSIONS_MAX: Final = 32
"""The oldest ends when there are more."""
_TRIES: Final = 5
"""Logins a minute from one address."""
_TRIES_ALL: Final = 20
"""Logins a minute from all addresses; each takes a core for a while."""
_ADDRESSES_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is let in."""

    csrf: str
    """What must come with everything that changes something."""

    until: float
    """Seconds, monotonic."""


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Access:
    """Sessions in memory only: after a restart, or with a new password, all log in again."""

    def __init__(
        self, settings: PageSettings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Look for password and token.

        Args:
            settings: Host and files.
            clock: Seconds.

        Raises:
            ConfigError: There is no password though others reach the page, or a file is unusable.
        """
        self._clock = clock
        self._password = SecretFile(PASSWORD, settings.password_file, "password_file")
        self._token = SecretFile(TOKEN, settings.token_file, "token_file")
        self.is_local = is_loopback(settings.host)
        """Whether nobody but this machine reaches the page."""
        self.csrf = secrets.token_urlsafe(32)
        """Of those who have no session: to log in, and where no login is needed."""
        self._line = self._password.read()
        if self._line:
            check_hash(self._line)
        elif not self.is_local:
            raise ConfigError(
                f"page.host = {settings.host!r} is reached by others; "
                "run `sign-edge page password` first, or leave it at 127.0.0.1"
            )
        self._is_guarded = not self.is_local or bool(self._line)
        self._token.read()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._tries: OrderedDict[str, TokenBucket] = OrderedDict()
        self._tries_all = TokenBucket(_TRIES_ALL, clock=clock)

    @property
    def needs_login(self) -> bool:
        """Whether one must log in; on loopback only where the owner has set a password.

        A password that goes away or is damaged lets nobody in, rather than everybody.
        """
        self._is_guarded = self._is_guarded or bool(self._current())
        return self._is_guarded

    def log_in(self, password: str, address: str) -> tuple[str, Session]:
        """Let somebody in; takes a third of a second and more.

        Returns:
            What the cookie is to hold, and the session.

        Raises:
            Refused: The password is wrong, or there were too many tries.
        """
        with self._lock:
            if not (self._bucket(address).take() and self._tries_all.take()):
                logger.warning("too many logins at the page")
                raise Refused(
                    429, "too_many", "Too many tries; wait a minute.", {"Retry-After": "60"}
                )
        line = self._current()
        with self._turn:  # one after the other: a flood of them must not take every core
            is_right = bool(line) and is_password(password, line)
        if not is_right:
            logger.warning("a login at the page failed")
            raise Refused(401, "wrong_password", "That is not the password.")
        cookie = secrets.token_urlsafe(32)
        session = Session(secrets.token_urlsafe(32), self._clock() + SESSION_AGE)
        with self._lock:
            self._sessions[_key(cookie)] = session
            while len(self._sessions) > _SESSIONS_MAX:
                self._sessions.popitem(last=False)
        return cookie, session

    def log_out(self, cookie: str) -> None:
        """End a session, if it is one."""
        with self._lock:
            self._sessions.pop(_key(cookie), None)

    def session_of(self, cookie: str) -> Session | None:
        """Find who that is; None where nobody is."""
        self._current()  # a new password ends every session
        with self._lock:
            session = self._sessions.get(_key(cookie)) if cookie else None
            return session if session is not None and self._clock() < session.until else None

    def is_scraper(self, authorization: str) -> bool:
        """Whether a header names the token of those who collect figures."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer":
            return False
        try:
            return is_token(token.strip(), self._token.read())
        except ConfigError:
            return False

    def has_csrf(self, given: str, session: Session | None) -> bool:
        """Whether a token is that of the session, or of those without."""
        wanted = self.csrf if session is None else session.csrf
        return hmac.compare_digest(given.encode(), wanted.encode())

    def _current(self) -> str:
        """Read the password's hash anew; one that has gone or is damaged lets nobody in."""
        try:
            line = self._password.read()
            if line:
                check_hash(line)
        except ConfigError as error:
            if self._line:
                logger.error("the page: %s", error)  # noqa: TRY400 - one line
            line = ""
        if line != self._line:
            with self._lock:
                self._sessions.clear()
            self._line = line
        return line

    def _bucket(self, address: str) -> TokenBucket:
        bucket = self._tries.pop(address, None) or TokenBucket(_TRIES, clock=self._clock)
        self._tries[address] = bucket
        while len(self._tries) > _ADDRESSES_MAX:
            self._tries.popitem(last=False)
        return bucket


def _key(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).hexdigest()
