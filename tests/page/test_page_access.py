"""Who may see the page: login, sessions, CSRF, other sites, sizes and rates, over a real server."""

from __future__ import annotations

import io
import logging
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages import ARCHIVE, Page, serving
from patience import AGES, PROMPT
from starlette.routing import Mount, Route
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from edge.__main__ import main
from edge.config.settings import PageSettings, Settings
from edge.errors import ConfigError
from edge.page import guard, secrets
from edge.page.access import Access, is_loopback
from edge.page.routes import live
from edge.page.secrets import PASSWORD, TOKEN, hash_password, hash_token, is_password
from edge.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from edge.recognition.bundle import Bundle

WORD = "a fine long password"
TOKEN_TEXT = "a-token-for-figures"  # noqa: S105 - a test's own
OPEN = {"/", "/api/session", "/api/login", "/healthz"}
STATIC = Path(__file__).resolve().parents[2] / "edge" / "page" / "static"


@pytest.fixture(scope="module")
def line() -> str:
    """Give the password's hash, by costs that do not make the tests wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "_N", 2**10)
        patch.setattr(secrets, "_P", 1)
        return hash_password(WORD)


@pytest.fixture
def guarded(bundle: Bundle, state: Path, line: str) -> Iterator[Page]:
    """Serve a page to everybody, with a password and a token."""
    state.mkdir(parents=True)
    (state / PASSWORD).write_text(f"{line}\n")
    (state / TOKEN).write_text(f"{hash_token(TOKEN_TEXT)}\n")
    with serving(bundle, page={"host": "0.0.0.0"}) as page:  # noqa: S104 - reached by 127.0.0.1 only
        yield page


@pytest.fixture(scope="module")
def local(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Serve a page to this machine, without a password."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATE_DIRECTORY", str(tmp_path_factory.mktemp("state")))
        with serving(bundle) as page:
            yield page


def log_in(client: httpx.Client) -> None:
    """Log in as the page does."""
    answer = client.post("/api/login", json={"password": WORD})
    assert answer.status_code == 204, answer.text
    client.headers["X-CSRF-Token"] = client.get("/api/session").json()["csrf"]


def routes_of(page: Page) -> list[tuple[str, str]]:
    """List method and path of every route, with something in the place of parameters."""
    found = []
    for route in page.server.routes:
        if isinstance(route, Route):
            path = re.sub(r"{\w+(:\w+)?}", "1", route.path)
            found += [(method, path) for method in sorted(route.methods or ())]
        elif isinstance(route, Mount):
            assert route.path == "/static"
    return found


def raw(page: Page, request: bytes) -> bytes:
    """Send bytes as they are, and return the answer's first line and headers."""
    with socket.create_connection(("127.0.0.1", page.port), 5) as line:
        line.sendall(request)
        return line.recv(65536)


# Without a login


def test_page_for_others_without_a_password_ends_with_2(bundle: Bundle) -> None:
    given = {"page": {"enabled": True, "host": "0.0.0.0"}, "mqtt": {"enabled": False}}  # noqa: S104
    settings = Settings.model_validate({**given, "camera": {"source": ARCHIVE}})
    with pytest.raises(ConfigError, match="run `sign-edge page password` first") as refused:
        Pipeline(settings, bundle, lambda: (settings, bundle))
    assert refused.value.exit_code == 2


def test_every_route_is_refused_to_those_who_have_not_logged_in(guarded: Page) -> None:
    seen = set()
    with guarded.client() as client:
        for method, path in routes_of(guarded):
            seen.add(path)
            answer = client.request(method, path)
            if path in OPEN:
                assert answer.status_code != 401 or path == "/api/login", path
            else:
                assert answer.status_code == 401, (method, path)
                assert not answer.content or answer.json()["error"]["code"] == "login"
    assert {"/metrics", "/api/settings", "/api/signs", "/api/trial", "/api/teach"} <= seen


def test_unknown_paths_are_refused_like_known_ones(guarded: Page) -> None:
    with guarded.client() as client:
        for path in ("/api/nothing", "/api/settings/", "/docs", "//api/settings", "/API/settings"):
            assert client.get(path).status_code == 401, path


