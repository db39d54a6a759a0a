"""Parses and recognises an uploaded clip in a child process, with limits.

It takes a JSON object on standard input (see Task) and answers with one on standard output: what
``try_clip`` gives, or ``{"error": {"code", "message"}}``. A damaged or hostile file can at worst
end this process: it writes no file, gets limited memory and time, and its video reader opens
nothing but the one descriptor that it was handed.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from edge.config.settings import Settings
from edge.errors import EdgeError

MEMORY_MAX: Final = 640 * 2**20
"""Bytes of data; with MediaPipe and the networks 290 MiB are in use."""
_FILES_MAX: Final = 128
READER_OPTIONS: Final = "protocol_whitelist;file|format_whitelist;mov,matroska,avi"
"""For OpenCV's FFmpeg: no playlists, which name other files and hosts."""


class Task(BaseModel):
    """What the child is to do."""

    model_config = ConfigDict(extra="forbid")

    descriptor: Annotated[int, Field(ge=0)]
    """The open file of the clip."""

    seconds_max: Annotated[float, Field(gt=0)]
    """Length beyond which the clip is refused."""

    cpu_max: Annotated[int, Field(gt=0)]
    """Seconds of processor time."""

    settings: Settings
    """The daemon's."""


def limit(cpu_max: int) -> None:
    """Take from this process what reading a clip does not need."""
    _yield_to_others()
    sys.dont_write_bytecode = True
    limits = {
        resource.RLIMIT_FSIZE: 0,  # pipes do not count
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: cpu_max,
        resource.RLIMIT_DATA: MEMORY_MAX,
        resource.RLIMIT_NOFILE: _FILES_MAX,
    }
    for what, most in limits.items():
        hard = resource.getrlimit(what)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (value, value))


def answer(task: Task) -> dict[str, Any]:
    """Try the clip; what is wrong with it is an answer too."""
    from edge.page.trial_clip import TrialError, try_clip
    from edge.recognition.bundle import find_bundle, read_bundle

    try:
        bundle = read_bundle(find_bundle(task.settings.classifier.bundle))
        path = Path(f"/proc/self/fd/{task.descriptor}")
        return try_clip(path, task.settings, bundle, task.seconds_max)
    except TrialError as error:
        return _fault(error.code, str(error))
    except MemoryError:
        return _fault("not_a_video", "This file is not a video that can be read.")
    except EdgeError:
        return _fault("unavailable", "The models that are needed do not work on this device.")


def main() -> None:
    """Do one task."""
    task = Task.model_validate_json(sys.stdin.buffer.read())
    # The libraries print what they like; standard output is for the answer alone.
    out = os.dup(1)
    os.dup2(2, 1)
    limit(task.cpu_max)
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = READER_OPTIONS
    with os.fdopen(out, "w", encoding="utf-8") as file:
        json.dump(answer(task), file, allow_nan=False)


def _yield_to_others() -> None:
    # The daemon goes on recognising, and where memory runs out this is what ends. A systemd unit
    # may forbid the former.
    with contextlib.suppress(OSError):
        os.nice(10)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _fault(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


if __name__ == "__main__":
    main()
