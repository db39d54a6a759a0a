"""Shows one clip of an archive as a moving skeleton: GIF, MP4, or in the terminal."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.dataset.archive_stream import ArchiveReader
from edge.dataset.curating.split import names_of
from edge.dataset.outputs import replacing
from edge.dataset.viewing.drawing import as_text, draw_skeleton, write_caption
from edge.errors import ArchiveError, ConfigError
from edge.system.optional_packages import need

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction
    from pathlib import Path

    from numpy.typing import NDArray
    from rich.console import Console
    from rich.text import Text

SUFFIXES: Final = (".gif", ".mp4")
_LOWEST: Final = 16
"""Pixels."""
_GIF_COLOURS: Final = 32
_SHORTEST: Final = 2
"""Hundredths of a second that a GIF shows a picture; browsers slow down shorter ones."""


@dataclass(frozen=True, slots=True, eq=False)
class ShownClip:
    """A clip to be shown."""

    name: str
    """Its name, or its place in the archive."""

    label: str
    """What is signed."""

    signer: str
    """Who signs."""

    fps: float
    """Frames per second."""

    aspect: float
    """Image width / height."""

    points: NDArray[np.float16]
    """(T, 75, 3) as stored."""

    def size(self, height: int) -> tuple[int, int]:
        """Give width and height of pictures about so high; both even, as video coders want."""
        height = max(_LOWEST, height + height % 2)
        return max(_LOWEST, 2 * round(height * self.aspect / 2)), height

    def pictures(self, height: int) -> Iterator[NDArray[np.uint8]]:
        """Draw every frame, (height, width, 3) RGB."""
        width, height = self.size(height)
        for points in self.points:
            picture = draw_skeleton(points, width, height, thickness=max(2, height // 200))
            write_caption(picture, self.label)
            yield picture


def find_clip(path: Path, which: str | None, label: str | None) -> ShownClip:
    """Read one clip.

    Args:
        path: The archive.
        which: Its name, or its place counted from 0; None for the first.
        label: Of what label; None for any.

    Raises:
        ArchiveError: The archive is damaged, or has no such clip.
    """
    with ArchiveReader(path) as reader:
        columns = reader.columns
        names = names_of(columns)
        places = np.arange(len(reader)).astype(str)
        is_it = np.ones(len(reader), dtype=bool)
        if label is not None:
            is_it &= columns["labels"] == label
        if which is not None:
            is_it &= (names == which) if which in names else (places == which)
        found = np.flatnonzero(is_it)
        if not len(found):
            wanted = " ".join([*([which] if which else []), *([f"of {label!r}"] if label else [])])
            raise ArchiveError(f"{path}: no clip {wanted}".rstrip())
        index = int(found[0])
        points = next(one for place, one in enumerate(reader.clips()) if place == index)
        return ShownClip(
            str(names[index]),
            str(columns["labels"][index]),
            str(columns["signers"][index]),
            float(columns["fps"][index]),
            float(columns["aspect"][index]),
            points,
        )


def write(clip: ShownClip, path: Path, height: int) -> None:
    """Write an animation, by the suffix of the path.

    Raises:
        ConfigError: The suffix is none of SUFFIXES.
        DependencyError: A package is missing.
        SourceError: The file cannot be written.
    """
    if path.suffix == ".gif":
        _write_gif(clip, path, height)
    elif path.suffix == ".mp4":
        _write_mp4(clip, path, height)
    else:
        raise ConfigError(f"{path}: the suffix must be {' or '.join(SUFFIXES)}")


def _write_gif(clip: ShownClip, path: Path, height: int) -> None:
    need("PIL")
    from PIL import Image

    # Hundredths of a second are too coarse for most rates; so that no clip gets slower or
    # faster, each picture ends at the nearest one.
    ends = np.rint(np.arange(len(clip.points) + 1) * 100 / clip.fps)
    shown = np.maximum(np.diff(ends), _SHORTEST) * 10
    pictures = [
        Image.fromarray(picture).quantize(_GIF_COLOURS, dither=Image.Dither.NONE)
        for picture in clip.pictures(height)
    ]
    with replacing(path) as part:
        pictures[0].save(
            part, save_all=True, append_images=pictures[1:], duration=shown.tolist(), loop=0
        )


def _write_mp4(clip: ShownClip, path: Path, height: int) -> None:
    need("av")
    import av

    with replacing(path) as part, av.open(str(part), "w") as file:
        stream = file.add_stream("libx264", rate=_rate(clip.fps))
        stream.pix_fmt = "yuv420p"  # what every player shows
        stream.width, stream.height = clip.size(height)
        for picture in clip.pictures(height):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode())


def _rate(fps: float) -> Fraction:
    from fractions import Fraction

    return Fraction(fps).limit_denominator(1001)


def play(clip: ShownClip, console: Console) -> None:
    """Play a clip in the terminal, at its own speed; where there is none, print one picture."""
    from rich.live import Live

    rows = max(4, console.height - 3)
    columns = round(min(console.width, rows * 2 * clip.aspect))
    if not console.is_terminal:
        console.print(_page(clip, len(clip.points) // 2, columns))
        return
    start = time.monotonic()
    with Live(console=console, auto_refresh=False) as live:
        for index in range(len(clip.points)):
            live.update(_page(clip, index, columns), refresh=True)
            time.sleep(max(0.0, start + (index + 1) / clip.fps - time.monotonic()))


def _page(clip: ShownClip, index: int, columns: int) -> Text:
    """Set one frame as text, under a line that says what it is."""
    from rich.text import Text

    rows = max(4, round(columns / clip.aspect / 2))  # a letter is about twice as high as wide
    picture = draw_skeleton(clip.points[index], 2 * columns, 4 * rows, thickness=1)
    at = f"{index / clip.fps:.2f} of {len(clip.points) / clip.fps:.2f} s"
    page = Text(f"{clip.label}  {clip.signer}  {clip.name}  {at}\n", no_wrap=True)
    for line in as_text(picture):
        for letter, (red, green, blue) in line:
            page.append(letter, style=f"rgb({red},{green},{blue})")
        page.append("\n")
    return page
