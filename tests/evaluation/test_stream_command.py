"""``evaluate --stream``: what it prints, and what it refuses."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from broker import MOSQUITTO

from edge.__main__ import main
from edge.evaluation.broker_delay import DEVICE
from edge.evaluation.report_tables import stream_table
from edge.landmarks.archive import Clip, read_clips, write_clips

if TYPE_CHECKING:
    from broker import Broker, Subscriber
    from conftest import Signing

pytestmark = pytest.mark.usefixtures("bare_environment")

PROTOTYPES = Path(__file__).resolve().parents[2] / "models" / "words" / "prototypes.npz"


@pytest.fixture
def archive(tmp_path: Path, signing: Signing) -> Path:
    """Two words and a movement that is none."""
    known = [clip for clip in read_clips(PROTOTYPES) if clip.label in ("computer", "yes")]
    movement = Clip("nosuchword", "mean", 15.0, signing.but(length=3.5).arrays()[1])
    path = tmp_path / "clips.npz"
    write_clips(path, [*known, movement])
    return path


def refusal(capfd: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    """Run evaluate --stream, which must fail so; return its one line."""
    assert main(["evaluate", "--stream", *arguments]) == code
    out, err = capfd.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("sign-edge: ")
    return line.removeprefix("sign-edge: ")


def report_of(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Run evaluate --stream --json, which must succeed; return its report."""
    assert main(["evaluate", "--stream", "--json", *arguments]) == 0
    (line,) = capfd.readouterr().out.splitlines()
    report = json.loads(line)
    assert isinstance(report, dict)
    return report


