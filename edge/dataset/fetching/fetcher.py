"""Fetches the clips of a manifest: downloads each video once and cuts its clips out."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from edge.dataset.extracting.extraction import write_failures
from edge.dataset.fetching.cutting import check_video, cut_clip
from edge.dataset.fetching.downloads import Limits, download
from edge.dataset.fetching.sites import download_from_site, is_site
from edge.dataset.importers.folders import SUFFIXES
from edge.dataset.manifest import Entry, rebased, write_manifest
from edge.dataset.progress import track
from edge.errors import ArchiveError, DependencyError, EdgeError, SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME_MAX: Final = 60
"""Characters of a clip's name that its file keeps."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a manifest."""

    entries: tuple[Entry, ...]
    """Those with a file, in the manifest's order."""

    failures: tuple[tuple[Entry, str], ...]
    """Those without, and why."""


class Fetcher:
    """Downloads and cuts into a folder; what is there already is not fetched again."""

    def __init__(self, folder: Path, limits: Limits, *, keeps_videos: bool = False) -> None:
        """Touch nothing yet.

        Args:
            folder: Gets ``clips`` and, while they are needed, ``videos``.
            limits: Of each download.
            keeps_videos: Whether whole videos stay when their clips are cut.
        """
        self._clips = folder / "clips"
        self._videos = folder / "videos"
        self._limits = limits
        self._keeps_videos = keeps_videos
        self._stop = threading.Event()

    def run(
        self, entries: Sequence[Entry], jobs: int, *, quiet: bool = False
    ) -> dict[str, Path | str]:
        """Fetch what has a URL and no file.

        Returns:
            By the clip's name its file, or in one line why there is none.

        Raises:
            ArchiveError: The disk takes no more.
            DependencyError: PyAV or yt-dlp is missing.
        """
        videos: dict[str, list[Entry]] = {}
        for entry in entries:
            if not entry.file:
                videos.setdefault(entry.url, []).append(entry)
        found: dict[str, Path | str] = {}
        for folder in (self._clips, self._videos):
            folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(jobs, thread_name_prefix="fetch") as pool:
            try:
                running = [pool.submit(self._fetch, url, clips) for url, clips in videos.items()]
                for done in track(
                    as_completed(running), len(running), "video", "fetch", quiet=quiet
                ):
                    found |= done.result()
            except BaseException:  # a full disk, a missing package, Ctrl-C: for all of them
                self._stop.set()
                pool.shutdown(cancel_futures=True)
                raise
        if not self._keeps_videos and not any(self._videos.iterdir()):
            self._videos.rmdir()
        return found

    def _fetch(self, url: str, entries: Sequence[Entry]) -> dict[str, Path | str]:
        """Fetch one video and cut all its clips."""
        video = self._videos / f"{_digest(url)}{_suffix_of(url)}"
        found: dict[str, Path | str] = {}
        try:
            for entry in entries:
                clip = self._clips / _file_name(entry)
                if not clip.exists():
                    self._need(url, video)
                found[entry.name] = clip if clip.exists() else self._make(entry, video, clip)
        except (ArchiveError, DependencyError):
            raise
        except EdgeError as error:
            return found | {one.name: str(error) for one in entries if one.name not in found}
        is_whole = all(isinstance(one, Path) for one in found.values())
        if is_whole and not self._keeps_videos:
            video.unlink(missing_ok=True)
        return found

    def _need(self, url: str, video: Path) -> None:
        """Download a video unless it is there."""
        if video.exists():
            return
        if is_site(url):
            download_from_site(url, video, self._limits)
        else:
            download(url, video, self._limits, self._stop)
        try:
            check_video(video)
        except SourceError:
            video.unlink()
            raise SourceError(f"{url}: what it gives is no video") from None

    def _make(self, entry: Entry, video: Path, clip: Path) -> Path | str:
        """Make a clip of a video, whole or not at all."""
        part = clip.with_name(f".{clip.name}")
        try:
            if entry.start is None and entry.end is None:
                part.unlink(missing_ok=True)
                _link(video, part)
            else:
                cut_clip(video, part, entry.start or 0.0, entry.end)
            part.replace(clip)
        except SourceError as error:
            part.unlink(missing_ok=True)
            return str(error).replace(str(video), entry.url)
        except OSError as error:
            raise ArchiveError(f"{clip}: cannot be written ({error.strerror})") from None
        return clip


def fetch(
    entries: Sequence[Entry],
    base: Path,
    output: Path,
    fetcher: Fetcher,
    jobs: int,
    *,
    quiet: bool = False,
) -> Fetched:
    """Fetch a manifest's clips and write the manifest of what there is now.

    The clips' files hold nothing before start and after end, which are therefore empty in the
    new manifest. Failures go to ``OUTPUT.failures.csv``, itself a manifest, with their reasons.

    Args:
        entries: The manifest's.
        base: The manifest's folder.
        output: The new manifest.
        fetcher: Downloads and cuts.
        jobs: Downloads at a time.
        quiet: Whether to show no progress.

    Raises:
        ArchiveError: The disk takes no more.
        DependencyError: PyAV or yt-dlp is missing.
    """
    found = fetcher.run(entries, jobs, quiet=quiet)
    kept: list[Entry] = []
    failures: list[tuple[Entry, str]] = []
    for entry in entries:
        file = found.get(entry.name)
        if isinstance(file, str):
            failures.append((entry, file))
        elif file is None:  # it had one already
            kept.append(replace(entry, file=rebased(entry, base, output.parent)))
        else:
            place = file.resolve().relative_to(output.parent.resolve()).as_posix()
            kept.append(replace(entry, file=place, start=None, end=None))
    write_failures(output, failures)
    if kept:
        write_manifest(output, kept)
    return Fetched(tuple(kept), tuple(failures))


def _link(video: Path, clip: Path) -> None:
    """Give a whole video a second name, or copy it where the disk knows no such thing."""
    try:
        os.link(video, clip)
    except OSError:
        shutil.copyfile(video, clip)


def _file_name(entry: Entry) -> str:
    """Name a clip's file by its name and by what is in it."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", entry.name).strip("._")[:_NAME_MAX]
    is_whole = entry.start is None and entry.end is None
    content = entry.url if is_whole else f"{entry.url} {entry.start} {entry.end}"
    suffix = _suffix_of(entry.url) if is_whole else ".mp4"
    return f"{name}-{_digest(f'{entry.name} {content}')}{suffix}"


def _suffix_of(url: str) -> str:
    suffix = PurePosixPath(urlsplit(url).path).suffix.lower()
    return suffix if suffix in SUFFIXES else ".mp4"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
