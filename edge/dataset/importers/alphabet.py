"""Imports pictures of spelling hands, in a folder for each letter, as a hand archive.

``A/``, ``B/`` to ``Z/``, ``0/`` to ``9/``, ``space/``, ``del/`` and ``nothing/``, at any depth
below the folder, hold the pictures, as in ASL Alphabet. A picture in which no hand is found
holds nothing to learn and is left out; among those of ``nothing`` that is as it should be.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from edge.dataset.importers.file_names import signer_of
from edge.dataset.importers.imported_clips import ImportFailure, ImportReport
from edge.dataset.outputs import replacing
from edge.dataset.worker_pool import spread
from edge.errors import ArchiveError
from edge.landmarks.holistic.graph import HandsGraph
from edge.recognition.spelling.letter_classifier import NOTHING

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

SUFFIXES: Final = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm", ".tif", ".tiff"))
"""Of files that are taken for pictures."""
_OTHER_NAMES: Final = {"delete": "del", "blank": NOTHING}
"""What else collections call them."""


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A hand that was found in a picture."""

    points: NDArray[np.float32]
    """(21, 3): x and z divided by the picture's width, y by its height."""

    handedness: str
    """``Left`` or ``Right`` as MediaPipe Hands says (edge.landmarks.archive.Hand)."""

    aspect: float
    """The picture's width / height."""

    label: str
    """A letter, digit, ``space``, ``del`` or ``nothing``."""

    signer: str
    """Whose hand."""


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture to look at."""

    path: Path
    """Where it is."""

    label: str
    """What it should show."""

    signer: str
    """Whose hand."""


def find_pictures(folder: Path) -> list[Path]:
    """List the pictures, by their folders.

    Raises:
        ArchiveError: There is none.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    paths = [path for path in paths if path.parent != folder]
    if not paths:
        raise ArchiveError(f"{folder}: no pictures in folders named after letters")
    return paths


def find_hands(
    paths: Iterable[Path], signer: str, pattern: re.Pattern[str] | None = None, jobs: int = 1
) -> Iterator[Still | ImportFailure | None]:
    """Find the hand in each picture; None where a picture of nothing shows none.

    Args:
        paths: The pictures.
        signer: Whose hands.
        pattern: Of the pictures' names, whose group ``signer`` says otherwise.
        jobs: How many processes.

    Raises:
        DependencyError: MediaPipe is missing.
    """
    pictures = (
        _Picture(path, label_of(path.parent.name), signer_of(path.name, pattern) or signer)
        for path in paths
    )
    return spread(_find_hand, pictures, jobs)


@cache
def _graph() -> HandsGraph:
    """Load the models, once in each process; the process's end frees them."""
    return HandsGraph()


def _find_hand(picture: _Picture) -> Still | ImportFailure | None:
    image = cv2.imread(str(picture.path))
    if image is None:
        return ImportFailure(str(picture.path), "not a picture that can be read")
    found = _graph().process(np.ascontiguousarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)))
    if found is not None:
        points, handedness = found
        aspect = image.shape[1] / image.shape[0]
        return Still(points, handedness, aspect, picture.label, picture.signer)
    if picture.label == NOTHING:
        return None
    return ImportFailure(str(picture.path), "no hand found in it")


def label_of(folder: str) -> str:
    """Give the label of a folder's pictures: letters in upper case, words in lower case."""
    name = folder.strip().lower()
    return name.upper() if len(name) == 1 else _OTHER_NAMES.get(name, name)


def store_hands(
    path: Path, found: Iterable[Still | ImportFailure | None], source: str
) -> ImportReport:
    """Write a hand archive.

    Args:
        path: Where.
        found: What find_hands finds.
        source: The collection's name, for splits by source.

    Returns:
        Counts of ``hands``, and of ``empty`` pictures of nothing. Failures are pictures that
        cannot be read, or that should show a hand and do not.

    Raises:
        ArchiveError: No hand was found.
    """
    stills: list[Still] = []
    failures: list[ImportFailure] = []
    empty = 0
    for one in found:
        if isinstance(one, Still):
            stills.append(one)
        elif isinstance(one, ImportFailure):
            failures.append(one)
        else:
            empty += 1
    if not stills:
        raise ArchiveError(f"{path}: not written, for no hand was found in any picture")
    with replacing(path) as part:
        _write(part, stills, source)
    return ImportReport({"hands": len(stills), "empty": empty}, tuple(failures))


def _write(path: Path, stills: Sequence[Still], source: str) -> None:
    with path.open("wb") as file:  # by name, np.savez would add a suffix
        np.savez_compressed(
            file,
            hands=np.stack([still.points for still in stills]),
            labels=np.array([still.label for still in stills]),
            signers=np.array([still.signer for still in stills]),
            sources=np.full(len(stills), source),
            aspect=np.array([still.aspect for still in stills], dtype=np.float32),
            handedness=np.array([still.handedness for still in stills]),
        )
