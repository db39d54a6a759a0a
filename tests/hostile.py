"""Hostile requests for the page, and what to watch while it answers them; seeded."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import select
import socket
import string
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pages import Page

METHODS: Final = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "FOO")
WORDS: Final = (
    "yes", "", ".", "..", "../../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "\u202e",
    "%2e%2e/%2e%2e/", "....//....//", "..\\..\\windows", "%00", "%ff%fe", "%c0%ae%c0%ae/",
    "%252e%252e%252f", "/etc/passwd", "//host/share", "C:\\", "~root", "file:///etc/passwd",
    "x" * 3000, "-1", "0", "1",
    "999999", "9" * 5000, "1e309", "NaN", "null", "true", "{}", "[]", "<script>alert(1)</script>",
    "'; drop table signs; --", "${jndi:ldap://x}", "$(touch /tmp/x)", "`id`", "|id",
    "\r\nSet-Cookie: a=b", "volume", "threshold", "mode", "model", "speech", "recognition",
    "index.html", "page.css", "a;b",
)  # fmt: skip
VALUES: Final[tuple[object, ...]] = (
    *WORDS, None, True, False, 0, -1, 3, 10, 11, 2**63, 10**400, -0.0, 1e308, [], {}, [[]],
    {"a": {}}, "\x00", "\x1b[2J", "é" * 300, "\U0001f44b", "pause", "resume", "say", "learn",
    "forget", "defaults",
)  # fmt: skip
BODIES: Final[dict[str, dict[str, Any]]] = {
    "/api/practice": {"gloss": "yes"},
    "/api/practice/list": {"glosses": ["yes", "no"]},
    "/api/teach": {"word": "blub", "spoken": "bloob", "examples": 3, "countdown": 0},
    "/api/teach/more": {"countdown": 1},
    "/api/settings/{name}": {"value": 50},
    "/api/command": {"name": "say", "argument": "hello"},
    "/api/login": {"password": "wrong"},
}
"""What the routes take."""
_UPLOAD: Final = "/api/trial"
_FORM: Final = "multipart/form-data; boundary=a"
_LIVE: Final = "/api/live"
_UPGRADE: Final = {
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Version": "13",
}
STARTS: Final = (b"\0\0\0\x18ftypmp42", b"\x1aE\xdf\xa3", b"RIFF\x10\0\0\0AVI LIST")
_TRIALS: Final = 5
"""How much likelier an upload is than another request."""
_PAUSE: Final = 0.2
"""Seconds for which the rest of a broken request is not sent before the end is."""
_NO_FIELDS: Final = (b"not a form", b"--a\r\n", b"--a\r\n\r\n\r\n--a--\r\n", b"--a--", b"")


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of hostile requests."""

    answers: Counter[str] = field(default_factory=Counter)
    """How often each status; ``none`` where the connection was closed without one."""

    faults: list[str] = field(default_factory=list)
    """Answers of 500 and the like, with the request."""

    written: list[str] = field(default_factory=list)
    """Files that were opened to be written, outside the state folder."""

    logged: list[str] = field(default_factory=list)
    """What was logged as an error."""


