"""How words come out of landmarks: segmenter, classifier, spelling, composer, learning."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge.config.settings.types import Cooldown, Hand, Mode, Section, Share


class SegmenterSettings(Section):
    """When a sign starts and ends."""

    kind: Literal["boundary", "hysteresis", "sliding"] = "boundary"
    """Boundary asks a small network, hysteresis goes by height and speed of the hands, sliding
    by the words themselves."""

    bundle: Annotated[str, Field(min_length=1, max_length=2000)] = "boundary"
    """Boundary: its network, a name in models/, or a path with a slash."""

    enter: Share = 0.5
    """Boundary: probability at which a sign starts."""

    exit: Share = 0.5
    """Boundary: probability below which a sign ends."""

    split: Share = 0.4
    """Boundary: probability of leaving rest at which the next sign starts at once."""

    hold: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Boundary: how long the network must be of that opinion."""

    margin: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Boundary, sliding: kept before and after the sign."""

    unseen_time: Annotated[float, Field(ge=0.05, le=5)] = 1.0
    """Boundary: time without a hand in sight that ends a sign."""

    raised: Annotated[float, Field(ge=-3, le=1)] = -1.05
    """Hysteresis, sliding: how high a hand is up, in shoulder widths above the shoulders;
    negative is below."""

    enter_speed: Annotated[float, Field(gt=0, le=20)] = 1.0
    """Hysteresis: speed at which a sign starts, in shoulder widths per second."""

    exit_speed: Annotated[float, Field(gt=0, le=20)] = 0.5
    """Hysteresis: speed below which the hands rest; at most enter_speed."""

    rest_time: Annotated[float, Field(ge=0.05, le=5)] = 1.0
    """Hysteresis: rest of raised hands that ends a sign."""

    away_time: Annotated[float, Field(ge=0.05, le=5)] = 0.3
    """Hysteresis, sliding: time without a hand up that ends a sign."""

    padding: Annotated[float, Field(ge=0, le=2)] = 0.3
    """Hysteresis: kept before and after the movement."""

    min_length: Annotated[float, Field(ge=0.05, le=5)] = 0.35
    """Shorter movements are no sign."""

    max_length: Annotated[float, Field(ge=0.5, le=20)] = 5.0
    """A longer sign is cut here."""

    min_fps: Annotated[float, Field(ge=1, le=15)] = 5.0
    """Slower frames than this per second are too few to recognise from."""


class ClassifierSettings(Section):
    """Which model recognises, and how sure it must be."""

    bundle: Annotated[str, Field(min_length=1, max_length=2000)] = "words"
    """Model bundle: a name in models/, or a path with a slash."""

    threshold: Share = 0.0
    """Least probability at which a word is said; 0 leaves each word the threshold of its bundle."""

    early: Share = 0.97
    """Probability at which a word is said before its sign has ended; 0 always waits for the end."""

    dominant_hand: Hand = "auto"
    """The signer's writing hand; auto looks at every sign both ways, right and left once, which
    is quicker and slightly less accurate."""

    threads: Annotated[int, Field(ge=1, le=16)] = 1
    """Processor cores for the classifier."""


class SpellingSettings(Section):
    """Fingerspelling: whether it is read, when a letter is one, and when a word is over."""

    mode: Mode = "words"
    """Words reads signs, letters reads fingerspelling, both tells them apart by what the hands
    do."""

    bundle: Annotated[str, Field(min_length=1, max_length=2000)] = "letters"
    """The letters' model: a name in models/, or a path with a slash."""

    dwell: Annotated[float, Field(ge=0.05, le=2)] = 0.15
    """How long a hand must be still before its letter counts."""

    rest: Annotated[float, Field(ge=0.2, le=10)] = 0.8
    """Time without a raised hand that closes the word."""

    still: Annotated[float, Field(gt=0, le=10)] = 1.0
    """Speed below which a hand is still, in hand sizes per second."""

    release: Annotated[float, Field(gt=0, le=5)] = 0.2
    """How far the fingertips must go away and come back for the same letter again, in hand
    sizes."""

    slide: Annotated[float, Field(gt=0, le=5)] = 0.35
    """How far a hand must slide aside for the same letter again, in hand sizes."""

    sure: Share = 0.9
    """Least probability of a space and of a delete."""

    model_weight: Annotated[float, Field(ge=0, le=2)] = 0.4
    """Weight of what is usual in English against the hand; 0 leaves words as they were read."""


class ComposerSettings(Section):
    """How signs become words and utterances."""

    cooldown: Cooldown = 0.3
    """Time in which the same word is not said again."""

    pause: Annotated[float, Field(ge=0.2, le=60)] = 2.5
    """Silence that ends an utterance."""


class LearningSettings(Section):
    """Words that the owner teaches."""

    folder: Annotated[str, Field(max_length=2000)] = ""
    """Where taught words are kept; empty is taught in $STATE_DIRECTORY, else in
    ~/.local/state/sign-edge."""

    examples: Annotated[int, Field(ge=3, le=10)] = 5
    """Examples asked for of a new word."""
