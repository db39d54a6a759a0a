"""Texts from outside, made safe."""

from __future__ import annotations

import unicodedata
from typing import Final

MAX_TEXT: Final = 200  # characters


def clean(text: str) -> str:
    """Make a text safe to hand to an engine: one line, no control characters, not too long."""
    kept = (" " if unicodedata.category(mark)[0] in "CZ" else mark for mark in text)
    # Two brackets would have espeak read phonemes.
    return " ".join("".join(kept).replace("[[", " ").split())[:MAX_TEXT].strip()
