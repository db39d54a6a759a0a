"""Words taught by their owner: a folder of landmark archives.

Only landmarks are stored. ``edge.recognition.classifying.matcher`` compares their embeddings,
which are computed when a bundle is loaded, so that taught words live on under a new one.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.errors import ArchiveError, ConfigError, SourceError
from edge.landmarks.archive import Clip, load_arrays, read_clips, write_clips
from edge.landmarks.skeleton import LEFT_HAND, RIGHT_HAND
from edge.messages import Segment
from edge.recognition.features import segment as features
from edge.system.paths import state_folder
from edge.system.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.config.settings import LearningSettings
    from edge.recognition.bundle import Bundle

logger = logging.getLogger(__name__)

WORDS_MAX: Final = 100
"""Taught words; their examples are embedded at each start."""
EXAMPLES_MIN: Final = 3
EXAMPLES_MAX: Final = 10
"""Examples of one word; the oldest give way."""
_WORD_MAX: Final = 40
"""Characters."""
_SPOKEN_MAX: Final = 80
"""Characters."""
RESERVED: Final = frozenset({"other", "nothing"})
"""Classes of what is no sign."""
_JOINERS: Final = "\u200c\u200d"
"""Invisible, and part of words in several scripts."""
_FPS: Final = 15.0
"""Frames per second at which examples are kept."""
LONGEST: Final = 20.0
"""Seconds; a longer example is no sign."""


def check_word(text: str) -> str:
    """Bring a word into the form in which it is known.

    Raises:
        ConfigError: It is empty, too long, reserved, or holds what no word does.
    """
    word = " ".join(unicodedata.normalize("NFC", text).lower().split())
    if not word or len(word) > _WORD_MAX:
        raise ConfigError(f"a word has 1 to {_WORD_MAX} characters, not {len(word)}")
    if word in RESERVED:
        raise ConfigError(f"{word!r} stands for what is no sign; take another word")
    if any(unicodedata.category(c)[0] == "C" and c not in _JOINERS for c in word):
        raise ConfigError("a word holds no control characters")
    if not any(c.isalnum() for c in word):
        raise ConfigError("a word has a letter or digit")
    return word


def check_spoken(text: str) -> str:
    """Bring what is to be spoken for a word into a form that is safe to speak.

    Raises:
        ConfigError: It is too long.
    """
    if len(text) > _SPOKEN_MAX:
        raise ConfigError(f"what is spoken has up to {_SPOKEN_MAX} characters, not {len(text)}")
    return clean(text)


@dataclass(frozen=True, slots=True)
class TaughtWord:
    """What is kept of a word."""

    segments: list[Segment]
    """Its examples, oldest first."""

    spoken: str
    """As its owner wants it spoken; empty where nothing was said of that."""


def folder_of(settings: LearningSettings) -> Path:
    """Say where taught words are kept: as set, else in the service's or the user's state."""
    if settings.folder:
        return Path(settings.folder).expanduser()
    return state_folder() / "taught"


class Store:
    """A folder with one landmark archive for each taught word."""

    def __init__(self, folder: Path) -> None:
        """Look nowhere yet; a folder that is not there holds no words."""
        self.folder = folder

    def path_of(self, word: str) -> Path:
        """Name the word's file: readable where its script allows, and never another's."""
        readable = re.sub(r"\W+", "-", word)
        digest = hashlib.sha256(word.encode()).hexdigest()[:8]
        return self.folder / f"{readable}-{digest}.npz"

    def read(self) -> dict[str, list[Segment]]:
        """Read every word's examples; what cannot be read is skipped with a warning."""
        return {word: taught.segments for word, taught in self.read_words().items()}

    def read_words(self) -> dict[str, TaughtWord]:
        """Read every word; what cannot be read is skipped with a warning."""
        words: dict[str, TaughtWord] = {}
        for path in self._paths():
            if len(words) == WORDS_MAX:
                logger.warning("%s: more than %d words; the rest are skipped", path, WORDS_MAX)
                break
            try:
                word, taught = self._read_word(path)
            except (ArchiveError, ConfigError) as error:
                logger.warning("a taught word is skipped: %s", error)
            else:
                words[word] = taught
        return words

    def find(self, word: str) -> TaughtWord | None:
        """Read one word; None where it is not there, or cannot be read."""
        path = self.path_of(word)
        try:
            return self._read_word(path)[1] if path in self._paths() else None
        except (ArchiveError, ConfigError) as error:
            logger.warning("a taught word is skipped: %s", error)
            return None

    def add(self, word: str, segments: Sequence[Segment], spoken: str = "") -> TaughtWord:
        """Add examples to a word, new or known; return all that is kept of it.

        Args:
            word: As check_word gives it.
            segments: The examples.
            spoken: As check_spoken gives it; empty leaves it as it was.

        Raises:
            ConfigError: There is no room for another word.
            SourceError: The folder cannot be written.
        """
        self.check_room(word)
        path = self.path_of(word)
        clips = [_to_clip(word, segment) for segment in segments]
        earlier, was_spoken = self._earlier(word)
        clips = [*earlier, *clips][-EXAMPLES_MAX:]
        spoken = spoken or was_spoken
        unfinished = self.folder / f".{path.stem}.{os.getpid()}.npz"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_clips(unfinished, clips, texts={"spoken": spoken} if spoken else None)
            unfinished.replace(path)
        except OSError as error:
            raise SourceError(f"{path}: cannot be written ({error.strerror})") from None
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink()
        return TaughtWord([to_segment(clip) for clip in clips], spoken)

    def check_room(self, word: str) -> None:
        """Raise ConfigError where the word would be one too many."""
        paths = self._paths()
        if len(paths) >= WORDS_MAX and self.path_of(word) not in paths:
            raise ConfigError(f"{WORDS_MAX} words are taught already; forget one first")

    def remove(self, word: str) -> bool:
        """Forget a word; whether it was known.

        Raises:
            SourceError: Its file cannot be removed.
        """
        path = self.path_of(word)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise SourceError(f"{path}: cannot be removed ({error.strerror})") from None
        return True

    def _paths(self) -> list[Path]:
        try:
            found = sorted(self.folder.glob("*.npz"))
        except OSError as error:
            logger.warning("%s: cannot be read (%s)", self.folder, error.strerror)
            return []
        return [path for path in found if not path.name.startswith(".")]

    def _earlier(self, word: str) -> tuple[list[Clip], str]:
        path = self.path_of(word)
        if path not in self._paths():
            return [], ""
        try:
            return read_clips(path), _read_spoken(path)
        except ArchiveError as error:
            logger.warning("earlier examples are lost: %s", error)
            return [], ""

    def _read_word(self, path: Path) -> tuple[str, TaughtWord]:
        clips = read_clips(path)
        if not 1 <= len(clips) <= EXAMPLES_MAX:
            raise ArchiveError(f"{path}: {len(clips)} examples, not 1 to {EXAMPLES_MAX}")
        word = check_word(clips[0].label)
        if any(clip.label != word for clip in clips) or self.path_of(word) != path:
            raise ArchiveError(f"{path}: this is not the file of the word in it")
        segments = [to_segment(clip) for clip in clips]
        if not all(len(one.times) > 1 and one.offset <= LONGEST + 1 for one in segments):
            raise ArchiveError(f"{path}: an example has one frame, or {LONGEST:g} s and more")
        if not all(hand_share(one) > 0 for one in segments):
            raise ArchiveError(f"{path}: an example shows no hand")
        return word, TaughtWord(segments, _read_spoken(path))


