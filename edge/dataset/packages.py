"""Packages of the extra train, which a device does without."""

from __future__ import annotations

import importlib.util

from edge.errors import DependencyError


def need(*modules: str) -> None:
    """Refuse to go on without these modules.

    Raises:
        DependencyError: Naming the first that is missing and how to get it.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise DependencyError(f"this needs {module}: scripts/setup --extras train")
