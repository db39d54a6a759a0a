"""Reads login and certificates for the broker from files, and never logs them."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import ConfigError

if TYPE_CHECKING:
    from edge.config.settings import MqttSettings


class _ClosingSocket(ssl.SSLSocket):
    """A socket that is closed when it cannot be encrypted; paho leaves it to chance."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def read_login(settings: MqttSettings) -> tuple[str, str | None]:
    """Read user name and password, from the settings or the unit's credentials.

    Returns:
        The name, empty for none, and the password, None for none.

    Raises:
        ConfigError: Naming key and file that cannot be read, or a password without a name.
    """
    username = settings.username or _credential("mqtt-username") or ""
    path = Path(settings.password_file) if settings.password_file else None
    if path and not username:
        raise ConfigError("mqtt.password_file is set but mqtt.username is empty")
    if path:
        return username, _read(path, "mqtt.password_file")
    return username, _credential("mqtt-password") if username else None


def tls_context(settings: MqttSettings) -> ssl.SSLContext:
    """Prepare encryption: the system's authorities or our own, and our certificate, if any.

    Raises:
        ConfigError: Naming key and file that cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
    except OSError as error:  # ssl.SSLError is one
        raise _unusable("ca_file", settings.ca_file, error) from None
    context.sslsocket_class = _ClosingSocket
    if settings.cert_file:
        for key in ("cert_file", "key_file"):  # of a missing one, ssl does not say which
            _check_readable(key, getattr(settings, key))
        try:
            # An encrypted key would otherwise ask the terminal, of which a service has none.
            context.load_cert_chain(settings.cert_file, settings.key_file, password="")
        except OSError as error:
            both = f"{settings.cert_file} and mqtt.key_file = {settings.key_file}"
            raise _unusable("cert_file", both, error) from None
    if settings.insecure_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _credential(name: str) -> str | None:
    """Read what systemd hands the service; None where it is missing or, by default, blank."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder, name) if folder else None
    return (_read(path, name) or None) if path and path.is_file() else None


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ConfigError(f"{name} = {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{name} = {path}: not UTF-8") from None


def _check_readable(key: str, path: str) -> None:
    try:
        Path(path).open("rb").close()
    except OSError as error:
        raise _unusable(key, path, error) from None


def _unusable(key: str, value: str, error: OSError) -> ConfigError:
    # OpenSSL's own words name a library, a line and no cause: [SSL] PEM lib (_ssl.c:3900).
    is_theirs = isinstance(error, ssl.SSLError)
    reason = "no PEM that fits" if is_theirs else error.strerror or str(error)
    return ConfigError(f"mqtt.{key} = {value}: {reason}")
