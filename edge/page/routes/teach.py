"""Teaches a word on the page: examples by countdown, each seen and kept or dropped."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.device.device_state import DeviceState
from edge.errors import ConfigError, EdgeError
from edge.messages import Progress, StateChange
from edge.page.answers import Refused, json_answer, read_body
from edge.page.context import context_of
from edge.page.skeletons import segment_motion
from edge.recognition.learning.taught_words import EXAMPLES_MAX, EXAMPLES_MIN, check_spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.device.lesson_control import LessonControl
    from edge.messages import Event
    from edge.page.context import PageContext
    from edge.recognition.learning.lesson import Example
    from edge.recognition.learning.teacher import LessonView

_AFTER: Final = 0.1
"""Seconds after a countdown's end at which the page is told of it."""
_DIGITS_MAX: Final = 6
_OVER: Final = ("idle", "known")

_Countdown = Annotated[float, Field(ge=0, le=10)]


class _Lesson(BaseModel):
    model_config = ConfigDict(extra="forbid")

    word: Annotated[str, Field(min_length=1, max_length=200)]
    spoken: Annotated[str, Field(max_length=200)] = ""
    examples: Annotated[int, Field(ge=EXAMPLES_MIN, le=EXAMPLES_MAX)] = 5
    countdown: _Countdown = 3.0


class _More(BaseModel):
    model_config = ConfigDict(extra="forbid")

    countdown: _Countdown = 3.0


def make_listener(page: PageContext) -> Callable[[Event], None]:
    """Make what tells those who watch of a lesson whenever it changes."""

    def hear(event: Event) -> None:
        is_change = isinstance(event, StateChange) and page.device.lesson.is_teaching
        if isinstance(event, Progress) or is_change:
            _tell(page)

    return hear


def describe(view: LessonView) -> dict[str, Any]:
    """Put a lesson into the form of ``GET /api/teach``.

    ``left`` are the seconds of the countdown that are left; ``keepable`` says whether an example
    that is not good may be kept all the same.
    """
    return {
        "state": view.state,
        "word": view.word,
        "spoken": view.spoken,
        "have": view.have,
        "want": view.want,
        "left": round(view.countdown, 1),
        "examples": [
            {
                "number": one.number,
                "seconds": round(one.seconds, 2),
                "good": one.is_good,
                "note": one.note,
                "keepable": one.pair is not None and not one.is_good,
            }
            for one in view.examples
            if one.segment is not None
        ],
        "note": view.note,
    }


def _tell(page: PageContext) -> None:
    if page.hub.is_watched:
        page.hub.tell("teach", describe(page.device.lesson.view()))


async def _change(page: PageContext, do: Callable[[LessonControl], None]) -> None:
    """Have something done to the lesson, then tell of it."""

    def change() -> None:
        do(page.device.lesson)
        _tell(page)

    await page.ask(change)


async def _look(request: Request) -> Response:
    page = context_of(request)
    return json_answer(describe(await page.ask(page.device.lesson.view)))


async def _begin(request: Request) -> Response:
    page = context_of(request)
    wanted = await read_body(request, _Lesson)

    def begin(lesson: LessonControl) -> None:
        if lesson.view().state not in _OVER:
            raise Refused(409, "busy", "A word is being taught; finish that lesson first.")
        if page.device.state is not DeviceState.LISTENING:
            raise ConfigError("the device is paused or asleep")
        lesson.begin(
            wanted.word,
            examples=wanted.examples,
            spoken=check_spoken(wanted.spoken),
            countdown=wanted.countdown,
        )

    await _change(page, begin)
    _tell_after(page, wanted.countdown)
    return Response(status_code=202)


async def _go_on(request: Request) -> Response:
    page = context_of(request)
    wanted = await read_body(request, _More)
    await _change(page, lambda lesson: lesson.go_on(wanted.countdown))
    _tell_after(page, wanted.countdown)
    return Response(status_code=202)


async def _finish(request: Request) -> Response:
    await _change(context_of(request), lambda lesson: lesson.finish())
    return await _look(request)


async def _cancel(request: Request) -> Response:
    await _change(context_of(request), lambda lesson: lesson.give_up("cancelled"))
    return Response(status_code=204)


async def _judge(request: Request) -> Response:
    """Keep an example (PUT), or drop it (DELETE)."""
    number = _number_of(request)

    def judge(lesson: LessonControl) -> None:
        _find(lesson, number)
        change = lesson.keep if request.method == "PUT" else lesson.drop
        change(number)

    await _change(context_of(request), judge)
    return Response(status_code=204)


async def _move(request: Request) -> Response:
    page, number = context_of(request), _number_of(request)
    example = await page.ask(lambda: _find(page.device.lesson, number))
    if example.segment is None:
        raise Refused(404, "no_motion", "Too little was seen of this example.")
    return json_answer(segment_motion(example.segment))


async def _forget(request: Request) -> Response:
    word = request.path_params["gloss"]
    await _change(context_of(request), lambda lesson: lesson.forget(word))
    return Response(status_code=204)


def _number_of(request: Request) -> int:
    number = request.path_params["number"]
    if not (number.isdecimal() and len(number) <= _DIGITS_MAX):
        raise Refused(404, "unknown_example", "There is no such example.")
    return int(number)


def _find(lesson: LessonControl, number: int) -> Example:
    """Find an example, or refuse one that is not there."""
    try:
        return lesson.example(number)
    except EdgeError as error:
        raise Refused(404, "unknown_example", str(error)) from None


def _tell_after(page: PageContext, countdown: float) -> None:
    """Tell of the end of a countdown, which nothing else would."""

    def tell() -> None:
        with contextlib.suppress(EdgeError):  # too busy; the next change is told anyway
            page.device.submit(lambda: _tell(page))

    asyncio.get_running_loop().call_later(countdown + _AFTER, tell)


ROUTES: Final = [
    Route("/api/teach", _look),
    Route("/api/teach", _begin, methods=["POST"]),
    Route("/api/teach", _cancel, methods=["DELETE"]),
    Route("/api/teach/more", _go_on, methods=["POST"]),
    Route("/api/teach/finish", _finish, methods=["POST"]),
    Route("/api/teach/examples/{number}", _judge, methods=["PUT", "DELETE"]),
    Route("/api/teach/examples/{number}/motion", _move),
    Route("/api/signs/{gloss:path}", _forget, methods=["DELETE"]),
]
