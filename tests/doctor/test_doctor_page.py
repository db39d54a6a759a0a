"""What the doctor says of the page."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from extras import needs

from edge.config.settings import Settings
from edge.doctor.page import check_page
from edge.page.secrets import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

HASH = "scrypt$1024$8$1$AAAAAAAAAAAAAAAAAAAAAA==$" + "A" * 43 + "="


def settings(**page: object) -> Settings:
    return Settings.model_validate({"page": {"enabled": True, **page}})


def test_page_that_is_off_is_no_fault() -> None:
    assert check_page(Settings()).text == "off"


@needs("starlette", "uvicorn")
def test_page_of_this_machine_needs_nothing_more() -> None:
    finding = check_page(settings())
    assert finding.ok
    assert finding.text == "http://127.0.0.1:8470, without a password"
    assert finding.advice == ""


@needs("starlette", "uvicorn")
def test_page_for_others_needs_a_password_and_had_better_be_encrypted(state: Path) -> None:
    finding = check_page(settings(host="192.168.1.5"))
    assert not finding.ok
    assert "sign-edge page password" in finding.advice
    state.mkdir(parents=True)
    (state / PASSWORD).write_text(HASH)
    finding = check_page(settings(host="192.168.1.5"))
    assert finding.ok
    assert finding.text == "http://192.168.1.5:8470, with a password"
    assert "page.cert_file" in finding.advice


@needs("starlette", "uvicorn")
def test_missing_package_and_certificate_are_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = check_page(settings(cert_file="/none.crt", key_file="/none.key"))
    assert not finding.ok
    assert "page.cert_file = /none.crt" in finding.text
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    finding = check_page(settings())
    assert not finding.ok
    assert "needs uvicorn" in finding.text
    assert "--extras web" in finding.advice