@dataclass(frozen=True, slots=True)
class KnownSign:
    """A word that can be recognised."""

    gloss: str
    """Its label."""

    display: str
    """As it is written."""

    spoken: str
    """As it is handed to the speech engine."""

    is_shipped: bool
    """Whether the bundle knows it."""

    examples: int
    """How many the owner has given; 0 where it was not taught."""


def list_signs(settings: LearningSettings, bundle: Bundle) -> list[KnownSign]:
    """List the shipped words in the bundle's order, then the taught ones."""
    taught = Store(folder_of(settings)).read_words()
    shipped = {gloss: forms for gloss, forms in bundle.forms.items() if gloss not in RESERVED}
    own = {word: (word, word) for word in taught if word not in shipped}
    nothing = TaughtWord([], "")
    return [
        KnownSign(
            gloss,
            display,
            taught.get(gloss, nothing).spoken or spoken,
            gloss in shipped,
            len(taught.get(gloss, nothing).segments),
        )
        for gloss, (display, spoken) in (shipped | own).items()
    ]


def to_segment(clip: Clip) -> Segment:
    """Take a whole clip for one sign."""
    return Segment(0.0, len(clip.points) / clip.fps, clip.times, clip.points, "stop")


def hand_share(segment: Segment) -> float:
    """Share of the frames in which a hand is seen."""
    hands = segment.points[:, [LEFT_HAND.start, RIGHT_HAND.start], 0]
    return float(np.isfinite(hands).any(axis=1).mean())


def _to_clip(word: str, segment: Segment) -> Clip:
    """Sample evenly at about _FPS, from the first frame's time to the last's."""
    span = float(segment.times[-1] - segment.times[0])
    count = max(2, round(span * _FPS) + 1)
    points, _ = features.resample(segment.times, segment.points, count)
    return Clip(word, "owner", (count - 1) / max(span, 1e-3), points)


def _read_spoken(path: Path) -> str:
    """Read how a word is spoken; empty where the archive does not say, or says it badly."""
    column = load_arrays(path).get("spoken")
    if column is None or column.dtype.kind != "U" or not column.size:
        return ""
    return clean(str(column.flat[0]))[:_SPOKEN_MAX]
