"""Rules for posture on simulated collars, some of which turn in mid-day.

The first day is for learning, the second is judged: what is said as messages come, and what is read of it afterwards.
The farmer watches each goat for ten minutes of each posture on the first afternoon. In each herd every second goat's
collar turns on the second day at noon, by an angle of its own. The seeds are those that nothing was chosen with.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import repeat
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.posture_labelled import first_watched, model_of
from bench.posture_live import Look, live, looks_at, noticed_at, read
from bench.posture_scores import Judged, Postures, by_behaviour, compared, longest_wrong_s, wrong_of_known
from bench.posture_wearers import Wearer, wearer
from ingest.simulation.acceleration import acceleration, behaviours
from ingest.simulation.herd import Animal, Herd
from ingest.simulation.settings import NO_FAULTS, Group, HerdSettings, Mount, Rotation
from ingest.simulation.truth import stances
from stream.posture.seat import seat_of

FIRST_DAY: Final = 20_589  # 2026-05-16, days since 1970
DAY_MS: Final = 86_400_000
MINUTE_MS: Final = 60_000
MINUTE_S: Final = 60
BATCH_MS: Final = 10_000
STEP_MS: Final = 100
TURNED_MS: Final = (FIRST_DAY + 1) * DAY_MS + DAY_MS // 2
TURNS: Final = ((90.0, 10.0), (180.0, 0.0), (-60.0, -15.0), (40.0, 20.0), (-120.0, 25.0), (0.0, -25.0))
"""Degrees around and along the neck, one after another over the goats whose collars turn."""
AFTER_MIN: Final = ((0, 30), (30, 60), (60, 180), (180, 720))


class Judgement(NamedTuple):
    """One simulated goat on the second day.

    Attributes:
        turn: By how much its collar turns at noon, if it does.
        noticed_min: Minutes from noon until a turn is told; `None` if none is.
        names: Its behaviour in each stretch.
        by_rule: What each rule said.
    """

    turn: Rotation | None
    noticed_min: float | None
    names: NDArray[np.str_]
    by_rule: dict[str, Judged]


def run(
    seeds: Sequence[int], goats: int, mount: Mount, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Judge every rule on herds of `goats` collars, one herd for each seed."""
    found: list[Judgement] = []
    for place, seed in enumerate(seeds):
        herd = herd_of(seed, goats, mount, place)
        wearers = []
        for animal in herd.animals:
            wearers.append(simulated(herd, animal))
            if progress:
                progress(len(found) + len(wearers), goats * len(seeds))
        looks = [looks_at(one) for one in wearers]
        model = _model(wearers, looks)
        found += map(_judged, repeat(herd), herd.animals, wearers, looks, repeat(model))
    rules = list(found[0].by_rule)
    return {
        "seeds": list(seeds),
        "goats": len(found),
        "turned": sum(one.turn is not None for one in found),
        "mount": mount,
        "rules": compared({rule: [one.by_rule[rule] for one in found] for rule in rules}),
        "by_behaviour": {
            rule: by_behaviour([one.by_rule[rule] for one in found], [one.names for one in found]) for rule in rules
        },
        "rotation": {rule: _after([one for one in found if one.turn], rule) for rule in rules},
        "turns": [_turn(one.turn, one) for one in found if one.turn],
        "longest_wrong_not_turned_min": {
            rule: max((longest_wrong_s(one.by_rule[rule]) / 60 for one in found if not one.turn), default=None)
            for rule in rules
        },
    }


