"""Whether the best guess for a clip is its gloss; for measure/clips and measure/tracker."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from media import gloss_of

from edge.recognition.bundle import find_bundle, read_bundle

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Verdict:
    """On one clip."""

    path: Path
    """Its file."""

    top: list[tuple[str, float]]
    """Guesses with their probabilities, best first."""

    @property
    def is_first(self) -> bool:
        """Whether the best guess is right."""
        return self.top[0][0] == gloss_of(self.path)

    @property
    def is_in_five(self) -> bool:
        """Whether it is among the first five."""
        return gloss_of(self.path) in [word for word, _ in self.top[:5]]


def judge(folder: Path, bundle: str, *settings: str) -> list[Verdict]:
    """Classify every clip of a folder whose gloss a bundle knows (`sign-edge classify`).

    Args:
        folder: Of the clips.
        bundle: By name or path.
        settings: SECTION.KEY=VALUE each.
    """
    known = set(read_bundle(find_bundle(bundle)).glosses)
    paths = sorted(p for p in folder.iterdir() if p.is_file() and gloss_of(p) in known)
    if not paths:
        sys.exit(f"{folder}: no clip whose gloss {bundle} knows")
    command = [sys.executable, "-m", "edge", "classify", "--json", "--model", bundle]
    command += [part for setting in settings for part in ("--set", setting)]
    result = subprocess.run(
        [*command, *map(str, paths)], stdout=subprocess.PIPE, text=True, check=False
    )
    if result.returncode:
        sys.exit(result.returncode)
    lines = result.stdout.splitlines()
    return [
        Verdict(path, [tuple(pair) for pair in json.loads(line)["top"]])
        for path, line in zip(paths, lines, strict=True)
    ]
