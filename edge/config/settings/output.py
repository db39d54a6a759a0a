"""Who is told: the broker, the loudspeaker, the page."""

from __future__ import annotations

import re
import socket
from typing import Annotated, Literal

from pydantic import Field

from edge.config.settings.types import Section, TopicName, TopicPart, Volume


class MqttSettings(Section):
    """The broker."""

    enabled: bool = True
    """Whether to publish at all."""

    host: Annotated[str, Field(min_length=1, max_length=255)] = "localhost"
    """The broker's name or address."""

    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    """The broker's port."""

    protocol: Literal["5", "3.1.1"] = "5"
    """Version of MQTT: "5", or "3.1.1" for an old broker."""

    base: TopicPart = "sign-edge"
    """First part of every topic; no / + or #."""

    device: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]*$", max_length=64)] = ""
    """Second part of every topic; empty takes the host's name (letters, digits, _ and -)."""

    username: Annotated[str, Field(max_length=255)] = ""
    """Name to log in with; empty looks for mqtt-username in $CREDENTIALS_DIRECTORY, else connects
    without one."""

    password_file: Annotated[str, Field(max_length=2000)] = ""
    """File that holds the password; empty looks for mqtt-password in $CREDENTIALS_DIRECTORY."""

    tls: bool = False
    """Encrypt the connection, and have the broker prove its name; its port is then often 8883."""

    ca_file: Annotated[str, Field(max_length=2000)] = ""
    """Certificates (PEM) of who may vouch for the broker; empty takes the system's."""

    cert_file: Annotated[str, Field(max_length=2000)] = ""
    """Our own certificate (PEM), for brokers that ask for one; needs key_file."""

    key_file: Annotated[str, Field(max_length=2000)] = ""
    """Private key (PEM, without a passphrase) of cert_file."""

    insecure_tls: bool = False
    """Believe whoever answers; for trying things out only."""

    keepalive: Annotated[int, Field(ge=5, le=3600)] = 30
    """Interval of signs of life to the broker, whole seconds."""

    retry_max: Annotated[float, Field(ge=1, le=3600)] = 30.0
    """Longest wait between two tries to connect."""

    outbox: Annotated[str, Field(max_length=2000)] = ""
    """Folder for what waits; empty is outbox in $STATE_DIRECTORY, else in
    ~/.local/state/sign-edge; ":memory:" keeps no file."""

    queue: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Messages kept while the broker is away; the oldest are dropped."""

    queue_age: Annotated[float, Field(ge=1, le=2_592_000)] = 86400.0
    """Seconds after which a message that still waits is dropped."""

    expiry: Annotated[float, Field(ge=0, le=2_592_000)] = 3600.0
    """Seconds in which the broker may hand a word to a subscriber that was away; MQTT 5; 0 for
    ever."""

    discovery: bool = True
    """Whether to appear in Home Assistant by itself."""

    discovery_prefix: Annotated[TopicName, Field(min_length=1)] = "homeassistant"
    """First part of Home Assistant's discovery topics."""

    birth_topic: TopicName = "homeassistant/status"
    """Where Home Assistant says that it has started; empty does not listen."""

    birth_jitter: Annotated[float, Field(ge=0, le=300)] = 5.0
    """Longest wait, by chance, before everything is published again to it."""

    command_rate: Annotated[int, Field(ge=1, le=6000)] = 60
    """Commands and settings taken from the broker each minute."""

    @property
    def device_id(self) -> str:
        """The configured device name, or the host's with what MQTT forbids replaced."""
        return self.device or re.sub(r"[^a-zA-Z0-9_-]", "-", socket.gethostname())[:64] or "device"


class SpeechSettings(Section):
    """The loudspeaker."""

    enabled: bool = True
    """Whether words are said."""

    engine: Literal["espeak", "pyttsx3", "piper", "none"] = "espeak"
    """Espeak, pyttsx3, piper or none."""

    device: Annotated[str, Field(max_length=2000)] = "default"
    """ALSA device as `aplay -L` names it, best plughw:CARD=NAME; or file:FOLDER to write WAV
    files."""

    voice: Annotated[str, Field(max_length=2000)] = ""
    """The engine's voice, for piper a path to its .onnx file; empty is the engine's own choice."""

    rate: Annotated[int, Field(ge=80, le=450)] = 160
    """Words per minute."""

    volume: Volume = 80
    """Percent."""

    queue: Annotated[int, Field(ge=1, le=50)] = 3
    """Words that may wait; the oldest are dropped."""

    max_age: Annotated[float, Field(ge=0.5, le=60)] = 3.0
    """A word that waited longer is not said any more."""

    timeout: Annotated[float, Field(ge=1, le=60)] = 10.0
    """An engine that takes longer for one word is restarted."""


class PageSettings(Section):
    """The page: whether there is one, who may see it, and how much they may ask."""

    enabled: bool = False
    """Whether the device serves its page, to aim the camera, look up, practise and teach; needs
    the extra web."""

    host: Annotated[str, Field(min_length=1, max_length=255)] = "127.0.0.1"
    """Address to listen on; other than 127.0.0.1 or ::1 it needs a password (`sign-edge page
    password`); 0.0.0.0 is every one."""

    port: Annotated[int, Field(ge=1, le=65535)] = 8470
    """Port to listen on."""

    password_file: Annotated[str, Field(max_length=2000)] = ""
    """File that `sign-edge page password` writes, a hash; empty takes page-password in
    $CREDENTIALS_DIRECTORY, else in the state folder."""

    token_file: Annotated[str, Field(max_length=2000)] = ""
    """File that `sign-edge page token` writes, for whoever collects /metrics; empty looks for
    page-token in the same places."""

    cert_file: Annotated[str, Field(max_length=2000)] = ""
    """Certificate (PEM) of the page, for https://; needs key_file."""

    key_file: Annotated[str, Field(max_length=2000)] = ""
    """Private key (PEM, without a passphrase) of cert_file."""

    pictures: bool = True
    """Whether the page may show what the camera sees; false shows the skeleton only."""

    language: Annotated[str, Field(pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})?)?$")] = ""
    """Language of the page, like "en" or "es"; empty takes the browser's."""

    request_rate: Annotated[int, Field(ge=60, le=1_000_000)] = 1200
    """Requests taken each minute, from all browsers together."""

    upload_mb: Annotated[int, Field(ge=1, le=500)] = 50
    """Largest video to try, MiB."""

    upload_seconds: Annotated[float, Field(ge=1, le=300)] = 30.0
    """Longest video to try."""
