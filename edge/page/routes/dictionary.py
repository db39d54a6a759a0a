"""Shows the dictionary: every sign that the device knows, how well, and how it moves."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.errors import ArchiveError
from edge.landmarks.archive import read_clips
from edge.page.answers import Refused, json_answer
from edge.page.context import context_of
from edge.page.skeletons import segment_motion, to_motion
from edge.recognition.classifying.classifier import TAUGHT_THRESHOLD
from edge.recognition.learning.taught_words import Store, list_signs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edge.config.settings import Settings
    from edge.landmarks.archive import Clip
    from edge.recognition.bundle import Bundle, Manifest

_BUNDLES_MAX: Final = 2
"""Whose trajectories stay in memory, 4 MB each."""


class _Figures(BaseModel):
    """One word in an evaluation."""

    model_config = ConfigDict(extra="ignore")

    clips: int
    top1: float | None = None


class _Evaluation(BaseModel):
    """What an evaluation says in the manifest; see edge.evaluation.accuracy."""

    model_config = ConfigDict(extra="ignore")

    per_label: dict[str, _Figures]
    confused: list[tuple[str, str, int]] = []


def list_entries(settings: Settings, bundle: Bundle) -> list[dict[str, Any]]:
    """Describe every sign, shipped ones first; reads what was taught from the disk."""
    evaluations = _evaluations_of(bundle.manifest)
    displays = {gloss: display for gloss, (display, _) in bundle.forms.items()}
    wanted = settings.classifier.threshold
    own = {label.gloss: label.threshold for label in bundle.manifest.labels}
    moving = trajectories_of(bundle.path)
    return [
        {
            "gloss": sign.gloss,
            "display": sign.display,
            "spoken": sign.spoken,
            "taught": sign.examples > 0,
            "shipped": sign.is_shipped,
            "examples": sign.examples or None,
            "accuracy": _accuracy_of(sign.gloss, evaluations),
            "confused": _confusions_of(sign.gloss, evaluations, displays),
            "threshold": wanted or own.get(sign.gloss, TAUGHT_THRESHOLD),
            "motion": sign.examples > 0 or sign.gloss in moving,
        }
        for sign in list_signs(settings.learning, bundle)
    ]


def find_motion(gloss: str, settings: Settings, bundle: Bundle, store: Store) -> dict[str, Any]:
    """Show how a sign moves: its mean trajectory, or the newest example of a taught word.

    Raises:
        Refused: The sign is not known, or there is nothing to show of it.
    """
    if (clip := trajectories_of(bundle.path).get(gloss)) is not None:
        return to_motion(clip)
    if (taught := store.find(gloss)) is not None:
        return segment_motion(taught.segments[-1])
    known = gloss in {sign.gloss for sign in list_signs(settings.learning, bundle)}
    if known:
        raise Refused(404, "no_motion", "Nothing is recorded of how this sign moves.")
    raise Refused(404, "unknown_sign", "This sign is not known.")


@lru_cache(maxsize=_BUNDLES_MAX)
def trajectories_of(folder: Path) -> Mapping[str, Clip]:
    """Read a bundle's mean trajectories by gloss; none where it has none that can be read."""
    try:
        return {clip.label: clip for clip in read_clips(folder / "prototypes.npz")}
    except ArchiveError:
        return {}


def _evaluations_of(manifest: Manifest) -> list[_Evaluation]:
    """Take what is an evaluation of the manifest's figures; other ones may stand there too."""
    found = (_read_evaluation(figures) for figures in manifest.metrics.values())
    return [one for one in found if one is not None]


def _read_evaluation(figures: object) -> _Evaluation | None:
    try:
        return _Evaluation.model_validate(figures)
    except ValidationError:
        return None


def _accuracy_of(gloss: str, evaluations: list[_Evaluation]) -> dict[str, Any] | None:
    """Share of a sign's clips on top, over every evaluation that has any."""
    rows = [one.per_label[gloss] for one in evaluations if gloss in one.per_label]
    clips = sum(row.clips for row in rows)
    if not clips:
        return None
    right = sum(row.clips * (row.top1 or 0.0) for row in rows)
    return {"clips": clips, "top1": round(right / clips, 4)}


def _confusions_of(
    gloss: str, evaluations: list[_Evaluation], displays: Mapping[str, str]
) -> list[tuple[str, str, int]]:
    """What a sign was taken for, how it is written and how often; the most frequent first."""
    counts: dict[str, int] = {}
    for evaluation in evaluations:
        for true, said, count in evaluation.confused:
            if true == gloss:
                counts[said] = counts.get(said, 0) + count
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(said, displays.get(said, said), count) for said, count in ordered]


async def _list(request: Request) -> Response:
    page = context_of(request)
    return json_answer(await asyncio.to_thread(list_entries, page.configured, page.bundle))


async def _move(request: Request) -> Response:
    page = context_of(request)
    gloss = request.path_params["gloss"]
    store = Store(page.learning_folder)
    return json_answer(
        await asyncio.to_thread(find_motion, gloss, page.configured, page.bundle, store)
    )


ROUTES: Final = [
    Route("/api/signs", _list),
    Route("/api/signs/{gloss:path}/motion", _move),
]
