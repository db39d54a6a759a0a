"""Which tests need an extra: they are skipped where it is not installed, and say how to get it."""

from __future__ import annotations

import re
from collections import Counter
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

_EXTRAS: Final = {
    "PIL": "train",
    "av": "train",
    "distributed": "train",
    "matplotlib": "train",
    "pose_format": "train",
    "prometheus_client": "web",
    "pyarrow": "train",
    "python_multipart": "web",
    "starlette": "web",
    "systemd": "systemd",
    "tensorflow": "train",
    "tqdm": "train",
    "uvicorn": "web",
    "websockets": "web",
    "yt_dlp": "train",
}
"""The extra of pyproject.toml that brings a package."""
WEB: Final = ("prometheus_client", "python_multipart", "starlette", "uvicorn", "websockets")
"""What the page cannot do without."""


def needs(*packages: str) -> pytest.MarkDecorator:
    """Make the mark of tests that need packages of an extra; it imports none of them."""
    missing = _missing(packages)
    if missing:  # not skipif, which pytest lists test by test and not by file
        return pytest.mark.skip(reason=_reason(missing))
    return pytest.mark.skipif(condition=False, reason="nothing is missing")


def require(*packages: str) -> None:
    """Skip the test, or the file of tests that is being imported, where a package is missing."""
    missing = _missing(packages)
    if missing:
        pytest.skip(_reason(missing), allow_module_level=True)


def missed(reasons: Iterable[str]) -> Counter[str]:
    """Count, by extra, what was skipped for want of it."""
    found = (re.search(r"scripts/test --extras (\w+)", reason) for reason in reasons)
    return Counter(match[1] for match in found if match)


def _missing(packages: tuple[str, ...]) -> list[str]:
    return [name for name in packages if find_spec(name) is None]


def _reason(missing: list[str]) -> str:
    extra = _EXTRAS[missing[0]]
    return f"{missing[0]} is not installed: scripts/test --extras {extra}"
