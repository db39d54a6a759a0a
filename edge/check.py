"""Names every fault of an installation, each with what to do about it.

What needs NumPy or OpenCV is imported where it is used: a missing package is a finding, too.
"""

from __future__ import annotations

import platform
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.credentials import read_login, tls_context
from edge.errors import ConfigError, EdgeError
from edge.speaker import FILE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from edge.config import CameraSettings, MqttSettings, Settings, SpeechSettings

MEDIAPIPE: Final = "0.10.18"
"""The last release with the graphs and models inside, for 64-bit Arm."""
CAMERA_TIME: Final = 5.0
"""Seconds for a camera's first picture and its frame rate."""
_CAMERA_ENOUGH: Final = 2.0
"""Seconds of pictures from which the frame rate is told."""
_BROKER_TIME: Final = 2.0
_PROGRAM_TIME: Final = 10.0
_DARK: Final = 40
"""Mean brightness, of 255, below which MediaPipe loses hands."""
_HOT: Final = 80.0
"""Degrees Celsius; a Raspberry Pi slows down from here on."""
_MEMORY_MB: Final = 450
"""What landmarks and classifier need."""
_OPENCV: Final = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
_RUNTIMES: Final = ("tflite-runtime", "ai-edge-litert")
_THROTTLED: Final = {
    0x1: "too little voltage",
    0x2: "clock capped",
    0x4: "throttled",
    0x8: "near the heat limit",
    0x10000: "too little voltage since start",
    0x40000: "slowed down since start",
}
_REINSTALL: Final = "run scripts/setup again, or in the virtual environment: "


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    area: str
    """python, packages, config, model, camera, sound, broker or board."""

    ok: bool
    """Whether it will do."""

    text: str
    """What is."""

    advice: str
    """What to do; empty where nothing need be done."""


def run_checks(settings: Settings) -> list[Finding]:
    """Look at everything; takes up to ten seconds, most of them for the camera."""
    return [
        check_python(),
        *check_packages(),
        check_config(settings),
        *(check_model(*one) for one in _bundles(settings)),
        check_camera(settings.camera, least_fps=settings.segmenter.min_fps),
        check_sound(settings.speech),
        check_broker(settings.mqtt),
        *check_board(),
    ]


def check_python(
    version: Sequence[int] = sys.version_info[:3], pointer_bytes: int = struct.calcsize("P")
) -> Finding:
    """Look at the interpreter: 3.10 to 3.12, 64 bits."""
    text = f"Python {'.'.join(map(str, version))}, {8 * pointer_bytes} bits"
    if pointer_bytes != struct.calcsize("q"):
        return Finding(
            "python", False, text, "install a 64-bit system; MediaPipe has no 32-bit packages"
        )
    if not (3, 10) <= tuple(version[:2]) <= (3, 12):
        advice = "run PYTHON=python3.11 scripts/setup; MediaPipe needs Python 3.10, 3.11 or 3.12"
        return Finding("python", False, text, advice)
    return Finding("python", True, text, "")


def check_packages(path: Sequence[str] | None = None) -> list[Finding]:
    """Look for packages that are missing or clash.

    Args:
        path: Folders to look in; sys.path by default.
    """
    installed = _installed(sys.path if path is None else path)
    faults = [
        *_opencv_faults(installed),
        *_runtime_faults(installed),
        *_mediapipe_faults(installed),
    ]
    if faults:
        return [Finding("packages", False, text, advice) for text, advice in faults]
    names = ("mediapipe", "numpy", "protobuf", *_RUNTIMES, *_OPENCV)
    found = [f"{name} {installed[name]}" for name in names if name in installed]
    return [Finding("packages", True, ", ".join(found), "")]


def _installed(path: Sequence[str]) -> dict[str, str]:
    """Name and version of each distribution; of two with one name, the one that is imported."""
    installed: dict[str, str] = {}
    for distribution in metadata.distributions(path=list(path)):
        name = distribution.metadata["Name"]
        if name:  # a broken installation leaves nameless ones
            installed.setdefault(re.sub(r"[-_.]+", "-", name).lower(), distribution.version)
    return installed


