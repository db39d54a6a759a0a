"""Trying a video on the page: real clips, hostile ones, and nothing left of either."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import httpx
import numpy as np
import pytest
from pages import ROOT, serving
from patience import AGES

from edge.config.settings import Settings
from edge.page.routes import trial
from edge.page.trial_clip import telling_moments
from edge.system.processes import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Signing
    from pages import Page

    from edge.recognition.bundle import Bundle

CLIPS = [
    "accident__wlasl_032__00626.mp4",
    "apple__wlasl_089__65086.mp4",
    "birthday__wlasl_009__06355.mp4",
]
"""Three people, one sign each, none of whom a threshold would have to help."""


UNENDED = b'--a\r\nContent-Disposition: form-data; name="clip"; filename="a"\r\n\r\nabc'


@pytest.fixture(scope="module")
def page(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page that takes videos of up to a megabyte and four seconds."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATE_DIRECTORY", str(folder))
        limits: dict[str, object] = {"upload_mb": 1, "upload_seconds": 4.0}
        with serving(bundle, page=limits) as page:
            yield page


@pytest.fixture(scope="module")
def client(page: Page) -> Iterator[httpx.Client]:
    """A browser."""
    with page.client() as client:
        client.timeout = httpx.Timeout(120)
        yield client


@pytest.fixture(autouse=True)
def nothing_left(page: Page) -> Iterator[None]:
    """Neither a clip nor a process is left of any request."""
    before = clips_held()  # pytest's own, which catch what is printed
    yield
    assert page.until(lambda: clips_held() == before and not children()), children()


def clips_held() -> list[str]:
    """List the files without a name that this process holds."""
    held = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except OSError:  # closed meanwhile
            continue
        if "(deleted)" in target and "memfd" not in target:
            held.append(target)
    return sorted(held)


def children() -> list[str]:
    """List this process's children that try clips."""
    own = [task / "children" for task in Path("/proc/self/task").iterdir()]
    pids = " ".join(map(told, own)).split()
    commands = [told(Path("/proc", pid, "cmdline")).replace("\0", " ") for pid in pids]
    return [command for command in commands if "trial_process" in command]


