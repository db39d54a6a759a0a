"""Asks the kernel, as another user, which files that user may reach."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from edge.system.processes import environment

if TYPE_CHECKING:
    import pwd
    from collections.abc import Sequence
    from pathlib import Path

# A shell, because every user may run one; this very Python may lie where only root can go.
_ASK: Final = """
while [ $# -gt 0 ]; do
    may=yes
    case $1 in *r*) [ -r "$2" ] || may=no ;; esac
    case $1 in *w*) [ -w "$2" ] || may=no ;; esac
    case $1 in *x*) [ -x "$2" ] || may=no ;; esac
    echo "$may"
    shift 2
done
"""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that the service must reach."""

    path: Path
    """Where it is."""

    modes: str
    """r, w, x, or several of them."""

    purpose: str
    """What it is, for the owner."""


def out_of_reach(
    needs: Sequence[Need], entry: pwd.struct_passwd, groups: Sequence[int]
) -> list[Need]:
    """Return what a user may not reach; of others than oneself, only root may ask.

    Args:
        needs: What is wanted.
        entry: The user.
        groups: Numbers of all groups that the user has.
    """
    is_other = entry.pw_uid != os.getuid()
    rights: dict[str, Any] = {
        "user": entry.pw_uid,
        "group": entry.pw_gid,
        "extra_groups": list(groups),
    }
    arguments = [part for need in needs for part in (need.modes, str(need.path))]
    done = subprocess.run(
        ["/bin/sh", "-c", _ASK, "reach", *arguments],
        capture_output=True,
        check=True,
        cwd="/",
        env=environment(),
        text=True,
        **(rights if is_other else {}),
    )
    answers = done.stdout.split()
    return [need for need, may in zip(needs, answers, strict=True) if may == "no"]
