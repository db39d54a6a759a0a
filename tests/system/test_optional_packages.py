"""Packages of extras: named where they are missing, and not imported where they are there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from edge.__main__ import main
from edge.errors import DependencyError
from edge.system.optional_packages import need

if TYPE_CHECKING:
    from pathlib import Path


def test_first_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(DependencyError, match=r"^the page needs uvicorn: .*--extras web$"):
        need("json", "uvicorn", "starlette", extra="web", purpose="the page")


def test_looking_for_a_package_does_not_import_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "heavy.py").write_text("raise RuntimeError\n")
    monkeypatch.syspath_prepend(tmp_path)
    need("heavy")


@pytest.mark.parametrize("missing", ["tensorflow", "matplotlib"])
def test_training_says_what_it_lacks_before_it_begins(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for package in ("tensorflow", "matplotlib"):
        module = None if package == missing else sys.modules[__name__]
        monkeypatch.setitem(sys.modules, package, module)
    assert main(["train", "none.toml"]) == 2
    error = capsys.readouterr().err
    assert error == f"sign-edge: training needs {missing}: scripts/setup --extras train\n"