class Attacker:
    """Makes up requests to every route of an application."""

    def __init__(self, page: Page, token: str, seed: int, clips: Sequence[bytes]) -> None:
        """Look at the routes; the token is the page's, against CSRF; clips pass for videos."""
        self._token = token
        self._random = random.Random(seed)
        self._routes = list(_routes_of(page))
        self._routes += [("POST", _UPLOAD)] * (_TRIALS - 1)
        self._clips = list(clips)

    def request(self) -> tuple[bytes, bool]:
        """Make up one request, as it goes over the wire, and say whether it comes whole."""
        chance = self._random.random
        method, path = self._random.choice(self._routes)
        if chance() < 0.1:
            method = self._random.choice(METHODS)
        target = self._fill(path)
        if chance() < 0.1:
            target += "?" + "&".join(f"{self._word()}={self._word()}" for _ in range(3))
        body, kind = self._body(path) if method in ("POST", "PUT") or chance() < 0.05 else (b"", "")
        headers = self._headers(kind, len(body))
        is_whole = headers.get("Content-Length", "0") == str(len(body)) and not (
            {"Transfer-Encoding", "Expect"} & headers.keys()
        )
        if path == _LIVE and self._random.random() < 0.7:
            headers |= {"Connection": "Upgrade", **_UPGRADE}
            body, is_whole = self._random.randbytes(self._random.choice((0, 2, 40, 3000))), False
        lines = [f"{method} {_on_the_wire(target, is_quoted=chance() < 0.9)} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n" + body, is_whole

    def _fill(self, path: str) -> str:
        parts = path.split("/")
        if self._random.random() < 0.05:
            parts.insert(self._random.randrange(len(parts)), self._word())
        return "/".join(self._word() if part.startswith("{") else part for part in parts)

    def _word(self) -> str:
        if self._random.random() < 0.2:
            return "".join(chr(self._random.randrange(33, 0x2FF)) for _ in range(8))
        return self._random.choice(WORDS)

    def _headers(self, kind: str, length: int) -> dict[str, str]:
        some = {"Host": "localhost", "Connection": "close", "X-CSRF-Token": self._token}
        if length or self._random.random() < 0.3:
            some["Content-Length"] = str(length)
        if kind:
            some["Content-Type"] = kind
        tricks = {
            "Host": ["evil.example", "localhost:1", "[", "[::1", "a b", "", "127.0.0.1@evil"],
            "Origin": ["null", "https://evil.example", "http://[", "http://localhost", "\x7f"],
            "X-CSRF-Token": ["", "wrong", "\xff", "a" * 5000],
            "Cookie": ["a", "=", "sign-edge=1; sign-edge-1=2", 'x="\\400"', ";" * 100],
            "Content-Length": ["-1", "0", "1", "99999999999999999999", "0x10", "1, 2", "a"],
            "Content-Type": [
                "",
                "text/plain",
                "application/json; charset=\x00",
                "multipart/form-data",
            ],
            "Transfer-Encoding": ["chunked", "gzip", "identity", "chunked, chunked"],
            "Range": ["bytes=0-", "bytes=9-1", "bytes=" + "0-1," * 200, "x"],
            "If-None-Match": ["*", '"' * 50],
            "If-Modified-Since": ["yesterday", "Mon, 99 Foo 99999 99:99:99 GMT"],
            "Upgrade": ["websocket", "h2c"],
            "Authorization": ["Bearer", "Bearer \xff", "Basic Og=="],
            "Sec-Fetch-Site": ["cross-site", "none", "x"],
            "Expect": ["100-continue", "x"],
            "X-Forwarded-For": ["127.0.0.1", "\x00"],
            "Accept-Language": ["es", "x" * 500, ",;q=", "*"],
        }
        if self._random.random() < 0.3:
            name = self._random.choice(list(tricks))
            some[name] = self._random.choice(tricks[name])
        return some

    def _body(self, path: str) -> tuple[bytes, str]:
        if path == _UPLOAD:
            return self._form()
        fit = BODIES.get(path, {})
        other = self._random.choice([*BODIES.values()])
        body: Any = dict(fit if self._random.random() < 0.7 else other)
        for _ in range(self._random.randrange(3)):
            key = self._random.choice([*body, *body, "extra", self._word()])
            body[key] = self._random.choice(VALUES)
        text = json.dumps(body).encode()
        tricks = (
            text, text, text, text[: len(text) // 2], b"[" * 20_000, b"\xff\xfe" + text, b"null",
            b'{"gloss": "\\ud800"}', b'{"countdown": NaN}', b'{"value": Infinity}', b"{}" * 2,
            b'{"word": "' + b"a" * 60_000 + b'"}', self._random.randbytes(200), b"",
        )  # fmt: skip
        return self._random.choice(tricks), "application/json"

    def _form(self) -> tuple[bytes, str]:
        if self._clips and self._random.random() < 0.5:
            return _form_of("clip", self._word(), "video/mp4", self._clips.pop()), _FORM
        name = self._random.choice(("clip", "clip", "other", self._word()))
        content = self._random.randbytes(self._random.choice((0, 10, 3000, 300_000)))
        said = self._random.choice(("video/mp4", "video/webm", "", "text/plain", self._word()))
        form = _form_of(name, self._word(), said, content)
        tricks = (form, form, form, form[:-8], form[:50], *_NO_FIELDS, form * 3)
        kinds = (_FORM,) * 6 + (
            "multipart/form-data", "multipart/form-data; boundary=", "text/plain",
            "multipart/form-data; boundary=b", "multipart/form-data; boundary=a; charset=\x01",
        )  # fmt: skip
        return self._random.choice(tricks), self._random.choice(kinds)


def _form_of(name: str, filename: str, kind: str, content: bytes) -> bytes:
    head = (
        f'--a\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    return head.encode("utf-8", "replace") + content + b"\r\n--a--\r\n"


def damaged_clips(count: int, seed: int) -> list[bytes]:
    """Make up files that begin as videos do, and videos with holes; each costs a process."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film.mp4")
        video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
        for shade in range(20):
            video.write(np.full((48, 64, 3), 10 * shade, np.uint8))
        video.release()
        whole = path.read_bytes()
    clips = []
    for index in range(count):
        if index % 3 == 0:
            clips.append(rng.choice(STARTS) + rng.randbytes(rng.choice((0, 100, 100_000))))
            continue
        clip = bytearray(whole[: rng.choice((len(whole), len(whole) // 2))])
        for _ in range(rng.choice((1, 10, 200))):
            clip[rng.randrange(8, len(clip))] = rng.randrange(256)
        clips.append(bytes(clip))
    return clips


def attack(page: Page, token: str, count: int, seed: int = 0, clips: int = 0) -> Seen:
    """Send hostile requests one after the other and note what comes of them.

    Args:
        page: Whom to send them to.
        token: The page's, against CSRF.
        count: How many.
        seed: Of chance.
        clips: How many of them may be uploads that pass for videos.
    """
    seen = Seen()
    attacker = Attacker(page, token, seed, damaged_clips(clips, seed))
    with _noting_files(seen.written), _noting_errors(seen.logged):
        for _ in range(count):
            request, is_whole = attacker.request()
            answer = send(page.port, request, is_whole=is_whole)
            status = answer[9:12].decode("ascii", "replace") if answer else "none"
            seen.answers[status] += 1
            if status.startswith("5") and b'"busy"' not in answer:
                seen.faults.append(f"{status}: {request[:300]!r} -> {answer[-200:]!r}")
    return seen


def send(port: int, request: bytes, *, is_whole: bool) -> bytes:
    """Send bytes and hear the answer; empty where the connection is closed without one."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as wire:
        answer = bytearray()
        with contextlib.suppress(OSError):
            wire.sendall(request)
            if not is_whole:
                select.select([wire], [], [], _PAUSE)
                wire.shutdown(socket.SHUT_WR)  # the rest of it never comes
            while chunk := wire.recv(65_536):
                answer += chunk
    return bytes(answer)


def _routes_of(page: Page) -> Iterator[tuple[str, str]]:
    """List (method, path) of every route of the real application."""
    from starlette.routing import Mount, Route, WebSocketRoute

    for route in page.server.routes:
        if isinstance(route, Route):
            for method in sorted(route.methods or ()):
                yield method, route.path
        elif isinstance(route, Mount):
            yield "GET", f"{route.path}/{{name}}"
            yield "GET", f"{route.path}/{{name}}/{{name}}"
        elif isinstance(route, WebSocketRoute):
            yield "GET", route.path


def _on_the_wire(target: str, *, is_quoted: bool) -> str:
    """Leave no space or line end in a request's target, which would make it another request."""
    plain = "".join(mark for mark in target if mark > " ") or "/"
    return quote(plain, safe=string.punctuation) if is_quoted else plain


_watched: list[str] | None = None
"""Where files that are opened are noted just now; an audit hook cannot be taken away."""
_is_hooked = False


@contextlib.contextmanager
def _noting_files(written: list[str]) -> Iterator[None]:
    """Note each file that this process opens to be written outside of its state folder."""
    global _watched, _is_hooked
    if not _is_hooked:
        sys.addaudithook(_note_file)
        _is_hooked = True
    plain, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    _watched = written
    try:
        yield
    finally:
        _watched = None
        sys.dont_write_bytecode = plain


def _note_file(event: str, args: Sequence[Any]) -> None:
    if _watched is None or event not in ("open", "os.rename", "os.mkdir", "os.link", "os.symlink"):
        return
    if event == "open":
        path, _, flags = args
        if isinstance(path, int) or not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
        if Path(os.fsdecode(path)).is_dir():  # how files without a name are made; no other can
            return
    else:
        path = args[1] if event != "os.mkdir" else args[0]
    place = Path(os.fsdecode(path)).absolute()
    allowed = (Path(os.environ["STATE_DIRECTORY"]), Path("/dev/null"))
    if not any(place.is_relative_to(one) for one in allowed):
        _watched.append(f"{event} {place}")


class _Noting(logging.Handler):
    def __init__(self, logged: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._logged = logged

    def emit(self, record: logging.LogRecord) -> None:
        """Note a line, and what was raised."""
        self._logged.append(self.format(record))


@contextlib.contextmanager
def _noting_errors(logged: list[str]) -> Iterator[None]:
    handler = _Noting(logged)
    loggers = [logging.getLogger(name) for name in ("", "uvicorn.error", "asyncio")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
