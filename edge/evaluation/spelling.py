"""Measures how well spelling is read, letter by letter, on seeded streams of strangers."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.evaluation.accuracy import share
from edge.evaluation.spelling_streams import make_streams
from edge.landmarks.archive import read_clips
from edge.messages import Letter, Spelled, feed
from edge.recognition.spelling.letter_classifier import LetterClassifier
from edge.recognition.spelling.speller import Speller

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from edge.config.settings import SpellingSettings
    from edge.evaluation.spelling_streams import SpelledText, SpellingStream
    from edge.recognition.bundle import Bundle

RATES: Final = (30.0, 15.0, 10.0, 7.0)
"""Frames per second at which the same words are tried."""
_EARLY: Final = 0.2
"""Seconds before a letter is truly shown that it may be read."""
_CONFUSIONS: Final = 12
_MISSED = "-"
_ADDED = "+"


class _Score:
    """Counts letters, and how many edits mend what was read."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._confused: Counter[tuple[str, str]] = Counter()
        self._delays: list[float] = []

    def add(self, word: SpelledText, events: Sequence[Letter | Spelled]) -> None:
        """Count one word and what was read while it was spelled."""
        spelled = [event for event in events if isinstance(event, Spelled)]
        raw = "".join("".join(event.letters) for event in spelled).lower()
        text = "".join(event.text for event in spelled)
        edits = find_edits(word.text, raw)
        errors = len(find_edits(word.text, text))
        self._confused.update(edits)
        kind = "names" if word.is_name else "words"
        self._counts.update(
            {
                "letters": len(word.text),
                "raw": len(edits),
                "errors": errors,
                f"{kind}_letters": len(word.text),
                f"{kind}_raw": len(edits),
                f"{kind}_errors": errors,
                "count": 1,
                "right": text == word.text,
            }
        )
        for held in word.letters:
            decided = [
                event.decided - held.onset
                for event in events
                if isinstance(event, Letter)
                and event.letter == held.letter
                and held.onset - _EARLY <= event.onset <= held.offset + _EARLY
            ]
            self._delays += decided[:1]

    def shares(self) -> dict[str, Any]:
        """Give the character error rates."""
        counts = self._counts
        return {
            "letters": counts["letters"],
            "raw": share(counts["raw"], counts["letters"]),
            "error_rate": share(counts["errors"], counts["letters"]),
            "words_right": share(counts["right"], counts["count"]),
        }

    def report(self) -> dict[str, Any]:
        """Give every figure."""
        kinds = {
            f"{kind}_{what}": share(
                self._counts[f"{kind}_{count}"], self._counts[f"{kind}_letters"]
            )
            for kind in ("words", "names")
            for what, count in (("raw", "raw"), ("error_rate", "errors"))
        }
        return {
            **self.shares(),
            **kinds,
            "delay_median": round(float(np.median(self._delays)), 3) if self._delays else None,
            "confused": [[*pair, count] for pair, count in self._confused.most_common(_CONFUSIONS)],
        }


def evaluate_spelling(
    paths: Iterable[Path],
    settings: SpellingSettings,
    bundle: Bundle,
    seed: int,
    *,
    words: int = 20,
    rates: Sequence[float] = RATES,
) -> dict[str, Any]:
    """Measure the speller on streams made of hand archives.

    Args:
        paths: Hand archives of people the letters' network has not seen.
        settings: Of the speller.
        bundle: The letters.
        seed: Of the streams.
        words: That each person spells, at every frame rate the same.
        rates: Frames per second.

    Returns:
        Character error rates of the letters as they came (``raw``) and of the words as they were
        published (``error_rate``), overall and by frame rate, source and person; shares of words
        right, ``delay_median`` in seconds from when a hand had taken a letter's shape, confusions
        (true, read; ``-`` missed, ``+`` added) and ``rest_letters`` that were read between words.

    Raises:
        ArchiveError: A file is no hand archive.
        BundleError: The network does not fit its manifest.
    """
    classifier = LetterClassifier(bundle, top_k=len(bundle.glosses))
    speller = Speller(settings, classifier)
    total, rest_letters = _Score(), 0
    groups: dict[str, defaultdict[str, _Score]] = {
        name: defaultdict(_Score) for name in ("by_fps", "by_source", "by_signer")
    }
    for path in paths:
        for fps in rates:
            for stream in make_streams(path, seed=seed, fps=fps, words=words):
                read, rest = _read(stream, speller)
                rest_letters += rest
                scores = (
                    total,
                    groups["by_fps"][f"{fps:g}"],
                    groups["by_source"][stream.source],
                    groups["by_signer"][stream.signer],
                )
                for word, events in zip(stream.words, read, strict=True):
                    for score in scores:
                        score.add(word, events)
    return {
        "model": bundle.manifest.name,
        **total.report(),
        "rest_letters": rest_letters,
        **{
            name: {key: score.shares() for key, score in group.items()}
            for name, group in groups.items()
        },
    }


