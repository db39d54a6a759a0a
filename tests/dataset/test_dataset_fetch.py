"""Fetching: a real server that breaks off, errs and stalls, and what becomes of the clips."""

from __future__ import annotations

import csv
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from clipserver import ClipServer, Page, write_video
from extras import needs, require

from edge.__main__ import main
from edge.camera.recordings import Video, quiet_opencv
from edge.dataset.fetching.cutting import cut_clip
from edge.dataset.fetching.downloads import Limits, download
from edge.dataset.fetching.sites import download_from_site, is_site
from edge.dataset.manifest import Entry, read_manifest, write_manifest
from edge.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [needs("av"), pytest.mark.usefixtures("bare_environment")]

ROOT = Path(__file__).resolve().parents[2]
QUICK = Limits(timeout=0.5, retries=3, backoff=0.01)


@pytest.fixture
def server() -> Iterator[ClipServer]:
    server = ClipServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds, 50 frames."""
    return write_video(tmp_path_factory.mktemp("film") / "film.mp4", 50).read_bytes()


def get(server: ClipServer, target: Path, path: str = "/a.mp4", limits: Limits = QUICK) -> None:
    download(server.url(path), target, limits, threading.Event())


def brightness(path: Path) -> list[int]:
    """Return each frame's brightness as write_video gave it, without its errors."""
    return [round(float(image.mean()) / 4) for _, image in Video(path, 25.0).play()]


# one file


