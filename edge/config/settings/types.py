"""What settings are made of: the class of their sections, and types that several have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Callable

Share = Annotated[float, Field(ge=0, le=1)]
Cooldown = Annotated[float, Field(ge=0, le=10)]
Volume = Annotated[int, Field(ge=0, le=100)]
Mode = Literal["words", "letters", "both"]
Hand = Literal["auto", "right", "left"]
TopicPart = Annotated[str, Field(pattern=r"^[^/+#\x00-\x1f\x7f]+$", max_length=64)]
TopicName = Annotated[str, Field(pattern=r"^[^+#\x00-\x1f\x7f]*$", max_length=200)]


class Section(BaseModel):
    """Settings that belong together."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def read_by(read: Callable[[str], object]) -> AfterValidator:
    """Take a text as it is where a function can read it."""

    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)
