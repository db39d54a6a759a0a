"""Splits: nobody is on both sides."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from clip_archives import read, write_signed
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.__main__ import main
from edge.dataset.archive_stream import ArchiveReader
from edge.dataset.curating import split as by_signer
from edge.dataset.curating.split import PARTS, Split, choose_parts
from edge.errors import ArchiveError, ConfigError
from edge.landmarks.archive import read_clips

if TYPE_CHECKING:
    from pathlib import Path

    from clip_archives import Columns

SHARES = (0.8, 0.1, 0.1)


@given(
    clips=st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz")), min_size=1, max_size=60
    ),
    shares=st.sampled_from([SHARES, (1, 1, 1), (0.7, 0.3, 0), (1, 0, 0), (0, 1, 2)]),
    seed=st.integers(0, 5),
)
@settings(max_examples=40)
def test_every_part_that_is_wanted_has_signers_of_its_own(
    clips: list[tuple[str, str]], shares: tuple[float, float, float], seed: int
) -> None:
    labels, signers = (np.array(one) for one in zip(*clips, strict=True))
    wanted = {part for part, share in zip(PARTS, shares, strict=True) if share}
    if len(set(signers.tolist())) < len(wanted):
        with pytest.raises(ConfigError, match="parts need as many signers"):
            choose_parts({"labels": labels, "signers": signers}, shares, seed)
        return
    split = choose_parts({"labels": labels, "signers": signers}, shares, seed)
    place = split.of(signers)
    assert set(place.tolist()) == wanted
    for signer in set(signers.tolist()):
        assert len(set(place[signers == signer].tolist())) == 1
    again = choose_parts({"labels": labels, "signers": signers}, shares, seed)
    assert again.part_of == split.part_of


def test_recorded_words_are_shared_out_as_wished(archives: Path) -> None:
    with ArchiveReader(archives / "wlasl100-train.npz") as reader:
        columns = reader.columns
    split = choose_parts(columns, SHARES, seed=0)
    place = split.of(columns["signers"])
    for part, wished in zip(PARTS, SHARES, strict=True):
        assert (place == part).mean() == pytest.approx(wished, abs=0.05)
    # Better by label than shares of signers drawn blindly, and no label lacks in training.
    random = np.random.default_rng(0)
    signers = np.unique(columns["signers"])
    blind = Split(
        dict(zip(signers.tolist(), random.choice(PARTS, len(signers), p=SHARES), strict=True))
    )
    assert _unevenness(columns, split) < 0.5 * _unevenness(columns, blind)
    assert not any(
        figures["not_in_train"] for figures in by_signer.summarise_split(columns, split).values()
    )


def _unevenness(columns: Columns, split: Split) -> float:
    """Take the mean distance of a label's share in training from the wished one."""
    is_train = split.of(columns["signers"]) == "train"
    labels = columns["labels"]
    shares = [is_train[labels == label].mean() for label in np.unique(labels)]
    return float(np.abs(np.array(shares) - SHARES[0]).mean())


def test_label_of_a_single_signer_is_for_training(tmp_path: Path) -> None:
    labels = ["common"] * 20 + ["rare"] * 3
    signers = [f"p{i // 2}" for i in range(20)] + ["only"] * 3
    with ArchiveReader(write_signed(tmp_path / "a.npz", labels, signers)) as reader:
        assert choose_parts(reader.columns, SHARES, seed=1).part_of["only"] == "train"


