"""The page's thread: taken ports, missing packages, its end; and no page unless it is wanted."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from broker import free_port
from pages import ARCHIVE, serving
from patience import AGES, PROMPT
from websockets.sync.client import connect

from edge.config.settings import Settings
from edge.page import server, start

if TYPE_CHECKING:
    from edge.recognition.bundle import Bundle

ROOT = Path(__file__).resolve().parents[2]


def python(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=AGES,
        check=False,
    )


def test_page_is_off_and_local_by_default() -> None:
    page = Settings().page
    assert not page.enabled
    assert page.host == "127.0.0.1"
    assert start.make_hub(Settings()) is None


def test_device_without_a_page_imports_nothing_of_it() -> None:
    program = (
        "import sys\n"
        "import edge.commands.run, edge.pipeline\n"
        "found = {'starlette', 'uvicorn', 'websockets', 'prometheus_client', 'asyncio',\n"
        "         'edge.page.hub', 'edge.page.app'} & set(sys.modules)\n"
        "sys.exit(f'imported: {found}' if found else 0)\n"
    )
    done = python(program)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("package", ["starlette", "prometheus_client"])
def test_page_without_its_packages_ends_with_2(package: str) -> None:
    program = (
        f"import sys\nsys.modules[{package!r}] = None\n"
        "from edge.__main__ import main\n"
        "given = ['--set=page.enabled=true', '--set=mqtt.enabled=false']\n"
        f"sys.exit(main(['run', '--source={ARCHIVE}#yes', *given]))\n"
    )
    done = python(program)
    assert done.returncode == 2, done.stderr
    assert f"page.enabled = true needs {package}: scripts/setup --extras web" in done.stderr


def test_taken_port_is_a_problem_until_it_is_free(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_RETRY", 0.1)
    with serving(bundle) as page:
        port = free_port()
        settings = page.settings.model_copy(
            update={"page": page.settings.page.model_copy(update={"port": port})}
        )
        with socket.create_server(("127.0.0.1", port)):
            second = start.make_server(settings, page.hub, page.controller, dict, list)
            thread = threading.Thread(target=second.run, name="page")
            thread.start()
            assert page.until(lambda: "in use" in second.problem)
            assert f"page.port = {port}" in second.problem
        assert page.until(lambda: not second.problem)
        second.close()
        thread.join(AGES)
        assert not thread.is_alive()


def test_page_whose_loop_hangs_is_a_problem(bundle: Bundle) -> None:
    with serving(bundle) as page:
        assert page.server.problem == ""
        page.server._heart._due = time.monotonic() - 1
        assert page.server.problem == "the page does not answer"
        assert page.until(lambda: page.server.problem == "")  # it does, after all


def test_end_is_quick_though_somebody_watches_and_another_asks(bundle: Bundle) -> None:
    with serving(bundle) as page, connect(page.socket_address) as view:
        view.recv(AGES)
        with socket.create_connection(("127.0.0.1", page.port)) as asking:
            asking.sendall(b"PUT /api/settings/volume HTTP/1.1\r\nHost: localhost\r\n")
            begun = time.monotonic()
            page.close()
            assert time.monotonic() - begun < PROMPT
    assert not [one for one in threading.enumerate() if one.name == "page"]


def test_client_that_spoils_its_own_connection_is_no_error_of_ours(
    bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(bundle) as page:
        with socket.create_connection(("127.0.0.1", page.port), timeout=AGES) as wire:
            wire.sendall(
                b"GET /api/nothing HTTP/1.1\r\nHost: localhost\r\n"
                b"Transfer-Encoding: chunked\r\n\r\nno number\r\n"
            )
            assert wire.recv(4096).startswith(b"HTTP/1.1 400 ")
        with socket.create_connection(("127.0.0.1", page.port), timeout=AGES) as wire:
            wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert wire.recv(4096).startswith(b"HTTP/1.1 ")
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
