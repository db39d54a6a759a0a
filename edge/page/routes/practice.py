"""Lets people practise signs before the camera, and tells how close each try was.

There is one practice at a time, as there is one camera. What is signed is recognised, published
and spoken as always.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.messages import Declined, Sign
from edge.page.answers import Refused, json_answer, read_body
from edge.page.context import context_of
from edge.recognition.bundle import OTHER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edge.messages import Event

_TRIES_MAX: Final = 50
"""Tries that are remembered; the oldest give way."""
_CLOSE: Final = 3
"""Place among the candidates down to which a try was close."""

_UNSURE: Final = "Right, but the device was not sure enough to say it."
_NEAR: Final = "Close."
_PARTLY: Final = "Some of it was right."
_NO_SIGN: Final = "It was not taken for a sign."
_UNSEEN: Final = {"too_short": "Too short.", "low_fps": "Too few pictures per second."}

_Gloss = Annotated[str, Field(min_length=1, max_length=100)]


class _One(BaseModel):
    model_config = ConfigDict(extra="forbid")

    gloss: _Gloss


class _Several(BaseModel):
    model_config = ConfigDict(extra="forbid")

    glosses: Annotated[list[_Gloss], Field(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True)
class Try:
    """Something that was signed."""

    wanted: str
    """The gloss that was to be signed."""

    gloss: str
    """What was recognised; empty where nothing was."""

    display: str
    """As it is written."""

    p: float
    """Its probability."""

    rank: int | None
    """The place of the wanted one among the ten candidates, from 1."""

    is_right: bool
    """Whether the wanted one was the likeliest."""

    hint: str
    """A sentence for the signer; may be empty."""


class Practice:
    """Knows what somebody wants to sign, and what they signed; safe to use from any thread."""

    def __init__(self) -> None:
        """Nobody practises yet."""
        self._lock = threading.Lock()
        self._session: str | None = None
        self._tries: deque[Try] = deque(maxlen=_TRIES_MAX)
        self._prepare([], {})

    def start(self, glosses: Sequence[str], displays: Mapping[str, str]) -> str:
        """Practise one sign again and again, or each of a list until it is right.

        Args:
            glosses: At least one.
            displays: Gloss -> how it is written; one without stands for itself.

        Returns:
            The name of the session.
        """
        with self._lock:
            self._prepare(glosses, displays)
            self._session = secrets.token_hex(8)
            return self._session

    def stop(self) -> None:
        """Practise no more."""
        with self._lock:
            self._prepare([], {})
            self._session = None

    def hear(self, event: Event) -> None:
        """Take what was recognised, if somebody practises."""
        if not isinstance(event, Sign | Declined):
            return
        with self._lock:
            if self._place < len(self._glosses):
                self._judge(event)

    def describe(self) -> dict[str, Any]:
        """Say how it stands, as ``GET /api/practice`` does; without a gloss the list is done."""
        with self._lock:
            wanted = self._wanted
            return {
                "session": self._session,
                "gloss": wanted,
                "display": self._displays.get(wanted, wanted),
                "glosses": list(self._glosses),
                "place": self._place,
                "tries": [asdict(one) for one in self._tries],
                "streak": self._streak,
                "best_streak": self._best,
            }

    def _prepare(self, glosses: Sequence[str], displays: Mapping[str, str]) -> None:
        self._glosses, self._displays = list(glosses), dict(displays)
        self._place = self._streak = self._best = 0
        self._tries.clear()

    @property
    def _wanted(self) -> str:
        return self._glosses[self._place] if self._place < len(self._glosses) else ""

    def _judge(self, event: Sign | Declined) -> None:
        places = {gloss: place for place, (gloss, _) in enumerate(event.top, start=1)}
        rank = places.get(self._wanted)
        gloss, p = event.top[0] if event.top else ("", 0.0)
        is_right = rank == 1
        hint = _UNSEEN.get(event.reason, "") if isinstance(event, Declined) else ""
        if rank is not None:
            hint = _NEAR if rank <= _CLOSE else _PARTLY
        if gloss == OTHER:
            hint = _NO_SIGN
        if is_right:
            hint = _UNSURE if isinstance(event, Declined) else ""
        display = self._displays.get(gloss, gloss)
        self._tries.append(Try(self._wanted, gloss, display, p, rank, is_right, hint))
        if is_right:
            self._streak += 1
            self._best = max(self._best, self._streak)
            self._place += len(self._glosses) > 1
        elif gloss not in ("", OTHER):  # what was no sign at all was no try at it
            self._streak = 0


def _practice_of(request: Request) -> Practice:
    practice: Practice = request.app.state.practice
    return practice


def _start(request: Request, glosses: Sequence[str]) -> Response:
    page = context_of(request)
    for gloss in glosses:
        if gloss not in page.hub.vocabulary:
            raise Refused(422, "unknown_sign", "The device does not know that sign.")
    displays = {gloss: display for gloss, (display, _) in page.bundle.forms.items()}
    return json_answer({"session": _practice_of(request).start(glosses, displays)})


async def _practise(request: Request) -> Response:
    return _start(request, [(await read_body(request, _One)).gloss])


async def _practise_list(request: Request) -> Response:
    return _start(request, (await read_body(request, _Several)).glosses)


async def _tell(request: Request) -> Response:
    return json_answer(_practice_of(request).describe())


async def _stop(request: Request) -> Response:
    _practice_of(request).stop()
    return Response(status_code=204)


ROUTES: Final = [
    Route("/api/practice", _tell),
    Route("/api/practice", _practise, methods=["POST"]),
    Route("/api/practice", _stop, methods=["DELETE"]),
    Route("/api/practice/list", _practise_list, methods=["POST"]),
]