def _read(stream: SpellingStream, speller: Speller) -> tuple[list[list[Letter | Spelled]], int]:
    """Read a stream: the events of each word, and how many letters came between words."""
    speller.reset()
    events = list(feed(speller, stream.frames))
    starts = [word.letters[0].onset for word in stream.words]
    ends = [word.letters[-1].offset for word in stream.words]
    borders = [-np.inf, *((a + b) / 2 for a, b in zip(ends, starts[1:], strict=False)), np.inf]
    each = [
        [event for event in events if low <= event.onset < high]
        for low, high in itertools.pairwise(borders)
    ]
    rest = sum(
        isinstance(event, Letter)
        and not any(
            a - _EARLY <= event.onset <= b + _EARLY for a, b in zip(starts, ends, strict=True)
        )
        for event in events
    )
    return each, rest


def evaluate_mode(path: Path, settings: SpellingSettings, bundle: Bundle) -> dict[str, Any]:
    """Measure how often clips of signing or of single letters are taken for spelling.

    Returns:
        ``clips``, ``spelling``: share of clips in which the hands were ever taken to spell, and
        ``letters``: letters for each clip that mode ``letters`` would say, and mode ``both``.

    Raises:
        ArchiveError: The file is no clip archive.
        BundleError: The network does not fit its manifest.
    """
    classifier = LetterClassifier(bundle, top_k=len(bundle.glosses))
    said: Counter[str] = Counter()
    clips = read_clips(path)
    for clip in clips:
        for mode in ("letters", "both"):
            speller = Speller(settings, classifier, is_cautious=mode == "both")
            events = feed(speller, clip.landmarks())
            said[mode] += sum(isinstance(event, Letter) for event in events)
        said["spelling"] += speller.has_spelled(-np.inf, np.inf)
    return {
        "clips": len(clips),
        "spelling": share(said["spelling"], len(clips)),
        "letters": {mode: share(said[mode], len(clips)) for mode in ("letters", "both")},
    }


def find_edits(true: str, read: str) -> list[tuple[str, str]]:
    """List the least edits between two texts (Levenshtein 1966) as (true, read) letters.

    A letter that was missed is read as ``-``; one that was added is truly ``+``.
    """
    costs = np.zeros((len(true) + 1, len(read) + 1), dtype=int)
    costs[:, 0], costs[0] = range(len(true) + 1), range(len(read) + 1)
    for i, one in enumerate(true):
        for j, other in enumerate(read):
            costs[i + 1, j + 1] = min(
                costs[i, j] + (one != other), costs[i, j + 1] + 1, costs[i + 1, j] + 1
            )
    edits = []
    i, j = len(true), len(read)
    while i or j:
        is_pair = i and j and costs[i, j] == costs[i - 1, j - 1] + (true[i - 1] != read[j - 1])
        if is_pair:
            i, j = i - 1, j - 1
            if true[i] != read[j]:
                edits.append((true[i], read[j]))
        elif i and costs[i, j] == costs[i - 1, j] + 1:
            i -= 1
            edits.append((true[i], _MISSED))
        else:
            j -= 1
            edits.append((_ADDED, read[j]))
    return edits[::-1]
