"""What the installed service promises, each checked by a function; run by scripts/prove/systemd.

Runs inside the booted machine, as root, by the system's Python.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

from systemd_machine import (
    CLONE,
    CONFIG,
    PASSWORD,
    PATIENCE,
    ROOT,
    SECRET,
    STATE,
    UNIT,
    VENV,
    clip,
    configure,
    files,
    heard,
    is_active,
    login,
    pid,
    problem,
    promise,
    publish,
    run,
    show,
    start_broker,
    status_text,
    teach,
    wait,
)

PACKAGED = [
    "edge",
    "models",
    "deploy",
    "docs",
    "scripts",
    "config.toml",
    "constraints.txt",
    "pyproject.toml",
]
PACKAGED += ["README.md", "CHANGELOG.md", "LICENSE"]
BACK = ["offline", "online"]
"""What the broker hears of a service that died and was started again."""
WHEELS = ROOT / ".cache" / "wheels" / "amd64"


def main() -> None:
    begun = time.monotonic()
    # A board has the group, as it has udev; what is there before is not ours to remove.
    run("groupadd", "--force", "--system", "render")
    # Container images forbid services to start; boards do not.
    Path("/usr/sbin/policy-rc.d").unlink(missing_ok=True)
    # A copy, as the clone outside may be worked on meanwhile.
    CLONE.mkdir()
    run("cp", "-r", *(f"{ROOT}/{name}" for name in PACKAGED), str(CLONE))
    before = files()
    start_broker()
    for keeps in (
        installs_and_starts_without_camera_and_sound,
        is_hardened,
        publishes_words_of_a_video,
        keeps_the_password_to_itself,
        reloads,
        is_started_again_by_the_watchdog,
        is_started_again_after_a_kill,
        gives_up_after_five_failures,
        is_not_started_again_with_a_bad_configuration,
        finds_a_camera_that_appears_later,
        stops_in_order,
        keeps_what_is_the_owners_over_an_upgrade,
    ):
        keeps()
    leaves_nothing_behind(before)
    print(f"prove/systemd: all kept, {time.monotonic() - begun:.0f} s")


def installs_and_starts_without_camera_and_sound() -> None:
    package = run(f"{CLONE}/deploy/build-deb", "--output", "/tmp").stdout.strip()  # noqa: S108
    begun = time.monotonic()
    run("dpkg", "-i", package, SIGN_EDGE_WHEELS=str(WHEELS))
    took = time.monotonic() - begun
    promise(is_active(), "dpkg -i without a network installs and starts", f"{took:.0f} s")
    ready = float(show("ActiveEnterTimestampMonotonic")) - float(
        show("ExecMainStartTimestampMonotonic")
    )
    promise(
        ready > 0,
        "READY with neither camera nor sound card",
        f"{ready / 1e6:.1f} s after its start",
    )
    promise("no camera" in status_text(10), "its status names the camera", status_text(0))
    promise(
        show("Type") == "notify" and show("WatchdogUSec") == "30s",
        "Type, WatchdogSec",
        "notify, 30s",
    )
    again = run(f"{CLONE}/deploy/install.sh", "--wheels", str(WHEELS))
    promise(
        "is installed already" in again.stderr,
        "install.sh changes nothing the second time",
        again.stderr,
    )


def is_hardened() -> None:
    text = run("systemd-analyze", "security", "--no-pager", UNIT).stdout
    score = float(re.search(r"exposure level for \S+: ([\d.]+)", text)[1])
    promise(score <= 2.0, "systemd-analyze security is at most 2.0", str(score))
    groups = run("id", "-nG", "sign-edge").stdout.split()
    promise(
        {"video", "audio", "render"} <= set(groups), "its own user has the groups", " ".join(groups)
    )
    own = Path(f"/proc/{pid()}/status").read_text()
    uid = int(re.search(r"Uid:\s+(\d+)", own)[1])
    promise(uid == int(run("id", "-u", "sign-edge").stdout), "it runs as that user", f"uid {uid}")
    capabilities = re.search(r"CapBnd:\s+(\w+)", own)[1]
    promise(int(capabilities, 16) == 0, "it has no capabilities", capabilities)


def publishes_words_of_a_video() -> None:
    run("install", "-m", "600", "/dev/stdin", str(SECRET), text=PASSWORD)
    configure(source=str(clip("drink")))
    begun = time.time()
    run("systemctl", "restart", UNIT)
    promise(is_active(), "restarts with a video for its source", status_text(0))
    wait(lambda: heard("/availability", begun) == ["online"], "it is online, by the password")
    wait(lambda: heard("/sign", begun), "words of a video are in the broker", PATIENCE)
    word = json.loads(heard("/sign", begun)[0])
    promise(
        word["event_type"] == "drink",
        "they are right",
        f"{word['event_type']}, {word['latency_ms']} ms after the sign",
    )
    journal = run("journalctl", "-u", UNIT, "--no-pager", "-o", "verbose").stdout
    promise(
        "drink" not in journal.replace(str(clip("drink")), ""),
        "nothing recognised is in the journal",
        f"{len(journal.splitlines())} lines",
    )
    seen = Path(f"/proc/{pid()}/root/proc/cpuinfo")
    promise(seen.exists(), "XNNPACK sees the processor", "/proc/cpuinfo is there")


def keeps_the_password_to_itself() -> None:
    copy = Path("/run/credentials") / UNIT / "mqtt-password"
    for path in (SECRET, copy):
        asked = run("runuser", "-u", "nobody", "--", "cat", str(path), check=False)
        promise(asked.returncode != 0, f"others cannot read {path}", asked.stderr)
    promise(
        oct(SECRET.stat().st_mode & 0o777) == "0o600" and SECRET.stat().st_uid == 0,
        "the file is root's",
        "0600",
    )
    asked = run("runuser", "-u", "sign-edge", "--", "cat", str(SECRET), check=False)
    promise(asked.returncode != 0, "not even the service's user reads the file", asked.stderr)
    places = [
        Path(f"/proc/{pid()}/{name}").read_bytes().decode() for name in ("environ", "cmdline")
    ]
    places += [run("journalctl", "--no-pager").stdout, run("systemctl", "show", UNIT).stdout]
    places += [
        path.read_bytes().decode(errors="replace") for path in STATE.rglob("*") if path.is_file()
    ]
    promise(
        not any(PASSWORD in place for place in places),
        "it is in no environment, journal, property or state",
        f"{len(places)} places",
    )


def reloads() -> None:
    process, begun = pid(), time.time()
    configure(source=str(clip("drink")), more="[composer]\ncooldown = 2.5\n")
    run("systemctl", "reload", UNIT)
    wait(lambda: heard("/cooldown/state", begun) == ["2.5"], "systemctl reload applies")
    promise(pid() == process, "it is the same process", str(process))


def is_started_again_by_the_watchdog() -> None:
    process, begun, restarts = pid(), time.time(), int(show("NRestarts"))
    run("kill", "-STOP", str(process))
    wait(
        lambda: pid() not in (0, process) and is_active(0),
        "SIGSTOP: the watchdog starts it again",
        30 + 10 + PATIENCE,
    )
    journal = run(
        "journalctl", "-u", UNIT, "--no-pager", "-o", "short-unix", f"--since=@{int(begun)}"
    ).stdout
    fired = float(re.search(r"^(\S+) .*Watchdog timeout", journal, re.MULTILINE)[1]) - begun
    promise(fired <= 30.5, "the watchdog fires within its 30 s", f"{fired:.1f} s")
    promise(int(show("NRestarts")) == restarts + 1, "systemd counts one restart", show("NRestarts"))
    promise(
        "Current thread" in journal or "Thread 0x" in journal,
        "the stacks are in the journal",
        "by faulthandler",
    )
    wait(lambda: heard("/availability", begun) == BACK, "its will said offline, now it is online")


def is_started_again_after_a_kill() -> None:
    process, begun = pid(), time.time()
    run("kill", "-KILL", str(process))
    wait(lambda: pid() not in (0, process) and is_active(0), "kill -9: it is started again")
    wait(lambda: heard("/availability", begun) == BACK, "its will said offline, now it is online")


def gives_up_after_five_failures() -> None:
    drop_in = Path(f"/etc/systemd/system/{UNIT}.d/quick.conf")
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nRestartSec=100ms\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "reset-failed", UNIT)
    kills = 0
    while show("ActiveState") != "failed" and kills < 9:
        if process := pid():
            run("kill", "-KILL", str(process), check=False)
            kills += 1
        time.sleep(0.3)
    promise(
        show("ActiveState") == "failed",
        "failures in a row are not repeated for ever",
        f"given up after {kills}",
    )
    drop_in.unlink()
    drop_in.parent.rmdir()
    run("systemctl", "daemon-reload")
    run("systemctl", "reset-failed", UNIT)
    run("systemctl", "start", UNIT)


def is_not_started_again_with_a_bad_configuration() -> None:
    good = CONFIG.read_text()
    CONFIG.write_text(good.replace("[camera]", '[camera]\nfps = "fast"'))
    run("systemctl", "restart", UNIT, check=False)
    wait(lambda: show("ActiveState") == "failed", "a bad configuration fails")
    time.sleep(7)  # two more than RestartSec
    facts = {key: show(key) for key in ("ActiveState", "ExecMainStatus", "NRestarts")}
    promise(
        list(facts.values()) == ["failed", "2", "0"],
        "it ends with 2 and is not started again",
        str(facts),
    )
    last = run("journalctl", "-u", UNIT, "--no-pager", "-o", "cat", "-n", "20").stdout
    found = re.search(rf"{CONFIG}:2: camera\.fps.*", last)
    promise(bool(found), "the journal names file, line and key", found[0] if found else last)
    CONFIG.write_text(good)


def finds_a_camera_that_appears_later() -> None:
    configure(source="http://127.0.0.1:8090/")
    run("systemctl", "reset-failed", UNIT)
    begun = time.time()
    run("systemctl", "start", UNIT)
    promise(is_active(), "READY while the camera is missing", status_text(0))
    wait(lambda: "camera" in problem(begun), "the broker hears that the camera is missing")
    appeared = time.time()
    run(
        "systemd-run",
        "--unit=film",
        "--collect",
        str(VENV / "python"),
        f"{ROOT}/scripts/make/film",
        str(clip("drink")),
        "8090",
    )
    wait(lambda: "camera" not in problem(begun), "the camera appears and is taken up")
    wait(lambda: heard("/sign", appeared), "its words are in the broker", PATIENCE)
    wait(lambda: "speech" in problem(begun), "the broker hears that there is no sound device")
    promise(show("NRestarts") == "0", "all that without a restart", "NRestarts 0")
    run("systemctl", "stop", "film")


def stops_in_order() -> None:
    begun, told = time.monotonic(), time.time()
    run("systemctl", "stop", UNIT)
    took = time.monotonic() - begun
    promise(took < 5, "systemctl stop takes less than 5 s", f"{took:.1f} s")
    wait(lambda: heard("/availability", told) == ["offline"], "the broker has offline")
    promise(
        show("Result") == "success" and show("ExecMainStatus") == "0",
        "it ended well",
        f"{show('Result')}, exit code 0",
    )


def keeps_what_is_the_owners_over_an_upgrade() -> None:
    teach("good night")
    configure(
        source=f"archive:{ROOT}/models/words/prototypes.npz#yes,no", more="[camera]\nloop = true\n"
    )
    begun = time.time()
    run("systemctl", "start", UNIT)
    # Commands sent before it listens would be nobody's.
    wait(lambda: heard("/availability", begun)[-1:] == ["online"], "it is online again")
    publish("volume/set", "35")
    wait(
        lambda: heard("/volume/state", begun)[-1:] == ["35"], "the owner chooses a volume over MQTT"
    )
    module = CLONE / "edge" / "__init__.py"
    module.write_text(re.sub(r'"(\d[^"]*)"', r'"\1.post1"', module.read_text()))
    kept = {path: path.read_bytes() for path in (CONFIG, SECRET)}
    begun = time.time()
    upgrade = run(f"{CLONE}/deploy/install.sh", "--wheels", str(WHEELS))
    took = time.time() - begun
    promise(is_active(), "install.sh upgrades a running service", f"{took:.0f} s")
    started = time.time() - time.monotonic() + int(show("ExecMainStartTimestampMonotonic")) / 1e6
    version = run("sign-edge", "--version").stdout.split()[-1]
    promise(version.endswith(".post1"), "the new version runs", version)
    promise(
        all(path.read_bytes() == content for path, content in kept.items()),
        "configuration and password are kept",
        upgrade.stderr,
    )
    signs = run("runuser", "-u", "sign-edge", "--", "sign-edge", "signs").stdout
    promise("good night" in signs, "the taught sign is kept", "good night")
    wait(lambda: heard("/volume/state", started)[-1:] == ["35"], "the choice is kept")
    wait(lambda: heard("/sign", started), "words again", PATIENCE)
    promise(show("UnitFileState") == "enabled", "it starts at boot", show("UnitFileState"))


def leaves_nothing_behind(before: set[str]) -> None:
    run(f"{CLONE}/deploy/install.sh", "--uninstall")
    left = sorted(files() - before)
    promise(not left, "purge leaves no file", f"of {len(before)}" if not left else str(left[:20]))
    asked = [run("getent", kind, "sign-edge", check=False) for kind in ("passwd", "group")]
    known = "".join(answer.stdout for answer in asked)
    promise(not known, "nor user, nor group", known)
    promise(show("LoadState") in ("not-found", "masked"), "nor unit", show("LoadState"))
    asked = run(
        "mosquitto_sub", *login(), "-t", "#", "-v", "-W", "1", "--retained-only", check=False
    )
    promise(
        asked.returncode == 27 and not asked.stdout, "nor anything in the broker", asked.stdout
    )  # 27: it waited in vain
    gone = run(f"{CLONE}/deploy/install.sh", "--uninstall")
    promise("not installed" in gone.stderr, "and there is nothing more to remove", gone.stderr)


if __name__ == "__main__":
    main()
