"""Settings: the shipped file, who beats whom, and what a mistake is told."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.config import load as config
from edge.config.ranges import bounds_of
from edge.config.settings import MqttSettings, Settings
from edge.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SHIPPED = Path(__file__).parents[2] / "config.toml"


def load(
    path: Path | None = None,
    *overrides: str,
    environment: dict[str, str] | None = None,
) -> Settings:
    """Load without this machine's own environment."""
    return config.load(path, overrides=overrides, environment=environment or {})


@pytest.fixture
def write(tmp_path: Path) -> Any:  # noqa: ANN401 - a function
    """Return a function that writes a configuration file."""

    def write_text(text: str) -> Path:
        path = tmp_path / "edge.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


def complaint(path: Path | None = None, *overrides: str, **environment: str) -> str:
    """Load what must not load and return what is said."""
    with pytest.raises(ConfigError) as caught:
        load(path, *overrides, environment=environment)
    message = str(caught.value)
    assert message.isprintable(), "one clear line"
    assert caught.value.exit_code == 2
    return message


# --- the shipped file ---


def test_shipped_file_says_the_defaults() -> None:
    assert load(SHIPPED) == Settings()


def test_shipped_file_names_every_setting_in_the_order_of_the_code() -> None:
    tree = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    named = [(section, key) for section, values in tree.items() for key in values]
    assert named == [
        (section, key) for section, values in Settings().model_dump().items() for key in values
    ]


def test_shipped_file_has_one_comment_for_each_setting() -> None:
    body = SHIPPED.read_text(encoding="utf-8").partition("\n\n")[2].splitlines()
    lines = [line for line in body if line and not line.startswith("[")]
    assert all(line.startswith("# ") for line in lines[::2])
    assert not any(line.startswith("#") for line in lines[1::2])


def description_of(section: str, key: str) -> str:
    """Read the text below a setting in the code; empty where there is none."""
    model: Any = Settings.model_fields[section].annotation
    (its_class,) = ast.parse(inspect.getsource(model)).body
    assert isinstance(its_class, ast.ClassDef)
    for field, below in itertools.pairwise(its_class.body):
        if isinstance(field, ast.AnnAssign) and ast.unparse(field.target) == key:
            is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            return " ".join(ast.literal_eval(below.value).split()) if is_text else ""  # type: ignore[attr-defined]
    return ""


def range_in_words(section: str, key: str) -> str:
    """Say a number's range as config.toml does."""
    bounds = bounds_of(section, key)
    if not bounds:
        return ""
    least = f"{bounds['ge']} to" if "ge" in bounds else f"above {bounds['gt']}, at most"
    return f" ({least} {bounds['le']})"


@pytest.mark.parametrize(
    ("section", "key"),
    [(section, key) for section, values in Settings().model_dump().items() for key in values],
)
def test_shipped_comment_is_what_the_code_says_of_a_setting_and_its_range(
    section: str, key: str
) -> None:
    description = description_of(section, key)
    assert description.endswith(".")
    lines = SHIPPED.read_text(encoding="utf-8").partition(f"[{section}]\n")[2].splitlines()
    pairs = itertools.pairwise(lines)
    comment = next(above for above, line in pairs if line.startswith(f"{key} = "))
    expected = description.removesuffix(".") + range_in_words(section, key)
    assert comment[2:] in (expected, expected[:1].lower() + expected[1:])


# --- who beats whom ---


def test_without_any_file_the_defaults_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load() == Settings()


def test_file_in_the_working_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text("[camera]\nwidth = 320\n")
    monkeypatch.chdir(tmp_path)
    assert load().camera.width == 320


def test_file_beats_default(write: Any) -> None:  # noqa: ANN401
    assert load(write("[mqtt]\nport = 2000\n")).mqtt.port == 2000


def test_environment_beats_file(write: Any) -> None:  # noqa: ANN401
    path = write("[mqtt]\nport = 2000\nhost = 'here'\n")
    settings = load(path, environment={"SIGN_EDGE_MQTT__PORT": "3000"})
    assert (settings.mqtt.port, settings.mqtt.host) == (3000, "here")


def test_command_line_beats_environment_and_file(write: Any) -> None:  # noqa: ANN401
    path = write("[mqtt]\nport = 2000\n")
    environment = {"SIGN_EDGE_MQTT__PORT": "3000"}
    assert load(path, "mqtt.port=4000", environment=environment).mqtt.port == 4000


def test_later_option_beats_an_earlier_one() -> None:
    assert load(None, "mqtt.port=1", "mqtt.port=2").mqtt.port == 2


def test_process_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGN_EDGE_SPEECH__VOLUME", "7")
    assert config.load(SHIPPED).speech.volume == 7


