"""Rules for posture on labelled recordings, each animal judged by what was learned from the others alone."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from bench.posture_labelled import Seated, model_of
from bench.posture_recorded import Recorded
from bench.posture_rivals import anchored, fixed_angle, forests, plain
from bench.posture_scores import UNKNOWN, Postures, by_behaviour, compared
from bench.posture_wearers import Axes, Wearer, part_of, wearer
from stream.posture import labelled
from stream.posture.anchor import anchor_of
from stream.posture.seat import Seat
from stream.posture.turning import turns
from stream.posture.walks import walks_of


def judged(recorded: Sequence[Recorded], axes: Axes, seed: int) -> dict[str, Any]:
    """Judge every rule on neck or ear tags.

    Anchors are learned from the animal's own walking, without labels, as they would be on a farm.
    """
    wearers = [
        wearer(one.animal, axes, times=one.times, xyz=one.xyz, postures=one.postures, firsts=one.firsts)
        for one in recorded
    ]
    seats, truths = {one.name: seats_of(one) for one in wearers}, [one.truth for one in wearers]
    rules: dict[str, list[Postures]] = {
        "uncalibrated": [one.uncalibrated for one in wearers],
        "without labels": [told_by(one, seats[one.name], {}) for one in wearers],
        "with labels": [
            told_by(one, seats[one.name], model_of([(other, seats[other.name]) for other in _others(wearers, one)]))
            for one in wearers
        ],
        "fixed angle": [fixed_angle(one, _others(wearers, one)) for one in wearers],
        "random forest": forests([plain(one.features) for one in wearers], truths, seed),
        "forest, anchored": forests([anchored(one.features, seats[one.name]) for one in wearers], truths, seed),
    }
    pairs = {
        rule: [one.judged(said) for one, said in zip(wearers, all_said, strict=True)]
        for rule, all_said in rules.items()
    }
    names = [_labels(one, of) for one, of in zip(wearers, recorded, strict=True)]
    return {
        "animals": [one.name for one in wearers],
        "samples": sum(one.samples for one in wearers),
        "labelled_s": [round(float((one.end - one.start)[one.truth != UNKNOWN].sum() / 1000)) for one in wearers],
        "rules": compared(pairs),
        "by_behaviour": {rule: by_behaviour(judged_, names) for rule, judged_ in pairs.items()},
    }


def seats_of(one: Wearer) -> list[Seated]:
    """Return how a collar sat, from the animal's own walking, for each time in which it did not turn."""
    walks = walks_of(one.motions, one.axes, {})
    edges = [int(one.start[0]), *(turn.before for turn in turns(walks)), int(one.end[-1])] if len(one.start) else []
    told = []
    for since, until in pairwise(edges):
        seat = anchor_of(walks.part((walks.at >= since) & (walks.at < until)))
        if isinstance(seat, Seat):
            told.append(((one.start >= since) & (one.start < until), seat))
    return told


def told_by(one: Wearer, seated: Sequence[Seated], model: dict[str, Any]) -> Postures:
    """Judge by anchors, and by a model where there is one; where no anchor is known, movement alone tells."""
    said = labelled.classify(one.features, {}).posture
    for here, seat in seated:
        known = {"anchor": seat.anchor, "spread_deg": seat.spread_deg} | model
        said[here] = labelled.classify(part_of(one.features, here), known).posture
    return said


def _others(wearers: Sequence[Wearer], one: Wearer) -> list[Wearer]:
    return [other for other in wearers if other is not one]


def _labels(one: Wearer, of: Recorded) -> Any:
    """Return the label at the first sample of each stretch."""
    first = np.asarray(of.firsts, dtype=np.int64)[one.features.message] + one.features.start
    return of.labels[first]
