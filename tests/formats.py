"""Samples of other formats, formed as their data sets form them, of numbers of our own."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
from conftest import Signing

from edge.landmarks.archive import Clip, write_clips
from edge.landmarks.skeleton import LEFT_HAND, POSE, RIGHT_HAND

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

ASPECT = 4 / 3
FACE = 468
"""Points of MediaPipe's face mesh."""


def stored(signing: Signing) -> NDArray[np.float16]:
    """Make a clip (T, 75, 3) as archives store it, of the form ASPECT."""
    _, points = signing.arrays()
    scaled: NDArray[np.float16] = (points * np.array([1, ASPECT, 1])).astype(np.float16)
    return scaled


def write_archive(path: Path) -> Path:
    """Write three clips of two people; hands come and go, one frame shows nobody."""
    shapes = [
        ("hello", "ann", Signing(length=2.0, signs=((0.5, 1.5),))),
        ("thank you", "bo", Signing(length=1.4, signs=((0.2, 1.2),), is_both=True)),
        ("hello", "bo", Signing(length=1.0, signs=((0.1, 0.9),), absent=(0.4, 0.47))),
    ]
    clips = []
    for index, (label, signer, signing) in enumerate(shapes):
        _, points = signing.but(trembling=0.01).arrays()
        clips.append(Clip(label, signer, signing.fps, points, f"clip {index}"))
    write_clips(path, clips, aspect=ASPECT, texts={"splits": "train"})
    return path


def write_gislr(folder: Path, clips: Sequence[tuple[str, int, int, NDArray[np.float16]]]) -> Path:
    """Write (sign, participant, sequence, points) as Kaggle's asl-signs does."""
    rows = []
    for sign, participant, sequence, points in clips:
        path = f"train_landmark_files/{participant}/{sequence}.parquet"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_gislr_clip(folder / path, points, first=27)
        rows.append((path, participant, sequence, sign))
    with (folder / "train.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "participant_id", "sequence_id", "sign"))
        writer.writerows(rows)
    signs = sorted({sign for sign, *_ in clips})
    mapping = {sign: index for index, sign in enumerate(signs)}
    (folder / "sign_to_prediction_index_map.json").write_text(json.dumps(mapping))
    return folder


def write_gislr_clip(path: Path, points: NDArray[np.float16], first: int) -> None:
    """Write one file: 543 rows a frame in the order face, left hand, pose, right hand."""
    import pyarrow as pa
    from pyarrow import parquet

    face = np.full((len(points), FACE, 3), 0.5, dtype=np.float16)
    parts = (
        ("face", face),
        ("left_hand", points[:, LEFT_HAND]),
        ("pose", points[:, POSE]),
        ("right_hand", points[:, RIGHT_HAND]),
    )
    kinds = [kind for kind, part in parts for _ in range(part.shape[1])]
    indices = [index for _, part in parts for index in range(part.shape[1])]
    values = np.concatenate([part for _, part in parts], axis=1).reshape(-1, 3).astype(np.float64)
    frames = np.repeat(np.arange(first, first + len(points)), len(kinds))
    kinds, indices = kinds * len(points), indices * len(points)
    ids = [f"{f}-{k}-{i}" for f, k, i in zip(frames.tolist(), kinds, indices, strict=True)]
    table = pa.table(
        {
            "frame": pa.array(frames, pa.int16()),
            "row_id": ids,
            "type": kinds,
            "landmark_index": pa.array(indices, pa.int16()),
            **{axis: pa.array(values[:, k], from_pandas=True) for k, axis in enumerate("xyz")},
        }
    )
    parquet.write_table(table, path)


def write_mp_data(
    folder: Path, word: str, number: int, points: NDArray[np.float16], face: int
) -> Path:
    """Write one recording: pose with visibility, face, left and right hand; zeros where unseen."""
    clip = folder / word / str(number)
    clip.mkdir(parents=True)
    for frame, shown in enumerate(np.nan_to_num(points.astype(np.float64))):
        pose = np.concatenate([shown[POSE], np.full((33, 1), 0.9)], axis=1)
        pose[~pose[:, :3].any(axis=1)] = 0
        parts = (pose, np.full(face * 3, 0.3), shown[LEFT_HAND], shown[RIGHT_HAND])
        np.save(clip / f"{frame}.npy", np.concatenate([part.ravel() for part in parts]))
    return clip


def failures_of(output: Path) -> list[tuple[str, str]]:
    """Read what an import left out: (file, reason) of each."""
    with output.with_name(f"{output.stem}.failures.csv").open(newline="") as file:
        return [(row["file"], row["reason"]) for row in csv.DictReader(file)]