def test_text_settings_need_no_quotes_and_take_any_sign() -> None:
    settings = load(None, "camera.source=0", "mqtt.username=true", 'speech.voice=a "b" = c')
    assert settings.camera.source == "0"
    assert settings.mqtt.username == "true"
    assert settings.speech.voice == 'a "b" = c'


def test_whole_number_will_do_for_a_decimal() -> None:
    assert load(None, "camera.fps=15").camera.fps == 15.0


def test_other_variables_with_our_prefix_are_left_alone() -> None:
    assert load(SHIPPED, environment={"SIGN_EDGE_NATIVE_LOG": "1"}) == Settings()


def test_byte_order_mark_of_a_windows_editor_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    path.write_bytes(b"\xef\xbb\xbf[camera]\r\nwidth = 320\r\n")
    assert load(path).camera.width == 320


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load(SHIPPED).camera.width = 1  # type: ignore[misc]


def test_device_id_is_the_host_name_in_signs_that_mqtt_allows() -> None:
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", MqttSettings().device_id)
    assert MqttSettings(device="kitchen").device_id == "kitchen"


# --- mistakes in the file ---


@pytest.mark.parametrize(
    ("text", "line", "parts"),
    [
        ("[camera]\nwidth = 320\nwith = 3\n", 3, ["unknown key camera.with", "width, height"]),
        ("\n[camra]\nwidth = 320\n", 2, ["unknown section camra", "camera, gate"]),
        ("\n\n[camra]\n", 3, ["unknown section camra", "camera, gate"]),
        ("[camera.more]\nx = 1\n", 1, ["unknown key camera.more", "width, height"]),
        ("# x\ncamera.with = 3\n", 2, ["unknown key camera.with", "width, height"]),
        ('[camera]\n"with it" = 3\n', 2, ["unknown key camera.with it"]),
        ('[camera]\n"" = 3\n', 2, ["unknown key camera.;"]),
        ("[segmenter]\nmax_length=3\nmin_length=4\n", 3, ["must not be above"]),
        ('[camera]\n"a\\nb" = 3\n', 1, ["unknown key 'camera.a\\nb'"]),
        ("width = 320\n", 1, ["width must stand in a section", "camera, gate"]),
        ("[gate]\n[[camera]]\nwidth = 320\n", 2, ["camera must stand in a section"]),
        ('[camera]\nwidth = "320"\n', 2, ["camera.width = '320'", "whole number, at least 64"]),
        ("[camera]\nwidth = 320.5\n", 2, ["camera.width = 320.5", "whole number"]),
        ("[camera]\nfps = true\n", 2, ["camera.fps = True", "a number, above 0, at most 120"]),
        ("[camera]\nfps = 0\n", 2, ["camera.fps = 0", "above 0, at most 120"]),
        ("[camera]\nfps = nan\n", 2, ["camera.fps = nan", "above 0, at most 120"]),
        ("[camera]\nfps = inf\n", 2, ["camera.fps = inf", "above 0, at most 120"]),
        ("[camera]\nwidth = 9999\n", 2, ["camera.width = 9999", "at least 64, at most 4096"]),
        ("[camera]\nsource = 0\n", 2, ["camera.source = 0", "valid string"]),
        ("[camera]\nloop = 1\n", 2, ["camera.loop = 1", "true or false"]),
        ("[speech]\nvolume = 80\nvolume = 90\n", 3, ["not valid TOML", "overwrite"]),
        ('[speech]\nengine = "festival"\n', 2, ["speech.engine = 'festival'", "espeak, pyttsx3"]),
        ('[health]\nlog_level = "INFO"\n', 2, ["'INFO'", "debug, info, warning, error"]),
        ('[mqtt]\nbase = "a/b"\n', 2, ["mqtt.base = 'a/b'", "match pattern"]),
        ("[mqtt]\nport = 1883 # ours\nhost = [1]\n", 3, ["mqtt.host = [1]", "valid string"]),
        ("[camera]\nwidth = \n", 2, ["not valid TOML", "column"]),
        ("[camera\n", 1, ["not valid TOML"]),
        ("[mqtt]\nhost = 'x", 2, ["not valid TOML"]),
        ("[segmenter]\nexit_speed = 2.0\n", 2, ["segmenter.exit_speed = 2.0", "enter_speed = 1.0"]),
        ("[segmenter]\nenter_speed = 0.2\n", 2, ["exit_speed = 0.5", "enter_speed = 0.2"]),
        ("[segmenter]\nmin_length=4\nmax_length=3\n", 3, ["segmenter.min_length = 4"]),
        (f"[mqtt]\nhost = '{'x' * 9999}'\n", 2, ["mqtt.host = 'xxx", "at most 255"]),
        (f"[mqtt]\nport = {'9' * 5000}\n", 2, ["not valid TOML"]),
    ],
)
def test_mistake_in_the_file_is_told_with_file_line_key_and_what_is_allowed(
    write: Any,  # noqa: ANN401
    text: str,
    line: int,
    parts: list[str],
) -> None:
    path = write(text)
    message = complaint(path)
    assert message.startswith(f"{path}:{line}: ")
    for part in parts:
        assert part in message
    assert len(message) < len(str(path)) + 400


