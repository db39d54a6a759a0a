"""Downloads one URL to one file; resumes what was interrupted, and retries a few times."""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from edge import __version__
from edge.errors import ArchiveError, SourceError
from edge.system.backoff import Backoff

if TYPE_CHECKING:
    import threading
    from pathlib import Path

_CHUNK: Final = 1 << 16
_RETRY_FIRST: Final = 1.0
"""Seconds, at most, before the second try; doubles with each."""
_RETRY_MAX: Final = 60.0
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that may be another one the next time."""
MEGABYTE: Final = 1_000_000
_HANDLERS: Final = (  # http and https only: no file:, ftp: or data:, not after a redirect either
    urllib.request.ProxyHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.HTTPRedirectHandler,
    urllib.request.HTTPErrorProcessor,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is borne."""

    bytes_max: int = 500 * MEGABYTE
    """Bytes of one video."""

    timeout: float = 30.0
    """Seconds without a byte."""

    retries: int = 4
    """Tries in a row that bring nothing, after the first."""

    backoff: float = _RETRY_FIRST
    """Seconds, at most, before the first of them."""


class _AgainError(Exception):
    """This try brought no end; another may."""


def download(url: str, target: Path, limits: Limits, stop: threading.Event) -> None:
    """Download a file. ``TARGET.part`` keeps what has come, ``TARGET.part.json`` of which version.

    Raises:
        SourceError: It is not to be had, or larger than allowed; one line says why.
        ArchiveError: The disk does not take it.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise SourceError(f"{url}: neither http nor https")
    part = target.with_name(f"{target.name}.part")
    tries = 0
    backoff = Backoff(limits.backoff, _RETRY_MAX)
    while True:
        before = _size(part)
        try:
            _try_once(url, part, limits, stop)
            break
        except _AgainError as error:
            reason = str(error)
        tries += 1
        if _size(part) > before:
            tries = 0
            backoff.reset()
        if tries > limits.retries:
            raise SourceError(f"{url}: {reason}; given up after {tries} tries")
        if stop.wait(backoff.next()):
            raise SourceError(f"{url}: broken off")
    part.replace(target)
    _notes_of(part).unlink(missing_ok=True)


def _try_once(url: str, part: Path, limits: Limits, stop: threading.Event) -> None:
    """Get what is missing, to the end."""
    have, validator = _size(part), _read_validator(part, url)
    headers = {"User-Agent": f"sign-edge/{__version__}", "Accept-Encoding": "identity"}
    if have and validator:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    else:
        have = 0
    opener = urllib.request.OpenerDirector()
    for handler in _HANDLERS:
        opener.add_handler(handler())
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - see _HANDLERS
        with opener.open(request, timeout=limits.timeout) as answer:
            if answer.status == 200:
                have = 0
            total = _check(url, answer, have, limits)
            _write_validator(part, url, answer)
            _copy(url, answer, part, have, limits, stop)
    except urllib.error.HTTPError as error:
        with error:
            _explain(url, error, part)
    except ValueError as error:
        raise SourceError(f"{url}: not a URL ({error})") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise _AgainError(f"no answer ({str(reason) or type(error).__name__})") from error
    if total is not None and _size(part) < total:
        raise _AgainError(f"cut off after {_size(part)} of {total} bytes")


def _check(url: str, answer: http.client.HTTPResponse, have: int, limits: Limits) -> int | None:
    """Give the file's size, None where the server does not say."""
    kind = answer.headers.get_content_type()
    if kind in ("text/html", "application/xhtml+xml"):
        raise SourceError(f"{url}: answers with a page, not with a video")
    total: int | None = None
    length = answer.headers.get("Content-Length", "")
    if length.isdecimal():
        total = have + int(length)
    if answer.status == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != have:
            raise SourceError(f"{url}: answers with another part than was asked for")
        total = int(found[2]) if found[2] != "*" else total
    if total is not None and total > limits.bytes_max:
        raise SourceError(_too_large(url, limits))
    return total


def _copy(
    url: str,
    answer: http.client.HTTPResponse,
    part: Path,
    have: int,
    limits: Limits,
    stop: threading.Event,
) -> None:
    try:
        file = part.open("r+b" if have else "wb")
    except OSError as error:
        raise ArchiveError(f"{part}: cannot be written ({error.strerror})") from None
    with file:
        file.seek(have)
        while chunk := answer.read1(_CHUNK):  # what comes is kept at once
            have += len(chunk)
            if have > limits.bytes_max:
                raise SourceError(_too_large(url, limits))
            try:
                file.write(chunk)
                file.flush()  # so that it outlives us
            except OSError as error:
                raise ArchiveError(f"{part}: cannot be written ({error.strerror})") from None
            if stop.is_set():
                raise SourceError(f"{url}: broken off")


def _explain(url: str, error: urllib.error.HTTPError, part: Path) -> None:
    if error.code == 416:  # what is there does not fit what the server has now
        part.unlink(missing_ok=True)
        raise _AgainError("has changed meanwhile")
    text = f"HTTP {error.code} {error.reason}".strip()
    if error.code in _PASSING:
        raise _AgainError(text)
    raise SourceError(f"{url}: {text}")


def _too_large(url: str, limits: Limits) -> str:
    return f"{url}: larger than the {limits.bytes_max / MEGABYTE:g} MB of --max-mb"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _notes_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _read_validator(part: Path, url: str) -> str:
    """Give what names the version that part is of; empty where it is unknown."""
    try:
        notes = json.loads(_notes_of(part).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(notes["validator"]) if notes.get("url") == url else ""


def _write_validator(part: Path, url: str, answer: http.client.HTTPResponse) -> None:
    tag = answer.headers.get("ETag", "")
    validator = tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")
    text = json.dumps({"url": url, "validator": validator})
    _notes_of(part).write_text(text, encoding="utf-8")
