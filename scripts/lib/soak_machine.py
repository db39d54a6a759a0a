"""Install the package, run its unit on a video camera and note what it takes; run by soak --unit.

Runs inside the booted machine, as root, by the system's Python: soak_machine.py VIDEO MINUTES.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from soak_rows import watch
from systemd_machine import (
    PASSWORD,
    PATIENCE,
    ROOT,
    SECRET,
    UNIT,
    VENV,
    configure,
    heard,
    pid,
    run,
    start_broker,
    wait,
)

WHEELS = ROOT / ".cache" / "wheels" / "amd64"
PORT = "8099"
"""Of the camera, on a loopback of the machine's own."""


def main(video: str, minutes: float) -> None:
    run("groupadd", "--force", "--system", "render")
    Path("/usr/sbin/policy-rc.d").unlink(missing_ok=True)  # container images forbid services
    start_broker()
    package = run(f"{ROOT}/deploy/build-deb", "--output", "/tmp").stdout.strip()  # noqa: S108
    run("dpkg", "-i", package, SIGN_EDGE_WHEELS=str(WHEELS))
    run("install", "-m", "600", "/dev/stdin", str(SECRET), text=PASSWORD)
    film = (str(VENV / "python"), f"{ROOT}/scripts/make/film", video, PORT)
    run("systemd-run", "--unit=film", "--collect", *film)
    configure(source=f"http://127.0.0.1:{PORT}/")
    begun = time.time()
    run("systemctl", "restart", UNIT)
    wait(lambda: heard("/sign", begun), "words of the film are in the broker", PATIENCE)
    counted = len(heard("/sign"))

    def delays() -> list[float]:
        nonlocal counted
        words = heard("/sign")
        newer, counted = words[counted:], len(words)
        return [float(json.loads(word)["latency_ms"]) for word in newer]

    for row in watch(minutes, pid, delays):
        print(f"row {row.line()}", flush=True)
    print(run("systemctl", "status", "--no-pager", UNIT, check=False).stdout)
    print(run("journalctl", "--no-pager", "-u", UNIT, "-n", "40").stdout)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
