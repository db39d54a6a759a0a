"""Prepares the task of boundaries: streams of clips become postures and whether a person signs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.evaluation.everyday_movement import draw_movement
from edge.evaluation.moving_parts import perform
from edge.evaluation.sign_streams import Layout, StreamPlan, make_layouts
from edge.landmarks.archive import read_clips
from edge.messages import Landmarks
from edge.recognition.bundle import OTHER
from edge.recognition.features import posture
from edge.recognition.features.posture import Postures
from edge.training.body_augmentation import change_in_space
from edge.training.examples import Labelled, find_archives, is_left_out, sampling_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.evaluation.moving_parts import Performance
    from edge.evaluation.sign_streams import SignSpan
    from edge.training.recipe import Recipe
    from edge.training.tasks.task import Batch

CLASSES: Final = ("inside", "onset", "rest")
"""In the order of the network's outputs."""
_ONSET: Final = 0.2
"""Seconds from leaving rest that are called onset."""
_SIGNS: Final = 6
"""In one stream to learn from."""
_RESTS: Final = ((0.3, 3.0), (0.3, 3.0), (0.3, 1.0), (0.1, 0.4))
"""Shortest and longest rest between signs; one kind to a stream. The last hardly is any."""
_WINDOWS: Final = 10
"""Windows of each sign in an epoch."""
_MOVEMENT: Final = 0.2
"""Probability that what is done next is no sign."""
_EVERYDAY: Final = 0.5
"""Share of these movements that are made up: a drink, a phone, folded arms."""
_EARLY: Final = 0.3
"""Share of streams whose camera starts when somebody is about to sign, or within the sign."""
_LEADS: Final = ((0.8, 1.5), (0.0, 0.6))
"""Seconds before the first sign: as a rule, and in those."""
_CUT: Final = 0.35
"""Largest share of a first sign that such a camera has missed."""
_ANYWHERE: Final = 0.6
"""Share of streams whose hands rest anywhere, not only in the lap or hanging."""
_VALIDATION_STREAMS: Final = 12
_VALIDATION_RATE: Final = 15.0


