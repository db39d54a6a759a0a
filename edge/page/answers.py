"""Reads and writes the JSON of the page's routes, and refusals that say why."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from edge.config.faults import first_fault
from edge.mqtt.payloads import encode

if TYPE_CHECKING:
    from starlette.requests import Request

Body = TypeVar("Body", bound=BaseModel)


class Refused(Exception):  # noqa: N818 - not an error of ours, but the answer to somebody's
    """What was asked is not done; becomes the answer, with its reason."""

    def __init__(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        """Refuse.

        Args:
            status: Of HTTP, 4xx or 503.
            code: A short name for programs.
            message: One sentence for people.
            headers: To go with the answer.
        """
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = headers or {}

    def answer(self) -> Response:
        """Write it down."""
        error = {"error": {"code": self.code, "message": self.message}}
        return json_answer(error, self.status, self.headers)


def json_answer(
    value: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Answer with JSON; what JSON has no word for, such as NaN, is null."""
    return Response(encode(value), status, headers, media_type="application/json")


async def read_body(request: Request, model: type[Body]) -> Body:
    """Read a JSON body.

    Raises:
        Refused: It is not what the model says.
    """
    try:
        return model.model_validate_json(await request.body())
    except ClientDisconnect:
        raise Refused(400, "gone", "The request has not come whole.") from None
    except ValidationError as error:
        code = "malformed" if error.errors()[0]["type"] == "json_invalid" else "invalid"
        raise Refused(400 if code == "malformed" else 422, code, first_fault(error)) from None
