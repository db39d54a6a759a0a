"""Finds what is missing in the clips of an archive, fills gaps, and drops clips by rule."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edge.dataset.archive_stream import ArchiveReader, ArchiveWriter
from edge.dataset.csv_rows import write_rows
from edge.dataset.curating.duplicates import SIGNATURE, digest, find_exact, find_near, sign
from edge.dataset.curating.quality import Quality, fill, measure_quality
from edge.dataset.curating.rewrite import refuse_empty, select
from edge.dataset.progress import track

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_REPORT_COLUMNS: Final = (
    "clip",
    "name",
    "label",
    "signer",
    *(field.name for field in fields(Quality)),
    "filled",
    "same_as",
    "near",
    "dropped",
)


@dataclass(frozen=True, slots=True)
class Rules:
    """By what clips are filled and dropped; as they stand nothing is."""

    fill: float = 0.0
    """Seconds; gaps of a landmark up to so long are filled in a straight line."""

    least_frames: int = 1
    """Clips of fewer are dropped."""

    least_body: float = 0.0
    """Share of the frames with both shoulders; clips with less are dropped."""

    least_hand: float = 0.0
    """Share of the frames with a hand; clips with less are dropped."""

    longest_gap: float = float("inf")
    """Seconds without a hand between frames with one; clips with a longer gap are dropped."""

    fastest: float = float("inf")
    """Shoulder widths per second of a wrist; clips with a faster one are dropped."""

    near: float = 0.0
    """Shoulder widths (root mean square) within which two clips count as nearly the same;
    0 does not look for such."""

    drop_duplicates: bool = False
    """Whether of the same, or nearly the same, clips only the first is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What is known of every clip of an archive."""

    qualities: list[Quality]
    """Before anything was filled."""

    filled: NDArray[np.intp]
    """(N,) landmarks in time that the rules fill."""

    same: NDArray[np.intp]
    """(N,) the first clip of the same points, or -1."""

    near: NDArray[np.intp]
    """(N,) the first clip that moves nearly the same, or -1."""

    dropped: list[str]
    """Why the rules drop it; empty where they keep it."""

    columns: dict[str, NDArray[Any]]
    """Of the archive."""

    @property
    def keep(self) -> NDArray[np.bool_]:
        """(N,) which clips the rules keep."""
        return np.array([not reason for reason in self.dropped], dtype=bool)


def inspect(reader: ArchiveReader, rules: Rules, *, quiet: bool = False) -> Findings:
    """Measure every clip and judge it by the rules.

    Raises:
        ArchiveError: The archive is damaged.
    """
    columns = reader.columns
    qualities: list[Quality] = []
    filled: list[int] = []
    digests: list[bytes] = []
    signatures = np.empty((len(reader) if rules.near > 0 else 0, SIGNATURE), dtype=np.float32)
    rows = zip(columns["fps"].tolist(), columns["aspect"].tolist(), reader.clips(), strict=True)
    for fps, aspect, points in track(rows, len(reader), "clip", "measuring", quiet=quiet):
        qualities.append(measure_quality(points, fps, aspect))
        filled.append(fill(points, longest_fill(rules, fps))[1])
        digests.append(digest(points))
        if rules.near > 0:
            signatures[len(digests) - 1] = sign(points, aspect)
    same = find_exact(digests)
    near = np.full(len(reader), -1, dtype=np.intp)
    if len(signatures):
        near = find_near(signatures, rules.near)
        near[same >= 0] = -1
    dropped: list[str] = []
    for quality, one, other in zip(qualities, same.tolist(), near.tolist(), strict=True):
        dropped.append(_fault(quality, rules) or _copy(rules, one, other, dropped))
    return Findings(qualities, np.array(filled, dtype=np.intp), same, near, dropped, columns)


def longest_fill(rules: Rules, fps: float) -> int:
    """Count the frames of the longest gap that is filled."""
    return int(rules.fill * fps + 1e-6)


def clean_archive(
    reader: ArchiveReader, output: Path, rules: Rules, findings: Findings, *, quiet: bool = False
) -> None:
    """Write the clips that are kept, filled.

    Raises:
        ArchiveError: The archive is damaged, or no clip of it is kept.
    """
    keep = findings.keep
    refuse_empty(reader, keep)
    with ArchiveWriter(output, select(reader.columns, keep)) as writer:
        rows = zip(keep.tolist(), reader.columns["fps"].tolist(), reader.clips(), strict=True)
        for is_kept, fps, points in track(rows, len(reader), "clip", output.name, quiet=quiet):
            if is_kept:
                writer.write(fill(points, longest_fill(rules, fps))[0])


def summarise_findings(findings: Findings) -> dict[str, Any]:
    """Sum up what is missing: counts of clips, and shares of all frames."""
    qualities = findings.qualities
    frames = np.array([one.frames for one in qualities], dtype=np.float64)
    reasons = [reason.split(":")[0] for reason in findings.dropped if reason]

    def share(name: str) -> float | None:
        seen = np.array([getattr(one, name) for one in qualities])
        return round(float(seen @ frames / frames.sum()), 4) if len(frames) else None

    labels = findings.columns["labels"]
    copies = np.flatnonzero(findings.same >= 0)
    return {
        "clips": len(qualities),
        "frames": int(frames.sum()),
        **{name: share(name) for name in ("body", "left", "right", "hand")},
        "without_hand": sum(one.hand == 0 for one in qualities),
        "without_body": sum(one.body == 0 for one in qualities),
        "filled": int(findings.filled.sum()),
        "same": len(copies),
        "same_under_another_label": int((labels[copies] != labels[findings.same[copies]]).sum()),
        "near": int((findings.near >= 0).sum()),
        "dropped": {reason: reasons.count(reason) for reason in sorted(set(reasons))},
        "kept": int(findings.keep.sum()),
    }


def write_findings(path: Path, findings: Findings) -> None:
    """Write one row a clip as CSV; ``same_as`` and ``near`` are places, counted from 0."""
    columns = findings.columns
    names = columns.get("names", np.full(len(findings.dropped), ""))
    write_rows(
        path,
        _REPORT_COLUMNS,
        (
            (
                index,
                names[index],
                columns["labels"][index],
                columns["signers"][index],
                *(round(value, 4) for value in asdict(quality).values()),
                findings.filled[index],
                *("" if one[index] < 0 else one[index] for one in (findings.same, findings.near)),
                findings.dropped[index],
            )
            for index, quality in enumerate(findings.qualities)
        ),
    )


def _fault(quality: Quality, rules: Rules) -> str:
    if quality.frames < rules.least_frames:
        return f"frames: {quality.frames}"
    if quality.body < rules.least_body:
        return f"body: {quality.body:.2f}"
    if quality.hand < rules.least_hand:
        return f"hand: {quality.hand:.2f}"
    if quality.gap > rules.longest_gap:
        return f"gap: {quality.gap:.2f} s"
    if quality.speed > rules.fastest:
        return f"speed: {quality.speed:.1f}"
    return ""


def _copy(rules: Rules, same: int, near: int, dropped: list[str]) -> str:
    """Say of what it is a copy that is kept itself."""
    first = max(same, near)  # at most one is not -1
    if not rules.drop_duplicates or first < 0 or dropped[first]:
        return ""
    return f"same: as clip {same}" if same >= 0 else f"near: clip {near}"
