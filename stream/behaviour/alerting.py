"""Looks at the collars and animals of a farm, slot by slot, and brings their alerts up to what the data say.

What a look does follows from the data and from the alerts that stand, so a second one changes nothing. What is over
before anybody looked is not raised, for nobody could act on it; what was raised and is not borne out by what came late
ends as `undone`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from core.wallclock import zone_named
from storage.alerting import findings
from storage.animals import watching_animals as watched
from storage.animals.watching_animals import Seen
from storage.engine.database import Engine, scoped_to
from stream.behaviour.animal_alerts import (
    COVERAGE,
    DAY,
    LATELY,
    LYING_LONG,
    MOTIONLESS,
    watch_coverage,
    watch_movement,
    watch_postures,
)
from stream.behaviour.collar_alerts import BATTERY, SILENT, watch_batteries, watch_silence
from stream.behaviour.habit_alerts import RESTLESS, watch_habits
from stream.behaviour.habit_look import Held
from stream.behaviour.standing_alerts import Look

KINDS: Final = (SILENT, BATTERY, COVERAGE, MOTIONLESS, LYING_LONG, RESTLESS)


class Limits(NamedTuple):
    """What is set.

    Attributes:
        silence: A collar that was heard so lately is not silent.
        battery_v: A battery with fewer volts is low.
        false_alarms: Allowed per 100 animals and week for animals off their habits.
    """

    silence: timedelta
    battery_v: float
    false_alarms: float = 1.0


def watch(engine: Engine, farm_id: int, slot: datetime, limits: Limits, *, awake_since: datetime | None = None) -> None:
    """Raise, amend and end the alerts of a farm, in one transaction; who comes second waits for the first.

    Args:
        engine: A connection that may write.
        farm_id: The farm.
        slot: Until then; start of a bucket.
        limits: What is set.
        awake_since: When this node began to listen, if it slept before.
    """
    with scoped_to(engine, [farm_id]) as connection:
        findings.hold(connection, farm_id)
        look = Look(connection, farm_id, slot, watched.raised(connection, farm_id, KINDS, slot - DAY))
        worn = watched.worn_collars(connection, farm_id, slot)
        watch_silence(look, worn, least=limits.silence, awake_since=awake_since)
        watch_batteries(look, worn, low_v=limits.battery_v)
        farm = watched.farm_facts(connection, farm_id)
        seen = watched.animals_seen(connection, farm_id, slot - DAY, slot, lately=slot - LATELY)
        watch_movement(look, worn, farm.species)
        now = look._replace(kept=watched.raised(connection, farm_id, KINDS, slot - DAY))
        watch_coverage(now, worn, _of_living(now, seen), least=farm.animal_coverage)
        watch_postures(now, worn, seen, farm.species)
        watch_habits(now, worn, Held(farm.species, zone_named(farm.time_zone), limits.false_alarms))


def _of_living(look: Look, seen: Sequence[Seen]) -> list[Seen]:
    """Leave out whose collar does not move: that nothing is known of its posture needs no alert of its own."""
    still = {one.animal_id for one in look.of(MOTIONLESS) if one.until is None and one.evidence["code"] == "still"}
    told = {one.animal_id for one in look.of(COVERAGE) if one.until is None}
    return [one for one in seen if one.animal_id not in still - told]
