"""Writes what is published, as JSON.

What is queued bears an ``id`` that is never given twice: a message that is sent again, because its
acknowledgement was lost, can be told by it.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.messages import Sign, Utterance


def sign_payload(
    sign: Sign, model: str, segment: int, utc_of: Callable[[float], datetime]
) -> dict[str, object]:
    """Describe a sign or letter; probabilities to four places."""
    return {
        "event_type": sign.gloss,
        "text": sign.display,
        "probability": round(sign.probability, 4),
        "top": [[gloss, round(probability, 4)] for gloss, probability in sign.top],
        **_time_fields(utc_of(sign.onset), utc_of(sign.offset)),
        "segment": segment,
        "model": model,
        "id": uuid.uuid4().hex,
    }


def utterance_payload(
    utterance: Utterance, model: str, utc_of: Callable[[float], datetime]
) -> dict[str, object]:
    """Describe the words that a pause has closed."""
    return {
        "event_type": "utterance",
        "text": utterance.text,
        "glosses": utterance.glosses,
        **_time_fields(utc_of(utterance.onset), utc_of(utterance.offset)),
        "model": model,
        "id": uuid.uuid4().hex,
    }


def _time_fields(onset: datetime, offset: datetime) -> dict[str, object]:
    latency = datetime.now(timezone.utc) - offset
    return {
        "onset": _iso(onset),
        "offset": _iso(offset),
        "duration_ms": round((offset - onset).total_seconds() * 1000),
        # Where the device is stopped in the middle of a sign, its end lies a frame ahead.
        "latency_ms": max(0, round(latency.total_seconds() * 1000)),
    }


def _iso(moment: datetime) -> str:
    text = moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def encode(value: object) -> bytes:
    """Write JSON in UTF-8."""
    text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"), default=str)
    return text.encode("utf-8", errors="replace")


def _finite(value: object) -> object:
    """Replace what JSON has no word for (NaN, infinities) by null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_finite(item) for item in value]
    return value