def told(path: Path) -> str:
    """Read a file of the kernel's; nothing where its thread or process has ended meanwhile."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def send(
    client: httpx.Client, content: bytes, kind: str = "video/mp4", field: str = "clip"
) -> httpx.Response:
    return client.post("/api/trial", files={field: ("../../clip.mp4", content, kind)})


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def film(path: Path, seconds: float, size: tuple[int, int] = (64, 48)) -> bytes:
    """Film a grey wall at 10 frames per second."""
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, size)
    assert video.isOpened()
    for shade in np.linspace(90, 130, round(seconds * 10)).tolist():
        video.write(np.full((size[1], size[0], 3), round(shade), np.uint8))
    video.release()
    return path.read_bytes()


# Real clips


@pytest.mark.parametrize("name", CLIPS)
def test_real_clip_has_its_word_on_top(client: httpx.Client, media: Path, name: str) -> None:
    answer = send(client, (media / "words" / name).read_bytes())
    assert answer.status_code == 200, answer.text
    told = answer.json()
    word = name.partition("__")[0]
    assert told["top"][0][:2] == [word, word]
    shares = [p for _, _, p in told["top"]]
    assert len(shares) == 10
    assert shares == sorted(shares, reverse=True)
    assert told["seconds"] == pytest.approx(told["frames"] / told["fps"], abs=0.1)
    assert (told["width"], told["height"]) == (256, 256)
    assert 2 <= len(told["key_frames"]) <= 6
    check_moments(told)
    check_segments(told, word)


def check_moments(told: dict[str, Any]) -> None:
    times = [one["time"] for one in told["key_frames"]]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= told["seconds"]
    for one in told["key_frames"]:
        assert len(one["points"]) == 75
        nose, shoulders = one["points"][0], one["points"][11:13]
        assert 0 < nose[1] < min(y for _, y in shoulders) < 1
        assert shoulders[0][0] > shoulders[1][0]  # not mirrored: the signer's left is our right


def check_segments(told: dict[str, Any], word: str) -> None:
    """Where the daemon cuts, and that what it would say is said of the same pieces."""
    assert told["segments"]
    for one in told["segments"]:
        assert 0 <= one["onset"] < one["offset"] <= told["seconds"]
        assert one["said"] == (one["reason"] == "")
    said = [one["top"][0][1] for one in told["segments"] if one["said"]]
    assert told["words"] == list(dict.fromkeys(said))
    assert set(said) <= {word}


# Refused


def test_wall_with_nobody_before_it_is_told(client: httpx.Client, tmp_path: Path) -> None:
    assert code_of(send(client, film(tmp_path / "a.mp4", 1))) == (422, "nobody")


def test_long_video_is_refused_by_its_time(client: httpx.Client, tmp_path: Path) -> None:
    answer = send(client, film(tmp_path / "a.mp4", 6))
    assert code_of(answer) == (422, "too_long")
    assert answer.json()["error"]["message"] == "The video is longer than 4 seconds."


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        (b"just text", "text/plain", (415, "wrong_type")),
        (b"just text", "video/mp4", (422, "not_a_video")),
        (b"", "video/mp4", (422, "not_a_video")),
        (b"#EXTM3U\nfile:///etc/passwd\n", "video/mp4", (422, "not_a_video")),
        (b"GIF89a" + bytes(100), "video/mp4", (422, "not_a_video")),
        (b"\0\0\0\x18ftypmp42" + os.urandom(5000), "", (422, "not_a_video")),
        (b"\x1aE\xdf\xa3" + os.urandom(5000), "video/webm", (422, "not_a_video")),
        (b"RIFF\xff\xff\xff\x7fAVI LIST" + os.urandom(5000), "video/avi", (422, "not_a_video")),
    ],
    ids=["text", "text as video", "empty", "playlist", "gif", "mp4", "webm", "avi"],
)
def test_what_is_no_video_is_refused(
    client: httpx.Client, content: bytes, kind: str, expected: tuple[int, str]
) -> None:
    assert code_of(send(client, content, kind)) == expected


def test_form_without_a_clip_is_refused(client: httpx.Client) -> None:
    assert code_of(send(client, b"x", field="other")) == (422, "no_clip")
    as_text = client.post("/api/trial", files={"clip": (None, "text")})
    assert code_of(as_text) == (422, "no_clip")
    assert code_of(client.post("/api/trial", content=b"{}")) == (415, "no_form")
    for content, kind in [
        (b"no boundary", "multipart/form-data"),
        (b"nonsense", "multipart/form-data; boundary=a"),
        (UNENDED, "multipart/form-data; boundary=a"),
        (b"--a\r\nX: y\r\n\r\n--a--", "multipart/form-data; boundary=a; charset=\x01\x02"),
    ]:
        answer = client.post("/api/trial", content=content, headers={"Content-Type": kind})
        assert answer.status_code in (400, 422), (kind, answer.text)


def test_large_upload_is_refused_before_it_has_come(page: Page, client: httpx.Client) -> None:
    """By its length where it tells one, and by count where it does not."""
    token = client.headers["X-CSRF-Token"]
    head = (
        "POST /api/trial HTTP/1.1\r\nHost: localhost\r\nX-CSRF-Token: {}\r\n"
        "Content-Type: multipart/form-data; boundary=a\r\n{}\r\n\r\n"
    )
    part = b'--a\r\nContent-Disposition: form-data; name="clip"; filename="a"\r\n\r\n'
    with socket.create_connection(("127.0.0.1", page.port), timeout=AGES) as wire:
        wire.sendall(head.format(token, "Content-Length: 900000000").encode())
        assert wire.recv(100).startswith(b"HTTP/1.1 413")
    with socket.create_connection(("127.0.0.1", page.port), timeout=AGES) as wire:
        wire.sendall(head.format(token, "Transfer-Encoding: chunked").encode())
        sent = 0
        for piece in [part] + [bytes(65_536)] * 40:
            try:
                wire.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            except ConnectionError:
                break
            sent += len(piece)
        answer = b""
        try:
            while chunk := wire.recv(4096):
                answer += chunk
        except ConnectionError:
            pass
        assert answer.startswith(b"HTTP/1.1 413") or sent < 40 * 65_536


# Browsers that go away, and others that come


def begin_upload(page: Page, token: str) -> socket.socket:
    """Send the beginning of a clip."""
    wire = socket.create_connection(("127.0.0.1", page.port), timeout=AGES)
    wire.sendall(
        f"POST /api/trial HTTP/1.1\r\nHost: localhost\r\nX-CSRF-Token: {token}\r\n"
        "Content-Type: multipart/form-data; boundary=a\r\nContent-Length: 900000\r\n\r\n"
        '--a\r\nContent-Disposition: form-data; name="clip"; filename="a"\r\n\r\n'.encode()
        + bytes(100_000)
    )
    return wire


def test_one_clip_at_a_time_and_nothing_is_left_of_one_that_is_broken_off(
    page: Page, client: httpx.Client
) -> None:
    trials: trial.Trials = page.server._app.state.trials
    before = clips_held()
    wire = begin_upload(page, client.headers["X-CSRF-Token"])
    assert page.until(lambda: trials.is_busy)
    assert code_of(send(client, b"x")) == (409, "busy")
    wire.close()
    assert page.until(lambda: not trials.is_busy and clips_held() == before)


def test_process_ends_when_the_browser_goes_away(
    page: Page, client: httpx.Client, tmp_path: Path
) -> None:
    content, before = film(tmp_path / "a.mp4", 3), clips_held()
    form = (
        b'--a\r\nContent-Disposition: form-data; name="clip"; filename="a"\r\n\r\n'
        + content
        + b"\r\n--a--\r\n"
    )
    with socket.create_connection(("127.0.0.1", page.port), timeout=AGES) as wire:
        wire.sendall(
            f"POST /api/trial HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(form)}\r\n"
            f"X-CSRF-Token: {client.headers['X-CSRF-Token']}\r\n"
            "Content-Type: multipart/form-data; boundary=a\r\n\r\n".encode()
            + form
        )
        assert page.until(lambda: bool(children()))
        assert len(clips_held()) == len(before) + 1
    assert page.until(lambda: not children(), 3)


def test_process_that_takes_too_long_is_ended(
    client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "TIME_MAX", 0.2)
    assert code_of(send(client, film(tmp_path / "a.mp4", 1))) == (422, "too_slow")


# The child


IN_LIMITS = """
import resource, sys
from edge.page.trial_process import limit
limit(5)
def told(do):
    try:
        return str(do() is not None)
    except (OSError, MemoryError) as error:
        return type(error).__name__