def test_nesting_without_end_is_an_error_too(write: Any) -> None:  # noqa: ANN401
    path = write(f"[camera]\nsource = {'[' * 5000}\n")
    assert complaint(path).startswith(f"{path}:2: not valid TOML")


def test_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.toml"
    message = complaint(path)
    assert str(path) in message
    assert "No such file" in message


def test_folder_and_picture_are_no_configuration(tmp_path: Path) -> None:
    assert "cannot be read" in complaint(tmp_path)
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"\xff\xd8\xff\xe0")
    assert "cannot be read" in complaint(picture)


# --- mistakes in the environment and on the command line ---


@pytest.mark.parametrize(
    ("name", "value", "parts"),
    [
        ("SIGN_EDGE_CAMERA__WITH", "3", ["unknown key camera.with", "width, height"]),
        ("SIGN_EDGE_CAMRA__WIDTH", "3", ["unknown section camra", "camera, gate"]),
        ("SIGN_EDGE_CAMERA_WIDTH", "320", ["SIGN_EDGE_SECTION__KEY"]),
        ("SIGN_EDGE_CAMERA__", "320", ["SIGN_EDGE_SECTION__KEY"]),
        ("SIGN_EDGE___WIDTH", "320", ["SIGN_EDGE_SECTION__KEY"]),
        ("SIGN_EDGE_CAMERA__WIDTH", "wide", ["camera.width = 'wide'", "whole number"]),
        ("SIGN_EDGE_CAMERA__WIDTH", "", ["camera.width = ''", "whole number"]),
        ("SIGN_EDGE_CAMERA__WIDTH", "320\nx = 1", ["camera.width = '320\\nx = 1'"]),
        ("SIGN_EDGE_GATE__ENABLED", "yes", ["gate.enabled = 'yes'", "true or false"]),
        ("SIGN_EDGE_MQTT__PORT", "0", ["mqtt.port = 0", "at least 1, at most 65535"]),
    ],
)
def test_mistake_in_the_environment_is_told_with_its_variable(
    name: str, value: str, parts: list[str]
) -> None:
    message = complaint(SHIPPED, **{name: value})
    assert message.startswith(f"{name}: ")
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("option", "parts"),
    [
        ("camera.width", ["--set camera.width: expected section.key=value"]),
        ("width=320", ["--set width=320: expected section.key=value"]),
        ("camera.=320", ["expected section.key=value"]),
        (".width=320", ["expected section.key=value"]),
        ("", ["expected section.key=value"]),
        ("camera.with=3", ["--set camera.with: unknown key camera.with", "width, height"]),
        ("camra.width=3", ["--set camra.width: unknown section camra", "camera, gate"]),
        ("camera.width=3", ["--set camera.width: camera.width = 3: must be", "at least 64"]),
        ("camera.width=", ["--set camera.width: camera.width = '': must be"]),
        ("camera.source=", ["--set camera.source: camera.source = ''", "at least 1 char"]),
        ("segmenter.min_length=5.0", []),
        ("segmenter.max_length=0.5", []),
    ],
)
def test_mistake_on_the_command_line_is_told_with_its_option(option: str, parts: list[str]) -> None:
    if not parts:  # sound alone: equal is not above
        load(SHIPPED, option)
        return
    message = complaint(SHIPPED, option)
    for part in parts:
        assert part in message


def test_pair_that_disagrees_names_the_option_and_not_the_file(write: Any) -> None:  # noqa: ANN401
    message = complaint(write("[segmenter]\nmax_length = 3\n"), "segmenter.min_length=4")
    assert message.startswith("--set segmenter.min_length: ")
    path = write("[segmenter]\nmin_length = 1\n")
    message = complaint(path, "segmenter.max_length=0.6")
    assert message.startswith("--set segmenter.max_length: ")


@hypothesis_settings(deadline=None)
@given(st.text(max_size=60))
@example("camera.width=[")
@example('camera.width=""" ')
@example("camera.fps=1e999")
def test_no_option_fails_otherwise_than_with_one_clear_line(text: str) -> None:
    try:
        load(SHIPPED, text)
    except ConfigError as error:
        assert str(error).isprintable()  # noqa: PT017 - most texts fail, some do not


@hypothesis_settings(deadline=None)
@given(st.text(max_size=200))
def test_no_file_fails_otherwise_than_with_one_clear_line(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        load(path)
    except ConfigError as error:
        assert str(error).isprintable()  # noqa: PT017 - most texts fail, some do not