def _opencv_faults(installed: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    found = [name for name in _OPENCV if name in installed]
    if not found:
        yield "OpenCV is missing", f"{_REINSTALL}pip install 'opencv-python-headless<4.12'"
    remove = f"pip uninstall {' '.join(found)}, then pip install 'opencv-python-headless<4.12'"
    if len(found) > 1:
        yield f"{' and '.join(found)} overwrite each other's cv2", f"{_REINSTALL}{remove}"
    elif found == ["opencv-contrib-python"]:
        yield "opencv-contrib-python needs a desktop's libGL", f"{_REINSTALL}{remove}"


def _runtime_faults(installed: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    numpy = installed.get("numpy")
    if numpy is None:
        yield "numpy is missing", f"{_REINSTALL}pip install 'numpy<2'"
    elif _major(numpy) >= 2 and (
        users := [name for name in ("tflite-runtime", "mediapipe") if name in installed]
    ):
        text = f"numpy {numpy} does not work with {' and '.join(users)}"
        yield text, f"{_REINSTALL}pip install 'numpy<2'"
    if not any(name in installed for name in _RUNTIMES):
        package = "tflite-runtime==2.14.0" if sys.version_info < (3, 12) else "ai-edge-litert"
        yield (
            "neither tflite-runtime nor ai-edge-litert is there",
            f"{_REINSTALL}pip install {package}",
        )


def _mediapipe_faults(installed: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    version = installed.get("mediapipe")
    if version != MEDIAPIPE:
        text = f"mediapipe is {version}, not {MEDIAPIPE}" if version else "mediapipe is missing"
        yield text, f"{_REINSTALL}pip install --no-deps mediapipe=={MEDIAPIPE}"
    protobuf = installed.get("protobuf")
    if protobuf is None or _major(protobuf) >= 5:
        text = f"protobuf {protobuf} is too new" if protobuf else "protobuf is missing"
        yield f"{text} for mediapipe", f"{_REINSTALL}pip install 'protobuf>=4.25.3,<5'"


def _major(version: str) -> int:
    found = re.match(r"\d+", version)
    return int(found[0]) if found else 0


def check_config(settings: Settings) -> Finding:
    """Look at what the settings refer to; their types and ranges were checked on loading."""
    path = Path(settings.mqtt.password_file)
    try:
        read_login(settings.mqtt)
        if settings.mqtt.tls:
            tls_context(settings.mqtt)
    except ConfigError as error:
        advice = "correct the setting, or let the service's user read the file"
        return Finding("config", False, str(error), advice)
    if not settings.mqtt.password_file:
        return Finding("config", True, "every setting is in its range", "")
    if path.stat().st_mode & 0o007:
        text = f"mqtt.password_file = {path} can be read by everybody"
        return Finding("config", False, text, f"chmod o= {path}")
    return Finding("config", True, "every setting is in its range; the password file is there", "")


def _bundles(settings: Settings) -> list[tuple[str, str]]:
    """Every bundle that is needed, and the setting that names it."""
    needed = [(settings.classifier.bundle, "classifier.bundle")]
    if settings.segmenter.kind == "boundary":
        needed.append((settings.segmenter.bundle, "segmenter.bundle"))
    if settings.spelling.mode != "words":
        needed.append((settings.spelling.bundle, "spelling.bundle"))
    return needed


def check_model(name: str, key: str = "classifier.bundle") -> Finding:
    """Look for a model bundle, whether it fits this program and whether it loads."""
    try:
        from edge.bundle import find_bundle, read_bundle
        from edge.runtime import Network

        bundle = read_bundle(find_bundle(name, key))
        Network(bundle.model_path)
    except (EdgeError, ImportError) as error:
        advice = f"fetch the bundle anew (git checkout models), or correct {key}"
        return Finding("model", False, str(error), advice)
    manifest = bundle.manifest
    return Finding(
        "model", True, f"{manifest.name} {manifest.version}, {len(bundle.glosses)} classes", ""
    )


def check_camera(
    settings: CameraSettings, *, least_fps: float, limit: float = CAMERA_TIME
) -> Finding:
    """Open the source and measure it.

    Args:
        settings: The camera section.
        least_fps: Frames per second below which nothing is recognised.
        limit: Seconds for all of it.
    """
    try:
        from edge.camera import source_kind
        from edge.live import without_secrets
        from edge.playback import Playback

        name = without_secrets(settings.source)
        if source_kind(settings.source) == "archive":
            clips = Playback(settings, is_live=False).clips
            return Finding("camera", True, f"{name}: {len(clips)} clips", "")
        times, light, reason = _watch(settings, limit)
    except (EdgeError, ImportError) as error:
        return Finding("camera", False, str(error), "correct camera.source")
    if len(times) < 2 or times[-1] <= times[0]:
        text = f"{name}: {reason or f'no moving picture within {limit:g} s'}"
        advice = (
            "plug it in, choose another camera.source (ls /dev/v4l/by-id), join the group video; "
            "only one program may use it: systemctl stop sign-edge"
        )
        return Finding("camera", False, text, advice)
    fps = (len(times) - 1) / (times[-1] - times[0])
    text = f"{name}: {fps:.1f} frames per second, mean light {light:.0f} of 255"
    if fps < least_fps:
        advice = f"{least_fps:g} are needed; ask for fewer pixels (camera.width) or add light"
        return Finding("camera", False, text, advice)
    if light < _DARK:
        return Finding("camera", False, text, "too dark to find hands; add light")
    return Finding("camera", True, text, "")


def _watch(settings: CameraSettings, limit: float) -> tuple[list[float], float, str]:
    """Read pictures for a while; return their times, the mean light and the last complaint."""
    from edge.camera import open_camera

    complaints = [""]
    stop = threading.Event()
    timer = threading.Timer(limit, stop.set)
    timer.daemon = True

    def note(is_up: bool, reason: str) -> None:
        if not is_up:
            complaints.append(reason)

    times: list[float] = []
    lights: list[float] = []
    timer.start()
    try:
        with open_camera(settings, live_clock=True, on_state=note) as camera:
            for frame in camera.frames(stop):
                times.append(frame.time)
                lights.append(float(frame.image[::8, ::8].mean()))
                if times[-1] - times[0] >= _CAMERA_ENOUGH:
                    stop.set()
    finally:
        timer.cancel()
    return times, sum(lights) / max(len(lights), 1), complaints[-1]


def check_sound(settings: SpeechSettings) -> Finding:
    """Look for the speech engine and a sound card."""
    if not settings.enabled or settings.engine == "none":
        return Finding("sound", True, "speech is off", "")
    if fault := _engine_fault(settings):
        return Finding("sound", False, *fault)
    if settings.device.startswith(FILE_PREFIX):
        return Finding("sound", True, f"{settings.engine}, into {settings.device}", "")
    if shutil.which("aplay") is None:
        return Finding("sound", False, "aplay is missing", "sudo apt install alsa-utils")
    cards = re.findall(r"^card (\d+): (\S+) ", _output("aplay", "-l"), re.MULTILINE)
    if not cards:
        advice = "plug in a loudspeaker, join the group audio, or set speech.enabled = false"
        return Finding("sound", False, "aplay lists no sound card", advice)
    names = ", ".join(dict.fromkeys(name for _, name in cards))
    wanted = re.match(r"\w+:(?:CARD=)?(\w+)", settings.device)
    if wanted and wanted[1] not in {part for card in cards for part in card}:
        text = f"speech.device = {settings.device!r}: no such card; there are {names}"
        return Finding("sound", False, text, "choose one that aplay -L lists")
    return Finding("sound", True, f"{settings.engine}, sound cards {names}", "")


def _engine_fault(settings: SpeechSettings) -> tuple[str, str] | None:
    """Return what is wrong with the engine and what to do; None where nothing is."""
    if settings.engine == "piper":
        if not _is_importable("piper"):
            return "piper-tts is missing", "pip install piper-tts, or speech.engine = espeak"
        if not Path(settings.voice).is_file():
            return f"speech.voice = {settings.voice!r} is no file", "name Piper's .onnx voice file"
        return None
    if settings.engine == "pyttsx3" and not _is_importable("pyttsx3"):
        return "pyttsx3 is missing", "pip install pyttsx3, or speech.engine = espeak"
    if shutil.which("espeak-ng") is None:
        return "espeak-ng is missing", "sudo apt install espeak-ng"
    return None


def _is_importable(name: str) -> bool:
    try:
        import_module(name)
    except ImportError:
        return False
    return True


def check_broker(settings: MqttSettings) -> Finding:
    """Connect to the broker's port."""
    if not settings.enabled:
        return Finding("broker", True, "MQTT is off", "")
    place = f"{settings.host}:{settings.port}"
    began = time.monotonic()
    try:
        socket.create_connection((settings.host, settings.port), _BROKER_TIME).close()
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that no host can have
        advice = "start the broker (systemctl start mosquitto), or correct mqtt.host and mqtt.port"
        return Finding("broker", False, f"{place}: {error}", advice)
    return Finding("broker", True, f"{place} answers in {_ms(began)} ms", "")


def _ms(began: float) -> int:
    return round(1000 * (time.monotonic() - began))


def check_board(root: Path = Path("/")) -> list[Finding]:
    """Look at the machine: system, heat, power supply, memory.

    Args:
        root: Where sys and proc are.
    """
    system = f"{platform.system()} {platform.machine()}"
    findings = [
        Finding(
            "board",
            platform.system() == "Linux" and platform.machine() in ("aarch64", "x86_64"),
            system,
            "use Linux on aarch64 or x86_64",
        ),
        *_heat(root),
        *_power(),
        *_memory(root),
    ]
    return [Finding(one.area, one.ok, one.text, "" if one.ok else one.advice) for one in findings]


def _heat(root: Path) -> Iterable[Finding]:
    texts = map(_text_of, root.glob("sys/class/thermal/thermal_zone*/temp"))
    temperatures = [int(text) / 1000 for text in texts if re.fullmatch(r"-?\d+\s*", text)]
    if temperatures:
        hottest = max(temperatures)
        yield Finding("board", hottest < _HOT, f"{hottest:.0f} °C", "add a heat sink or a fan")


def _power() -> Iterable[Finding]:
    """Ask a Raspberry Pi's firmware; other boards do not have it."""
    if shutil.which("vcgencmd") is None:
        return
    found = re.search(r"throttled=0x([0-9a-fA-F]+)", _output("vcgencmd", "get_throttled"))
    if not found:
        text = "vcgencmd get_throttled does not answer"
        yield Finding("board", False, text, "let the user join the group video")
        return
    flags = int(found[1], 16)
    said = [text for bit, text in _THROTTLED.items() if flags & bit]
    advice = "use the board's own power supply and a short cable; cool it"
    yield Finding("board", not said, ", ".join(said) or "power and clock are sound", advice)


def _memory(root: Path) -> Iterable[Finding]:
    text = _text_of(root / "proc/meminfo")
    if found := re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE):
        free = int(found[1]) // 1024
        advice = f"{_MEMORY_MB} MB are needed; stop other programs"
        yield Finding("board", free >= _MEMORY_MB, f"{free} MB of memory available", advice)


def _text_of(path: Path) -> str:
    """Read a file of the kernel; empty where there is none or its sensor is off."""
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _output(*command: str) -> str:
    """Run a program and return what it printed; empty where it cannot be run."""
    try:
        return subprocess.run(
            command,
            capture_output=True,
            check=False,
            errors="replace",
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_PROGRAM_TIME,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
