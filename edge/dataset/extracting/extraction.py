"""Extracts an archive from videos; goes on where an earlier run stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.dataset.extracting.extractor import Extracted, ExtractionTask
from edge.dataset.extracting.finished_clips import Parts
from edge.dataset.importers.file_names import parse_name
from edge.dataset.importers.folders import SUFFIXES, place_from, read_folder
from edge.dataset.importers.imported_clips import ImportedClip, store_clips
from edge.dataset.manifest import Entry, read_manifest, rebased, write_manifest
from edge.dataset.outputs import failures_of
from edge.dataset.progress import track
from edge.errors import ArchiveError, ConfigError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from edge.config.settings import Settings
    from edge.dataset.extracting.workers import Workers

REASON: Final = "reason"
"""The column in which a manifest of failures says why."""


@dataclass(frozen=True, slots=True)
class Job:
    """One clip: a line of a manifest, and its extraction task."""

    entry: Entry
    """The clip, its file named from this process's working folder."""

    task: ExtractionTask
    """What to extract."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """How an extraction went."""

    clips: int
    """In the archive."""

    frames: int
    """In the archive."""

    resumed: int
    """Clips that an earlier run had finished."""

    failures: tuple[tuple[Entry, str], ...]
    """The clips that are not in the archive, and why."""


def read_jobs(inputs: Sequence[Path], settings: Settings, max_fps: float | None) -> list[Job]:
    """List the clips to extract, in the order of the inputs.

    Args:
        inputs: Manifests (.csv), folders of videos, and videos, named as
            edge.dataset.importers.file_names.parse_name says.
        settings: Of camera (fps) and landmarks.
        max_fps: Frames per second to keep at most; None for every frame.

    Raises:
        ArchiveError: A manifest is wrong, or a folder holds no videos.
        ConfigError: An input is nothing of that, or two clips have one name.
    """
    jobs: list[Job] = []
    seen: dict[str, Path] = {}
    for given in inputs:
        for entry in _read_input(given):
            if entry.name in seen:
                raise ConfigError(f"{given}: clip {entry.name!r} is in {seen[entry.name]} too")
            seen[entry.name] = given
            task = ExtractionTask(
                path=str(Path(entry.file).absolute()) if entry.file else "",
                start=entry.start,
                end=entry.end,
                box=entry.box,
                max_fps=max_fps,
                default_fps=settings.camera.fps,
                landmarks=settings.landmarks,
            )
            jobs.append(Job(entry, task))
    return jobs


def extract_clips(
    jobs: Sequence[Job], output: Path, workers: Workers, *, quiet: bool = False
) -> Extraction:
    """Extract into an archive; what an earlier, broken run has finished is not done again.

    The clips stand in the order of the jobs, whatever the order in which they are done. The
    clips that fail go to ``failures_of(output)``, a manifest with their reasons; while there are
    any, what is finished stays, so that another run tries only those.

    Raises:
        ArchiveError: The archive cannot be written.
        ConfigError: Another run works on the same archive.
        DependencyError: A worker lacks MediaPipe.
        SourceError: The workers are gone, or no clip at all could be extracted.
    """
    with Parts(output) as parts:
        keys, reasons = _find_keys(jobs)
        done = {key for key in dict.fromkeys(keys.values()) if parts.read(key) is not None}
        resumed = sum(key in done for key in keys.values())
        todo = {
            job.task: key
            for job in jobs
            if (key := keys.get(job.entry.name)) is not None and key not in done
        }
        for key, one in track(_run(todo, workers), len(todo), "clip", "extract", quiet=quiet):
            if isinstance(one, Extracted):
                parts.write(key, one)
            else:
                reasons |= {name: one for name, other in keys.items() if other == key}
        kept = [job for job in jobs if job.entry.name not in reasons]
        stored = store_clips(output, _finished_clips(kept, keys, parts)) if kept else None
        if stored is not None:
            reasons |= {failure.file: failure.problem for failure in stored.failures}
        failed = [(job.entry, reasons[job.entry.name]) for job in jobs if job.entry.name in reasons]
        write_failures(output, failed)
        if stored is None:
            raise SourceError(f"{output}: no clip could be extracted; the first: {failed[0][1]}")
        if not failed:
            parts.remove()
    return Extraction(stored.counts["clips"], stored.counts["frames"], resumed, tuple(failed))


def _read_input(given: Path) -> Iterator[Entry]:
    """Yield the clips of an input, their files from the working folder."""
    here = Path()
    if given.is_dir():
        yield from read_folder(given, here)
    elif given.suffix.lower() in SUFFIXES:
        named = parse_name(given, given.parent)
        place = place_from(given, here)
        yield Entry(named.name, named.label.lower(), named.signer, named.split, file=place)
    elif given.suffix.lower() == ".csv":
        for entry in read_manifest(given):
            yield replace(entry, file=rebased(entry, given.parent, here))
    elif not given.exists():
        raise ArchiveError(f"{given}: no such file or folder")
    else:
        raise ConfigError(f"{given}: neither a manifest (.csv), nor a video, nor a folder of them")


def _find_keys(jobs: Sequence[Job]) -> tuple[dict[str, str], dict[str, str]]:
    """Give each clip's key by its name, and the reasons of those that cannot have one."""
    keys, reasons = {}, {}
    for job in jobs:
        if not job.entry.file:
            reasons[job.entry.name] = "not fetched: only a url is known of it"
            continue
        try:
            keys[job.entry.name] = job.task.key()
        except SourceError as error:
            reasons[job.entry.name] = str(error)
    return keys, reasons


def _run(
    keys: Mapping[ExtractionTask, str], workers: Workers
) -> Iterator[tuple[str, Extracted | str]]:
    if not keys:
        return
    with workers as open_workers:
        for task, outcome in open_workers.run(keys):
            yield keys[task], outcome


def write_failures(output: Path, failures: Sequence[tuple[Entry, str]]) -> None:
    """Write them as a manifest, or remove what an earlier run has written."""
    path = failures_of(output)
    if not failures:
        path.unlink(missing_ok=True)
        return
    entries = [
        replace(
            entry,
            file=rebased(entry, Path(), output.parent),
            extra={**entry.extra, REASON: reason},
        )
        for entry, reason in failures
    ]
    write_manifest(path, entries)


def _finished_clips(
    jobs: Sequence[Job], keys: Mapping[str, str], parts: Parts
) -> Iterator[ImportedClip]:
    for job in jobs:
        entry = job.entry
        one = parts.read(keys[entry.name])
        if one is None:  # what was there a moment ago
            raise ArchiveError(f"{parts.folder}: the part of {entry.name!r} is gone")
        yield ImportedClip(
            points=one.points.astype(np.float32),
            label=entry.label,
            fps=one.fps,
            aspect=one.aspect,
            signer=entry.signer,
            name=entry.name,
            split=entry.split,
        )
