"""Rules for posture on simulated collars, some of which turn in mid-day.

The first day is for learning, the second is judged: what is said as messages come, and what is read of it afterwards.
The farmer watches each goat for ten minutes of each posture on the first afternoon. What is learned is judged a day
later on the herd that was watched, and on goats of which it has seen nothing. In each herd every second goat's collar
turns on the second day at noon, by an angle of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.posture_days import days_compared, last_day, most_still
from bench.posture_labelled import Seated, first_watched, model_of
from bench.posture_live import Look, live, looks_at, noticed_at, read
from bench.posture_rivals import anchored, fixed_angle, forests, plain
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
MOST_WRONG_MIN: Final = 30
FOREST_SEED: Final = 1
COUNTED: Final = ("no labels, read", "labels, read")
"""Rules whose days are held against the true ones."""
AFTER_MIN: Final = ((0, 30), (30, 60), (60, 180), (180, 720))


class Goat(NamedTuple):
    """A simulated goat and what is known of its collar.

    Attributes:
        herd: Where it lives.
        animal: Who it is.
        wearer: Its stretches of both days, without what is kept of its messages.
        looks: Calibrations as a node makes them.
        watched: What the farmer saw of it, and how the collar sat; nothing where no anchor was known by then.
        still: Largest share of three hours without movement.
    """

    herd: Herd
    animal: Animal
    wearer: Wearer
    looks: list[Look]
    watched: list[Seated]
    still: float


class Judgement(NamedTuple):
    """One simulated goat on the second day.

    Attributes:
        turn: By how much its collar turns at noon, if it does.
        noticed_min: Minutes from noon until a turn is told; `None` if none is.
        names: Its behaviour in each stretch.
        by_rule: What each rule said.
        days: What the day comes to by the truth and by what is read; see `posture_days`.
    """

    turn: Rotation | None
    noticed_min: float | None
    names: NDArray[np.str_]
    by_rule: dict[str, Judged]
    days: dict[str, dict[str, float]]


def run(
    seeds: Sequence[int], goats: int, mount: Mount, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Judge every rule on herds of `goats` collars, one herd for each seed."""
    everyone: list[Goat] = []
    for place, seed in enumerate(seeds):
        herd = herd_of(seed, goats, mount, place)
        for animal in herd.animals:
            everyone.append(_goat(herd, animal))
            if progress:
                progress(len(everyone), goats * len(seeds))
    found = [
        _judged(one, said) for one, said in zip(everyone, map(dict, zip(*_rivals(everyone), strict=True)), strict=True)
    ]
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
        "days": days_compared([one.days for one in found]),
        "still": max(one.still for one in everyone),
        "turns_told_of_not_turned": sum(one.noticed_min is not None for one in found if not one.turn),
        "rotation": {rule: _after([one for one in found if one.turn], rule) for rule in rules},
        "turns": [_turn(one.turn, one) for one in found if one.turn],
        "not_turned": {rule: _longest([one.by_rule[rule] for one in found if not one.turn]) for rule in rules},
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


