"""Messages that are all wrong."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from edge.mqtt.inbox import MAX_COMMAND_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator


def hostile(count: int) -> Iterator[tuple[str, bytes]]:
    """Make messages that are all wrong, by a seeded chance."""
    chance = random.Random(5)
    topics = ["command", "threshold/set", "mode/set", "volume/set", "model/set", "x/set", "a/b/set"]
    words = [b"", b"ON OFF", b"-1", b"nan", b"{}", b"null", b"../../etc/passwd", b"%s%n", b"'; --"]
    for _ in range(count):
        topic = chance.choice(topics)
        kind = chance.randrange(4)
        if kind == 0:
            payload = chance.choice(words)
        elif kind == 1:
            payload = b"\xff" + chance.randbytes(chance.randrange(200))
        elif kind == 2:
            payload = b"A" * chance.randrange(MAX_COMMAND_BYTES + 1, 100_000)
        else:
            payload = "".join(map(chr, chance.choices(range(0x100, 0x3000), k=90))).encode()
        yield topic, payload
