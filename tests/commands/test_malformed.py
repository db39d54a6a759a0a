"""Bad files, settings and bundles through the command line: one line that says what, no trace."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from patience import AGES

from edge.__main__ import main
from edge.camera.recordings import quiet_opencv

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("bare_environment")

ROOT = Path(__file__).resolve().parents[2]
WORDS = ROOT / "models" / "words"

FAULT = 1
SETUP = 2


def assert_refused(
    arguments: list[str], code: int, says: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    """Run a command in this process; it must end with the code and one line that says it all."""
    assert main(arguments) == code
    out, err = capfd.readouterr()
    assert_one_line(err, says)
    assert out == ""


def assert_one_line(err: str, says: tuple[str, ...]) -> None:
    """Check what came on stderr."""
    assert err.startswith("sign-edge: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1, err
    assert "Traceback" not in err
    assert [part for part in says if part not in err] == [], err


# Pictures


def write_video(path: Path, fourcc: str = "mp4v") -> Path:
    """Write a short grey video."""
    quiet_opencv()
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), 25.0, (160, 120))
    for level in range(25):
        writer.write(np.full((120, 160, 3), 4 * level, np.uint8))
    writer.release()
    return path


def leave_nothing(path: Path) -> None:
    """Leave no file."""


def leave_empty_file(path: Path) -> None:
    """Leave a file of no bytes."""
    path.touch()


def leave_text(path: Path) -> None:
    """Leave a text named like a video."""
    path.write_text("This is no video.\n" * 500)


def leave_noise(path: Path) -> None:
    """Leave random bytes."""
    path.write_bytes(np.random.default_rng(0).bytes(50_000))


def leave_truncated_video(path: Path) -> None:
    """Leave a video whose index, at its end, is gone."""
    write_video(path)
    path.write_bytes(path.read_bytes()[:-900])


def leave_header(path: Path) -> None:
    """Leave an AVI's header without a frame."""
    avi = write_video(path.with_suffix(".avi"), "MJPG")
    path.write_bytes(avi.read_bytes()[:2000])


def leave_bare_folder(path: Path) -> None:
    """Leave a folder without images."""
    path.mkdir()
    (path / "notes.txt").write_text("none")


def leave_folder_of_damaged_images(path: Path) -> None:
    """Leave a folder whose only image cannot be decoded."""
    path.mkdir()
    (path / "1.jpg").write_bytes(b"\xff\xd8\xff not really")


def leave_pipe(path: Path) -> None:
    """Leave a pipe, which would block whoever opens it."""
    os.mkfifo(path)


BAD_VIDEOS = [
    leave_nothing,
    leave_empty_file,
    leave_text,
    leave_noise,
    leave_truncated_video,
    leave_header,
    leave_bare_folder,
    leave_folder_of_damaged_images,
    leave_pipe,
]