def test_report_is_one_line_of_json(archive: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options = (str(archive), "--rates", "10", "15", "--rest", "0.8", "1.2", "--seed", "3")
    report = report_of(capfd, *options)
    assert (report["model"], report["seed"], report["signs"]) == ("words", 3, 2)
    assert list(report["by_fps"]) == list(report["idle"]) == ["10", "15"]
    assert report["right"] == 1
    assert report["by_fps"]["15"].items() <= report.items()


def test_table_has_a_column_for_each_rate(archive: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options = ["--rates", "10", "15", "--rest", "0.8", "1.2", "--seed", "3"]
    assert main(["evaluate", "--stream", str(archive), *options]) == 0
    parts = capfd.readouterr().out.rstrip("\n").split("\n\n")
    figures, movement, *_ = (part.splitlines() for part in parts)
    assert figures[0].split() == ["model", "words", "10/s", "15/s"]
    rows = {line.split()[0]: line.split()[1:] for line in figures[1:]}
    assert rows["signs"] == ["2", "2"]
    assert rows["right"] == ["1.0", "1.0"]
    assert all(len(values) == 2 for values in rows.values())
    assert len({len(line) for line in figures}) == 1
    assert movement[0].startswith("other movement alone  false_words")
    assert [line.split()[0] for line in movement[1:]] == ["10/s", "15/s"]


def test_table_names_confusions_and_dashes_what_is_unknown() -> None:
    one = {"signs": 0, "found": None}
    report = {"model": "m", "by_fps": {"15": one}, "idle": None, "confused": [["book", "tree", 3]]}
    assert stream_table(report).splitlines() == [
        "model m  15/s",
        "signs       0",
        "found       -",
        "",
        "signed  taken for  signs",
        "book         tree      3",
    ]


def test_archive_of_other_movement_alone_is_reported(
    tmp_path: Path, signing: Signing, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.npz"
    write_clips(path, [Clip("nosuchword", "a", 15.0, signing.arrays()[1])])
    assert main(["evaluate", "--stream", str(path), "--rates", "15"]) == 0
    out = capfd.readouterr().out
    assert "found                     -" in out
    assert "other movement alone" in out


@pytest.mark.parametrize(
    "rest", [("-1", "2"), ("3", "1"), ("nan", "1"), ("0", "nan"), ("0", "inf"), ("0", "1e9")]
)
def test_rest_that_cannot_be_is_refused(
    archive: Path, capfd: pytest.CaptureFixture[str], rest: tuple[str, str]
) -> None:
    line = refusal(capfd, 2, str(archive), "--rates", "15", "--rest", *rest)
    assert line.startswith("--rest ")
    assert "the shortest first" in line


@pytest.mark.parametrize("rate", ["0", "nan", "-5", "inf", "0.01", "1e6"])
def test_rate_that_cannot_be_is_refused(
    archive: Path, capfd: pytest.CaptureFixture[str], rate: str
) -> None:
    line = refusal(capfd, 2, str(archive), f"--rates={rate}")
    assert line.startswith("--rates ")
    assert "frames per second" in line


def test_negative_seed_is_refused(archive: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert refusal(capfd, 2, str(archive), "--seed=-1") == "--seed -1: 0 or more"


@pytest.mark.parametrize(
    "option", [["--rates", "fast"], ["--seed", "1.5"], ["--rest", "1"], ["--rest", "a", "b"]]
)
def test_what_is_no_number_is_refused_with_the_usage(
    archive: Path, capfd: pytest.CaptureFixture[str], option: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "--stream", str(archive), *option])
    assert ended.value.code == 2
    assert option[0] in capfd.readouterr().err.splitlines()[-1]


def test_empty_missing_and_foreign_archives_are_refused(
    archive: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with np.load(archive) as whole:
        parts = {name: whole[name][:0] for name in whole.files}
    np.savez(archive, **parts)
    assert refusal(capfd, 1, str(archive)) == "no clip to make streams of"
    gone = archive.with_name("gone.npz")
    assert refusal(capfd, 1, str(gone)) == f"{gone}: no such file"
    np.savez(archive, hands=np.zeros((1, 21, 3)))
    assert "missing array" in refusal(capfd, 1, str(archive))


def test_bundles_of_the_wrong_kind_are_refused(
    archive: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rates = ("--rates", "15")
    assert "knows no sign" in refusal(capfd, 2, str(archive), *rates, "--model", "boundary")
    for name, says in (("words", "not posture"), ("gone", "gone")):
        change = f"segmenter.bundle={name}"
        assert says in refusal(capfd, 2, str(archive), *rates, "--set", change)


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (("--full",), "--full: not with --stream"),
        (("--float", "x.tflite"), "--float: not with --stream"),
    ],
)
def test_option_that_would_be_ignored_is_refused(
    archive: Path, capfd: pytest.CaptureFixture[str], extra: tuple[str, ...], says: str
) -> None:
    assert refusal(capfd, 2, str(archive), *extra) == says
    for useless in (("--seed", "0"), ("--rest", "0", "1"), ("--rates", "7"), ("--broker",)):
        assert main(["evaluate", str(archive), *useless]) == 2
        assert f"{useless[0]}: only with --stream" in capfd.readouterr().err


def test_missing_broker_is_named(archive: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    where = ("--set", "mqtt.host=127.0.0.1", "--set", f"mqtt.port={port}")
    line = refusal(capfd, 1, str(archive), "--broker", *where)
    assert line.startswith(f"the broker 127.0.0.1:{port}: ")


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_words_go_over_the_broker(
    archive: Path, broker: Broker, subscriber: Subscriber, capfd: pytest.CaptureFixture[str]
) -> None:
    where = ("--set", "mqtt.host=127.0.0.1", "--set", f"mqtt.port={broker.port}")
    report = report_of(capfd, str(archive), "--rates", "10", "--broker", *where)
    said = 2 * (report["said_right"] + report["said_wrong"]) + report["false_words"]
    assert said >= 1
    assert subscriber.wait_for_text(f"{DEVICE}/availability", "")  # nothing is left with the broker
    assert len(subscriber.texts(f"{DEVICE}/sign")) == said
    assert report["delay_with_lag_median"] > report["delay_median"]