def test_file_arrives_whole(server: ClipServer, film: bytes, tmp_path: Path) -> None:
    server.pages["/a.mp4"] = Page(film)
    get(server, tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == film
    assert [one.name for one in tmp_path.glob("a*")] == ["a.mp4"]


def test_broken_answers_go_on_where_they_were(
    server: ClipServer, film: bytes, tmp_path: Path
) -> None:
    server.pages["/a.mp4"] = Page(film, cuts=[1000, 500, 300])
    get(server, tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == film
    assert [wanted for _, wanted in server.asked] == [
        "",
        "bytes=1000-",
        "bytes=1500-",
        "bytes=1800-",
    ]
    assert server.sent == len(film)


def test_server_without_ranges_is_asked_for_all_again(
    server: ClipServer, film: bytes, tmp_path: Path
) -> None:
    server.pages["/a.mp4"] = Page(film, cuts=[1000], has_ranges=False)
    get(server, tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == film
    assert server.sent == len(film) + 1000


def test_file_that_changed_meanwhile_is_not_glued_together(
    server: ClipServer, film: bytes, tmp_path: Path
) -> None:
    server.pages["/a.mp4"] = Page(b"x" * 5000, cuts=[1000, 0, 0, 0, 0])
    with pytest.raises(SourceError, match="cut off after 1000 of 5000 bytes"):
        get(server, tmp_path / "a.mp4")
    server.pages["/a.mp4"] = Page(film, tag='"2"')
    get(server, tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == film


def test_errors_that_pass_are_tried_again(server: ClipServer, film: bytes, tmp_path: Path) -> None:
    server.pages["/a.mp4"] = Page(film, codes=[500, 503, 429])
    get(server, tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == film
    assert len(server.asked) == 4


def test_server_that_stalls_is_asked_again(server: ClipServer, film: bytes, tmp_path: Path) -> None:
    server.pages["/a.mp4"] = Page(film, stalls=[700])
    get(server, tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == film
    assert server.asked[1][1] == "bytes=700-"


@pytest.mark.parametrize(
    ("page", "limits", "message", "requests"),
    [
        (None, QUICK, r"a\.mp4: HTTP 404 Not Found", 1),
        (Page(codes=[410]), QUICK, "HTTP 410 Gone", 1),
        (Page(codes=[500] * 9), QUICK, "HTTP 500 .*given up after 4 tries", 4),
        (Page(b"<html>", kind="text/html"), QUICK, "answers with a page", 1),
        (Page(b"x" * 2000), Limits(bytes_max=1000), "larger than the 0.001 MB of --max-mb", 1),
        (Page(location="file:///etc/passwd"), QUICK, "HTTP 302|not allowed|unknown", None),
    ],
)
def test_what_is_not_to_be_had_is_said_once(
    server: ClipServer,
    tmp_path: Path,
    page: Page | None,
    limits: Limits,
    message: str,
    requests: int | None,
) -> None:
    if page is not None:
        server.pages["/a.mp4"] = page
    with pytest.raises(SourceError, match=message):
        get(server, tmp_path / "a.mp4", limits=limits)
    assert requests is None or len(server.asked) == requests
    assert not (tmp_path / "a.mp4").exists()


def test_nobody_at_home_and_other_schemes_are_errors(server: ClipServer, tmp_path: Path) -> None:
    gone = server.url("/a.mp4")
    server.close()
    with pytest.raises(SourceError, match=r"no answer .*refused"):
        download(gone, tmp_path / "a", QUICK, threading.Event())
    with pytest.raises(SourceError, match="neither http nor https"):
        download("file:///etc/passwd", tmp_path / "a", QUICK, threading.Event())


# sites


def test_sites_are_told_from_files() -> None:
    require("yt_dlp")
    assert is_site("https://www.youtube.com/watch?v=3aXS3keR8oY")
    assert not is_site("https://example.org/media/7/book.mp4?x=1")
    assert not is_site("https://example.org/media/7/book")


def test_site_download_takes_a_video_and_refuses_the_rest(
    server: ClipServer, film: bytes, tmp_path: Path
) -> None:
    require("yt_dlp")
    server.pages["/a.mp4"] = Page(film)
    download_from_site(server.url("/a.mp4"), tmp_path / "100% a.mp4", QUICK)
    assert (tmp_path / "100% a.mp4").read_bytes() == film
    with pytest.raises(SourceError, match="404"):
        download_from_site(server.url("/b.mp4"), tmp_path / "b.mp4", Limits(retries=0))
    with pytest.raises(SourceError, match="larger than"):
        download_from_site(server.url("/a.mp4"), tmp_path / "c.mp4", Limits(bytes_max=100))


# cuts


def test_cut_holds_the_frames_from_start_to_end(film: bytes, tmp_path: Path) -> None:
    source = tmp_path / "film.mp4"
    source.write_bytes(film)
    assert cut_clip(source, tmp_path / "cut.mp4", 0.4, 1.2) == 20
    assert brightness(tmp_path / "cut.mp4") == pytest.approx(range(10, 30), abs=1)
    times = [time for time, _ in Video(tmp_path / "cut.mp4", 25.0).play()]
    assert times == pytest.approx([index / 25 for index in range(20)], abs=1e-3)


def test_cut_without_end_goes_to_the_end_and_keeps_odd_sizes(tmp_path: Path) -> None:
    source = write_video(tmp_path / "odd.avi", 30, (65, 49))
    assert cut_clip(source, tmp_path / "cut.mp4", 1.0, None) == 5
    assert len(brightness(tmp_path / "cut.mp4")) == 5


def test_cut_of_a_phones_video_stands_upright(tmp_path: Path) -> None:
    """The file says: a quarter turn to the right; its pictures are bright at the top left."""
    source = tmp_path / "phone.mp4"
    quiet_opencv()
    writer = cv2.VideoWriter(str(source), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (96, 64))
    picture = np.zeros((64, 96, 3), dtype=np.uint8)
    picture[:20, :30] = 255
    for _ in range(10):
        writer.write(picture)
    writer.release()
    straight = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    turned = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 64 * 0x10000, 0, 0x40000000)
    content = source.read_bytes()
    at = content.index(straight, content.index(b"tkhd"))
    source.write_bytes(content[:at] + turned + content[at + len(turned) :])
    cut_clip(source, tmp_path / "cut.mp4", 0.0, 0.2)
    for path in (source, tmp_path / "cut.mp4"):
        _, image = next(iter(Video(path, 25.0).play()))
        assert image.shape == (96, 64, 3)
        assert image[5:25, -15:].mean() > 200  # at the top right
        assert image[5:25, :15].mean() < 50


def test_same_cut_gives_the_same_bytes(film: bytes, tmp_path: Path) -> None:
    source = tmp_path / "film.mp4"
    source.write_bytes(film)
    for name in ("a.mp4", "b.mp4"):
        cut_clip(source, tmp_path / name, 0.5, 1.0)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no video at all", "not a video, or damaged"), (b"", "not a video, or damaged")],
)
def test_what_cannot_be_cut_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(SourceError, match=message):
        cut_clip(tmp_path / "a.mp4", tmp_path / "b.mp4", 0.0, 1.0)


def test_cut_beyond_the_end_is_an_error(film: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(film)
    with pytest.raises(SourceError, match=r"a\.mp4: nothing from 9 s on"):
        cut_clip(tmp_path / "a.mp4", tmp_path / "b.mp4", 9.0, 10.0)


# manifests


def fetch(folder: Path, entries: list[Entry], *options: str) -> int:
    """Run the command on a manifest; the result is out/m.csv."""
    write_manifest(folder / "m.csv", entries)
    output = folder / "out" / "m.csv"
    return main(
        ["dataset", "fetch", str(folder / "m.csv"), "-o", str(output), "--timeout", "1", *options]
    )


def test_manifest_is_fetched_cut_and_reported(
    server: ClipServer, film: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.pages["/a.mp4"] = Page(film)
    server.pages["/b.webm"] = Page(film)
    server.pages["/junk.mp4"] = Page(b"junk" * 100)
    (tmp_path / "own.mp4").write_bytes(film)
    entries = [
        Entry("1", "book", "p1", "train", server.url("/a.mp4"), start=0.2, end=0.6),
        Entry("2", "drink", url=server.url("/a.mp4"), start=1.0, extra={"variation": "3"}),
        Entry("3/../x", "eat", url=server.url("/b.webm")),
        Entry("4", "gone", url=server.url("/gone.mp4")),
        Entry("5", "junk", url=server.url("/junk.mp4")),
        Entry("6", "late", url=server.url("/a.mp4"), start=7.0),
        Entry("7", "own", file="own.mp4", start=0.4),
    ]
    assert fetch(tmp_path, entries, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["clips"], said["failed"]) == (4, 3)
    kept = {one.name: one for one in read_manifest(tmp_path / "out" / "m.csv")}
    assert list(kept) == ["1", "2", "3/../x", "7"]
    first = kept["1"]
    assert (first.label, first.signer, first.split) == ("book", "p1", "train")
    assert (first.start, first.end) == (None, None)
    assert len(brightness(first.path(tmp_path / "out"))) == 10
    assert len(brightness(kept["2"].path(tmp_path / "out"))) == 25
    assert kept["2"].extra == {"variation": "3"}
    assert kept["3/../x"].path(tmp_path / "out").read_bytes() == film
    assert kept["3/../x"].file.startswith("clips/3_.._x-")
    assert (kept["7"].path(tmp_path / "out").read_bytes(), kept["7"].start) == (film, 0.4)
    assert sum(path == "/a.mp4" for path, _ in server.asked) == 1
    with (tmp_path / "out" / "m.failures.csv").open(newline="") as file:
        reasons = {row["name"]: row["reason"] for row in csv.DictReader(file)}
    assert "HTTP 404" in reasons["4"]
    assert "no video" in reasons["5"]
    assert "nothing from 7 s on" in reasons["6"]


def test_second_run_fetches_only_what_failed(
    server: ClipServer, film: bytes, tmp_path: Path
) -> None:
    server.pages["/a.mp4"] = Page(film)
    entries = [
        Entry("1", "book", url=server.url("/a.mp4")),
        Entry("2", "drink", url=server.url("/b.mp4"), start=0.2),
    ]
    assert fetch(tmp_path, entries) == 0
    assert fetch(tmp_path, entries) == 2  # there is an output already
    server.pages["/b.mp4"] = Page(film)
    server.asked.clear()
    assert fetch(tmp_path, entries, "--force") == 0
    assert [path for path, _ in server.asked] == ["/b.mp4"]
    assert len(read_manifest(tmp_path / "out" / "m.csv")) == 2
    assert not (tmp_path / "out" / "m.failures.csv").exists()
    assert not (tmp_path / "out" / "videos").exists()


def test_failures_are_a_manifest_of_their_own(server: ClipServer, tmp_path: Path) -> None:
    entry = Entry("1", "book", url=server.url("/a.mp4"), start=0.2, end=1.0)
    assert fetch(tmp_path, [entry]) == 1
    (again,) = read_manifest(tmp_path / "out" / "m.failures.csv")
    assert (again.url, again.start, again.end) == (entry.url, 0.2, 1.0)
    assert again.extra["reason"].endswith("HTTP 404 Not Found")


def test_killed_fetch_goes_on_within_the_file(
    server: ClipServer, film: bytes, tmp_path: Path
) -> None:
    server.pages["/a.mp4"] = Page(film, stalls=[2000])
    write_manifest(tmp_path / "m.csv", [Entry("1", "book", url=server.url("/a.mp4"))])
    command = [sys.executable, "-m", "edge", "dataset", "fetch", "m.csv", "-o", "out/m.csv"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment) as process:
        part = tmp_path / "out" / "videos"
        until = time.monotonic() + 60
        while sum(one.stat().st_size for one in part.glob("*.part")) < 2000:
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "out" / "m.csv").exists()
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=120)
    assert server.asked[-1] == ("/a.mp4", "bytes=2000-")
    (entry,) = read_manifest(tmp_path / "out" / "m.csv")
    assert entry.path(tmp_path / "out").read_bytes() == film