def test_parts_hold_the_clips_and_merge_to_the_whole(tmp_path: Path) -> None:
    labels = [f"w{i % 3}" for i in range(24)]
    signers = [f"p{i // 3}" for i in range(24)]
    source = write_signed(tmp_path / "a.npz", labels, signers)
    parts, marked = tmp_path / "parts", tmp_path / "b.npz"
    arguments = ["dataset", "split", str(source), "--parts", str(parts), "-o", str(marked)]
    assert main([*arguments, "--seed", "4", "--shares", "6", "1", "1"]) == 0
    columns, clips = read(marked)
    manifest = (parts / "manifest.csv").read_text().splitlines()
    assert manifest[0] == "name,label,signer,split"
    assert manifest[1:] == [
        f"n{i},{labels[i]},{signers[i]},{columns['splits'][i]}" for i in range(24)
    ]
    for part in PARTS:
        inside, points = read(parts / f"{part}.npz")
        chosen = columns["splits"] == part
        assert inside["names"].tolist() == columns["names"][chosen].tolist()
        assert set(inside["splits"].tolist()) == {part}
        for one, same in zip(points, (clips[i] for i in np.flatnonzero(chosen)), strict=True):
            np.testing.assert_array_equal(one, same)


def test_part_that_is_not_wanted_loses_its_old_archive(tmp_path: Path) -> None:
    source = write_signed(tmp_path / "a.npz", ["w"] * 6, list("uvwxyz"))
    parts = tmp_path / "parts"
    arguments = ["dataset", "split", str(source), "--parts", str(parts)]
    assert main([*arguments, "--shares", "1", "1", "1"]) == 0
    assert len(read_clips(parts / "test.npz")) == 2
    assert main([*arguments, "--shares", "1", "1", "0", "--force"]) == 0
    assert not (parts / "test.npz").exists()
    assert len(read_clips(parts / "train.npz")) == 3


def test_manifest_splits_another_archive_the_same_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_signed(tmp_path / "a.npz", ["w"] * 6, list("uvwxyz"))
    manifest, other = tmp_path / "m.csv", tmp_path / "b.npz"
    arguments = ["dataset", "split", "--json"]
    assert (
        main([*arguments, str(source), "--manifest", str(manifest), "--shares", "4", "1", "1"]) == 0
    )
    made = json.loads(capsys.readouterr().out)
    assert {part: figures["clips"] for part, figures in made.items()} == {
        "train": 4,
        "val": 1,
        "test": 1,
    }
    more = write_signed(tmp_path / "c.npz", ["w", "v", "w"], ["z", "u", "z"])
    assert main([*arguments, str(more), "--by", str(manifest), "-o", str(other)]) == 0
    split = by_signer.read_split(manifest)
    assert read(other)[0]["splits"].tolist() == [split.part_of[one] for one in ("z", "u", "z")]
    stranger = write_signed(tmp_path / "d.npz", ["w"], ["somebody"])
    with (
        ArchiveReader(stranger) as reader,
        pytest.raises(ArchiveError, match="'somebody' of clip n0"),
    ):
        by_signer.check_known(stranger, reader.columns, split)


def test_official_split_that_shares_signers_is_refused(tmp_path: Path, archives: Path) -> None:
    rows = ["name,label,signer,split"]
    for name in ("wlasl100-train.npz", "wlasl100-val.npz"):
        with ArchiveReader(archives / name) as reader:
            taken = (
                reader.columns[key].tolist() for key in ("names", "labels", "signers", "splits")
            )
            rows += [",".join(row) for row in zip(*taken, strict=True)]
    manifest = tmp_path / "official.csv"
    manifest.write_text("\n".join(rows) + "\n")
    with pytest.raises(ConfigError, match="nobody may be on both sides") as caught:
        by_signer.read_split(manifest)
    assert str(caught.value).startswith(f"{manifest}: line ")


def test_unknown_part_is_refused(tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    manifest.write_text("name,label,signer,split\na,w,x,train\nb,w,y,dev\n")
    with pytest.raises(ConfigError, match=r"line 3: split is 'dev'; it may be train, val, test"):
        by_signer.read_split(manifest)


def test_shares_of_nothing_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_signed(tmp_path / "a.npz", ["w"] * 3, list("xyz"))
    assert main(["dataset", "split", str(source), "--shares", "0", "0", "0"]) == 2
    assert "shares: not all 0" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["dataset", "split", str(source), "--shares", "nan", "1", "0"])
