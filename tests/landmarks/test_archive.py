"""Landmark archives: what is read back, and what is refused."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.errors import ArchiveError
from edge.landmarks.archive import Clip, is_hand_archive, read_clips, read_hands, write_clips

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Arrays = dict[str, Any]


def clip_arrays() -> Arrays:
    """Make the arrays of a sound clip archive: two clips, of two and three frames."""
    return {
        "points": np.full((5, 75, 3), 0.5, dtype=np.float16),
        "lengths": np.array([2, 3], dtype=np.int32),
        "labels": np.array(["book", "drink"]),
        "signers": np.array(["a", "b"]),
        "fps": np.array([25, 10], dtype=np.float32),
        "aspect": np.array([2, 1], dtype=np.float32),
    }


def hand_arrays() -> Arrays:
    """Make the arrays of a sound hand archive: two hands."""
    return {
        "hands": np.full((2, 21, 3), 0.5, dtype=np.float32),
        "labels": np.array(["A", "space"]),
        "signers": np.array(["a", "b"]),
        "aspect": np.array([2, 1], dtype=np.float32),
        "handedness": np.array(["left", ""]),
    }


def write(path: Path, arrays: Arrays) -> Path:
    """Write any arrays."""
    np.savez(path, **arrays)
    return path


def changed(array: str, value: object) -> Callable[[Arrays], Arrays]:
    """Replace one array."""
    return lambda arrays: {**arrays, array: np.asarray(value)}


def without(array: str) -> Callable[[Arrays], Arrays]:
    """Leave one array out."""
    return lambda arrays: {name: arrays[name] for name in arrays if name != array}


def refusal(read: Callable[[Path], object], path: Path) -> str:
    """Return the one line with which a file is refused."""
    with pytest.raises(ArchiveError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_sound_archive_is_read(tmp_path: Path) -> None:
    first, second = read_clips(write(tmp_path / "a.npz", clip_arrays()))
    assert (first.label, first.signer, first.fps, first.name) == ("book", "a", 25.0, "")
    assert (second.label, second.signer, second.fps) == ("drink", "b", 10.0)
    assert first.points.shape == (2, 75, 3)
    assert first.points.dtype == np.float32
    np.testing.assert_allclose(second.times, [0, 0.1, 0.2])


def test_y_is_given_in_image_widths(tmp_path: Path) -> None:
    wide, square = read_clips(write(tmp_path / "a.npz", clip_arrays()))
    np.testing.assert_array_equal(wide.points[0, 0], [0.5, 0.25, 0.5])
    np.testing.assert_array_equal(square.points[0, 0], [0.5, 0.5, 0.5])


@given(
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    aspect=st.floats(0.5, 2, width=32),
    seed=st.integers(0, 99),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_written_clips_are_read_back(
    tmp_path: Path, lengths: list[int], aspect: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    clips = []
    for index, length in enumerate(lengths):
        points = random.uniform(-1, 1, (length, 75, 3)).astype(np.float32)
        points[random.random(points.shape[:2]) < 0.2] = np.nan
        clips.append(Clip(f"word {index}", f"p{index % 2}", 12.5 + index, points, f"n{index}"))
    path = tmp_path / "a.npz"
    write_clips(path, clips, aspect)
    again = read_clips(path)
    assert len(again) == len(clips)
    for one, other in zip(clips, again, strict=True):
        assert (one.label, one.signer, one.fps, one.name) == (
            other.label,
            other.signer,
            other.fps,
            other.name,
        )
        np.testing.assert_allclose(other.points, one.points, atol=2e-3)


def test_hand_archive_is_read_and_told_from_clips(tmp_path: Path) -> None:
    path = write(tmp_path / "hands.npz", hand_arrays())
    left, unknown = read_hands(path)
    assert (left.label, left.signer, left.handedness) == ("A", "a", "left")
    assert unknown.handedness == ""
    np.testing.assert_array_equal(left.points[0], [0.5, 0.25, 0.5])
    assert is_hand_archive(path)
    assert not is_hand_archive(write(tmp_path / "clips.npz", clip_arrays()))


def test_empty_archive_has_no_clips(tmp_path: Path) -> None:
    arrays = {name: array[:0] for name, array in clip_arrays().items()}
    assert read_clips(write(tmp_path / "a.npz", arrays)) == []


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        *((without(name), f"missing array {name}") for name in clip_arrays()),
        (changed("points", np.zeros((5, 74, 3), np.float16)), r"points .*\(5, 74, 3\)"),
        (changed("points", np.zeros((5, 75, 2), np.float16)), r"points .*\(5, 75, 2\)"),
        (changed("points", np.zeros((4, 75, 3), np.float16)), r"points .*fit lengths"),
        (changed("points", np.float32(1)), r"points .*\(\)"),
        (changed("points", np.zeros((5, 75, 3), np.int16)), "points .*int16"),
        (changed("points", np.zeros((5, 75, 3), np.complex64)), "points .*complex64"),
        (changed("lengths", [2, 4]), r"points .*\(6, 75, 3\)"),
        (changed("lengths", [6, -1]), "lengths .*-1"),
        (changed("lengths", [5, 0]), "lengths .*0"),
        (changed("lengths", [2.0, 3.0]), "lengths .*float64"),
        (changed("lengths", [[2], [3]]), r"lengths .*\(2, 1\)"),
        (changed("lengths", ["2", "3"]), "lengths .*<U1"),
        (changed("labels", ["book"]), r"labels .*\(1,\)"),
        (changed("labels", [1, 2]), "labels .*int64"),
        (changed("labels", [b"a", b"b"]), "labels .*S1"),
        (changed("labels", np.array(["book", None], dtype=object)), "labels.*[Oo]bject"),
        (changed("signers", ["a", "b", "c"]), r"signers .*\(3,\)"),
        (changed("names", ["a"]), r"names .*\(1,\)"),
        (changed("splits", [1, 2]), "splits .*int64"),
        (changed("fps", [25, np.nan]), "fps .*above 0"),
        (changed("fps", [25, np.inf]), "fps .*above 0"),
        (changed("fps", [-25, 25]), "fps .*above 0"),
        (changed("fps", 25.0), r"fps .*\(\)"),
        (changed("fps", [True, True]), "fps .*bool"),
        (changed("aspect", [1, 0]), "aspect .*above 0"),
        (changed("aspect", [1.0, 1.0, 1.0]), r"aspect .*\(3,\)"),
        (changed("aspect", ["4:3", "4:3"]), "aspect .*<U3"),
    ],
)
def test_malformed_clip_archive_is_refused(
    tmp_path: Path, damage: Callable[[Arrays], Arrays], says: str
) -> None:
    message = refusal(read_clips, write(tmp_path / "a.npz", damage(clip_arrays())))
    assert re.search(says, message)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        *((without(name), f"missing array {name}") for name in hand_arrays()),
        (changed("hands", np.zeros((2, 20, 3), np.float32)), r"hands .*\(2, 20, 3\)"),
        (changed("hands", np.zeros((2, 21, 3), np.int64)), "hands .*int64"),
        (changed("hands", np.float32(0)), r"hands .*\(\)"),
        (changed("hands", np.zeros((3, 21, 3), np.float32)), r"handedness .*\(3,\)"),
        (changed("handedness", [0, 1]), "handedness .*int64"),
        (changed("aspect", [np.nan, 1]), "aspect .*above 0"),
        (changed("labels", ["A"]), "labels .*"),
    ],
)
def test_malformed_hand_archive_is_refused(
    tmp_path: Path, damage: Callable[[Arrays], Arrays], says: str
) -> None:
    message = refusal(read_hands, write(tmp_path / "a.npz", damage(hand_arrays())))
    assert re.search(says, message)


def test_missing_file_is_named(tmp_path: Path) -> None:
    assert refusal(read_clips, tmp_path / "gone.npz") == "no such file"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"labels: book, drink\n",
        b"\x80\x04N.",
        b"PK\x03\x04 but no more",
        b"PK\x05\x06" + 18 * b"\0",
        b"\x93NUMPY",
    ],
    ids=["empty", "text", "pickle", "cut zip", "empty zip", "cut npy"],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    assert re.match("not a landmark archive|missing array", refusal(read_clips, path))


def test_folder_is_refused(tmp_path: Path) -> None:
    assert refusal(read_clips, tmp_path).startswith("not a landmark archive")


def test_single_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros((5, 75, 3)))
    assert refusal(read_clips, path).startswith("not a landmark archive")


def test_text_inside_the_zip_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.npz", clip_arrays())
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w") as file:
        for name, part in {**parts, "fps.npy": b"25, 10"}.items():
            file.writestr(name, part)
    assert "fps" in refusal(read_clips, path)


@given(at=st.floats(0, 1, exclude_max=True), cut=st.booleans(), byte=st.integers(0, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_damaged_bytes_never_raise_anything_else(
    tmp_path: Path, at: float, cut: bool, byte: int
) -> None:
    sound = io.BytesIO()
    np.savez_compressed(sound, **clip_arrays())
    content = bytearray(sound.getvalue())
    place = int(at * len(content))
    content[place] = byte
    path = tmp_path / "a.npz"
    path.write_bytes(content[:place] if cut else content)
    try:
        clips = read_clips(path)
    except ArchiveError as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017 - both outcomes are right
    else:
        assert len(clips) == 2
