"""What is said of each animal, since when, what was seen of it and what is usual for it.

A row each time that something else is said; the last one of an animal is brought up to date at each look, so that it
is at once the present and the end of the animal's history.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, text

Name = Literal["none", "normal", "watch", "look_now", "improving"]


class Usual(NamedTuple):
    """A measure of 24 hours: what was seen, and the ends of what is usual for the animal; `None` if unknown."""

    seen: float | None
    low: float | None
    high: float | None


class State(NamedTuple):
    """What is said of an animal.

    Attributes:
        animal_id: The animal.
        since: Hour at which that began, UTC.
        state: What is said; `none` if nothing is.
        reason: Why nothing is said; empty if something is.
        looked_at: End of the 24 hours that the measures tell of, UTC.
        heard_at: Last look at which enough was known for a score; `None` if there was none.
        calm_since: First look of the calm that has lasted until now; `None` if it is not calm.
        peak: Highest score since `since`.
        score: How much the 24 hours speak for illness, as a share of the level of `look_now`; `None` if unknown.
        days: Days that its habit is made of.
        standing_h: Hours standing.
        lying_bouts: Times that it lay down.
        interruptions: Times that it stood for 5 minutes at most between two lying bouts.
        longest_lying_h: Hours of the longest lying bout.
    """

    animal_id: int
    since: datetime
    state: Name
    reason: str
    looked_at: datetime
    heard_at: datetime | None
    calm_since: datetime | None
    peak: float
    score: float | None
    days: int
    standing_h: Usual
    lying_bouts: Usual
    interruptions: Usual
    longest_lying_h: Usual


class Said(NamedTuple):
    """A state as it is shown: the animal's name, its group's, and the kinds of its alerts that go on, worst first."""

    animal: str
    group: str | None
    alerts: Sequence[str]
    state: State


_PLAIN: Final = State._fields[:10]
_MEASURES: Final = State._fields[10:]
_COLUMNS: Final = (*_PLAIN, *(f"{measure}{end}" for measure in _MEASURES for end in ("", "_low", "_high")))
_TYPES: Final = {
    "animal_id": "int",
    "days": "int",
    **dict.fromkeys(("state", "reason"), "text"),
    **dict.fromkeys(("since", "looked_at", "heard_at", "calm_since"), "timestamptz"),
}
_LISTED: Final = ", ".join(f"s.{name}" for name in _COLUMNS)
_GIVEN: Final = ", ".join(f"CAST(:{name} AS {_TYPES.get(name, 'double precision')}[])" for name in _COLUMNS)
_SET: Final = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[2:])

_KEEP: Final = text(f"""
INSERT INTO animal_state AS s ({", ".join(_COLUMNS)}) SELECT * FROM unnest({_GIVEN}) ORDER BY 1
ON CONFLICT (animal_id, since) DO UPDATE SET {_SET} WHERE s.looked_at < excluded.looked_at
""")  # noqa: S608 - our own names


def keep_states(connection: Connection, states: Sequence[State]) -> None:
    """Keep what is said of animals; a row that tells of the same look already stays as it is."""
    if states:
        rows = [(*state[:10], *(number for usual in state[10:] for number in usual)) for state in states]
        columns = zip(_COLUMNS, zip(*rows, strict=True), strict=True)
        connection.execute(_KEEP, {name: list(column) for name, column in columns})


_NOW: Final = text(f"""
SELECT {_LISTED} FROM animal a CROSS JOIN LATERAL (
  SELECT * FROM animal_state WHERE animal_id = a.id ORDER BY since DESC LIMIT 1) s
WHERE a.farm_id = :farm ORDER BY a.id
""")  # noqa: S608 - our own names


def last_states(connection: Connection, farm_id: int) -> dict[int, State]:
    """Return what is said of a farm's animals now, by animal; those that were never looked at are left out."""
    return {row[0]: _state(row) for row in connection.execute(_NOW, {"farm": farm_id})}


_SAID: Final = text(f"""
SELECT a.name, g.name, ARRAY(SELECT kind FROM alert WHERE animal_id = a.id AND until IS NULL
    ORDER BY severity <> 'critical', severity <> 'warning', id), {_LISTED}
FROM animal a CROSS JOIN LATERAL (
  SELECT * FROM animal_state WHERE animal_id = a.id ORDER BY since DESC LIMIT 1) s
LEFT JOIN membership m ON m.animal_id = a.id AND m.during @> s.looked_at
LEFT JOIN animal_group g ON g.id = m.group_id
WHERE a.farm_id = :farm AND (CAST(:group AS int) IS NULL OR g.id = :group)
  AND (CAST(:animal AS int) IS NULL OR a.id = :animal)
ORDER BY NOT EXISTS (SELECT FROM alert WHERE animal_id = a.id AND until IS NULL AND severity = 'critical'),
  array_position(ARRAY['look_now', 'watch', 'improving', 'none', 'normal'], s.state),
  s.score DESC NULLS LAST, a.name
""")  # noqa: S608 - our own names


def states_of(
    connection: Connection, farm_id: int, *, group_id: int | None = None, animal_id: int | None = None
) -> list[Said]:
    """Return what is said of a farm's animals now, those of an urgent alert first, then by state and score.

    Args:
        connection: An open transaction.
        farm_id: The farm.
        group_id: Only of the animals that are in this group now.
        animal_id: Only of this one.
    """
    rows = connection.execute(_SAID, {"farm": farm_id, "group": group_id, "animal": animal_id})
    return [Said(name, group, tuple(alerts), _state(state)) for name, group, alerts, *state in rows]


def _state(row: Sequence[Any]) -> State:
    numbers = [Usual(*row[place : place + 3]) for place in range(len(_PLAIN), len(_COLUMNS), 3)]
    return State(*row[: len(_PLAIN)], *numbers)
