"""Isolated clips through the classifier: what it says, and how often that is right."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.camera.pacing import least_step
from edge.evaluation.accuracy import Tally, share
from edge.evaluation.hand_accuracy import classify_hands, evaluate_hands
from edge.landmarks.archive import Clip
from edge.landmarks.skeleton import mirror
from edge.recognition.clips import (
    classify_pieces,
    cut,
    make_clip_segmenter,
    predict,
    read_archive,
    read_file,
    whole_clip,
)
from edge.recognition.learning.teacher import recall
from edge.recognition.spelling.letter_classifier import has_hands_for, make_classifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from edge.config.settings import Settings
    from edge.messages import Prediction, Segment
    from edge.recognition.bundle import Bundle
    from edge.recognition.classifying.classifier import Classifier
    from edge.recognition.segmenting.segmenter import Segmenter

LOST: Final = ("not_found", "cut_wrongly", "another_first", "unsure")
"""Where a clip is lost: the segmenter finds no sign; whole it would be right, but not as it is
cut; another word is the likeliest; the right one is too unlikely to be said."""
RATES: Final = (30, 15, 10, 7, 5)
"""Frames per second at which clips are tried."""


def classify_file(
    path: Path, settings: Settings, bundle: Bundle
) -> Iterator[tuple[str, Prediction]]:
    """Classify each clip of an archive, or a video as one clip.

    Yields:
        The clip's name (its place in the archive, counted from 0, where it has none; the
        file's name for a video) and what the classifier says.

    Raises:
        SourceError: The file cannot be read.
    """
    if has_hands_for(bundle, [path]):
        yield from classify_hands(path, settings, bundle)
        return
    clips = read_file(path, settings)
    wanted = settings.classifier
    classifier = make_classifier(bundle, threshold=wanted.threshold, hand=wanted.dominant_hand)
    recall(settings.learning, classifier)
    segmenter = make_clip_segmenter(settings.segmenter, classifier)
    for index, clip in enumerate(clips):
        yield clip.name or str(index), predict(clip, segmenter, classifier)


def evaluate_archives(
    paths: Iterable[Path],
    settings: Settings,
    bundle: Bundle,
    *,
    is_full: bool = False,
    float_network: Path | None = None,
) -> dict[str, Any]:
    """Measure accuracy; top-k before declining, unknown labels counted apart.

    Args:
        paths: Archives; those of the same file name are one source.
        settings: Of the segmenter and the classifier.
        bundle: What to measure.
        is_full: Also try the clips mirrored and at lower frame rates, which takes several
            times as long.
        float_network: The bundle's network before quantization, to be compared with it.

    Raises:
        ArchiveError: A file is no clip archive.
        BundleError: A network does not fit the manifest.
    """
    paths = list(paths)
    if has_hands_for(bundle, paths):
        return evaluate_hands(paths, settings, bundle, is_full=is_full, float_network=float_network)
    sources = [(path.name, clip) for path in paths for clip in read_archive(path)]
    clips = [clip for _, clip in sources if clip.label in bundle.glosses]
    strange = [clip for _, clip in sources if clip.label not in bundle.glosses]
    wanted = settings.classifier
    classifier = make_classifier(bundle, threshold=wanted.threshold, hand=wanted.dominant_hand)
    segmenter = make_clip_segmenter(settings.segmenter, classifier)
    cuts = [cut(clip, segmenter) for clip in clips]
    predictions = [
        classify_pieces(clip, pieces, classifier) for clip, pieces in zip(clips, cuts, strict=True)
    ]
    report = {
        "model": bundle.manifest.name,
        **_count(sources, dict(zip(clips, predictions, strict=True))),
        "unknown_said": share(
            sum(predict(clip, segmenter, classifier).is_accepted for clip in strange), len(strange)
        ),
        "lost": _lost(clips, cuts, predictions, classifier),
        "by_signer": _by_signer(clips, predictions),
    }
    if is_full:
        report["mirrored"] = _top1([flip(clip) for clip in clips], segmenter, classifier)
        report["by_fps"] = _by_fps(clips, segmenter, classifier, report["top1"])
    if float_network:
        exact = make_classifier(bundle, network=float_network)
        report["float"] = _against(exact, clips, settings, predictions)
    return report


def flip(clip: Clip) -> Clip:
    """Mirror a clip as its pictures would be, left to right: x becomes 1 - x."""
    # mirror() turns about x = 0, the picture's edge; the shift brings it back into the picture.
    return replace(clip, points=mirror(clip.points) + np.array([1, 0, 0], dtype=np.float32))


def thin(clip: Clip, fps: float) -> Clip:
    """Leave out frames as the daemon does with ``landmarks.max_fps``.

    Every n-th frame is kept, so that steps stay even: 12.5 stored frames per second stay 12.5
    for a wanted 10, because a frame may come early by a share of the step, and become 6.25 for
    a wanted 7. A clip stored at the wanted rate or below is returned as it is; nothing can
    give it more frames.
    """
    step = max(1, int(np.ceil(least_step(fps) * clip.fps - 1e-6)))
    return replace(clip, fps=clip.fps / step, points=clip.points[::step])


def _count(sources: Sequence[tuple[str, Clip]], said: Mapping[Clip, Prediction]) -> dict[str, Any]:
    """Count what was said of the clips of each source; of unknown ones nothing was."""
    tally = Tally()
    by_source = {name: Tally() for name, _ in sources}
    for name, clip in sources:
        for one in (tally, by_source[name]):
            one.add(clip.label, said.get(clip))
    shares = {name: one.shares() for name, one in by_source.items()}
    return {**tally.report(), "by_source": shares}


def _by_signer(
    clips: Sequence[Clip], predictions: Sequence[Prediction]
) -> dict[str, dict[str, Any]]:
    """Give the shares of each person, who is easily lost in the mean."""
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    for clip, prediction in zip(clips, predictions, strict=True):
        tallies[clip.signer].add(clip.label, prediction)
    return {signer: tallies[signer].shares() for signer in sorted(tallies)}


def _lost(
    clips: Sequence[Clip],
    cuts: Sequence[Sequence[Segment]],
    predictions: Sequence[Prediction],
    classifier: Classifier,
) -> dict[str, int]:
    """Count the clips that the daemon would not say right, by where they are lost."""
    lost = dict.fromkeys(LOST, 0)
    for clip, pieces, prediction in zip(clips, cuts, predictions, strict=True):
        is_first = prediction.top[0][0] == clip.label
        if not pieces:
            lost["not_found"] += 1
        elif is_first:
            lost["unsure"] += not prediction.is_accepted
        else:
            whole = classifier.classify_together([whole_clip(clip)])
            lost["cut_wrongly" if whole.top[0][0] == clip.label else "another_first"] += 1
    return lost


def _top1(clips: Sequence[Clip], segmenter: Segmenter, classifier: Classifier) -> float | None:
    hits = [predict(clip, segmenter, classifier).top[0][0] == clip.label for clip in clips]
    return share(sum(hits), len(hits))


def _by_fps(
    clips: Sequence[Clip], segmenter: Segmenter, classifier: Classifier, stored: float | None
) -> dict[str, dict[str, float | None]]:
    """Measure top-1 at each of RATES, beside the mean rate that the clips really had."""
    measured = {tuple(clip.fps for clip in clips): stored}
    by_fps = {}
    for rate in RATES:
        thinned = [thin(clip, rate) for clip in clips]
        reached = tuple(clip.fps for clip in thinned)
        if reached not in measured:  # the same frames give the same figure
            measured[reached] = _top1(thinned, segmenter, classifier)
        mean = round(float(np.mean(reached)), 2) if reached else None
        by_fps[str(rate)] = {"fps": mean, "top1": measured[reached]}
    return by_fps


def _against(
    exact: Classifier,
    clips: Sequence[Clip],
    settings: Settings,
    predictions: Sequence[Prediction],
) -> dict[str, float | None]:
    """Compare the best candidates of the float network with what the quantised one said."""
    segmenter = make_clip_segmenter(settings.segmenter, exact)
    best = [predict(clip, segmenter, exact).top[0][0] for clip in clips]
    right = sum(one == clip.label for one, clip in zip(best, clips, strict=True))
    said = [prediction.top[0][0] for prediction in predictions]
    same = sum(one == other for one, other in zip(best, said, strict=True))
    return {"top1": share(right, len(clips)), "same_top1": share(same, len(clips))}
