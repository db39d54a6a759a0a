"""Keeps what lets people and programs in: a scrypt hash and a token's SHA-256, in files.

Neither password nor token is kept anywhere; a file is one line, and may be changed at any time.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from edge.errors import ConfigError, EdgeError
from edge.system.paths import state_folder

PASSWORD: Final = "page-password"  # noqa: S105 - the name of a file
TOKEN: Final = "page-token"  # noqa: S105 - the name of a file
LEAST: Final = 8
"""Characters of a password."""
MOST: Final = 200
"""Characters of a password; more would only cost time."""
_N: Final = 2**14
_R: Final = 8
_P: Final = 5
"""Costs of scrypt: 16 MiB, a third of a second (OWASP, Password Storage Cheat Sheet)."""
SYSTEM: Final = Path("/etc/sign-edge")
"""Where the unit's LoadCredential= looks."""
_LINE_MAX: Final = 1024


class SecretFile:
    """One line in the file that is set, else in the unit's credentials, else in the state."""

    def __init__(self, name: str, given: str, key: str) -> None:
        """Look nowhere yet.

        Args:
            name: Of the credential, and of the file in the state folder.
            given: As configured; empty where it is not.
            key: Of the setting, for what is said to the owner.
        """
        self._name, self._key = name, key
        self._given = Path(given).expanduser() if given else None

    @property
    def place(self) -> Path:
        """Where to write: as set, else where the unit looks, else the state folder."""
        if self._given is not None:
            return self._given
        if os.getuid() == 0 and SYSTEM.is_dir():
            return SYSTEM / self._name
        return state_folder() / self._name

    def read(self) -> str:
        """Read the line; empty where there is none.

        Raises:
            ConfigError: A file that is set, or is there, cannot be read.
        """
        return next(filter(None, map(self._read, self._places())), "")

    def write(self, line: str) -> Path:
        """Replace the line, for its owner's eyes only; return where.

        Raises:
            EdgeError: It cannot be written.
        """
        path = self.place
        part = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                part.unlink()
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(f"{line}\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            raise EdgeError(f"{path}: cannot be written ({error.strerror})") from None
        return path

    def _read(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                return file.read(_LINE_MAX).decode("ascii", "replace").strip()
        except OSError as error:
            if isinstance(error, FileNotFoundError) and path != self._given:
                return ""
            raise ConfigError(f"page.{self._key} = {path}: {error.strerror}") from None

    def _places(self) -> list[Path]:
        if self._given is not None:
            return [self._given]
        credentials = os.environ.get("CREDENTIALS_DIRECTORY")
        places = [Path(credentials, self._name)] if credentials else []
        return [*places, state_folder() / self._name]


def hash_password(password: str) -> str:
    """Hash a password with a salt of its own: ``scrypt$n$r$p$salt$hash``.

    Raises:
        ConfigError: It is too short or too long.
    """
    if not LEAST <= len(password) <= MOST:
        raise ConfigError(f"a password has {LEAST} to {MOST} characters, not {len(password)}")
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, _N, _R, _P)
    parts = [base64.b64encode(part).decode() for part in (salt, digest)]
    return "$".join(["scrypt", str(_N), str(_R), str(_P), *parts])


def is_password(password: str, line: str) -> bool:
    """Compare a password with a hash; slow on purpose."""
    if len(password) > MOST:
        return False
    n, r, p, salt, digest = _read_hash(line)
    return hmac.compare_digest(_scrypt(password, salt, n, r, p), digest)


def check_hash(line: str) -> None:
    """Raise ConfigError where a line is no hash of a password."""
    _read_hash(line)


def make_token() -> str:
    """Make a token that nobody guesses."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Hash a token; it is long and random, so that a quick hash does."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_token(token: str, line: str) -> bool:
    """Compare a token with a hash; never true where there is no hash."""
    return bool(line) and hmac.compare_digest(hash_token(token), line)


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    memory = 128 * r * (n + p + 2) + 2**20
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"), salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=32
    )


def _read_hash(line: str) -> tuple[int, int, int, bytes, bytes]:
    kind, *parts = line.split("$")
    with contextlib.suppress(ValueError, binascii.Error):
        n, r, p = (int(part) for part in parts[:3])
        salt, digest = (base64.b64decode(part, validate=True) for part in parts[3:])
        is_sane = 2**10 <= n <= 2**18 and n & (n - 1) == 0 and 1 <= r <= 16 and 1 <= p <= 16
        if kind == "scrypt" and is_sane and len(digest) == 32:
            return n, r, p, salt, digest
    raise ConfigError("the file of the page's password holds no hash; run sign-edge page password")
