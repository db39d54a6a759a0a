"""Model bundles: what is found and read, and what is refused."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from edge.errors import BundleError
from edge.recognition.bundle import OTHER, Bundle, find_bundle, read_bundle
from edge.recognition.classifying.classifier import Classifier
from edge.recognition.features import segment as features

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Manifest = dict[str, Any]


@pytest.fixture
def folder(bundle: Bundle, tmp_path: Path) -> Path:
    """Copy the shipped bundle."""
    target = tmp_path / "words"
    target.mkdir()
    for name in ("model.json", "model.tflite"):
        shutil.copyfile(bundle.path / name, target / name)
    return target


def rewrite(folder: Path, change: Callable[[Manifest], None]) -> None:
    """Change a copy's model.json."""
    path = folder / "model.json"
    manifest = json.loads(path.read_text("utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), "utf-8")


def refusal(folder: Path, name: str) -> str:
    """Return the one line, less the file's name, with which a bundle is refused."""
    with pytest.raises(BundleError) as caught:
        Classifier(read_bundle(folder))
    message = str(caught.value)
    assert message.startswith(f"{folder / name}: ")
    assert "\n" not in message
    return message.removeprefix(f"{folder / name}: ")


def test_shipped_bundle_is_sound(bundle: Bundle) -> None:
    assert len(bundle.glosses) == len(set(bundle.glosses)) == len(bundle.forms)
    assert OTHER in bundle.glosses
    assert bundle.manifest.features.count == features.COUNT
    assert bundle.manifest.features.frames == features.FRAMES
    assert bundle.model_path.is_file()


def test_copy_is_found_by_path_and_read(folder: Path, bundle: Bundle) -> None:
    copy = read_bundle(find_bundle(str(folder)))
    assert copy.path == folder
    assert copy.manifest == bundle.manifest


@pytest.mark.parametrize("name", ["wrods", "./gone", "/gone"])
def test_bundle_that_is_nowhere_is_refused_by_name(name: str) -> None:
    with pytest.raises(BundleError, match=re.escape(name)):
        find_bundle(name)


@pytest.mark.parametrize("name", ["model.json", "model.tflite"])
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert refusal(folder, name) == "No such file or directory"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"labels: []", b"\xff\xfe", b'{"name": "words",}'],
    ids=["empty", "cut", "yaml", "latin", "comma"],
)
def test_manifest_that_is_no_json_is_refused(folder: Path, content: bytes) -> None:
    (folder / "model.json").write_bytes(content)
    assert refusal(folder, "model.json").startswith("not valid JSON: ")


@pytest.mark.parametrize("content", ["[]", "7", "null", '"words"'])
def test_manifest_that_is_no_table_is_refused(folder: Path, content: str) -> None:
    (folder / "model.json").write_text(content, "utf-8")
    assert refusal(folder, "model.json").startswith("the whole ")


@pytest.mark.parametrize(
    "key", ["name", "version", "labels", "features", "temperature", "margin", "sha256", "metrics"]
)
def test_missing_key_is_named(folder: Path, key: str) -> None:
    rewrite(folder, lambda manifest: manifest.pop(key))
    assert refusal(folder, "model.json") == f"{key} is missing"


def test_missing_key_of_a_label_is_named_with_its_place(folder: Path) -> None:
    rewrite(folder, lambda manifest: manifest["labels"][3].pop("spoken"))
    assert refusal(folder, "model.json") == "labels.3.spoken is missing"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m.update(colour="red"), "colour = 'red'"),
        (lambda m: m["labels"][0].update(weight=1), "labels.0.weight = '1'"),
        (lambda m: m["labels"][2].update(threshold=2), "labels.2.threshold = '2'"),
        (lambda m: m["labels"][2].update(threshold=float("nan")), "labels.2.threshold = 'nan'"),
        (lambda m: m["labels"][1].update(gloss=""), "labels.1.gloss = ''"),
        (lambda m: m.update(labels=[]), "labels = "),
        (lambda m: m.update(labels=m["labels"][:1]), "labels = "),
        (lambda m: m.update(labels="book"), "labels = 'book'"),
        (lambda m: m.update(temperature=0), "temperature = '0'"),
        (lambda m: m.update(temperature=float("inf")), "temperature = 'inf'"),
        (lambda m: m.update(margin=-0.1), "margin = '-0.1'"),
        (lambda m: m.update(sha256="abc"), "sha256 = 'abc'"),
        (lambda m: m["features"].update(frames=0), "features.frames = '0'"),
        (lambda m: m["features"].update(fingerprint="0" * 16), "features.fingerprint = '0000"),
        (lambda m: m["features"].update(version=99), r"features.fingerprint = .*version 99"),
        (lambda m: m["labels"][5].update(m["labels"][4]), "labels names '.*' twice"),
    ],
)
def test_bad_manifest_is_refused_by_key_and_value(
    folder: Path, change: Callable[[Manifest], None], says: str
) -> None:
    rewrite(folder, change)
    assert re.match(says, refusal(folder, "model.json"))


@pytest.mark.parametrize("content", [b"", b"not a network", None], ids=["empty", "text", "cut"])
def test_network_that_is_not_the_manifests_is_refused(folder: Path, content: bytes | None) -> None:
    path = folder / "model.tflite"
    path.write_bytes(path.read_bytes()[:-1] if content is None else content)
    assert refusal(folder, "model.tflite").startswith("sha256 is ")


# TFLite itself crashes on a network that is cut short: only the hash guards against that.
def test_what_is_no_network_is_refused_though_its_hash_fits(folder: Path) -> None:
    content = b"<html>no network, but the page of a hotel's wireless</html>"
    (folder / "model.tflite").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    rewrite(folder, lambda manifest: manifest.update(sha256=digest))
    assert refusal(folder, "model.tflite").startswith("the runtime refuses this network (")


def test_labels_that_do_not_fit_the_network_are_refused(folder: Path) -> None:
    rewrite(folder, lambda manifest: manifest["labels"].pop())
    count = len(read_bundle(folder).glosses)
    message = refusal(folder, "model.tflite")
    assert f"(1, {count})" in message
    assert f"(1, {count + 1})" in message


@pytest.mark.parametrize("key", ["frames", "count"])
def test_input_that_does_not_fit_the_network_is_refused(folder: Path, key: str) -> None:
    rewrite(folder, lambda manifest: manifest["features"].update({key: 7}))
    own = {"frames": features.FRAMES, "count": features.COUNT, key: 7}
    assert f"model.json says ((1, {own['frames']}, {own['count']})" in refusal(
        folder, "model.tflite"
    )
