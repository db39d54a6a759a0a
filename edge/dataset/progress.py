"""Shows progress on standard error, with rate and time left."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

from edge.system.optional_packages import need

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Item = TypeVar("Item")


def track(
    items: Iterable[Item], total: int | None, unit: str, text: str = "", *, quiet: bool = False
) -> Iterator[Item]:
    """Yield the items with a bar; without one where standard error is no terminal, or quiet is set.

    Args:
        items: What is worked through.
        total: How many, where that is known.
        unit: Of one item, as ``clip``.
        text: What is being done.
        quiet: Whether to show nothing.

    Raises:
        DependencyError: tqdm is missing.
    """
    if quiet or not sys.stderr.isatty():
        return iter(items)
    need("tqdm")
    from tqdm import tqdm

    return iter(tqdm(items, total=total, unit=f" {unit}", desc=text or None, dynamic_ncols=True))
