"""Where the program keeps what must outlive it."""

from __future__ import annotations

import os
from pathlib import Path


def state_folder() -> Path:
    """Name the service's state folder, as systemd gives it, else the user's; it need not exist."""
    if service := os.environ.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(service)
    user = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(user, "sign-edge").expanduser()