def test_stranger_hears_nothing_of_the_device(guarded: Page) -> None:
    guarded.controller.news.tell_problem("camera", "gone")
    with guarded.client() as client:
        session = client.get("/api/session").json()
        assert set(session) == {"authenticated", "needs_login", "csrf", "language"}
        assert session["authenticated"] is False
        assert session["needs_login"] is True
        answer = client.get("/healthz")
        assert (answer.status_code, answer.json()) == (503, {"status": "ill"})


def test_live_view_is_closed_with_4401_to_those_who_have_not_logged_in(guarded: Page) -> None:
    with connect(guarded.socket_address) as view, pytest.raises(ConnectionClosed) as closed:
        view.recv(AGES)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    assert not guarded.hub.is_watched


def test_loopback_needs_no_login_without_a_password(local: Page) -> None:
    with local.client() as client:
        session = client.get("/api/session").json()
        assert session["authenticated"] is True
        assert session["needs_login"] is False
        assert client.get("/api/settings").status_code == 200


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - that is what is tested
        ("::", False),
        ("192.168.1.5", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, is_ours: bool) -> None:
    assert is_loopback(host) is is_ours


# With one


def test_login_lets_in_until_the_logout(guarded: Page) -> None:
    with guarded.client() as client:
        log_in(client)
        assert client.get("/api/settings").status_code == 200
        assert client.get("/api/session").json()["device"] == "test"
        cookie = f"sign-edge-{guarded.port}={client.cookies[f'sign-edge-{guarded.port}']}"
        with connect(guarded.socket_address, additional_headers={"Cookie": cookie}) as view:
            assert '"hello"' in str(view.recv(AGES))
        assert client.post("/api/logout").status_code == 204
        client.headers["Cookie"] = cookie  # stolen, it is worth nothing any more
        assert client.get("/api/settings").status_code == 401


def test_live_view_ends_with_the_session(guarded: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_LOOK", 0.0)
    with guarded.client() as client:
        log_in(client)
        name = f"sign-edge-{guarded.port}"
        cookie = {"Cookie": f"{name}={client.cookies[name]}"}
        with connect(guarded.socket_address, additional_headers=cookie) as view:
            assert '"hello"' in str(view.recv(AGES))
            assert '"problem"' in str(view.recv(AGES))
            client.post("/api/logout")
            guarded.hub.tell("sign", {"event_type": "secret"})
            with pytest.raises(ConnectionClosed) as closed:
                view.recv(AGES)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_cookie_is_for_the_page_alone(guarded: Page) -> None:
    with guarded.client() as client:
        cookie = client.post("/api/login", json={"password": WORD}).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert "domain" not in cookie


def test_wrong_passwords_are_refused_and_then_any_for_a_while(guarded: Page) -> None:
    with guarded.client() as client:
        for index in range(5):
            answer = client.post("/api/login", json={"password": f"{WORD}{index}"})
            assert answer.status_code == 401
        answer = client.post("/api/login", json={"password": WORD})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "60"


def test_login_without_the_pages_token_is_not_looked_at(guarded: Page) -> None:
    with guarded.client(has_token=False) as client:
        assert client.post("/api/login", json={"password": WORD}).status_code == 403
        client.headers["X-CSRF-Token"] = client.get("/api/session").json()["csrf"]
        for body in (b"", b"{", b"[]", b'{"password": 1}', b'{"password": "x", "more": 1}'):
            assert client.post("/api/login", content=body).status_code in (400, 422)


def test_new_password_ends_every_session(guarded: Page, state: Path, line: str) -> None:
    with guarded.client() as client:
        log_in(client)
        (state / PASSWORD).write_text(line.replace(line[-8], "x" if line[-8] != "x" else "y"))
        assert client.get("/api/settings").status_code == 401


@pytest.mark.parametrize("damage", ["", "nonsense", "scrypt$1$1$1$AA==$AA=="])
def test_password_that_is_damaged_or_gone_lets_nobody_in(
    damage: str, line: str, state: Path
) -> None:
    state.mkdir(parents=True)
    (state / PASSWORD).write_text(line)
    access = Access(PageSettings())
    assert access.needs_login
    cookie, session = access.log_in(WORD, "here")
    assert access.session_of(cookie) == session
    (state / PASSWORD).write_text(damage)
    assert access.session_of(cookie) is None
    assert access.needs_login  # though it is on loopback


def test_session_ends_after_a_week(line: str, state: Path) -> None:
    state.mkdir(parents=True)
    (state / PASSWORD).write_text(line)
    now = [0.0]
    access = Access(PageSettings(), clock=lambda: now[0])
    cookie, _ = access.log_in(WORD, "here")
    now[0] = 7 * 86400 - 1
    assert access.session_of(cookie) is not None
    now[0] += 1
    assert access.session_of(cookie) is None


def test_token_shows_figures_and_nothing_else(guarded: Page) -> None:
    with guarded.client() as client:
        right, wrong = f"Bearer {TOKEN_TEXT}", f"Bearer {TOKEN_TEXT}x"
        assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 401
        answer = client.get("/metrics", headers={"Authorization": right})
        assert answer.status_code == 200
        assert "sign_edge_uptime_seconds" in answer.text
        assert client.get("/api/health", headers={"Authorization": right}).status_code == 401


def test_password_is_in_no_log_and_no_file(
    guarded: Page, state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with guarded.client() as client:
        client.post("/api/login", json={"password": f"{WORD} wrong"})
        log_in(client)
        logs = client.get("/api/logs").text
    assert "a login at the page failed" in logs
    assert WORD not in logs + caplog.text
    assert all(WORD.encode() not in path.read_bytes() for path in state.iterdir() if path.is_file())


# Other sites


@pytest.mark.parametrize("token", [None, "", "wrong", "ü"])
def test_nothing_changes_without_the_token_of_the_session(local: Page, token: str | None) -> None:
    given = {} if token is None else {b"X-CSRF-Token": token.encode()}
    with local.client(has_token=False) as client:
        answer = client.put("/api/settings/volume", json={"value": 7}, headers=given)
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "csrf"
    assert local.controller.profile.settings.speech.volume != 7


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},  # a name server of theirs says that it is us
        {"Host": "127.0.0.1.evil.example"},
        {"Host": ""},
        {"Host": "[::1"},
    ],
)
def test_other_sites_get_nothing(local: Page, headers: dict[str, str]) -> None:
    with local.client() as client:
        for method, path in (("GET", "/api/session"), ("POST", "/api/command"), ("GET", "/")):
            answer = client.request(method, path, headers=headers)
            assert answer.status_code in (400, 403), (method, path)