def _goat(herd: Herd, animal: Animal) -> Goat:
    one = simulated(herd, animal)
    looks, second = looks_at(one), (FIRST_DAY + 1) * DAY_MS
    latest = [look for look in looks if look.since < second][-1].calibrations
    seat = seat_of([calibration for calibration in latest if calibration.effective_from < second][-1].parameters)
    watched = [(first_watched(one, second - DAY_MS // 2, second), seat)] if seat else []
    return Goat(herd, animal, one._replace(motions=()), looks, watched, most_still(one.motions))


def _rivals(everyone: Sequence[Goat]) -> Iterator[list[tuple[str, Postures]]]:
    """Yield for each rule that learns what it says of each goat.

    "labels" were the farmer's of the goat's own herd, itself among them; all others have seen the other goats alone.
    """
    wearers, truths = [one.wearer for one in everyone], [one.wearer.truth for one in everyone]
    herds = {id(one.herd): model_of([_seen(each) for each in everyone if each.herd is one.herd]) for one in everyone}
    others = [model_of([_seen(each) for each in everyone if each is not one]) for one in everyone]
    for name, models in (("labels", [herds[id(one.herd)] for one in everyone]), ("others' labels", others)):
        pairs = list(zip(everyone, models, strict=True))
        yield [(name, live(one.wearer, one.looks, model)) for one, model in pairs]
        yield [(f"{name}, read", read(one.wearer, one.looks, model)) for one, model in pairs]
    yield [
        ("fixed angle", fixed_angle(one, wearers[:place] + wearers[place + 1 :])) for place, one in enumerate(wearers)
    ]
    seats = [_seats(one) for one in everyone]
    plainly = [plain(one.features) for one in wearers]
    seated = [anchored(one.features, seat) for one, seat in zip(wearers, seats, strict=True)]
    for name, rows in (("random forest", plainly), ("forest, anchored", seated)):
        yield [(name, said) for said in forests(rows, truths, FOREST_SEED)]


def _seen(one: Goat) -> tuple[Wearer, list[Seated]]:
    return one.wearer, one.watched


def _seats(one: Goat) -> list[Seated]:
    """Return how a collar was held to sit, as its messages came."""
    start, told = one.wearer.start, []
    published = [*np.searchsorted(start, [look.since for look in one.looks]).tolist(), len(start)]
    for look, (first, stop) in zip(one.looks, pairwise(published), strict=True):
        begins = [*np.searchsorted(start, [each.effective_from for each in look.calibrations]).tolist(), len(start)]
        for calibration, (since, until) in zip(look.calibrations, pairwise(begins), strict=True):
            seat, here = seat_of(calibration.parameters), np.zeros(len(start), dtype=np.bool_)
            here[max(first, since) : max(first, since, min(stop, until))] = True
            if seat and here.any():
                told.append((here, seat))
    return told


def _judged(one: Goat, learned: dict[str, Postures]) -> Judgement:
    herd, animal, wears = one.herd, one.animal, one.wearer
    middles = wears.start + BATCH_MS // 2
    names = np.array(behaviours(herd.settings, animal, middles, stances(herd, animal, middles)))
    second = wears.start >= (FIRST_DAY + 1) * DAY_MS
    unlabelled = {
        "uncalibrated": wears.uncalibrated,
        "no labels": live(wears, one.looks),
        "no labels, read": read(wears, one.looks),
    }
    rules = unlabelled | learned
    noticed = noticed_at(one.looks, TURNED_MS)
    told = {"truth": wears.truth} | {rule: rules[rule] for rule in COUNTED}
    return Judgement(
        next((turn for turn in herd.settings.mounting.rotations if turn.animal == animal.number), None),
        None if noticed is None else (noticed - TURNED_MS) / MINUTE_MS,
        names[second],
        {rule: wears.judged(verdicts).part(second) for rule, verdicts in rules.items()},
        {rule: last_day(verdicts, int(wears.start[0]) // 1000) for rule, verdicts in told.items()},
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


def _longest(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return how long a rule errs on collars that nobody turned, from the noon on at which others turn, and all day."""
    runs = [longest_wrong_s(one.part(one.start >= TURNED_MS)) / MINUTE_S for one in judged]
    return {
        "collars": len(judged),
        "longest_wrong_min": max(runs, default=None),
        "longest_wrong_all_day_min": max((longest_wrong_s(one) / MINUTE_S for one in judged), default=None),
        "collars_wrong_over_30_min": sum(run > MOST_WRONG_MIN for run in runs),
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
        "collars_wrong_over_30_min": sum(run > MOST_WRONG_MIN for run in runs),
        "wrong_of_known_before": wrong_of_known(one.part(one.start < TURNED_MS) for one in judged),
        "wrong_of_known_after": {
            f"{since}-{until} min": wrong_of_known(
                one.part((one.start >= TURNED_MS + since * MINUTE_MS) & (one.start < TURNED_MS + until * MINUTE_MS))
                for one in judged
            )
            for since, until in AFTER_MIN
        },
    }
