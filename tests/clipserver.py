"""A web server of videos that misbehaves as asked."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

import cv2
import numpy as np

from edge.camera.recordings import quiet_opencv

FPS = 25.0


def write_video(path: Path, frames: int, size: tuple[int, int] = (64, 48)) -> Path:
    """Write a video whose n-th frame has a brightness of 4n."""
    quiet_opencv()  # FFmpeg takes its log level from whoever uses it first
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, size)
    for index in range(frames):
        writer.write(np.full((size[1], size[0], 3), min(255, 4 * index), dtype=np.uint8))
    writer.release()
    return path


@dataclass
class Page:
    """What a path gives, and how badly."""

    content: bytes = b""
    kind: str = "video/mp4"
    codes: list[int] = field(default_factory=list)
    """Errors that are answered first, one to a request."""
    cuts: list[int] = field(default_factory=list)
    """Bytes after which an answer breaks off, one to a request that gets content."""
    stalls: list[int] = field(default_factory=list)
    """Bytes after which an answer says no more, but goes on to be open."""
    has_ranges: bool = True
    tag: str = '"1"'
    location: str = ""
    """Where it redirects to."""


class ClipServer:
    """Serves pages by path on a free port, and remembers what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, str]] = []
        """Path and Range of each request."""
        self.sent = 0
        """Bytes of content."""
        self.over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def url(self, path: str) -> str:
        """Give a path's URL."""
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def close(self) -> None:
        """End it and what stalls."""
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        return type("Handler", (_Handler,), {"owner": self})


class _Handler(BaseHTTPRequestHandler):
    owner: ClipServer

    def do_HEAD(self) -> None:
        self._answer(is_head=True)

    def do_GET(self) -> None:
        self._answer(is_head=False)

    def _answer(self, *, is_head: bool) -> None:
        page = self.owner.pages.get(self.path)
        wanted = self.headers.get("Range", "")
        self.owner.asked.append((self.path, wanted))
        if page is None or (page.codes and not is_head):
            self.send_error(page.codes.pop(0) if page else 404)
        elif page.location:
            self.send_response(302)
            self.send_header("Location", page.location)
            self.end_headers()
        else:
            self._give(page, self._start(page, wanted), is_head=is_head)

    def _give(self, page: Page, start: int, *, is_head: bool) -> None:
        total = len(page.content)
        if start >= total > 0:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", page.kind)
        self.send_header("Content-Length", str(total - start))
        self.send_header("ETag", page.tag)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.end_headers()
        if not is_head:
            self._send(page, page.content[start:])

    def _start(self, page: Page, wanted: str) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", wanted)
        is_same = self.headers.get("If-Range", page.tag) == page.tag
        return int(found[1]) if found and page.has_ranges and is_same else 0

    def _send(self, page: Page, rest: bytes) -> None:
        end = page.cuts.pop(0) if page.cuts else len(rest)
        stall = page.stalls.pop(0) if page.stalls else None
        content = rest[:end] if stall is None else rest[:stall]
        self.wfile.write(content)
        self.wfile.flush()
        self.owner.sent += len(content)
        if stall is not None:
            self.owner.over.wait(20)

    def log_message(self, *_: object) -> None:
        """Be silent."""