@pytest.mark.parametrize(
    "lines",
    [
        "Host: localhost\r\nOrigin: http://evil.example\r\n",
        "Host: localhost\r\nOrigin: null\r\n",
        "Host: evil.example\r\nOrigin: http://evil.example\r\n",
    ],
)
def test_other_sites_cannot_watch(local: Page, lines: str) -> None:
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13"
    upgrade = f"Connection: Upgrade\r\nUpgrade: websocket\r\n{key}\r\n\r\n"
    answer = raw(local, f"GET /api/live HTTP/1.1\r\n{lines}{upgrade}".encode())
    assert answer.split()[1] == b"403"


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1", "[::1]:8470", "LOCALHOST"])
def test_this_machine_may_go_by_each_of_its_names(local: Page, host: str) -> None:
    with local.client() as client:
        answer = client.get("/api/session", headers={"Host": host, "Origin": f"http://{host}"})
    assert answer.status_code == 200


# Headers, paths, sizes, rates


def test_every_answer_bears_the_headers_of_safety(guarded: Page) -> None:
    with guarded.client() as client:
        paths = ["/", "/static/none.js", "/api/session", "/api/settings", "/healthz", "/nothing"]
        paths += [f"/static/{p.name}" for p in sorted(STATIC.iterdir()) if p.is_file()][:2]
        for path in paths:
            headers = client.get(path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["permissions-policy"].startswith("camera=(self)")
            assert "server" not in headers
            assert "access-control-allow-origin" not in headers
            wanted = "no-store" if path.startswith(("/api", "/healthz")) else "no-cache"
            assert headers["cache-control"] == wanted, path


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/../../settings.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2f%2e%2e%2fsettings.py",
        "/static//etc/passwd",
        "/static/%2fetc/passwd",
        "/static/%00",
        "/static/..\\app.py",
    ],
)
def test_no_path_leads_out_of_the_folder_of_the_page(local: Page, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = raw(local, request.encode())
    assert answer.split()[1] in (b"404", b"400"), answer[:200]
    assert b"import" not in answer
    assert b"root:" not in answer


def test_large_requests_are_refused_with_and_without_their_length(local: Page) -> None:
    much = b"x" * 70_000
    with local.client() as client:
        answer = client.put("/api/settings/volume", content=much)
        assert answer.status_code == 413
        answer = client.put("/api/settings/volume", content=io.BytesIO(much))
        assert answer.status_code == 413


def test_answer_reaches_them_who_still_send(local: Page) -> None:
    with local.client() as client:
        token = client.headers["X-CSRF-Token"]
    rest = b"x" * 2_000_000
    head = f"Host: localhost\r\nX-CSRF-Token: {token}\r\nContent-Length: {len(rest)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", local.port), timeout=AGES) as connection:
        connection.sendall(f"PUT /api/settings/volume HTTP/1.1\r\n{head}".encode())
        time.sleep(0.3)  # the answer has been sent
        connection.sendall(rest)
        answer = connection.recv(65_536)
    assert answer.split()[1] == b"413"


