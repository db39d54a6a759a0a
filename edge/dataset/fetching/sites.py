"""Downloads from video sites with yt-dlp."""

from __future__ import annotations

import functools
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from edge.dataset.fetching.downloads import MEGABYTE
from edge.dataset.importers.folders import SUFFIXES
from edge.errors import SourceError
from edge.system.optional_packages import need

if TYPE_CHECKING:
    from pathlib import Path

    from edge.dataset.fetching.downloads import Limits

_FORMATS: Final = (
    "bestvideo[vcodec^=avc1][height<=720]/best[vcodec^=avc1][height<=720]/"
    "bestvideo[height<=720]/best[height<=720]/best"
)
"""H.264 first, which everything reads; no sound is needed, so nothing has to be joined."""
_PLAIN: Final = SUFFIXES | {".gif", ".ogv", ".swf"}
"""Of URLs that are files, from any server."""


def is_site(url: str) -> bool:
    """Whether a URL is a video site's page, and not a file.

    Raises:
        DependencyError: yt-dlp is missing, and the URL does not look like a file.
    """
    if PurePosixPath(urlsplit(url).path).suffix.lower() in _PLAIN:
        return False
    return any(extractor.suitable(url) for extractor in _extractors())


def download_from_site(url: str, target: Path, limits: Limits) -> None:
    """Download a site's video; ``TARGET.part`` keeps what has come of a broken download.

    Raises:
        SourceError: It is not to be had, or larger than allowed; one line says why.
        DependencyError: yt-dlp is missing.
    """
    need("yt_dlp")
    from yt_dlp import YoutubeDL
    from yt_dlp.utils import YoutubeDLError

    options: dict[str, Any] = {
        "outtmpl": {"default": str(target).replace("%", "%%")},
        "format": _FORMATS,
        "max_filesize": limits.bytes_max,
        "socket_timeout": limits.timeout,
        "retries": limits.retries,
        "extractor_retries": limits.retries,
        "noplaylist": True,
        "playlist_items": "1",
        "fixup": "never",
        "cachedir": False,
        "quiet": True,
        "noprogress": True,
        "logger": _Silence(),
    }
    try:
        with YoutubeDL(options) as downloader:
            downloader.extract_info(url)
    except YoutubeDLError as error:
        text = next(iter(str(error).splitlines()), "").removeprefix("ERROR: ")
        raise SourceError(f"{url}: {text[:200]}") from None
    if not target.exists():
        raise SourceError(
            f"{url}: larger than the {limits.bytes_max / MEGABYTE:g} MB of --max-mb, or no video"
        )


class _Silence:
    """Takes what yt-dlp would print; its exceptions say enough."""

    def debug(self, text: str) -> None:
        """Say nothing."""

    def warning(self, text: str) -> None:
        """Say nothing."""

    def error(self, text: str) -> None:
        """Say nothing."""


@functools.cache
def _extractors() -> tuple[Any, ...]:
    """List what yt-dlp knows, but for what takes every URL."""
    need("yt_dlp")
    from yt_dlp.extractor import gen_extractor_classes

    return tuple(one for one in gen_extractor_classes() if one.ie_key() != "Generic")
