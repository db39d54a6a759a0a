"""Model bundles: ``model.tflite``, ``model.json`` and a model card in one folder."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.config.faults import first_fault
from edge.config.settings import Share
from edge.errors import BundleError
from edge.recognition.features import hand as handshape
from edge.recognition.features import posture
from edge.recognition.features import segment as features

OTHER: Final = "other"
"""The class of everything that is no known sign."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Label(_Part):
    """One class of the model."""

    gloss: Annotated[str, Field(min_length=1)]
    """The sign's label, lower case."""

    display: str
    """The word as it is written."""

    spoken: str
    """The word as it is handed to the speech engine."""

    threshold: Share
    """Least probability at which the word is said."""

    margin: Share = 0.0
    """Least lead over the second best."""


class FeatureSpec(_Part):
    """What the model expects to be fed."""

    kind: Literal["segment", "hand", "posture"] = "segment"
    """Which module of edge.recognition.features made the input."""

    version: int
    """The features' VERSION at training."""

    fingerprint: str
    """The features' fingerprint() at training."""

    frames: Annotated[int, Field(ge=1)]
    """T of the input (1, T, F)."""

    count: Annotated[int, Field(ge=1)]
    """F of the input (1, T, F)."""


class Manifest(_Part):
    """model.json."""

    name: Annotated[str, Field(min_length=1)]
    version: str
    labels: Annotated[tuple[Label, ...], Field(min_length=2)]
    features: FeatureSpec
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """Logits are divided by this before softmax (Guo et al. 2017, section 4.2)."""
    margin: Share
    """Least lead of the best over the second best, whatever the word."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Of model.tflite."""
    metrics: dict[str, object]
    """Figures on held-out clips, and the command that gave them."""
    training: dict[str, object]
    """Archives, signers and settings that it was trained on."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was checked."""

    path: Path
    """Its folder."""

    manifest: Manifest
    """Its model.json."""

    @property
    def glosses(self) -> tuple[str, ...]:
        """Labels in the order of the model's outputs."""
        return tuple(label.gloss for label in self.manifest.labels)

    @property
    def model_path(self) -> Path:
        """The network."""
        return self.path / "model.tflite"

    @property
    def forms(self) -> dict[str, tuple[str, str]]:
        """Gloss -> (display, spoken)."""
        return {label.gloss: (label.display, label.spoken) for label in self.manifest.labels}


def find_bundle(name: str, key: str = "classifier.bundle") -> Path:
    """Find a bundle by path or by name among those shipped.

    Args:
        name: A name, or a path with a slash.
        key: The setting that names it, for the error.

    Raises:
        BundleError: There is none.
    """
    candidates = [Path(name)] if "/" in name else [place / name for place in _places()]
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    looked = ", ".join(str(candidate) for candidate in candidates)
    raise BundleError(f"{key} = {name!r}: no such folder ({looked})")


def list_bundles(kind: str) -> list[str]:
    """Name the shipped bundles whose features are of a kind; damaged ones are left out."""
    names: dict[str, None] = {}
    for path in (path for place in _places() for path in sorted(place.glob("*/model.json"))):
        try:
            manifest = _read_manifest(path)
        except BundleError:
            continue
        if manifest.features.kind == kind:
            names[path.parent.name] = None
    return list(names)


def read_bundle(path: Path) -> Bundle:
    """Read and check a bundle.

    Raises:
        BundleError: A file is missing or malformed, the network is not the one that the
            manifest describes, or it was trained on other features.
    """
    manifest = _read_manifest(path / "model.json")
    try:
        content = (path / "model.tflite").read_bytes()
    except OSError as error:
        raise BundleError(f"{path / 'model.tflite'}: {error.strerror}") from None
    digest = hashlib.sha256(content).hexdigest()
    if digest != manifest.sha256:
        raise BundleError(
            f"{path / 'model.tflite'}: sha256 is {digest[:12]}…, "
            f"model.json says {manifest.sha256[:12]}…"
        )
    spec = manifest.features
    own = {"segment": features, "hand": handshape, "posture": posture}[spec.kind]
    if (spec.version, spec.fingerprint) != (own.VERSION, own.fingerprint()):
        raise BundleError(
            f"{path / 'model.json'}: features.fingerprint = {spec.fingerprint!r} (version "
            f"{spec.version}), this program computes {own.fingerprint()!r} (version "
            f"{own.VERSION}); use a bundle of this release or train again"
        )
    glosses = [label.gloss for label in manifest.labels]
    if twice := {gloss for gloss in glosses if glosses.count(gloss) > 1}:
        raise BundleError(f"{path / 'model.json'}: labels names {min(twice)!r} twice")
    return Bundle(path, manifest)


def _places() -> tuple[Path, ...]:
    return Path(__file__).parents[2] / "models", Path(sys.prefix, "share/sign-edge/models")


def _read_manifest(path: Path) -> Manifest:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise BundleError(f"{path}: not valid JSON: {error}") from None
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        raise BundleError(f"{path}: {first_fault(error)}") from None