@pytest.mark.parametrize("command", ["replay", "classify"])
@pytest.mark.parametrize("leave", BAD_VIDEOS)
def test_bad_video_is_refused_by_name(
    tmp_path: Path,
    leave: Callable[[Path], None],
    command: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "clip.mp4"
    leave(path)
    assert_refused([command, str(path)], FAULT, (str(path),), capfd)


@pytest.mark.parametrize("source", ["0", "/dev/video9", "http://127.0.0.1:1/", "picamera"])
def test_live_source_is_refused_by_replay(source: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert_refused(["replay", source], FAULT, ("live source",), capfd)


def test_name_with_a_line_break_still_makes_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = str(tmp_path / "two\nlines.mp4")
    assert_refused(["replay", source], FAULT, ("two", "lines.mp4", "no such file"), capfd)


# Archives


def arrays(clips: int = 2, frames: int = 12) -> dict[str, Any]:
    """Return the arrays of a small good archive."""
    return {
        "points": np.full((clips * frames, 75, 3), 0.5, np.float16),
        "lengths": np.full(clips, frames, np.int32),
        "labels": np.array(["yes"] * clips),
        "signers": np.array(["a"] * clips),
        "fps": np.full(clips, 15, np.float32),
        "aspect": np.ones(clips, np.float32),
    }


def hand_arrays() -> dict[str, Any]:
    """Return the arrays of a small hand archive."""
    return {
        "hands": np.full((2, 21, 3), 0.5, np.float32),
        "labels": np.array(["a", "b"]),
        "signers": np.array(["x", "x"]),
        "aspect": np.ones(2, np.float32),
        "handedness": np.array(["left", "right"]),
    }


def changed(**columns: object) -> Callable[[Path], None]:
    """Return a writer of the good archive with these arrays in place of its own."""
    return lambda path: np.savez(path, **{**arrays(), **columns})


def without(name: str) -> Callable[[Path], None]:
    """Return a writer of the good archive without one array."""
    return lambda path: np.savez(path, **{k: v for k, v in arrays().items() if k != name})


def write_cut(path: Path) -> None:
    """Write an archive that ends too early."""
    changed()(path)
    path.write_bytes(path.read_bytes()[:-200])


def write_pickle(path: Path) -> None:
    """Write a bare pickle."""
    path.write_bytes(pickle.dumps({"points": [1, 2, 3]}))


def write_zip_of_text(path: Path) -> None:
    """Write a zip that holds no array."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("points.npy", "no array")
        file.writestr("readme.txt", "no array either")


def write_single_array(path: Path) -> None:
    """Write one array, as numpy.save does."""
    with path.open("wb") as file:
        np.save(file, np.zeros((3, 75, 3)))


BAD_ARCHIVES: list[tuple[str, Callable[[Path], None], str]] = [
    ("missing", leave_nothing, "no such file"),
    ("zero-byte", leave_empty_file, "not a landmark archive"),
    ("text", leave_text, "not a landmark archive"),
    ("folder", leave_bare_folder, "not a landmark archive"),
    ("cut", write_cut, "not a landmark archive"),
    ("pickle", write_pickle, "not a landmark archive"),
    ("pickled column", changed(labels=np.array(["yes", None], object)), "not a landmark archive"),
    ("zip of text", write_zip_of_text, ""),
    ("single array", write_single_array, ""),
    ("no points", without("points"), "points"),
    ("no lengths", without("lengths"), "lengths"),
    ("no fps", without("fps"), "fps"),
    ("no aspect", without("aspect"), "aspect"),
    ("no labels", without("labels"), "labels"),
    ("lengths that disagree", changed(lengths=np.array([12, 13], np.int32)), "points"),
    ("a length of 0", changed(lengths=np.array([24, 0], np.int32)), "lengths"),
    ("a negative length", changed(lengths=np.array([25, -1], np.int32)), "lengths"),
    ("lengths with fractions", changed(lengths=np.array([12.0, 12.0])), "lengths"),
    ("lengths in two columns", changed(lengths=np.ones((12, 2), np.int32)), "lengths"),
    ("74 points", changed(points=np.zeros((24, 74, 3), np.float16)), "points"),
    ("flat points", changed(points=np.zeros((24, 225), np.float16)), "points"),
    ("points as text", changed(points=np.full((24, 75, 3), "x")), "points"),
    ("NaN fps", changed(fps=np.array([15, np.nan], np.float32)), "fps"),
    ("infinite fps", changed(fps=np.array([15, np.inf], np.float32)), "fps"),
    ("fps of 0", changed(fps=np.array([0, 15], np.float32)), "fps"),
    ("fps as text", changed(fps=np.array(["15", "15"])), "fps"),
    ("one fps for all", changed(fps=np.float32(15)), "fps"),
    ("negative aspect", changed(aspect=np.array([1, -1], np.float32)), "aspect"),
    ("numbers for labels", changed(labels=np.array([1, 2])), "labels"),
    ("too few labels", changed(labels=np.array(["yes"])), "labels"),
    ("too many signers", changed(signers=np.array(["a", "b", "c"])), "signers"),
]


@pytest.mark.parametrize("command", ["replay", "classify", "evaluate"])
@pytest.mark.parametrize(
    ("write", "says"),
    [pytest.param(write, says, id=name) for name, write, says in BAD_ARCHIVES],
)
def test_bad_archive_is_refused_by_name_and_array(
    tmp_path: Path,
    write: Callable[[Path], None],
    says: str,
    command: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "clips.npz"
    write(path)
    named = f"archive:{path}" if command == "replay" else str(path)
    assert_refused([command, named], FAULT, (str(path), says), capfd)


def test_good_archive_is_taken(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    changed()(tmp_path / "clips.npz")
    assert main(["replay", f"archive:{tmp_path / 'clips.npz'}"]) == 0
    assert capfd.readouterr().err == ""


def test_archive_faster_than_any_camera_is_refused_by_replay(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "clips.npz"
    changed(fps=np.array([15, 1e30], np.float32))(path)
    assert_refused(["replay", f"archive:{path}"], FAULT, (str(path), "fps", "1e+30"), capfd)


def test_archive_without_a_clip_is_refused_by_replay(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "none.npz"
    texts = {"labels": np.array([], "U1"), "signers": np.array([], "U1")}
    np.savez(path, **{**arrays(clips=0), **texts})
    assert_refused(["replay", f"archive:{path}"], FAULT, (str(path), "no clip"), capfd)


@pytest.mark.parametrize("glosses", ["nosuchword", "yes,nosuchword", "yes,"])
def test_gloss_that_is_not_in_the_archive_is_named(
    tmp_path: Path, glosses: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "clips.npz"
    changed()(path)
    missing = repr(glosses.rpartition(",")[2])
    assert_refused(["replay", f"archive:{path}#{glosses}"], FAULT, (str(path), missing), capfd)


@pytest.mark.parametrize("command", ["replay", "evaluate"])
def test_hand_archive_is_refused_by_the_words(
    tmp_path: Path, command: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hands.npz"
    np.savez(path, **hand_arrays())
    named = f"archive:{path}" if command == "replay" else str(path)
    assert_refused([command, named], FAULT, (str(path),), capfd)


# Settings

BAD_FILES: list[tuple[str, bytes, tuple[str, ...]]] = [
    ("unknown key", b"[camera]\nfps = 30\nzoom = 2\n", (":3:", "camera.zoom", "archive_rest")),
    ("unknown section", b"[kitchen]\nsink = 1\n", ("kitchen", "classifier")),
    ("empty unknown section", b"[mqtt]\n\n[kitchen]\n", (":3:", "kitchen", "classifier")),
    ("text for a number", b"[camera]\nwidth = 'wide'\n", (":2:", "camera.width", "'wide'")),
    ("number for a text", b"[mqtt]\nhost = 3\n", (":2:", "mqtt.host", "3")),
    ("fraction for a count", b"[camera]\nwidth = 640.5\n", (":2:", "camera.width", "640.5")),
    ("text for a switch", b"[mqtt]\nenabled = 'yes'\n", (":2:", "mqtt.enabled", "'yes'")),
    ("too large", b"[mqtt]\nport = 70000\n", (":2:", "mqtt.port", "70000", "65535")),
    ("below 0", b"[classifier]\nthreshold = -0.1\n", (":2:", "classifier.threshold", "-0.1")),
    ("not a number", b"[camera]\nfps = nan\n", (":2:", "camera.fps", "nan")),
    ("not a choice", b"[speech]\nengine = 'hal'\n", (":2:", "speech.engine", "hal", "espeak")),
    ("wildcard", b"[mqtt]\nbase = 'a/#'\n", (":2:", "mqtt.base", "a/#")),
    ("array", b"[camera]\nsource = ['0', '1']\n", (":2:", "camera.source")),
    ("table", b"[camera]\n[camera.size]\nwidth = 3\n", ("camera.size", "camera")),
    ("key without section", b"source = '0'\n", (":1:", "source", "section")),
    ("list of sections", b"[[camera]]\nfps = 30\n", ("camera", "section")),
    ("bad TOML", b"[camera\nfps = 30\n", ("TOML",)),
    ("key twice", b"[camera]\nfps = 30\nfps = 20\n", ("TOML",)),
    ("not UTF-8", b"[camera]\nsource = '\xff'\n", ("cannot be read",)),
    (
        "pair in the wrong order",
        b"[segmenter]\nenter_speed = 1.0\nexit_speed = 2.0\n",
        (":3:", "exit_speed", "enter_speed"),
    ),
]


@pytest.mark.parametrize(
    ("text", "says"), [case[1:] for case in BAD_FILES], ids=[case[0] for case in BAD_FILES]
)
def test_bad_setting_is_refused_by_file_line_key_and_value(
    tmp_path: Path, text: bytes, says: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(text)
    assert_refused(["run", "--config", str(path)], SETUP, (str(path), *says), capfd)


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_config_that_is_no_file_is_refused_by_name(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert_refused(["run", "--config", name], SETUP, (name, "cannot be read"), capfd)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("camera.fps", "section.key=value"),
        ("fps=30", "section.key=value"),
        ("", "section.key=value"),
        ("camera.zoom=2", "camera.zoom"),
        ("kitchen.sink=1", "kitchen"),
        ("camera.fps=fast", "'fast'"),
        ("camera.fps=0", "camera.fps"),
        ("camera.source=", "camera.source"),
        ("speech.volume=101", "101"),
        ("mqtt.enabled=maybe", "'maybe'"),
    ],
)
def test_bad_override_is_refused_as_it_was_given(
    override: str, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    given = f"--set {override.partition('=')[0]}"
    assert_refused(["run", "--set", override], SETUP, (given, says), capfd)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SIGN_EDGE_CAMERA__FPS", "fast", "camera.fps"),
        ("SIGN_EDGE_MQTT__PORT", "0", "mqtt.port"),
        ("SIGN_EDGE_CAMERA__ZOOM", "2", "camera.zoom"),
        ("SIGN_EDGE_KITCHEN__SINK", "1", "kitchen"),
    ],
)
def test_bad_environment_variable_is_refused_by_its_name(
    name: str,
    value: str,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, value)
    assert_refused(["run"], SETUP, (name, says), capfd)


# Bundles


def copy_bundle(folder: Path, **changes: object) -> Path:
    """Copy the words, with changes to the manifest."""
    path = folder / "copy"
    shutil.copytree(WORDS, path)
    manifest = json.loads((path / "model.json").read_text(encoding="utf-8"))
    (path / "model.json").write_text(json.dumps({**manifest, **changes}), encoding="utf-8")
    return path


def manifest_of(path: Path) -> dict[str, Any]:
    """Read the manifest of a copy."""
    manifest = json.loads((path / "model.json").read_text(encoding="utf-8"))
    assert isinstance(manifest, dict)
    return manifest


def break_network(folder: Path) -> Path:
    """Put noise, under its right hash, where the network was."""
    noise = np.random.default_rng(0).bytes(10_000)
    path = copy_bundle(folder, sha256=hashlib.sha256(noise).hexdigest())
    (path / "model.tflite").write_bytes(noise)
    return path


def drop_label(folder: Path) -> Path:
    """Leave one label out."""
    return copy_bundle(folder, labels=manifest_of(WORDS)["labels"][1:])


def double_label(folder: Path) -> Path:
    """Name one label twice."""
    labels = manifest_of(WORDS)["labels"]
    return copy_bundle(folder, labels=[labels[1], *labels[1:]])


def age_features(folder: Path) -> Path:
    """Claim features of another release."""
    features = {**manifest_of(WORDS)["features"], "fingerprint": "0123456789abcdef"}
    return copy_bundle(folder, features=features)


def spoil_manifest(text: bytes) -> Callable[[Path], Path]:
    """Return a maker of a bundle with this manifest."""

    def make(folder: Path) -> Path:
        path = copy_bundle(folder)
        (path / "model.json").write_bytes(text)
        return path

    return make


def remove(name: str) -> Callable[[Path], Path]:
    """Return a maker of a bundle without one file."""

    def make(folder: Path) -> Path:
        path = copy_bundle(folder)
        (path / name).unlink()
        return path

    return make


def manifest_with(**changes: object) -> Callable[[Path], Path]:
    """Return a maker of a bundle with these entries in its manifest."""
    return lambda folder: copy_bundle(folder, **changes)


BAD_BUNDLES: list[tuple[str, Callable[[Path], Path], tuple[str, ...]]] = [
    ("no folder", lambda folder: folder / "nowhere", ("nowhere", "classifier.bundle")),
    ("no manifest", remove("model.json"), ("model.json", "No such file")),
    ("no network", remove("model.tflite"), ("model.tflite", "No such file")),
    ("another hash", manifest_with(sha256="0" * 64), ("model.tflite", "sha256", "000000")),
    ("no hash at all", manifest_with(sha256="none"), ("model.json", "sha256", "none")),
    ("noise for a network", break_network, ("model.tflite", "network")),
    ("other features", age_features, ("model.json", "fingerprint", "0123456789abcdef")),
    ("a label too few", drop_label, ("model.tflite", "model.json says")),
    ("a label twice", double_label, ("model.json", "labels", "twice")),
    ("no labels", manifest_with(labels=[]), ("model.json", "labels")),
    ("no temperature", manifest_with(temperature=0), ("model.json", "temperature")),
    ("unknown entry", manifest_with(colour="red"), ("model.json", "colour", "red")),
    ("bad JSON", spoil_manifest(b'{"name": "words",}'), ("model.json", "JSON")),
    ("empty manifest", spoil_manifest(b""), ("model.json", "JSON")),
    ("a list for a manifest", spoil_manifest(b"[1, 2]"), ("model.json",)),
    ("not UTF-8", spoil_manifest(b'{"name": "\xff"}'), ("model.json",)),
]


@pytest.mark.parametrize(
    ("make", "says"), [case[1:] for case in BAD_BUNDLES], ids=[case[0] for case in BAD_BUNDLES]
)
def test_bad_bundle_is_refused_by_file_and_entry(
    tmp_path: Path,
    make: Callable[[Path], Path],
    says: tuple[str, ...],
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = make(tmp_path)
    archive = f"archive:{WORDS / 'prototypes.npz'}#yes"
    assert_refused(["replay", archive, "--model", str(path)], SETUP, (str(path), *says), capfd)


def test_unknown_model_name_is_refused_with_the_places_looked_in(
    capfd: pytest.CaptureFixture[str],
) -> None:
    arguments = ["evaluate", str(WORDS / "prototypes.npz"), "--model", "wrods"]
    assert_refused(arguments, SETUP, ("'wrods'", str(ROOT / "models")), capfd)


# The daemon, as a process of its own


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--source", "missing.mp4"], FAULT, ("missing.mp4", "no such file")),
        (["--source", "archive:missing.npz"], FAULT, ("missing.npz", "no such file")),
        (["--set", "camera.fps=fast"], SETUP, ("camera.fps", "'fast'")),
        (["--set", "classifier.bundle=./nowhere"], SETUP, ("./nowhere",)),
        (["--config", "missing.toml"], SETUP, ("missing.toml",)),
        (
            ["--set", "mqtt.username=me", "--set", "mqtt.password_file=missing"],
            SETUP,
            ("mqtt.password_file", "missing"),
        ),
        (["--set", "mqtt.password_file=config.toml"], SETUP, ("mqtt.username",)),
        (["--set", "mqtt.host=a..b"], SETUP, ("mqtt.host", "a..b")),
    ],
)
def test_daemon_that_cannot_start_says_so_in_one_line(
    tmp_path: Path, arguments: list[str], code: int, says: tuple[str, ...]
) -> None:
    source = f"archive:{WORDS / 'prototypes.npz'}#yes"
    ended = subprocess.run(
        [sys.executable, "-m", "edge", "run", "--set", f"camera.source={source}", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=AGES,
        check=False,
    )
    assert_one_line(ended.stderr, says)
    assert ended.returncode == code
    assert ended.stdout == ""
