"""The page's languages: each has every text, and every text is used."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "edge" / "page" / "static"
TEXTS = STATIC / "i18n"
PLACES = re.compile(r"\{(\w+)\}")


def read(name: str) -> dict[str, str]:
    texts = json.loads((TEXTS / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(texts, dict)
    return texts


def others() -> list[str]:
    return sorted(set(read("languages")) - {"en"})


def test_every_language_is_listed_with_its_own_name() -> None:
    files = {path.stem for path in TEXTS.glob("*.json")} - {"languages"}
    assert files == set(read("languages"))
    assert {"en", "es"} <= files


@pytest.mark.parametrize("name", others())
def test_language_has_every_text_and_fills_in_the_same(name: str) -> None:
    english, other = read("en"), read(name)
    assert sorted(english) == sorted(other)
    for key, text in other.items():
        assert text.strip(), key
        assert set(PLACES.findall(text)) == set(PLACES.findall(english[key])), key


def test_every_text_that_the_modules_ask_for_is_there_and_no_other() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in STATIC.rglob("*.js"))
    plain = set(re.findall(r'"([a-z_]+\.[a-z_]+(?:\.[a-z]+)?)"', code))
    parts = {f"{part}.{what}" for part in _parts(code) for what in ("title", "tab")}
    made = set(re.findall(r"`([a-z_]+\.)\$\{", code)) | {"said."}
    keys = set(read("en"))
    counted = {key.removesuffix(".one") for key in keys if key.endswith(".one")}
    stems = keys - {f"{key}.{form}" for key in counted for form in ("one", "other")} | counted
    asked = set(re.findall(r'\bt\(\s*"([^"]+)"', code))
    assert asked <= stems
    unused = {
        stem for stem in stems - plain - parts if not any(stem.startswith(one) for one in made)
    }
    assert not unused


def test_page_loads_nothing_from_elsewhere_and_has_no_inline_code() -> None:
    for path in (*STATIC.rglob("*.js"), STATIC / "index.html", STATIC / "page.css"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), path
        assert "innerHTML" not in text, path
    index = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)", index)


def _parts(code: str) -> list[str]:
    listed = re.search(r"const PARTS = \[(.*?)\]", code)
    assert listed
    return re.findall(r'"(\w+)"', listed.group(1))
