"""Lists and folders of videos -> manifests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from formats import failures_of

from edge.__main__ import main
from edge.dataset.manifest import read_manifest


def videos(folder: Path, *names: str) -> Path:
    """Make files that are called like videos."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def run(*arguments: object) -> int:
    """Import."""
    return main(["dataset", "import", *map(str, arguments)])


def test_folders_are_words_and_folders_in_them_signers(tmp_path: Path) -> None:
    source = videos(
        tmp_path / "data" / "clips",
        "Hello/ann/1.mp4",
        "Hello/bo/1.MOV",
        "thank_you/2.webm",
        "thank_you/notes.txt",
        "book__wlasl_023__00335.mp4",
        "stop.mp4",
    )
    output = tmp_path / "data" / "m.csv"
    assert run("folder", source, "-o", output, "--signer", "me") == 0
    found = {entry.name: entry for entry in read_manifest(output)}
    said = {name: (entry.label, entry.signer) for name, entry in found.items()}
    assert said == {
        "Hello/ann/1": ("hello", "ann"),
        "Hello/bo/1": ("hello", "bo"),
        "thank_you/2": ("thank you", "me"),
        "book__wlasl_023__00335": ("book", "wlasl_023"),
        "stop": ("stop", "me"),
    }
    assert found["Hello/bo/1"].file == "clips/Hello/bo/1.MOV"
    assert all(entry.path(output.parent).is_file() for entry in found.values())


def test_a_pattern_reads_names_of_another_kind(tmp_path: Path) -> None:
    source = videos(tmp_path / "lsa64", "001_003_002.mp4", "012_010_005.mp4")
    pattern = r"(?P<label>\d{3})_(?P<signer>\d{3})_\d{3}"
    assert run("folder", source, "-o", tmp_path / "m.csv", "--pattern", pattern) == 0
    said = [(one.label, one.signer) for one in read_manifest(tmp_path / "m.csv")]
    assert said == [("001", "003"), ("012", "010")]


def test_real_clips_are_named_after_word_and_signer(tmp_path: Path, media: Path) -> None:
    output = tmp_path / "m.csv"
    assert run("folder", media / "words", "-o", output) == 0
    entries = read_manifest(output)
    assert len(entries) == len(list((media / "words").glob("*.mp4")))
    assert all(entry.signer.startswith("wlasl_") for entry in entries)
    assert Path(entries[0].file).is_file()


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(", "not a regular expression"),
        (r"\d+", "no group (?P<label>...)"),
        (r"(?P<label>\d)(?P<mood>.)", "mood"),
        (r"(?P<label>z+)", "does not fit the pattern"),
        (r"(?P<label>z*)", "finds no label"),
    ],
)
def test_a_pattern_that_will_not_do_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pattern: str, problem: str
) -> None:
    source = videos(tmp_path / "clips", "1.mp4")
    assert run("folder", source, "-o", tmp_path / "m.csv", "--pattern", pattern) > 0
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1
    assert not (tmp_path / "m.csv").exists()


def test_a_folder_without_videos_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("folder", tmp_path, "-o", tmp_path / "m.csv") == 1
    assert f"{tmp_path}: no videos in it" in capsys.readouterr().err
    assert run("folder", tmp_path / "gone", "-o", tmp_path / "m.csv") == 1
    (tmp_path / "w.json").write_text('[{"gloss": "book", "instances": []}]')
    assert run("wlasl", tmp_path / "w.json", "-o", tmp_path / "m.csv") == 1
    assert not (tmp_path / "m.csv").exists()


def test_asl_citizens_list_is_understood_as_it_is(tmp_path: Path) -> None:
    folder = videos(tmp_path / "videos", "0037-HELLO.mp4", "0042-DOG 1.mp4")
    listing = tmp_path / "train.csv"
    listing.write_text(
        "Participant ID,Video file,Gloss,ASL-LEX Code\n"
        "P52,0037-HELLO.mp4,HELLO,B_01_092\n"
        "P6,0042-DOG 1.mp4,DOG1,C_02_014\n"
    )
    output = tmp_path / "m.csv"
    assert run("listing", listing, "--videos", folder, "--part", "train", "-o", output) == 0
    first, second = read_manifest(output)
    assert (first.label, first.signer, first.split) == ("hello", "P52", "train")
    assert second.path(tmp_path).is_file()


def test_a_list_without_a_header_has_its_columns_by_number(tmp_path: Path) -> None:
    listing = tmp_path / "train_labels.csv"
    listing.write_text("signer0_sample1,41\nsigner12_sample2,104\n")
    output = tmp_path / "m.csv"
    more = ("--label", 2, "--file", 1, "--suffix", "_color.mp4")
    pattern = r"(?P<signer>signer\d+)_"
    assert (
        run("listing", listing, "--videos", tmp_path, *more, "--pattern", pattern, "-o", output)
        == 0
    )
    said = [(one.name, one.label, one.signer, one.file) for one in read_manifest(output)]
    assert said == [
        ("signer0_sample1", "41", "signer0", "signer0_sample1_color.mp4"),
        ("signer12_sample2", "104", "signer12", "signer12_sample2_color.mp4"),
    ]


