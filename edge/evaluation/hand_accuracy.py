"""Classifies hand archives with the letters' network, and measures its accuracy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from edge.evaluation.accuracy import Tally, share
from edge.landmarks.archive import read_hands
from edge.messages import LETTERS
from edge.recognition.features import hand as handshape
from edge.recognition.spelling.letter_classifier import STILL, LetterClassifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from edge.config.settings import Settings
    from edge.landmarks.archive import Hand
    from edge.messages import Prediction
    from edge.recognition.bundle import Bundle


def classify_hands(
    path: Path, settings: Settings, bundle: Bundle
) -> Iterator[tuple[str, Prediction]]:
    """Classify each hand of a hand archive, named by its place in it, counted from 0."""
    classifier = LetterClassifier(bundle, threshold=settings.classifier.threshold)
    for index, hand in enumerate(read_hands(path)):
        yield str(index), classifier.classify_hand(hand.points)


def evaluate_hands(
    paths: Iterable[Path],
    settings: Settings,
    bundle: Bundle,
    *,
    is_full: bool = False,
    float_network: Path | None = None,
) -> dict[str, Any]:
    """Measure accuracy on hand archives, as edge.evaluation.clips.evaluate_archives does on clips.

    Returns:
        Its figures, those by signer and source, and top-1 of the letters and of the still ones.

    Raises:
        ArchiveError: A file is no hand archive.
        BundleError: A network does not fit the manifest.
    """
    hands = [hand for path in paths for hand in read_hands(path)]
    threshold = settings.classifier.threshold
    said = _predict(LetterClassifier(bundle, threshold=threshold), hands)
    report = {
        "model": bundle.manifest.name,
        **_tally(hands, said).report(),
        "letters_top1": _tally([hand for hand in hands if hand.label in LETTERS], said).top1,
        "static_top1": _tally([hand for hand in hands if hand.label in STILL], said).top1,
        "by_source": _by(hands, said, lambda hand: hand.source),
        "by_signer": _by(hands, said, lambda hand: hand.signer),
    }
    if is_full:
        mirrored = [replace(hand, points=handshape.mirror(hand.points)) for hand in hands]
        flipped = _predict(LetterClassifier(bundle, threshold=threshold), mirrored)
        report["mirrored"] = _tally(mirrored, flipped).top1
    if float_network:
        exact = _predict(LetterClassifier(bundle, network=float_network), hands)
        same = sum(exact[hand].top[0][0] == one.top[0][0] for hand, one in said.items())
        report["float"] = {
            "top1": _tally(hands, exact).top1,
            "same_top1": share(same, len(said)),
        }
    return report


def _predict(classifier: LetterClassifier, hands: Iterable[Hand]) -> dict[Hand, Prediction]:
    """Classify the hands whose label the model knows."""
    known = set(classifier.glosses)
    return {hand: classifier.classify_hand(hand.points) for hand in hands if hand.label in known}


def _tally(hands: Iterable[Hand], said: Mapping[Hand, Prediction]) -> Tally:
    tally = Tally()
    for hand in hands:
        tally.add(hand.label, said.get(hand))
    return tally


def _by(
    hands: Sequence[Hand], said: Mapping[Hand, Prediction], key: Callable[[Hand], str]
) -> dict[str, dict[str, Any]]:
    """Figures of the letters alone, for each value of the key."""
    groups: dict[str, list[Hand]] = {}
    for hand in hands:
        if hand.label in LETTERS:
            groups.setdefault(key(hand), []).append(hand)
    return {name: _tally(group, said).shares() for name, group in sorted(groups.items())}
