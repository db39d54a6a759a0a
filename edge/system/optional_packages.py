"""Names the packages that are missing because an extra is not installed, before work begins."""

from __future__ import annotations

import importlib.util

from edge.errors import DependencyError


def need(*modules: str, extra: str = "train", purpose: str = "this") -> None:
    """Refuse to go on without these modules; imports none of them.

    Args:
        modules: Their names.
        extra: The extra that brings them.
        purpose: What needs them; the error begins with it.

    Raises:
        DependencyError: Naming the first that is missing and how to get it.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise DependencyError(f"{purpose} needs {module}: scripts/setup --extras {extra}")
