"""Writes the model card of an exported bundle, for a person to complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def write_card(bundle: Path, manifest: dict[str, Any]) -> None:
    """Write ``README.md`` unless there is one already."""
    path = bundle / "README.md"
    if path.exists():
        return
    training = manifest["training"]
    recipe = training["recipes"][0]
    lines = [
        f"# Model card: {manifest['name']}",
        "",
        f"**What it is.** {recipe['architecture']['name']}, int8, "
        f"{len(manifest['labels'])} labels.",
        "",
        f"**Trained on** {training['clips']} examples of {len(training['signers'])} signers:",
        *(f"- {archive}" for archive in training["archives"]),
        "",
        "**Licence.** State here whose recordings these are and what they allow.",
        "",
        "## How good it is",
        "",
    ]
    figures = {k: v for k, v in manifest["metrics"].items() if k != "int8_against_float"}
    if figures:
        lines += [
            "| clips | count | top-1 | top-5 | macro top-1 | declined |",
            "|---|---|---|---|---|---|",
        ]
    else:
        lines.append(
            "Nothing was held out, so nothing is known of how good it is, least of all with "
            "other people. Set `data.holdout` or `data.validation` in the recipe."
        )
    for name, report in figures.items():
        cells = (report[key] for key in ("clips", "top1", "top5", "macro_top1", "declined"))
        lines.append(f"| {name} | {' | '.join(map(str, cells))} |")
    lines += [
        "",
        "## Not for",
        "",
        "Medical, legal, emergency or any other use where a wrong or missing word does harm; "
        "judging how well somebody signs; telling who somebody is.",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