@pytest.mark.parametrize(
    ("content", "options", "problem"),
    [
        ("", (), "no lines"),
        ("a,b\n1,2\n", (), "which column is the label?"),
        ("gloss,video\nhi,\n", (), "m.csv:2: file is empty"),
        ("gloss,video\nhi\n", (), "m.csv:2: 1 values"),
        ("gloss,video\nhi,1.mp4\nbye,1.mp4\n", (), "m.csv:3: '1.mp4' is that of line 2"),
        ("gloss,video\nhi,1.mp4\n", ("--signer", "who"), "no column 'who' for signer"),
        ("hi,1.mp4\n", ("--label", "1", "--file", "7"), "file in column 7 of 2"),
    ],
)
def test_a_list_that_will_not_do_is_named(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str,
    options: tuple[str, ...],
    problem: str,
) -> None:
    listing = tmp_path / "m.csv"
    listing.write_text(content)
    output = tmp_path / "out.csv"
    assert run("listing", listing, "--videos", tmp_path, *options, "-o", output) > 0
    error = capsys.readouterr().err
    assert str(listing) in error
    assert problem in error
    assert not output.exists()


def wlasl(path: Path) -> Path:
    """Write a list as WLASL_v0.3.json is."""
    path.write_text(
        json.dumps([{"gloss": "book", "instances": [instance("69241"), instance("7")]}])
    )
    return path


def instance(video: str) -> dict[str, Any]:
    """Make an instance as WLASL describes one."""
    return {
        "bbox": [385, 37, 885, 720],
        "fps": 25,
        "frame_end": 80,
        "frame_start": 11,
        "instance_id": 0,
        "signer_id": 118,
        "source": "aslbrick",
        "split": "train",
        "url": f"http://videos.invalid/{video}.mp4",
        "variation_id": 0,
        "video_id": video,
    }


def test_wlasl_comes_with_links_and_times(tmp_path: Path) -> None:
    output = tmp_path / "m.csv"
    assert run("wlasl", wlasl(tmp_path / "w.json"), "-o", output) == 0
    first, _ = read_manifest(output)
    assert (first.label, first.signer, first.split) == ("book", "wlasl_118", "train")
    assert (first.start, first.end) == (0.4, 3.2)
    assert first.url.endswith("69241.mp4")


def test_wlasls_cut_videos_are_found_by_their_ids(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = videos(tmp_path / "videos", "69241.mp4", "other.mp4")
    output = tmp_path / "m.csv"
    source = wlasl(tmp_path / "w.json")
    assert run("wlasl", source, "--videos", folder, "--json", "-o", output) == 0
    (entry,) = read_manifest(output)
    assert entry.file == "videos/69241.mp4"
    assert (entry.start, entry.end) == (None, None)
    printed = capsys.readouterr()
    assert json.loads(printed.out)["failed"] == 1
    assert "left out 1" in printed.err
    assert failures_of(output) == [("7", "no video of this name")]
    assert run("wlasl", source, "-o", output, "--force") == 0
    assert not (tmp_path / "m.failures.csv").exists()  # nothing is missing any more


def test_ms_asl_is_a_list_of_clips(tmp_path: Path) -> None:
    source = tmp_path / "MSASL_val.json"
    sample = {
        "org_text": "match [light-a-MATCH]",
        "clean_text": "match",
        "start_time": 0.5,
        "signer_id": 4,
        "signer": 0,
        "start": 15,
        "end": 83,
        "file": "match light-a-MATCH",
        "label": 0,
        "height": 360.0,
        "fps": 30.0,
        "end_time": 2.767,
        "url": "www.videos.invalid/watch?v=1",
        "text": "match",
        "box": [0.05, 0.2, 1.0, 0.7],
        "width": 640.0,
    }
    source.write_text(json.dumps([sample]))
    assert run("ms-asl", source, "-o", tmp_path / "m.csv") == 0
    (entry,) = read_manifest(tmp_path / "m.csv")
    assert (entry.label, entry.signer, entry.split) == ("match", "msasl_004", "val")
    assert (entry.start, entry.end, entry.box) == (0.5, 2.767, (0.2, 0.05, 0.7, 1.0))


def test_a_manifest_is_replaced_only_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, output = videos(tmp_path / "clips", "hi/1.mp4"), tmp_path / "m.csv"
    output.write_text("mine")
    assert run("folder", source, "-o", output) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert output.read_text() == "mine"
    assert run("folder", source, "-o", output, "--force") == 0
    assert len(read_manifest(output)) == 1