def herd_of(seed: int, goats: int, mount: Mount, place: int) -> Herd:
    """Return a herd of one group in which every second goat's collar turns."""
    at = datetime.fromtimestamp(TURNED_MS / 1000, UTC)
    turns = [TURNS[(place * ((goats + 1) // 2) + number // 2) % len(TURNS)] for number in range(0, goats, 2)]
    rotations = tuple(Rotation(2 * number, at, roll, pitch) for number, (roll, pitch) in enumerate(turns))
    plain = HerdSettings(seed=seed, groups=(Group("judged", goats, mount),), faults=NO_FAULTS)
    return Herd(replace(plain, mounting=replace(plain.mounting, rotations=rotations)))


def simulated(herd: Herd, animal: Animal, first_day: int = FIRST_DAY, days: int = 2) -> Wearer:
    """Return a goat with messages of ten seconds at 10 Hz over whole days of UTC."""
    times = np.arange(first_day * DAY_MS, (first_day + days) * DAY_MS, STEP_MS)
    stance = stances(herd, animal, times)
    xyz = acceleration(herd.settings, animal, times, stance).astype(np.float64).round(3)
    postures = stance.standing.astype(np.int8)
    firsts = range(0, len(times), BATCH_MS // STEP_MS)
    return wearer(animal.name, ("fwd", "up", "right"), times=times, xyz=xyz, postures=postures, firsts=firsts)


def _model(wearers: Sequence[Wearer], looks: Sequence[list[Look]]) -> dict[str, Any]:
    """Return a model fitted to what a farmer watched on the first day, of each goat whose anchor is known by then."""
    second, watched = (FIRST_DAY + 1) * DAY_MS, []
    for one, all_looks in zip(wearers, looks, strict=True):
        latest = [look for look in all_looks if look.since < second][-1].calibrations
        seat = seat_of([calibration for calibration in latest if calibration.effective_from < second][-1].parameters)
        if seat:
            watched.append((one, [(first_watched(one, second - DAY_MS // 2, second), seat)]))
    return model_of(watched)


def _judged(herd: Herd, animal: Animal, one: Wearer, looks: list[Look], model: dict[str, Any]) -> Judgement:
    middles = one.start + BATCH_MS // 2
    names = np.array(behaviours(herd.settings, animal, middles, stances(herd, animal, middles)))
    second = one.start >= (FIRST_DAY + 1) * DAY_MS
    rules: dict[str, Postures] = {
        "uncalibrated": one.uncalibrated,
        "without labels": live(one, looks),
        "without, read": read(one, looks),
        "with labels": live(one, looks, model),
        "with, read": read(one, looks, model),
    }
    noticed = noticed_at(looks, TURNED_MS)
    return Judgement(
        next((turn for turn in herd.settings.mounting.rotations if turn.animal == animal.number), None),
        None if noticed is None else (noticed - TURNED_MS) / MINUTE_MS,
        names[second],
        {rule: one.judged(verdicts).part(second) for rule, verdicts in rules.items()},
    )


def _turn(turn: Rotation, one: Judgement) -> dict[str, Any]:
    """Return how long each rule errs without a break after one turn."""
    return {
        "roll_deg": turn.roll_deg,
        "pitch_deg": turn.pitch_deg,
        "noticed_min": one.noticed_min,
        "longest_wrong_min": {
            rule: longest_wrong_s(judged.part(judged.start >= TURNED_MS)) / MINUTE_S
            for rule, judged in one.by_rule.items()
        },
    }


def _after(found: Sequence[Judgement], rule: str) -> dict[str, Any]:
    """Return how a rule errs once a collar has turned, and how it erred before."""
    judged = [one.by_rule[rule] for one in found]
    runs = [longest_wrong_s(one.part(one.start >= TURNED_MS)) / 60 for one in judged]
    return {
        "collars": len(found),
        "longest_wrong_min": max(runs, default=None),
        "longest_wrong_before_min": max(
            (longest_wrong_s(one.part(one.start < TURNED_MS)) / 60 for one in judged), default=None
        ),
        "collars_wrong_over_30_min": sum(run > 30 for run in runs),
        "wrong_of_known_before": wrong_of_known(one.part(one.start < TURNED_MS) for one in judged),
        "wrong_of_known_after": {
            f"{since}-{until} min": wrong_of_known(
                one.part((one.start >= TURNED_MS + since * MINUTE_MS) & (one.start < TURNED_MS + until * MINUTE_MS))
                for one in judged
            )
            for since, until in AFTER_MIN
        },
    }
