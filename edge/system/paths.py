"""Where the program keeps what must outlive it, and where its children find it."""

from __future__ import annotations

import os
from pathlib import Path


def state_folder() -> Path:
    """Name the service's state folder, as systemd gives it, else the user's; it need not exist."""
    if service := os.environ.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(service)
    user = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(user, "sign-edge").expanduser()


def python_path() -> str:
    """Give the PYTHONPATH by which a Python child finds this very program, wherever it starts."""
    package = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