def test_slow_request_is_given_up(local: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_BODY_TIME", 0.2)
    with local.client() as client:
        token = client.headers["X-CSRF-Token"]
    head = f"Host: localhost\r\nX-CSRF-Token: {token}\r\nContent-Length: 9\r\n\r\n{{"
    begun = time.monotonic()
    answer = raw(local, f"PUT /api/settings/volume HTTP/1.1\r\n{head}".encode())
    assert answer.split()[1] == b"408"
    assert time.monotonic() - begun < PROMPT


def test_many_requests_are_refused_but_not_the_pages_files(bundle: Bundle) -> None:
    with serving(bundle, page={"request_rate": 60}) as page, page.client() as client:
        statuses = [client.get("/api/session").status_code for _ in range(80)]
        assert statuses[:20] == [200] * 20
        assert statuses[-1] == 429
        assert client.get("/static/none").status_code == 404


def test_page_is_encrypted_where_it_has_a_certificate(
    bundle: Bundle, state: Path, tmp_path: Path, line: str
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key", tmp_path / "crt"
    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    files = ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=localhost"]
    subprocess.run(["openssl", *new, *files], check=True, capture_output=True)
    state.mkdir(parents=True)
    (state / PASSWORD).write_text(line)
    given = {"cert_file": str(certificate), "key_file": str(key)}
    with serving(bundle, page=given) as page, page.client() as client:
        cookie = client.post("/api/login", json={"password": WORD}).headers["set-cookie"]
        assert cookie.startswith("__Host-sign-edge=")
        assert "secure" in cookie.lower()
        assert client.get("/api/settings").status_code == 200
    key.write_text("no key")
    with pytest.raises(ConfigError, match=r"page\.cert_file"), serving(bundle, page=given):
        pass


# The command


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Give what is piped into the command."""
    lines = io.StringIO()
    monkeypatch.setattr("sys.stdin", lines)
    return lines


@pytest.mark.usefixtures("bare_environment")
def test_command_keeps_a_hash_that_its_owner_alone_may_read(
    typed: io.StringIO, state: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "secrets" / "page"
    typed.write(f"{WORD}\n")
    typed.seek(0)
    assert main(["page", "password", f"--set=page.password_file={path}"]) == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert WORD not in path.read_text() + capsys.readouterr().err
    assert is_password(WORD, path.read_text().strip())
    assert not is_password(f"{WORD} ", path.read_text().strip())
    assert not state.exists()


@pytest.mark.usefixtures("bare_environment")
@pytest.mark.parametrize("word", ["", "short", "x" * 201])
def test_command_refuses_passwords_of_the_wrong_length(
    typed: io.StringIO, word: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    typed.write(f"{word}\n")
    typed.seek(0)
    assert main(["page", "password", f"--set=page.password_file={tmp_path / 'page'}"]) == 2
    assert "8 to 200 characters" in capsys.readouterr().err
    assert not (tmp_path / "page").exists()


@pytest.mark.usefixtures("bare_environment")
def test_command_prints_a_token_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "token"
    assert main(["page", "token", f"--set=page.token_file={path}"]) == 0
    token = capsys.readouterr().out.strip()
    assert len(token) > 40
    assert path.read_text().strip() == hash_token(token)
    assert path.stat().st_mode & 0o777 == 0o600


def test_file_that_is_set_and_missing_ends_with_2() -> None:
    with pytest.raises(ConfigError, match=r"page\.password_file = /nowhere: No such file"):
        Access(PageSettings(password_file="/nowhere"))  # noqa: S106 - a path
