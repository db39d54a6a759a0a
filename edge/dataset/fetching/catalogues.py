"""Reads WLASL's and MS-ASL's own JSON as manifest entries, in the data sets' order of classes.

WLASL (arXiv 1910.11006): ``WLASL_v0.3.json`` is a list of glosses, those with the most videos
first, so that the first 100 are WLASL-100; each has its instances, whose frames count from 1 at
25 a second, -1 being the last. Its boxes are in pixels of a video that is not known yet, and
therefore stay as a column of text. MS-ASL (arXiv 1812.01053): ``MSASL_train.json``, ``_val`` and
``_test`` are lists of clips; ``label`` counts classes from 0, so that those below 100 are
MS-ASL100. Its boxes are y0, x0, y1, x1 as shares; the URLs lack their scheme.
"""

from __future__ import annotations

import logging
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from edge.config.faults import first_fault
from edge.dataset.manifest import Entry
from edge.errors import ArchiveError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

logger = logging.getLogger(__name__)

_WLASL_FPS: Final = 25.0
"""Frames per second at which WLASL counts frames, whatever the video's own rate."""
_SPLITS: Final = ("train", "val", "test")

_Text = Annotated[str, Field(min_length=1, max_length=2000)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Instance(_Row):
    """One clip of WLASL."""

    video_id: _Text
    url: _Text
    signer_id: int
    split: str = ""
    frame_start: int = 1
    frame_end: int = -1
    bbox: tuple[int, int, int, int] | None = None
    variation_id: int = 0


class _Gloss(_Row):
    """One class of WLASL."""

    gloss: _Text
    instances: list[_Instance]


class _Sample(_Row):
    """One clip of MS-ASL."""

    url: _Text
    label: Annotated[int, Field(ge=0)]
    text: _Text
    signer_id: int = -1
    start_time: Annotated[float, Field(ge=0)] = 0.0
    end_time: float | None = None
    fps: float | None = None
    box: tuple[float, float, float, float] | None = None


_WLASL: Final = TypeAdapter(list[_Gloss])
_MSASL: Final = TypeAdapter(list[_Sample])


def read_catalogue(paths: Sequence[Path], classes: int | None = None) -> list[Entry]:
    """Read WLASL's file, or one or several of MS-ASL's.

    Args:
        paths: The data set's own JSON files, all of one data set.
        classes: How many of the first classes to keep; all by default.

    Raises:
        ArchiveError: A file is of neither data set, or a value in it is wrong; it names both.
        ConfigError: There are fewer classes than wanted, or a file is named twice.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise ConfigError(f"{', '.join(map(str, paths))}: a file is named twice")
    texts = [(path, _read_text(path)) for path in paths]
    if _is_wlasl(*texts[0]):
        if len(texts) > 1:
            raise ConfigError(f"{paths[1]}: WLASL is one file; {paths[0]} is it")
        glosses = _validated(_WLASL, *texts[0])
        count = len(glosses)
        entries: Iterable[Entry] = _from_wlasl(glosses[:classes])
    else:
        listed = [(path, _validated(_MSASL, path, text)) for path, text in texts]
        count = 1 + max((one.label for _, samples in listed for one in samples), default=-1)
        entries = chain(*(_from_msasl(path, rows, classes) for path, rows in listed))
    if classes is not None and classes > count:
        raise ConfigError(f"{paths[0]}: holds {count} classes; {classes} are wanted")
    return list(_usable(paths[0], entries))


def _read_text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ArchiveError(f"{path}: no such file") from None
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read ({error.strerror})") from None


def _is_wlasl(path: Path, text: bytes) -> bool:
    """Tell the data set by its first row.

    Raises:
        ArchiveError: It is neither.
    """
    rows = _validated(TypeAdapter(list[dict[str, Any]]), path, text)
    first = rows[0] if rows else {}
    if "instances" in first:
        return True
    if "label" in first and "url" in first:
        return False
    raise ArchiveError(
        f"{path}: neither WLASL's list of glosses with instances nor MS-ASL's list of clips with "
        f"url and label; the first row holds {sorted(first)}"
    )


def _validated(adapter: TypeAdapter[list[Any]], path: Path, text: bytes) -> list[Any]:
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        raise ArchiveError(f"{path}: {first_fault(error)}") from None


def _from_wlasl(glosses: Sequence[_Gloss]) -> Iterator[Entry]:
    for gloss in glosses:
        for one in gloss.instances:
            box = {"bbox_px": " ".join(map(str, one.bbox))} if one.bbox else {}
            yield Entry(
                name=one.video_id,
                label=gloss.gloss.lower(),
                signer=f"wlasl_{one.signer_id:03d}" if one.signer_id >= 0 else "",
                split=one.split,
                url=_with_scheme(one.url),
                start=(one.frame_start - 1) / _WLASL_FPS if one.frame_start > 1 else None,
                end=one.frame_end / _WLASL_FPS if one.frame_end > 0 else None,
                fps=_WLASL_FPS,
                extra={**box, "variation": str(one.variation_id)},
            )


def _from_msasl(path: Path, samples: Sequence[_Sample], classes: int | None) -> Iterator[Entry]:
    parts = path.stem.lower().split("_")
    split = next((split for split in _SPLITS if split in parts), "")
    for index, one in enumerate(samples):  # counted before any is left out: names stay
        if classes is None or one.label < classes:
            yield Entry(
                name=f"msasl_{split or path.stem}_{index:05d}",
                label=one.text.lower(),
                signer=f"msasl_{one.signer_id:03d}" if one.signer_id >= 0 else "",
                split=split,
                url=_with_scheme(one.url),
                start=one.start_time or None,
                end=one.end_time,
                fps=one.fps if one.fps and one.fps > 0 else None,
                box=_msasl_box(one.box),
            )


def _msasl_box(
    box: tuple[float, float, float, float] | None,
) -> tuple[float, float, float, float] | None:
    """Turn y0, x0, y1, x1 about, within the picture; a box without area is none."""
    if box is None:
        return None
    y0, x0, y1, x1 = (min(1.0, max(0.0, side)) for side in box)
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _with_scheme(url: str) -> str:
    return url if "://" in url else f"https://{url}"


def _usable(path: Path, entries: Iterable[Entry]) -> Iterator[Entry]:
    """Leave out, with a warning, the clips that a data set lists wrongly."""
    names: set[str] = set()
    for entry in entries:
        fault = ""
        if entry.name in names:
            fault = "stands there twice"
        elif entry.end is not None and entry.end <= (entry.start or 0.0):
            fault = f"ends at {entry.end:g} s, before it starts"
        if fault:
            logger.warning("%s: %s %s; left out", path, entry.name, fault)
            continue
        names.add(entry.name)
        yield entry