print(told(lambda: open(sys.argv[1], "wb", buffering=0).write(b"x")))
print(told(lambda: bytearray(10**8)), told(lambda: bytearray(10**9)))
print(resource.getrlimit(resource.RLIMIT_CPU))
"""


def test_child_writes_no_file_and_takes_limited_memory_and_time(tmp_path: Path) -> None:
    path = tmp_path / "written"
    done = subprocess.run(
        [sys.executable, "-c", IN_LIMITS, path],
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["OSError", "True MemoryError", "(5, 5)"]
    assert path.stat().st_size == 0


def test_child_gets_no_secrets(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x")
    monkeypatch.setenv("SIGN_EDGE_MQTT__USERNAME", "owner")
    assert not {"CREDENTIALS_DIRECTORY", "SIGN_EDGE_MQTT__USERNAME"} & set(environment())
    settings = Settings.model_validate({"mqtt": {"username": "owner", "password_file": "/secret"}})
    task = trial.make_task(settings, bundle.path, tmp_path)
    assert "owner" not in json.dumps(task)
    assert "/secret" not in json.dumps(task)
    assert Path(task["settings"]["segmenter"]["bundle"]).is_absolute()


# Moments


def test_moments_differ_and_come_in_order(signing: Signing) -> None:
    clip = signing.landmarks()
    moments = telling_moments(clip)
    assert 2 <= len(moments) <= 6
    times = [one.time for one in moments]
    assert times == sorted(set(times))
    assert all(np.isfinite(one.points[54, 0]) for one in moments)  # the hand is seen in each


def test_clip_without_hands_shows_its_beginning_and_end(signing: Signing) -> None:
    clip = signing.but(signs=()).landmarks()
    assert [one.time for one in telling_moments(clip)] == [clip[0].time, clip[-1].time]
    assert telling_moments(clip[:1]) == clip[:1]
