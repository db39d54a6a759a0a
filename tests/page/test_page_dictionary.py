"""The dictionary: every sign with its figures, and how each moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pages import serving

from edge.config.settings import Settings
from edge.landmarks.archive import read_clips
from edge.page.routes.dictionary import list_entries, trajectories_of
from edge.recognition.bundle import OTHER
from edge.recognition.classifying.classifier import TAUGHT_THRESHOLD
from edge.recognition.learning.taught_words import Store, to_segment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from pages import Page

    from edge.landmarks.archive import Clip
    from edge.recognition.bundle import Bundle


@pytest.fixture(scope="module")
def page(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page of a device that was taught a word, and other examples of a shipped one."""
    folder = tmp_path_factory.mktemp("state")
    segment = to_segment(shipped(bundle)["drink"])
    store = Store(folder / "taught")
    store.add("tea / infusion", [segment] * 3, "a cup of tea")
    store.add("drink", [segment] * 4)
    learning: dict[str, object] = {"folder": str(store.folder)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATE_DIRECTORY", str(folder))
        with serving(bundle, learning=learning) as page:
            yield page


@pytest.fixture
def client(page: Page) -> Iterator[httpx.Client]:
    """A browser."""
    with page.client() as client:
        yield client


def shipped(bundle: Bundle) -> dict[str, Clip]:
    return {clip.label: clip for clip in read_clips(bundle.path / "prototypes.npz")}


def entries(client: httpx.Client) -> dict[str, dict[str, Any]]:
    return {one["gloss"]: one for one in client.get("/api/signs").json()}


def test_every_known_sign_is_listed_with_its_figures(client: httpx.Client, bundle: Bundle) -> None:
    signs = entries(client)
    assert [*signs] == [*(g for g in bundle.glosses if g != OTHER), "tea / infusion"]
    assert all(one["motion"] for one in signs.values())
    goodbye = signs["goodbye"]
    rows = [one["per_label"].get("goodbye") for one in evaluations(bundle)]
    clips = sum(row["clips"] for row in rows if row)
    right = sum(row["clips"] * row["top1"] for row in rows if row)
    assert goodbye["accuracy"] == {"clips": clips, "top1": pytest.approx(right / clips, abs=1e-3)}
    assert goodbye["confused"][0] == ["i love you", bundle.forms["i love you"][0], 12]
    assert goodbye["threshold"] == label_of(bundle, "goodbye").threshold
    assert (goodbye["taught"], goodbye["shipped"], goodbye["examples"]) == (False, True, None)


def evaluations(bundle: Bundle) -> list[dict[str, Any]]:
    figures: list[Any] = list(bundle.manifest.metrics.values())
    return [one for one in figures if "per_label" in one]


def label_of(bundle: Bundle, gloss: str) -> Any:  # noqa: ANN401 - edge.recognition.bundle.Label
    return next(label for label in bundle.manifest.labels if label.gloss == gloss)


def test_taught_words_are_listed_as_they_are_spoken(client: httpx.Client) -> None:
    signs = entries(client)
    assert signs["tea / infusion"] == {
        "gloss": "tea / infusion",
        "display": "tea / infusion",
        "spoken": "a cup of tea",
        "taught": True,
        "shipped": False,
        "examples": 3,
        "accuracy": None,
        "confused": [],
        "threshold": TAUGHT_THRESHOLD,
        "motion": True,
    }
    assert (signs["drink"]["taught"], signs["drink"]["examples"]) == (True, 4)


def test_threshold_of_the_owner_holds_for_every_sign(bundle: Bundle, tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"classifier": {"threshold": 0.8}, "learning": {"folder": str(tmp_path)}}
    )
    assert {one["threshold"] for one in list_entries(settings, bundle)} == {0.8}


def test_shipped_sign_moves_as_its_mean_trajectory_does(
    client: httpx.Client, bundle: Bundle
) -> None:
    motion = client.get("/api/signs/drink/motion").json()
    clip = shipped(bundle)["drink"]
    assert motion["fps"] == clip.fps
    assert len(motion["points"]) == len(clip.points)
    for drawn, points in zip(motion["points"], clip.points, strict=True):
        assert len(drawn) == 75
        assert [one is None for one in drawn] == np.isnan(points[:, 0]).tolist()
    left, right = motion["points"][0][11], motion["points"][0][12]
    assert left[0] - right[0] == pytest.approx(
        1, abs=0.1
    )  # a shoulder width, the left to our right
    assert (left[0] + right[0]) / 2 == pytest.approx(0, abs=0.1)
    assert motion["points"][0][0][1] < 0  # the nose is above the shoulders, and y points down


def test_taught_word_moves_as_its_newest_example_does(client: httpx.Client) -> None:
    own = client.get("/api/signs/tea%20%2F%20infusion/motion").json()
    assert len(own["points"]) > 10
    assert own["fps"] == pytest.approx(15, abs=1)
    assert {len(points) for points in own["points"]} == {75}


@pytest.mark.parametrize(
    "gloss", ["nothing of the kind", OTHER, "../../etc/passwd", "%00", "x" * 2000]
)
def test_unknown_sign_has_no_motion(client: httpx.Client, gloss: str) -> None:
    answer = client.get(f"/api/signs/{gloss}/motion".replace("..", "%2e%2e"))
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] in ("unknown_sign", "not_found")


def test_bundle_without_trajectories_lists_signs_without_motion(
    bundle: Bundle, tmp_path: Path
) -> None:
    assert trajectories_of(tmp_path) == {}
    bare = type(bundle)(tmp_path, bundle.manifest)
    settings = Settings.model_validate({"learning": {"folder": str(tmp_path / "none")}})
    assert not any(one["motion"] for one in list_entries(settings, bare))
