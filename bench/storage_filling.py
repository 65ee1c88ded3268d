"""A herd's evidence and windows over weeks, written in bulk: bits as leg tags give them, flicker included.

Simulated goats lie and stand as in `ingest.simulation`; their tags flicker so that a day has as many changes from one
second to the next, 206, and its bits compress as badly, as those of two recorded cows (5 Hz, 20 h, a second standing
if any sample does: 430 bytes a day by zlib). Half of the windows hold both postures then; of the cows' a third do.
"""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, text

from bench.forecast_copying import BIT900, FLOAT4, INT2, INT4, TIME, copy_rows, microseconds
from core.method import Rule, method
from core.timeline import BUCKET_S, to_ms
from ingest.simulation.herd import Animal, Herd
from ingest.simulation.settings import Group, HerdSettings
from ingest.simulation.truth import turns
from storage.herds import calibrations, herd
from storage.herds.calibrations import Reading
from storage.measurements import series

FARM: Final = f"storage-{os.getpid()}"
"""Whose reader is a role of the whole server."""

GROUP_SIZE: Final = 25
DAY_BUCKETS: Final = 96

_BURSTS_A_DAY: Final = 26.0
"""Stretches of three minutes in which a tag flickers."""

_FLIPS: Final = 3.3
"""Short wrong spells of a stretch, on average."""

_STRETCH_S: Final = 180
_LONGEST_S: Final = 4


class Seconds(NamedTuple):
    """Standing seconds of one animal: shape `(buckets, 900)`."""

    animal: int
    standing: NDArray[np.bool_]


def herd_of(animals: int) -> Herd:
    """Return a simulated herd of so many leg-tagged goats in groups of 25."""
    groups = [min(GROUP_SIZE, animals - first) for first in range(0, animals, GROUP_SIZE)]
    return Herd(
        HerdSettings(farm=FARM, groups=tuple(Group(f"group-{n}", size, "leg") for n, size in enumerate(groups)))
    )


def settle(connection: Connection, simulated: Herd) -> int:
    """Write who lives there and wears what; return the farm's id. Ids of animals and collars count from 1."""
    farm_id = herd.ensure_farm(connection, FARM)
    for animal in simulated.animals:
        collar_id = herd.ensure_collar(connection, animal.collar)
        animal_id = herd.ensure_animal(connection, farm_id, animal.name)
        calibrations.append(connection, collar_id, 0, Reading("leg"), None)
        herd.assign(connection, collar_id, animal_id)
        herd.move(connection, animal_id, herd.ensure_group(connection, farm_id, animal.group_name))
    series.ensure_series(connection, farm_id)
    return farm_id


def fill(engine: Engine, simulated: Herd, start: datetime, days: int, *, flicker: bool) -> None:
    """Write the days of all animals, one after the other, and mark all hours as changed."""
    for one in _measured(simulated, start, days, flicker=flicker):
        with engine.begin() as connection:
            _write(connection, one, start)
    with engine.begin() as connection:
        connection.execute(
            text(
                """INSERT INTO stale_hour (farm_id, hour)
                SELECT 1, generate_series(CAST(:start AS timestamptz), :end - interval '1 hour', interval '1 hour')"""
            ),
            {"start": start, "end": start + timedelta(days=days)},
        )


def _measured(simulated: Herd, start: datetime, days: int, *, flicker: bool) -> Iterator[Seconds]:
    first = to_ms(start) // 1000
    for number, animal in enumerate(simulated.animals, start=1):
        seconds = _truth(simulated, animal, first, first + 86_400 * days)
        if flicker:
            _flicker(seconds, np.random.default_rng(number), days)
        yield Seconds(number, seconds.reshape(-1, BUCKET_S))


def _truth(simulated: Herd, animal: Animal, first: int, last: int) -> NDArray[np.bool_]:
    edges, stands = turns(simulated, animal, first, last)
    seconds = np.zeros(last - first, dtype=np.bool_)
    for begin, end, standing in zip(edges, edges[1:], stands, strict=False):
        seconds[max(begin - first, 0) : max(end - first, 0)] = standing
    return seconds


def _flicker(seconds: NDArray[np.bool_], random: np.random.Generator, days: int) -> None:
    """Turn short spells within stretches of three minutes over."""
    for begin in random.integers(0, len(seconds) - _STRETCH_S, random.poisson(_BURSTS_A_DAY * days)):
        for _ in range(random.geometric(1 / _FLIPS)):
            at = begin + random.integers(0, _STRETCH_S - _LONGEST_S)
            seconds[at : at + random.integers(1, _LONGEST_S + 1)] ^= True


def _write(connection: Connection, one: Seconds, start: datetime) -> None:
    count = len(one.standing)
    standing_s = one.standing.sum(axis=1)
    bits = {
        "received": (BIT900, _bits(np.ones_like(one.standing))),
        "standing": (BIT900, _bits(one.standing)),
        "known": (BIT900, _bits(np.ones_like(one.standing))),
    }
    at = {"bucket": (TIME, microseconds(start, BUCKET_S, count))}
    collar = {"collar_id": (INT4, one.animal), **at, "method": (INT2, method(Rule.LEG, 0))}
    copy_rows(connection, "stored_evidence", {**collar, **bits})
    facts = {
        "received_s": (INT2, BUCKET_S),
        "known_s": (INT2, BUCKET_S),
        "standing_s": (INT2, standing_s),
        "standing_ratio": (FLOAT4, standing_s / BUCKET_S),
    }
    del bits["received"]
    copy_rows(connection, "stored_window", {"animal_id": (INT4, one.animal), **at, **facts, **bits})


def _bits(seconds: NDArray[np.bool_]) -> NDArray[np.void]:
    """Pack shape `(rows, 900)` into values of a column `bit(900)`, second 0 leftmost."""
    packed = np.packbits(seconds, axis=1)
    made = np.empty(len(seconds), BIT900)
    made["length"] = BUCKET_S
    made["bits"] = np.ascontiguousarray(packed).view("V113").ravel()
    return made
