"""Takes a video at ``POST /api/trial`` and tells what it shows.

The clip lies in a file without a name, which is gone whatever ends the request or the program,
and only a child process with limits (``edge.page.trial_process``) ever parses it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import IO, TYPE_CHECKING, Any, Final, cast

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from edge.config.settings import Settings
from edge.errors import SetupError
from edge.page.answers import Refused, json_answer
from edge.page.context import context_of
from edge.recognition.bundle import find_bundle
from edge.system.processes import Child

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from tempfile import SpooledTemporaryFile

logger = logging.getLogger(__name__)

TIME_MAX: Final = 240.0
"""Seconds that a trial may take; a slow board takes several times as long as the clip."""
_ANSWER_MAX: Final = 4 * 2**20
"""Bytes of what the child says."""
_FIELDS_MAX: Final = 8
"""Fields of the form besides the clip; they are ignored."""
_NO_TYPE: Final = ("", "application/octet-stream")
"""What a browser says of a file whose ending it does not know."""


class _Parser(MultiPartParser):
    """Starlette's, which forgets the file of a part that never ends."""

    def close(self) -> None:
        """Close every file that it has made."""
        for file in self._files_to_close_on_error:
            file.close()


class Trials:
    """Lets one clip be tried at a time; for one event loop."""

    def __init__(self) -> None:
        """Start idle."""
        self.is_busy = False

    @contextlib.contextmanager
    def claim(self) -> Iterator[None]:
        """Keep others from trying.

        Raises:
            Refused: A clip is being tried.
        """
        if self.is_busy:
            raise Refused(409, "busy", "Another video is being tried; wait until it is done.")
        self.is_busy = True
        try:
            yield
        finally:
            self.is_busy = False


async def _try(request: Request) -> Response:
    page = context_of(request)
    trials: Trials = request.app.state.trials
    with trials.claim():
        file = await _receive(request)
        try:
            task = make_task(page.configured, page.bundle.path, page.learning_folder)
            task |= {"descriptor": file.fileno(), "seconds_max": page.settings.upload_seconds}
            answer = await _recognise(request, task)
        except SetupError:
            raise Refused(503, "unavailable", "The models do not work on this device.") from None
        finally:
            file.close()
    if fault := answer.get("error"):
        status = 503 if fault["code"] == "unavailable" else 422
        raise Refused(status, str(fault["code"]), str(fault["message"]))
    return json_answer(answer)


async def _receive(request: Request) -> IO[bytes]:
    """Store the clip of a form in a file without a name; the guard limits size and time.

    Raises:
        Refused: It is no form with a clip in it, or what is in it is no video.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Refused(415, "no_form", "Send the video as a form with the field 'clip'.")
    parser = _Parser(
        request.headers, request.stream(), max_files=1, max_fields=_FIELDS_MAX, max_part_size=1024
    )
    try:
        return await _parse(parser)
    except BaseException:
        parser.close()
        raise


async def _parse(parser: _Parser) -> IO[bytes]:
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError):  # the latter of a charset that is no name
        raise Refused(400, "malformed", "The form cannot be read.") from None
    except ClientDisconnect:
        raise Refused(400, "gone", "The video has not come whole.") from None
    clip = form.get("clip")
    if not isinstance(clip, UploadFile):
        raise Refused(422, "no_clip", "The form has no file in the field 'clip'.")
    check_kind(clip.content_type or "", await clip.read(16))
    file = cast("SpooledTemporaryFile[bytes]", clip.file)  # as the parser makes them
    file.rollover()
    return file


def check_kind(said: str, start: bytes) -> None:
    """Refuse what is no video that browsers and cameras make: MP4, QuickTime, WebM, MKV, AVI.

    Args:
        said: The media type that came with it.
        start: Its first 16 bytes.

    Raises:
        Refused: It is none.
    """
    if not (said.lower().startswith("video/") or said.lower() in _NO_TYPE):
        raise Refused(415, "wrong_type", "This is not a video.")
    is_mp4 = start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
    is_matroska = start[:4] == b"\x1aE\xdf\xa3"
    is_avi = start[:4] == b"RIFF" and start[8:12] == b"AVI "
    if not (is_mp4 or is_matroska or is_avi):
        raise Refused(422, "not_a_video", "This file is not a video that can be read.")


def make_task(settings: Settings, bundle: Path, learning_folder: Path) -> dict[str, Any]:
    """Tell the child how the daemon recognises, and nothing else of its settings.

    Raises:
        BundleError: The segmenter's network is not there.
    """
    # The child runs in another folder.
    segmenter, classifier = settings.segmenter, settings.classifier
    if segmenter.kind == "boundary":
        path = find_bundle(segmenter.bundle, "segmenter.bundle").resolve()
        segmenter = segmenter.model_copy(update={"bundle": str(path)})
    classifier = classifier.model_copy(update={"bundle": str(bundle.resolve())})
    learning = settings.learning.model_copy(update={"folder": str(learning_folder.resolve())})
    plain = Settings(
        landmarks=settings.landmarks,
        segmenter=segmenter,
        classifier=classifier,
        composer=settings.composer,
        learning=learning,
    )
    return {"cpu_max": round(TIME_MAX), "settings": plain.model_dump()}


async def _recognise(request: Request, task: dict[str, Any]) -> dict[str, Any]:
    """Have a child recognise the clip; it ends when the browser goes away, or time is up.

    Raises:
        Refused: It took too long, or the child could not stand the clip.
    """
    with Child("edge.page.trial_process", descriptors=[task["descriptor"]], folder="/") as child:
        talk = asyncio.ensure_future(asyncio.to_thread(_talk, child, task))
        gone = asyncio.ensure_future(_wait_until_gone(request))
        try:
            await asyncio.wait({talk, gone}, timeout=TIME_MAX, return_when=asyncio.FIRST_COMPLETED)
            if not talk.done():
                raise Refused(422, "too_slow", "It took too long; try a shorter video.")
            return _read_answer(await talk)
        finally:
            gone.cancel()
            child.kill()
            await asyncio.wait({talk})  # its thread ends with the child


def _talk(child: Child, task: dict[str, Any]) -> bytes:
    """Hand a child its task, and hear its answer."""
    with contextlib.suppress(ConnectionError):  # it ended early; it will say nothing
        child.send(task)
        child.finish_input()
    answer = bytearray()
    while len(answer) <= _ANSWER_MAX and (chunk := child.output.read(65_536)):
        answer += chunk
    return bytes(answer)


def _read_answer(text: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        logger.warning("the process that tried a video ended without an answer")
        raise Refused(422, "not_a_video", "This file is not a video that can be read.")
    return answer


async def _wait_until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


ROUTES: Final = [Route("/api/trial", _try, methods=["POST"])]
