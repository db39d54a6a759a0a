"""The composer: debounce and utterances."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from edge.config.settings import ComposerSettings
from edge.messages import Prediction, Sign, Utterance
from edge.recognition.composer import Composer

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMS = {"thankyou": ("thank you", "thank you"), "tv": ("TV", "television")}
Event = Sign | Utterance


def make_composer(cooldown: float = 0.3, pause: float = 2.0) -> Composer:
    """Build one with the given settings."""
    return Composer(ComposerSettings(cooldown=cooldown, pause=pause), FORMS)


def make_prediction(
    gloss: str, onset: float, offset: float, *, is_accepted: bool = True
) -> Prediction:
    """Build one whose best is the gloss."""
    return Prediction(onset, offset, ((gloss, 0.9), ("other", 0.05)), is_accepted)


def glosses_of(events: Sequence[Event]) -> list[str]:
    """List the signs."""
    return [event.gloss for event in events if isinstance(event, Sign)]


def test_accepted_prediction_becomes_a_sign_with_its_forms() -> None:
    events = make_composer().push(make_prediction("tv", 1.0, 2.0), decided=2.4)
    top = (("tv", 0.9), ("other", 0.05))
    assert events == [Sign("tv", "TV", "television", 0.9, top, 1.0, 2.0, 2.4)]


def test_gloss_without_forms_stands_for_itself() -> None:
    (event,) = make_composer().push(make_prediction("cat", 1.0, 2.0), decided=2.4)
    assert isinstance(event, Sign)
    assert (event.display, event.spoken) == ("cat", "cat")


def test_declined_prediction_makes_no_sign_and_no_word() -> None:
    composer = make_composer()
    assert composer.push(make_prediction("tv", 1, 2, is_accepted=False), decided=2) == []
    assert composer.flush() == []


def test_sign_cut_in_three_is_said_once() -> None:
    composer = make_composer(cooldown=0.3)
    events = [
        event
        for onset in (1.0, 1.7, 2.4)
        for event in composer.push(make_prediction("tv", onset, onset + 0.5), onset + 0.9)
    ]
    assert glosses_of(events) == ["tv"]
    assert composer.flush() == [Utterance("TV", ("tv",), 1.0, 2.9)]


def test_sign_made_again_later_is_said_again() -> None:
    composer = make_composer(cooldown=0.3)
    events = [
        *composer.push(make_prediction("tv", 1.0, 1.5), 2),
        *composer.push(make_prediction("tv", 1.8, 2.3), 3),
    ]
    assert glosses_of(events) == ["tv", "tv"]


def test_another_sign_in_between_ends_the_cooldown() -> None:
    composer = make_composer(cooldown=5)
    for onset, gloss in ((1.0, "tv"), (2.0, "cat"), (3.0, "tv")):
        assert glosses_of(composer.push(make_prediction(gloss, onset, onset + 0.9), onset + 1))


def test_pause_closes_an_utterance_of_display_forms() -> None:
    composer = make_composer(pause=2)
    composer.push(make_prediction("thankyou", 1.0, 2.0), 2.4)
    composer.push(make_prediction("tv", 3.0, 4.0), 4.4)
    assert composer.tick(5.99) == []
    assert composer.tick(6.0) == [Utterance("thank you TV", ("thankyou", "tv"), 1.0, 4.0)]
    assert composer.tick(60.0) == []


def test_long_sign_within_the_pause_stays_in_the_utterance() -> None:
    composer = make_composer(pause=2)
    composer.push(make_prediction("tv", 1.0, 2.0), 2.4)
    composer.push(make_prediction("cat", 3.5, 6.5), 6.9)
    assert [utterance.text for utterance in composer.flush()] == ["TV cat"]


def test_sign_after_the_pause_closes_the_utterance_before_it() -> None:
    composer = make_composer(pause=2)
    composer.push(make_prediction("tv", 1.0, 2.0), 2.4)
    kinds = [type(event) for event in composer.push(make_prediction("cat", 4.0, 5.0), 5.4)]
    assert kinds == [Utterance, Sign]


def test_reset_forgets_words_and_cooldown() -> None:
    composer = make_composer()
    composer.push(make_prediction("tv", 1.0, 2.0), 2.4)
    composer.reset()
    assert composer.flush() == []
    assert glosses_of(composer.push(make_prediction("tv", 2.1, 3.0), 3.4)) == ["tv"]


@st.composite
def predictions(draw: st.DrawFn) -> list[Prediction]:
    """Draw predictions in order of time, not overlapping."""
    made, now = [], 0.0
    for _ in range(draw(st.integers(0, 12))):
        onset = now + draw(st.sampled_from((0.0, 0.1, 0.29, 0.5, 1.9, 2.0, 3.7)))
        now = onset + draw(st.sampled_from((0.3, 1.0, 4.0)))
        gloss = draw(st.sampled_from(("tv", "cat", "thankyou")))
        made.append(make_prediction(gloss, onset, now, is_accepted=draw(st.booleans())))
    return made


def run(given_predictions: list[Prediction], ticks: list[float]) -> list[Event]:
    """Push everything and flush, with ticks while no sign is in progress."""
    composer = make_composer()
    events: list[Event] = []
    before = 0.0
    for prediction in given_predictions:
        for tick in sorted(ticks):
            if before <= tick <= prediction.onset:
                events += composer.tick(tick)
        events += composer.push(prediction, prediction.offset)
        before = prediction.offset
    return [*events, *composer.flush()]


@given(predictions(), st.lists(st.floats(0, 80), max_size=30))
def test_any_ticks_give_the_same_events(
    given_predictions: list[Prediction], ticks: list[float]
) -> None:
    assert run(given_predictions, ticks) == run(given_predictions, [])


@given(predictions())
def test_no_sign_is_lost_but_repeats_within_the_cooldown(
    given_predictions: list[Prediction],
) -> None:
    accepted = [prediction for prediction in given_predictions if prediction.is_accepted]
    expected = [
        (prediction.top[0][0], prediction.onset)
        for before, prediction in zip([None, *accepted], accepted, strict=False)
        if before is None
        or before.top[0][0] != prediction.top[0][0]
        or prediction.onset - before.offset >= 0.3
    ]
    events = run(given_predictions, [])
    assert [(event.gloss, event.onset) for event in events if isinstance(event, Sign)] == expected


@given(predictions(), st.lists(st.floats(0, 80), max_size=10))
def test_utterances_hold_every_sign_once_and_in_order(
    given_predictions: list[Prediction], ticks: list[float]
) -> None:
    events = run(given_predictions, ticks)
    utterances = [event for event in events if isinstance(event, Utterance)]
    said = [gloss for utterance in utterances for gloss in utterance.glosses]
    assert said == glosses_of(events)
    for before, after in pairwise(utterances):
        assert after.onset - before.offset >= 2.0


def test_cooldown_may_be_changed_under_way() -> None:
    composer = make_composer(cooldown=0.3)
    assert glosses_of(composer.push(make_prediction("yes", 0.0, 1.0), 1.0)) == ["yes"]
    composer.set_cooldown(2.0)
    assert glosses_of(composer.push(make_prediction("yes", 2.0, 2.5), 2.5)) == []
    composer.set_cooldown(0.0)
    assert glosses_of(composer.push(make_prediction("yes", 2.6, 3.0), 3.0)) == ["yes"]
