"""Hostile requests: no route answers with 500, writes outside its folder, or stops answering.

``scripts/prove/page`` sends 2,000; here a tenth of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostile import attack
from pages import serving

if TYPE_CHECKING:
    from pathlib import Path

    from edge.recognition.bundle import Bundle


def test_hostile_requests_do_no_harm(bundle: Bundle, state: Path) -> None:
    limits: dict[str, object] = {"request_rate": 1_000_000, "upload_mb": 1}
    learning: dict[str, object] = {"folder": str(state / "taught")}
    with serving(bundle, page=limits, learning=learning) as page, page.client() as client:
        seen = attack(page, client.headers["X-CSRF-Token"], 200, clips=2)
        assert seen.faults == []
        assert seen.written == []
        assert seen.logged == []
        assert seen.answers.total() == 200
        refused = sum(n for status, n in seen.answers.items() if status.startswith("4"))
        assert refused > 100
        assert client.get("/api/session").status_code == 200
        assert client.get("/healthz").json() == {"status": "ok"}
