"""Gathers what every device on a broker publishes into rows of a table; reads no clock.

Anybody may publish there. What arrives is bounded, what does not fit is counted and otherwise
ignored, and no text leaves here with a character that a terminal would obey.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter

LEAVES: Final = ("availability", "state", "sign", "letter", "utterance", "stats", "problem")
"""Topics of a device that tell how it is."""
MAX_DEVICES: Final = 2000
"""Further ones are counted only."""
MAX_BYTES: Final = 16_384
"""Of a payload; ours stay below two thousand."""
_NAME_MAX: Final = 64
"""Characters of a device's name, as in edge.config.settings."""
_WORD_MAX: Final = 40
_STATE_MAX: Final = 12
_PROBLEM_MAX: Final = 100
_PROBLEMS_MAX: Final = 8

RowOrder = Literal["trouble", "name"]
_Figure = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class _State(BaseModel):
    state: str


class _Word(BaseModel):
    text: str
    offset: AwareDatetime | None = None
    latency_ms: _Figure | None = None


class _Stats(BaseModel):
    fps: _Figure | None = None
    latency_ms: _Figure | None = None


_Problems: Final = TypeAdapter(dict[str, str])


@dataclass(frozen=True, slots=True)
class Row:
    """One device at one moment; every text is printable and of one line."""

    device: str
    """Its name on the broker."""

    availability: str
    """online or offline; empty where the broker keeps neither."""

    state: str
    """idle, signing, learning, paused or asleep; empty where unknown, or offline."""

    word: str
    """The newest word, or letter of a word not yet closed; empty before the first."""

    word_age: float | None
    """Seconds since it was signed, by the device's clock and ours."""

    fps: float | None
    """Frames per second looked at, from the newest statistics."""

    latency_ms: float | None
    """From the end of the newest sign to its publication."""

    heard: float | None
    """Seconds since anything came that the broker had not kept."""

    problems: tuple[str, ...]
    """What is wrong."""

    @property
    def is_troubled(self) -> bool:
        """Whether somebody should look at it."""
        return self.availability != "online" or bool(self.problems)


@dataclass(slots=True)
class _Device:
    availability: str = ""
    state: str = ""
    word: str = ""
    signed: float | None = None
    is_spelling: bool = False
    fps: float | None = None
    latency_ms: float | None = None
    heard: float | None = None
    faulty: int = 0
    problems: list[str] = field(default_factory=list)

    def take(self, leaf: str, payload: bytes, now: float) -> None:
        """Take one message.

        Raises:
            ValueError: The payload is not what this topic carries, or too long.
        """
        if len(payload) > MAX_BYTES:
            raise ValueError("too long")
        if leaf == "availability":
            if payload not in (b"online", b"offline"):
                raise ValueError("neither online nor offline")
            self.availability = payload.decode()
        elif leaf == "state":
            self.state = clean(_State.model_validate_json(payload).state, _STATE_MAX)
        elif leaf == "problem":
            self._take_problems(_Problems.validate_json(payload))
        elif leaf == "stats":
            stats = _Stats.model_validate_json(payload)
            self.fps = stats.fps
            self.latency_ms = stats.latency_ms or self.latency_ms  # 0 before the first sign
        else:
            self._take_word(leaf, _Word.model_validate_json(payload), now)

    def forget(self, leaf: str) -> None:
        """Take an empty payload: the broker keeps nothing there any more."""
        if leaf == "state":
            self.state = ""
        elif leaf == "problem":
            self.problems = []

    def _take_problems(self, problems: dict[str, str]) -> None:
        texts = [
            f"{clean(area, _STATE_MAX)}: {clean(text, _PROBLEM_MAX)}"
            for area, text in problems.items()
            if text
        ]
        self.problems = texts[:_PROBLEMS_MAX]

    def _take_word(self, leaf: str, word: _Word, now: float) -> None:
        if leaf == "utterance" and not self.is_spelling:
            return  # it repeats words that came one by one
        self.word = clean(word.text, _WORD_MAX)
        self.is_spelling = leaf == "letter"
        self.signed = word.offset.timestamp() if word.offset else now
        if leaf != "utterance" and word.latency_ms is not None:
            self.latency_ms = word.latency_ms

    def row(self, name: str, now: float) -> Row:
        """Describe it."""
        problems = list(self.problems)
        if self.faulty:
            problems.append(f"messages not understood: {self.faulty}")
        return Row(
            device=name,
            availability=self.availability,
            state="" if self.availability == "offline" else self.state,
            word=self.word,
            word_age=_since(self.signed, now),
            fps=self.fps,
            latency_ms=self.latency_ms,
            heard=_since(self.heard, now),
            problems=tuple(problems),
        )


class Fleet:
    """Gathers what devices publish below one base topic; pure."""

    def __init__(self, base: str) -> None:
        """Know of nobody.

        Args:
            base: First part of every topic.
        """
        self._base = base
        self._devices: dict[str, _Device] = {}
        self.ignored = 0
        """Messages of devices beyond MAX_DEVICES, or of topics that are not ours."""

    def __len__(self) -> int:
        return len(self._devices)

    @property
    def topics(self) -> list[str]:
        """What to subscribe to."""
        return [f"{self._base}/+/{leaf}" for leaf in LEAVES]

    def push(self, topic: str, payload: bytes, now: float, *, is_retained: bool) -> None:
        """Take a message.

        Args:
            topic: Full topic.
            payload: As it came.
            now: Seconds since 1970 at its arrival.
            is_retained: Whether the broker had kept it, so that it tells nothing of now.
        """
        base, _, rest = topic.partition("/")
        name, _, leaf = rest.partition("/")
        if base != self._base or leaf not in LEAVES or not name or len(name) > _NAME_MAX:
            self.ignored += 1
            return
        if not payload:
            self._forget(name, leaf)
            return
        device = self._devices.get(name)
        if device is None:
            if len(self._devices) >= MAX_DEVICES:
                self.ignored += 1
                return
            device = self._devices[name] = _Device()
        if not is_retained:
            device.heard = now
        try:
            device.take(leaf, payload, now)
        except (ValueError, OverflowError):  # pydantic's errors are ValueErrors
            device.faulty += 1

    def rows(self, now: float, order: RowOrder = "trouble") -> list[Row]:
        """Describe every device.

        Args:
            now: Seconds since 1970.
            order: By name, or those in trouble first and then by name.
        """
        rows = [device.row(clean(name, _NAME_MAX), now) for name, device in self._devices.items()]
        if order == "name":
            return sorted(rows, key=lambda row: row.device)
        return sorted(rows, key=lambda row: (not row.is_troubled, row.device))

    def _forget(self, name: str, leaf: str) -> None:
        if leaf == "availability":  # removed from the broker
            self._devices.pop(name, None)
        elif name in self._devices:
            self._devices[name].forget(leaf)


def clean(text: str, limit: int) -> str:
    """Keep a text of the outside to printable characters, one line and a length."""
    shown = "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: limit + 1]
    )
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def _since(moment: float | None, now: float) -> float | None:
    return None if moment is None else round(max(0.0, now - moment), 1)
