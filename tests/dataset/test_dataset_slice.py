"""Slices of WLASL and MS-ASL, from JSON as the data sets give it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge.__main__ import main
from edge.dataset.fetching.catalogues import read_catalogue
from edge.dataset.manifest import read_manifest
from edge.errors import ArchiveError, ConfigError

pytestmark = pytest.mark.usefixtures("bare_environment")


def instance(video: str, **changes: object) -> dict[str, object]:
    """Make an instance with every key that WLASL_v0.3.json gives one."""
    made: dict[str, object] = {
        "bbox": [385, 37, 885, 720],
        "fps": 25,
        "frame_end": -1,
        "frame_start": 1,
        "instance_id": 0,
        "signer_id": 118,
        "source": "aslbrick",
        "split": "train",
        "url": f"http://videos.example.org/{video}.mp4",
        "variation_id": 0,
        "video_id": video,
    }
    return made | changes


WLASL: list[dict[str, Any]] = [
    {
        "gloss": "book",
        "instances": [
            instance("69241"),
            instance("07069", frame_start=26, frame_end=75, split="val", signer_id=9),
        ],
    },
    {"gloss": "Drink", "instances": [instance("69302", variation_id=1, split="test")]},
    {"gloss": "computer", "instances": [instance("12306")]},
]


def sample(label: int, text: str, **changes: object) -> dict[str, object]:
    """Make a clip with every key that MSASL_train.json gives one."""
    made: dict[str, object] = {
        "org_text": f"{text} (sign)",
        "clean_text": text,
        "start_time": 0.0,
        "signer_id": 38,
        "signer": 52,
        "start": 0,
        "end": 92,
        "file": f"{text} in American Sign Language",
        "label": label,
        "height": 270.0,
        "fps": 29.917,
        "end_time": 3.075,
        "url": "www.youtube.example/watch?v=3aXS3keR8oY",
        "text": text,
        "box": [0.013679355382919312, 0.18594351410865784, 1.0, 0.7082176208496094],
        "width": 480.0,
    }
    return made | changes


def stored(folder: Path, name: str, rows: object) -> Path:
    path = folder / name
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def test_wlasl_gives_its_first_classes(tmp_path: Path) -> None:
    entries = read_catalogue([stored(tmp_path, "WLASL_v0.3.json", WLASL)], 2)
    assert [(one.name, one.label) for one in entries] == [
        ("69241", "book"),
        ("07069", "book"),
        ("69302", "drink"),
    ]
    first, second, third = entries
    assert (first.signer, first.split) == ("wlasl_118", "train")
    assert (first.start, first.end) == (None, None)
    assert (second.start, second.end) == (1.0, 3.0)  # frames 26 to 75 at 25 a second
    assert (second.signer, second.split) == ("wlasl_009", "val")
    assert third.extra == {"bbox_px": "385 37 885 720", "variation": "1"}


def test_msasl_gives_its_first_classes_of_all_its_files(tmp_path: Path) -> None:
    train = [sample(1, "nice"), sample(0, "hello", start_time=2.5), sample(7, "beer")]
    val = [sample(0, "hello", signer_id=4, box=None)]
    paths = [
        stored(tmp_path, "MSASL_train.json", train),
        stored(tmp_path, "MSASL_val.json", val),
    ]
    entries = read_catalogue(paths, 2)
    assert [(one.name, one.label, one.split) for one in entries] == [
        ("msasl_train_00000", "nice", "train"),
        ("msasl_train_00001", "hello", "train"),
        ("msasl_val_00000", "hello", "val"),
    ]
    nice, hello, other = entries
    assert nice.url == "https://www.youtube.example/watch?v=3aXS3keR8oY"
    assert (hello.start, hello.end, hello.fps) == (2.5, 3.075, 29.917)
    assert nice.box == pytest.approx((0.18594, 0.01368, 0.70822, 1.0), abs=1e-5)
    assert (other.signer, other.box) == ("msasl_004", None)


def test_names_do_not_depend_on_how_many_classes_are_kept(tmp_path: Path) -> None:
    path = stored(tmp_path, "MSASL_test.json", [sample(5, "e"), sample(0, "a")])
    assert {one.name for one in read_catalogue([path], 1)} <= {
        one.name for one in read_catalogue([path])
    }


def test_clip_that_is_listed_wrongly_is_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [sample(0, "a", start_time=3.0, end_time=2.0), sample(0, "a")]
    assert len(read_catalogue([stored(tmp_path, "MSASL_train.json", rows)])) == 1
    assert "msasl_train_00000 ends at 2 s, before it starts; left out" in caplog.text
    caplog.clear()
    twice = [{"gloss": "a", "instances": [instance("1"), instance("1")]}]
    assert len(read_catalogue([stored(tmp_path, "w.json", twice)])) == 1
    assert "1 stands there twice; left out" in caplog.text


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"gloss": "a"}, r"x\.json: the whole = "),
        ([], r"x\.json: neither WLASL"),
        ([{"word": "a"}], r"x\.json: neither WLASL.* holds \['word'\]"),
        ([{"gloss": "a", "instances": [{}]}], r"x\.json: 0\.instances\.0\.video_id is missing"),
        ([sample(-1, "a")], r"x\.json: 0\.label = '-1'"),
        ([sample(0, "a"), sample(0, "a", box=[1, 2])], r"x\.json: 1\.box"),
    ],
)
def test_fault_names_file_place_and_value(tmp_path: Path, rows: object, message: str) -> None:
    with pytest.raises(ArchiveError, match=message):
        read_catalogue([stored(tmp_path, "x.json", rows)])


def test_what_cannot_be_sliced_is_refused(tmp_path: Path) -> None:
    path = stored(tmp_path, "w.json", WLASL)
    with pytest.raises(ConfigError, match=r"w\.json: holds 3 classes; 100 are wanted"):
        read_catalogue([path], 100)
    with pytest.raises(ConfigError, match="is named twice"):
        read_catalogue([path, path])
    (tmp_path / "cut.json").write_text(json.dumps(WLASL)[:50])
    with pytest.raises(ArchiveError, match=r"cut\.json: the whole = .*invalid JSON"):
        read_catalogue([tmp_path / "cut.json"])
    with pytest.raises(ArchiveError, match=r"gone\.json: no such file"):
        read_catalogue([tmp_path / "gone.json"])


def test_command_writes_a_manifest_and_says_what_is_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = stored(tmp_path, "w.json", WLASL)
    arguments = ["dataset", "slice", str(path), "--classes", "2", "-o", "m.csv"]
    assert main([*arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"manifest": "m.csv", "clips": 3, "classes": 2, "signers": 2, "videos": 3}
    assert [one.name for one in read_manifest(Path("m.csv"))] == ["69241", "07069", "69302"]
    assert main(arguments) == 2
    assert "m.csv: exists already; --force replaces it" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0