class BoundaryTask:
    """Two seconds of postures; input (FRAMES, COUNT) of edge.recognition.features.posture."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        """Read the recipe's archives: known and extra ones show signs, other ones no sign."""
        data = recipe.data
        self._how = replace(recipe.augmentation, mirror=0.0, drop_hand=0.0)
        self.shape: tuple[int, ...] = (posture.FRAMES, posture.COUNT)
        self.classes = list(CLASSES)
        self.feature_spec: dict[str, object] = {
            "kind": "posture",
            "version": posture.VERSION,
            "fingerprint": posture.fingerprint(),
            "frames": posture.FRAMES,
            "count": posture.COUNT,
        }
        signs = [
            clip
            for path in find_archives(folder, [*data.known, *data.extra])
            for clip in read_clips(path)
            if not is_left_out(clip, data.left_out)
        ]
        idle = [clip for path in find_archives(folder, data.other) for clip in read_clips(path)]
        idle += [clip for clip in signs if clip.label == OTHER]
        signs = [clip for clip in signs if clip.label != OTHER]
        self._signs = [one for clip in signs if (one := perform(clip)) is not None]
        self._idle = [one for clip in idle if (one := perform(clip)) is not None]
        labelled: Sequence[Labelled] = self._signs
        self._weights = sampling_weights(labelled)
        self.size = _WINDOWS * len(self._signs)
        self._validation = find_archives(folder, data.validation)
        self.sources: dict[str, object] = {
            "archives": [*data.known, *data.extra, *data.other],
            "clips": len(signs) + len(idle),
            "signers": sorted({one.signer for one in (*self._signs, *self._idle)}),
        }

    def batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw frames of freshly made streams."""
        values: list[NDArray[np.float32]] = []
        targets: list[NDArray[np.int32]] = []
        while sum(map(len, targets)) < count:
            is_early = rng.random() < _EARLY
            plan = StreamPlan(
                rest=_RESTS[int(rng.integers(len(_RESTS)))],
                lead=_LEADS[is_early],
                rests_anywhere=rng.random() < _ANYWHERE,
            )
            played = self._draw(rng)
            if is_early:
                played[0] = (_begun(played[0][0], rng.uniform(0, _CUT)), played[0][1])
            layout = Layout(played, plan, int(rng.integers(2**31)))
            stream = layout.render(float(np.exp(rng.uniform(np.log(6.5), np.log(30)))))
            middle = np.array([0.5, 0.4, 0.0], dtype=np.float32)
            points = (stream.points - middle) / np.float32(0.22)
            points = change_in_space(points[None], self._how, rng)[0]
            one = windows(stream.times, points)
            values.append(posture.mirrored(one) if rng.random() < 0.5 else one)
            targets.append(classes_of(stream.times, stream.spans))
        chosen = rng.permutation(sum(map(len, targets)))[:count]
        return np.concatenate(values)[chosen], np.concatenate(targets)[chosen]

    def calm_batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw frames as they are learnt from."""
        return self.batch(count, rng)

    def validation(self) -> Batch | None:
        """Frames of streams of the validation archives."""
        clips = [clip for path in self._validation for clip in read_clips(path)]
        if not clips:
            return None
        layouts = list(make_layouts(clips, [], StreamPlan(), seed=0))[:_VALIDATION_STREAMS]
        streams = [layout.render(_VALIDATION_RATE) for layout in layouts]
        return (
            np.concatenate([windows(one.times, one.points) for one in streams]),
            np.concatenate([classes_of(one.times, one.spans) for one in streams]),
        )

    def views(self, example: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """As it is: the segmenter has no time for more."""
        return [example]

    def finish(self, bundle: Path) -> None:
        """Nothing else belongs into the bundle."""

    def _draw(self, rng: np.random.Generator) -> list[tuple[Performance, bool]]:
        """Choose what is done in a stream; one person does it all, for the clips' bodies differ."""
        chosen = rng.choice(len(self._signs), _SIGNS, p=self._weights)
        played = [(self._signs[i], True) for i in chosen]
        if rng.random() < _MOVEMENT * _SIGNS:
            idle = self._draw_movement(played[0][0], rng)
            if idle is not None:
                played.insert(int(rng.integers(_SIGNS + 1)), (idle, False))
        name = played[0][0].signer
        return [(replace(what, signer=name), is_sign) for what, is_sign in played]

    def _draw_movement(self, who: Performance, rng: np.random.Generator) -> Performance | None:
        """Choose something that is no sign."""
        if not self._idle or rng.random() < _EVERYDAY:
            return draw_movement(who, rng)
        return self._idle[int(rng.integers(len(self._idle)))]


def _begun(what: Performance, share: float) -> Performance:
    """Leave out the first share of a sign."""
    first = min(int(share * len(what.times)), len(what.times) - 2)
    missed = what.times[first]
    return replace(
        what,
        times=what.times[first:] - missed,
        points=what.points[first:],
        end=max(what.end - missed, 0.1),
    )


def windows(times: NDArray[np.float64], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network sees at each frame: (T, FRAMES, COUNT) of (T, 75, 3) points."""
    postures = Postures()
    return np.stack(
        [
            postures.push(Landmarks(time, frame))
            for time, frame in zip(times.tolist(), points, strict=True)
        ]
    )


def classes_of(times: NDArray[np.float64], spans: Sequence[SignSpan]) -> NDArray[np.int32]:
    """What is true LAG before each frame (T,): indices of CLASSES; other movement is rest."""
    times = times - posture.LAG
    classes = np.full(len(times), CLASSES.index("rest"), dtype=np.int32)
    for span in spans:
        if span.label:
            classes[(times >= span.onset) & (times <= span.offset)] = CLASSES.index("inside")
            begins = (times >= span.onset) & (times < min(span.onset + _ONSET, span.offset))
            classes[begins] = CLASSES.index("onset")
    return classes
